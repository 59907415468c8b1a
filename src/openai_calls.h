/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Calls of tools in the messages of a chat request, and which result is whose.
 * The client's ids are any texts, and may come twice in a conversation; the
 * latest call of that id that has no result yet is meant.  Within a message of
 * the assistant it is the first.
 */
#ifndef CCP_OPENAI_CALLS_H
#define CCP_OPENAI_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "chat_request.h"
#include "openai_member.h"

struct openai_call {
	const char *id;   /* the client's; NULL: it is a function_call */
	const char *name; /* of the tool; both live as long as the body */
	/* Where its result is to be: a message of the request, a part. */
	size_t message, part;
	bool answered;
};

struct openai_calls {
	struct openai_call *all; /* in order */
	size_t n, room;
};

void openai_calls_free(struct openai_calls *c);

/*
 * Reads an item of tool_calls, or the message that has a function_call.  *use
 * is then the call, and *result, which will be that part of that message, has
 * its id.  Their members are the caller's to free, also after a failure.  0, or
 * -1 with *fault.
 */
int openai_calls_add(struct openai_calls *c, const cJSON *item, bool function,
    size_t message, size_t part, struct chat_part *use,
    struct chat_part *result, struct member_fault *fault);

/* The call that a message of role tool (its tool_call_id) or function (its
 * name) answers.  Such a call is answered from then on.  NULL with *fault. */
struct openai_call *openai_calls_answer(struct openai_calls *c,
    const cJSON *message, bool function, struct member_fault *fault);

/*
 * Gives every call that was not answered a result that says so, and makes one
 * message of results and what the user said next.  The results of the last
 * message are left out if there are none at all.  False: out of memory.
 */
bool openai_calls_settle(const struct openai_calls *c, struct chat_request *r);

/* Arguments as they are kept: a JSON object on one line without white space
 * between its tokens; what is no object within one.  NULL when out of memory;
 * the caller frees it. */
char *openai_call_arguments(const char *text);

#endif
