/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the CLI has no option for: members that it merges over the body of its
 * API request, as measured with CLI 2.1.197 (CLAUDE_CODE_EXTRA_BODY).  Pure.
 */
#ifndef CCP_CLAUDE_BODY_H
#define CCP_CLAUDE_BODY_H

#include <stdbool.h>

#include "buf.h"
#include "chat_request.h"

/*
 * Appends a JSON object: temperature, top_p, stop_sequences, tool_choice of the
 * request, thinking where the API refuses it beside them.  What is the default
 * of the API is left out.  users: the object that the user wants merged, whose
 * members give way to these; NULL: none.  Nothing is appended where the request
 * asks for none of that.  False: out of memory.
 */
bool claude_body_make(
    struct buf *to, const struct chat_request *r, const char *users);

/* The request asks for no thinking, or the API would refuse it beside what the
 * request asks for: a tool that has to be called, a temperature, a low top_p; or
 * a maximum of tokens leaves no room for it. */
bool claude_body_thoughtless(const struct chat_request *r);

#endif
