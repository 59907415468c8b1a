/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A chat request that is being worked on: from its place in the queue to the end
 * of its Claude process.
 */
#ifndef CCP_CHAT_TASK_H
#define CCP_CHAT_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "chat_directory.h"
#include "chat_model.h"
#include "chat_turn.h"
#include "claude.h"
#include "claude_place.h"
#include "exchange.h"
#include "openai_request.h"
#include "session.h"
#include "session_place.h"
#include "task.h"

struct chat {
	struct task task; /* first: a chat is a task */
	struct exchange *x;
	struct chat_request *request; /* NULL once Claude has taken it */
	bool as_model;                /* Claude is a model, else an agent */
	bool appends; /* the system text is appended to Claude Code's own */
	struct chat_model model_words;
	struct chat_directory directory;
	struct session_place store; /* of the sessions */
	struct session session;
	bool planned; /* how the session goes on is known */
	bool taken;   /* Claude has gone to its API with the conversation */
	bool again;   /* the session was lost: one more process, without it */
	struct claude_place place;
	struct claude *claude; /* NULL while it waits for its place */
	struct chat_turn turn;
	char *model;      /* as resolved */
	int64_t deadline; /* CLAUDE_TIMEOUT_MS, for the whole invocation */
};

/* Nothing of it is there yet; NULL when out of memory. */
struct chat *chat_new(struct exchange *x);

/* Begins with the work: the request is read, its answer and its session are
 * open.  From here on it belongs to the poll loop. */
void chat_begin(struct chat *c);

void chat_free(struct chat *c);

#endif
