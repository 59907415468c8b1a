/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One answer to a chat request: a choice of its response.
 */
#ifndef CCP_CHAT_REPLY_H
#define CCP_CHAT_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "chat_request.h"
#include "chat_response.h"
#include "openai_response.h"

struct chat_reply {
	struct chat_response *response;
	const struct exchange *x; /* the response's */
	struct completion meta;   /* the response's, with its own index */
	bool stream;
	bool begun;       /* its first chunk is out */
	bool spoken;      /* there was text or reasoning */
	bool gap;         /* a new message: set it off from the text before */
	bool has_text;    /* there was text */
	char last;        /* last byte of the text so far */
	struct buf text;  /* all of it */
	struct buf word;  /* of its events, each up to the text */
	struct buf event; /* room for one of the stream */
	struct buf reasoning; /* if not streamed */

	/* Calls of the client's tools */
	bool function;        /* the client wants function_call */
	size_t ncalls;        /* that have begun */
	char call_id[32];     /* of the last one */
	char *call_name;      /* likewise; owned; NULL: it is complete */
	struct buf arguments; /* of it */
	bool has_arguments;   /* some have come */
	struct buf calls;     /* those that are complete, if not streamed */
	/* The same as a message has them (TOOL_USE without ids); owned.  Fewer
	 * than ncalls: memory was out. */
	struct chat_part *said;
	size_t nsaid;
};

/* index: which one, from 0.  The response stays valid while it is open. */
void
reply_open(struct chat_reply *r, struct chat_response *response, size_t index);
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

/* The last two: at most one of them is called, once (none where nobody wants
 * the answer any more).  An error ends the response. */
void reply_finish(struct chat_reply *r, const char *finish_reason,
    const struct token_usage *usage);
void reply_error(struct chat_reply *r, const struct api_error *e);

#endif
