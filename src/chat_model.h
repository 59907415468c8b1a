/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Claude as a model says for a client: text up to a stop sequence, calls
 * of the client's tools, an answer in the form of a schema.
 *
 * An answer in the form of a schema comes as the input of a tool of the CLI's;
 * it is told as the content, and the prose around it is not.
 */
#ifndef CCP_CHAT_MODEL_H
#define CCP_CHAT_MODEL_H

#include <stdbool.h>

#include "chat_reply.h"
#include "chat_request.h"
#include "claude_event.h"
#include "json_unwrap.h"
#include "stop_filter.h"

struct chat_model {
	const struct chat_request *request; /* the caller's */
	struct stop_filter stop;
	struct json_unwrap unwrap;
	bool formed;  /* the answer is in the form of a schema */
	bool wrapped; /* which is not that of an object */
	int block;    /* of the input under way; -1: of no interest */
	bool is_form; /* it is the answer */
	bool given;   /* an answer has begun */
	bool twice;   /* and another one, when the first had been told */
	bool lost;    /* memory was out */
};

/* request stays valid until model_close(). */
void model_open(struct chat_model *m, const struct chat_request *request);
void model_close(struct chat_model *m);

/* Events of a turn, told to the reply.  Text: true when a stop sequence has
 * ended the answer. */
bool model_text(struct chat_model *m, struct chat_reply *r, const char *text);
void model_tool_start(
    struct chat_model *m, struct chat_reply *r, const struct claude_event *e);
void model_tool_input(
    struct chat_model *m, struct chat_reply *r, const struct claude_event *e);

/* A call, or the answer, in one piece: of a message that is not streamed. */
void model_tool_whole(
    struct chat_model *m, struct chat_reply *r, const struct claude_event *e);

/* The text has ended. */
void model_text_end(struct chat_model *m, struct chat_reply *r);

#endif
