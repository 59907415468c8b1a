/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tools of the stand-in's parent, which is an MCP server named "client" to
 * it: it asks for their list, and asks for calls.
 */
#ifndef CCP_DEMO_MCP_H
#define CCP_DEMO_MCP_H

#include <stdbool.h>

#include "demo.h"

/* Fills d->tools if the parent said that it has some and they are not there
 * yet.  A list that the real CLI would not take ends the program. */
void demo_mcp_handshake(struct demo *d);

/* Is there a tool of that name, which begins with "mcp__client__"? */
bool demo_mcp_knows(const struct demo *d, const char *name);

/* Asks the parent for a call; demo_await_answers() waits for what comes of it.
 * id: that of the tool_use block; input: JSON text. */
void demo_mcp_call(
    struct demo *d, const char *name, const char *id, const char *input);

#endif
