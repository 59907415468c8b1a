/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One of the answers that a chat request asks for: from its place in the queue
 * to the end of its Claude process.
 */
#ifndef CCP_CHAT_RUN_H
#define CCP_CHAT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat_model.h"
#include "chat_request.h"
#include "chat_response.h"
#include "chat_turn.h"
#include "chat_warm.h"
#include "claude.h"
#include "claude_place.h"
#include "exchange.h"
#include "pollset.h"
#include "session.h"

/* What all runs of a request share. */
struct chat_frame {
	struct exchange *x;
	struct chat_request *request; /* NULL once no run needs it */
	bool as_model;                /* Claude is a model, else an agent */
	bool appends;      /* the system text is appended to Claude Code's */
	const char *model; /* as resolved */
	const char *cwd;   /* Claude's directory */
};

struct chat_run {
	const struct chat_frame *f;
	size_t index; /* of the choice */
	struct chat_model model_words;
	struct session session;
	bool planned; /* how the session goes on is known */
	bool taken;   /* Claude has gone to its API with the conversation */
	bool cold;    /* a warm process was of no use */
	bool again;   /* the session was lost: one more process, without it */
	bool whole;   /* the answer is what Claude meant, and all of it */
	struct chat_warm warm;
	struct claude_place place;
	struct claude *claude; /* NULL while it waits for its place */
	struct chat_turn turn;
	int64_t deadline; /* CLAUDE_TIMEOUT_MS, for the whole invocation */
};

/* *r is zeroed memory; the frame and the response stay valid until
 * run_close(). */
void run_open(struct chat_run *r, const struct chat_frame *f,
    struct chat_response *response, size_t index);

/* Begins with the work, in the session that fits: in none where store is
 * NULL.  See session_open() for what stays valid. */
void run_begin(struct chat_run *r, const struct session_place *store,
    const struct session_frame *session);

/* room: there is some for what Claude says. */
void run_poll(const struct chat_run *r, struct pollset *ps, bool room);
void run_step(struct chat_run *r, const struct pollset *ps);

/* Is Claude at work for it? */
bool run_working(const struct chat_run *r);

/* It waits for its place behind one of the same request: that is no reason to
 * give up. */
void run_wait_on(struct chat_run *r);

/* Ends it, without a word or with an error of the response. */
void run_cancel(struct chat_run *r);
void run_fail(struct chat_run *r, const struct api_error *e);

/* Does it need the request no more? */
bool run_told(const struct chat_run *r);

/* Answered, and Claude is gone. */
bool run_done(const struct chat_run *r);
void run_close(struct chat_run *r);

#endif
