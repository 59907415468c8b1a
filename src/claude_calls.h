/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The calls of the client's tools that a Claude process waits for in the middle
 * of a turn: it asks for each by tools/call, which may be answered at any time
 * (parked for 620 s, measured with CLI 2.1.197).  Plain data, so that it can be
 * lent with the process.  Pure.
 */
#ifndef CCP_CLAUDE_CALLS_H
#define CCP_CLAUDE_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "chat_request.h"
#include "claude_event.h"
#include "limits.h"

#define CLAUDE_CALL_ID_BYTES 80

struct claude_call {
	char use[CLAUDE_CALL_ID_BYTES];     /* id of the tool_use block */
	char request[CLAUDE_CALL_ID_BYTES]; /* of the control request; "": it
	                                     * has not come yet */
	char rpc[CLAUDE_CALL_ID_BYTES];     /* id of JSON-RPC, JSON text */
};

struct claude_calls {
	struct claude_call
	    all[LIMIT_PARKED_CALLS]; /* as the message has them */
	uint32_t n;
	uint32_t lost; /* something of it could not be kept */
};

/* Another message begins. */
void claude_calls_clear(struct claude_calls *c);

/* A tool_use block of it, and the request of the CLI to run it. */
void claude_calls_use(struct claude_calls *c, const struct claude_event *e);
void claude_calls_ask(struct claude_calls *c, const struct claude_event *e);

/* Has each of them been asked for? */
bool claude_calls_whole(const struct claude_calls *c);

/* Is it what this module makes, and not something that another process has made
 * up? */
bool claude_calls_valid(const struct claude_calls *c);

/* Can the message's results be told as answers to calls?  Nothing but results,
 * each of some text and not so long that the CLI would shorten it. */
bool claude_calls_answerable(const struct chat_message *m);

/* The lines that answer all n calls with the parts of the message, in order. */
void claude_calls_answer(
    struct buf *to, const struct claude_calls *c, const struct chat_message *m);

#endif
