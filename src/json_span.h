/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values of a JSON text as they were written: cJSON makes a double of every
 * number, so what is passed on would be another text.  A span is found by
 * walking the text along with cJSON's tree of it.  Every text here has passed
 * json_text_check.  Pure.
 */
#ifndef CCP_JSON_SPAN_H
#define CCP_JSON_SPAN_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "buf.h"

struct json_span {
	const char *text; /* of somebody else */
	size_t len;
};

/* The place in an object or array. */
struct json_walk {
	const char *at, *end;
	bool object;
	struct json_span key; /* of an object's last member, with quotes */
};

/* container may have white space around it. */
void json_walk_begin(struct json_walk *w, struct json_span container);

/* The next member's or element's value, without white space around it.
 * False: there are no more. */
bool json_walk_next(struct json_walk *w, struct json_span *ret);

/* Where a child of a node of cJSON's is in the span of that node. */
struct json_span
json_span_of(struct json_span container, const cJSON *node, const cJSON *child);

/* Appends it without the white space between its tokens, so that it is one
 * line. */
bool json_span_add(struct buf *to, struct json_span s);

#endif
