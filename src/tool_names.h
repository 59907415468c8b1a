/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the client's tools are called before the model.  The CLI makes "_" of
 * every character that is not a letter, a digit, "_" or "-", so two names may
 * become one; and a name may be that of one of its own tools.  So they are
 * served by an MCP server, which puts TOOL_PREFIX before each, and a name that
 * the CLI would change gets a mark made of its digest.  The name alone tells
 * what it becomes: that of a call in a history too, whose tool is not in the
 * request any more.  Pure.
 */
#ifndef CCP_TOOL_NAMES_H
#define CCP_TOOL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "chat_request.h"

#define TOOL_SERVER "client"
#define TOOL_PREFIX "mcp__client__"

/* With its NUL and without the prefix. */
#define TOOL_NAME_BYTES 96

/* May the client call a tool so?  Any name that the OpenAI API allows, and
 * dots: 1 to 64 of [A-Za-z0-9_.-]. */
bool tool_name_valid(const char *name);

/* The name for the model, without the prefix. */
void tool_name_make(char to[TOOL_NAME_BYTES], const char *name);

/* The tool of the request that the model calls so (with the prefix), NULL if
 * there is none. */
const struct chat_tool *
tool_name_find(const struct chat_request *r, const char *called);

#endif
