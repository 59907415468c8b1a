/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The value of an object {"value": ...} that comes in pieces, as it comes: an
 * answer whose schema is not that of an object is wrapped in one, since the
 * input of a tool has to be an object.  Pure.
 */
#ifndef CCP_JSON_UNWRAP_H
#define CCP_JSON_UNWRAP_H

#include <stdbool.h>

#include "buf.h"

#define JSON_WRAP_KEY "value"

struct json_unwrap {
	bool inside;     /* the colon behind the key has passed */
	struct buf held; /* may be the end of the object */
};

void json_unwrap_open(struct json_unwrap *u);
void json_unwrap_close(struct json_unwrap *u);

/* Takes a piece, appends to *pass what is known to be of the value. */
bool json_unwrap_add(struct json_unwrap *u, const char *text, struct buf *pass);

#endif
