/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The schema of a function's arguments, made such that Claude Code takes it.
 * Because of one with a null, a boolean or a list where it wants an object it
 * drops all tools of the client; a tool whose schema has alternatives (anyOf,
 * oneOf, allOf) at its root is dropped too (2.1.197).
 */
#ifndef CCP_OPENAI_SCHEMA_H
#define CCP_OPENAI_SCHEMA_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "json_span.h"
#include "openai_member.h"

/* Where its members are, for what is said of them. */
struct schema_paths {
	const char *type, *properties, *required;
};

/* 0, or -1 with *fault where it cannot be made to do. */
int openai_schema_check(const cJSON *schema, const struct schema_paths *at,
    struct member_fault *fault);

/* Appends the schema, whose text is raw, to one buffer, and the alternatives at
 * its root, an object too, to the other; nothing where there are none.  Both
 * are empty before. */
void openai_schema_write(struct buf *to, struct buf *rest, const cJSON *schema,
    struct json_span raw);

#endif
