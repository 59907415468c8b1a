/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The answer to a chat request, streamed or whole.  The status is held back
 * until there is something to say, so that an early error is a status of its
 * own; after that an error is an event of the stream.
 */
#ifndef CCP_CHAT_REPLY_H
#define CCP_CHAT_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "exchange.h"
#include "openai_response.h"

struct chat_reply {
	struct exchange *x;
	struct completion meta;
	char id[48]; /* behind meta.id */
	char *model; /* behind meta.model; owned */
	bool stream, include_usage;
	bool begun;    /* the 200 is out */
	bool spoken;   /* there was text or reasoning */
	bool gap;      /* a new message: set it off from the text before */
	bool has_text; /* there was text */
	char last;     /* last byte of the text so far */
	int64_t
	    quiet_since; /* clock_ms() of the last byte towards the client */
	struct buf text; /* all of it */
	struct buf reasoning; /* if not streamed */

	/* Calls of the client's tools */
	bool function;        /* the client wants function_call */
	size_t ncalls;        /* that have begun */
	char call_id[32];     /* of the last one */
	char *call_name;      /* likewise; owned; NULL: it is complete */
	struct buf arguments; /* of it, if not streamed */
	bool has_arguments;   /* some have come */
	struct buf calls;     /* those that are complete, if not streamed */
};

/* False when out of memory. */
bool reply_open(struct chat_reply *r, struct exchange *x, const char *model,
    bool stream, bool include_usage);
void reply_close(struct chat_reply *r);

/* What Claude says, as it says it.  A new message (after a tool's work) is
 * set off from the text before it by a blank line. */
void reply_message(struct chat_reply *r);
void reply_text(struct chat_reply *r, const char *text);
void reply_reasoning(struct chat_reply *r, const char *text);

/* What was said so far was not it; only where it is not streamed. */
void reply_forget_text(struct chat_reply *r);

/* A call of a tool, which ends with the next one or the answer: its name first,
 * then its arguments in fragments.  False: out of memory. */
bool reply_call(struct chat_reply *r, const char *name);
void reply_arguments(struct chat_reply *r, const char *fragment);

/* The last two: exactly one of them is called, once. */
void reply_finish(struct chat_reply *r, const char *finish_reason,
    const struct token_usage *usage);
void reply_error(struct chat_reply *r, const struct api_error *e);

/* When reply_tick() has something to do: a stream that says nothing gets its
 * 200 after LIMIT_HOLD_BACK_MS and comments every LIMIT_SSE_COMMENT_MS. */
int64_t reply_deadline(const struct chat_reply *r);
void reply_tick(struct chat_reply *r);

#endif
