/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the events of one turn of Claude mean for its answer: text, usage, how
 * it ends.
 */
#ifndef CCP_CHAT_TURN_H
#define CCP_CHAT_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "api_error.h"
#include "chat_model.h"
#include "chat_reply.h"
#include "claude_event.h"

struct chat_turn {
	struct chat_reply reply;
	struct chat_model *model; /* the caller's; NULL: Claude is an agent */
	bool limited;             /* the client set a maximum of tokens */
	bool answered;            /* the reply has its end */
	bool in_tool; /* a tool works: silence is no sign of death */
	bool cut;     /* at the model's maximum: the CLI lets it go on there */

	/* What the events have told so far. */
	struct claude_usage usage;
	long turns; /* as the CLI counts them, once it has told */
	double cost_usd;
	double cost_before; /* of the process, for turns before this one */
	bool continued; /* a part of the CLI's turn: what its result sums up is
	                 * of all parts */
	bool called;  /* it ended with calls of the client's tools, streamed */
	bool went_on; /* another message followed: the CLI has told the model
	               * something that no client sees */
	bool compacted; /* Claude holds a summary, not the conversation */
	bool refused;
	char *message_id;  /* of the message under way; owned */
	bool streamed;     /* it comes as deltas */
	char *error;       /* assistant.error of a synthetic line; owned */
	int64_t resets_at; /* of a rate limit */
	bool warned;       /* of a line that is not JSON */
	bool begun;        /* Claude has told that it begins */
	char *old;         /* then: its version, if too old ("": none); owned */
};

/* Does the event end the turn as Claude meant it, with an answer?  Then the
 * session can be continued from there. */
bool turn_whole(const struct chat_turn *t, const struct claude_event *e);

/* Another process begins anew with the turn; nothing of it has been told. */
void turn_again(struct chat_turn *t);

/* One event of the turn, which may end the answer. */
void turn_event(struct chat_turn *t, const struct claude_event *e);

/* Ends the answer with an error, which is logged. */
void turn_fail(struct chat_turn *t, const struct api_error *e);

/* Frees what the turn owns, its reply included. */
void turn_close(struct chat_turn *t);

#endif
