/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's tools, served to the CLI: the side of an "sdk" MCP server in
 * the control protocol, as measured with CLI 2.1.197.  Pure; each function
 * appends to a buffer.
 *
 *   CLI  control_request mcp_message   method initialize, then
 *                                      notifications/initialized, tools/list
 *   ccp  control_response              the answer, JSON-RPC within
 *   CLI  control_request mcp_message   method tools/call: left unanswered,
 *                                      the client will answer it
 */
#ifndef CCP_CLAUDE_MCP_H
#define CCP_CLAUDE_MCP_H

#include <stdbool.h>

#include "buf.h"
#include "chat_request.h"
#include "claude_event.h"

/* Are the client's tools served?  Not where there are none; nor where the model
 * is not to call any and its answer has a schema: then nothing but that may be
 * called, and tool_choice cannot say so. */
bool claude_mcp_wanted(const struct chat_request *r);

/*
 * The line that answers a control request of subtype mcp_message, with its line
 * end.  Nothing is appended for tools/call.  request->type becomes what it is
 * to the turn: CLAUDE_TOOL_CALL, or CLAUDE_OTHER.  False: it is none that can
 * be served, and wants a refusal.
 */
bool claude_mcp_answer(
    struct buf *to, struct claude_event *request, const struct chat_request *r);

/* Is it a call of one of the client's tools? */
bool claude_mcp_is_call(const struct claude_event *request);

/* What the model has to know of the tools besides their list: the rest of
 * descriptions that the CLI cuts (at 2,048 characters or so).  Nothing is
 * appended where there is none; a blank line comes first where to has text. */
void claude_mcp_system(struct buf *to, const struct chat_request *r);

#endif
