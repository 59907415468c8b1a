/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The response to a chat request, streamed or whole: what its choices (n of
 * them, see chat_reply.h) have in common.  The status is held back until there
 * is something to say, so that an early error is a status of its own; after that
 * an error is an event of the stream.
 */
#ifndef CCP_CHAT_RESPONSE_H
#define CCP_CHAT_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "exchange.h"
#include "limits.h"
#include "openai_response.h"

struct chat_response {
	struct exchange *x;
	struct completion meta;
	char id[48]; /* behind meta.id */
	char *model; /* behind meta.model; owned */
	bool stream, include_usage;
	bool begun;          /* the 200 is out */
	bool failed;         /* it ended with an error */
	bool spoke;          /* since response_tick() */
	int64_t quiet_since; /* clock_ms() of the last byte towards the client,
	                      * as response_tick() has seen it */
	size_t n, complete;  /* choices: all, and those with an end */
	struct token_usage usage;          /* of the complete ones together */
	struct buf choices[LIMIT_ANSWERS]; /* if not streamed */
};

/* 1 to LIMIT_ANSWERS choices.  False when out of memory. */
bool response_open(struct chat_response *p, struct exchange *x,
    const char *model, bool stream, bool include_usage, size_t n);
void response_close(struct chat_response *p);

/* A chunk of the stream: what exchange_event_begin() began, and its JSON. */
void response_event(struct chat_response *p, struct buf *event);
void response_parts(
    struct chat_response *p, const struct http_slice *parts, size_t nparts);

/* A choice has come to its end; the last one ends the response.  m: what it
 * said, where that is not streamed. */
void response_choice(struct chat_response *p, size_t index,
    const struct completion_message *m, const char *finish_reason,
    const struct token_usage *usage);

/* Ends all of it; what comes after that is not sent. */
void response_error(struct chat_response *p, const struct api_error *e);

/* When response_tick() has something to do: a stream that says nothing gets its
 * 200 after LIMIT_HOLD_BACK_MS and comments every LIMIT_SSE_COMMENT_MS. */
int64_t response_deadline(const struct chat_response *p);
void response_tick(struct chat_response *p);

#endif
