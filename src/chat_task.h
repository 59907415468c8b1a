/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A chat request that is being worked on: its runs, one for each answer, as one
 * task of the poll loop.
 */
#ifndef CCP_CHAT_TASK_H
#define CCP_CHAT_TASK_H

#include <stdbool.h>
#include <stddef.h>

#include "chat_directory.h"
#include "chat_response.h"
#include "chat_run.h"
#include "exchange.h"
#include "session_place.h"
#include "task.h"

struct chat {
	struct task task; /* first: a chat is a task */
	struct chat_frame frame;
	char *model; /* behind frame.model */
	struct chat_directory directory;
	struct session_place store; /* of the sessions */
	struct chat_response response;
	struct chat_run *runs; /* one for each answer; */
	size_t nruns;          /* those that are open */
};

/* Nothing of it is there yet; NULL when out of memory. */
struct chat *chat_new(struct exchange *x);

/* Opens a run for each answer: the frame and the response are complete.  False:
 * out of memory. */
bool chat_open_runs(struct chat *c);

/* Begins with the work.  From here on it belongs to the poll loop. */
void chat_begin(struct chat *c);

void chat_free(struct chat *c);

#endif
