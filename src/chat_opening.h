/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Claude is told before a conversation: the system prompt, the client's
 * tools, the form of the answer.
 */
#ifndef CCP_CHAT_OPENING_H
#define CCP_CHAT_OPENING_H

#include <stdbool.h>

#include "buf.h"
#include "chat_request.h"
#include "claude_lines.h"

struct chat_opening {
	struct claude_initialize with; /* points into the rest */
	struct buf system, schema;
};

/* For an agent: the request's system text in the place of Claude Code's own, or
 * appended to it.  For a model it is all there is.  False: out of memory.  To be
 * closed either way; r stays valid until then. */
bool opening_make(struct chat_opening *o, const struct chat_request *r,
    bool model, bool append);
void opening_close(struct chat_opening *o);

#endif
