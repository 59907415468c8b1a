/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "chat_directory.h"
#include "chat_launch.h"
#include "chat_turn.h"
#include "claude.h"
#include "claude_error.h"
#include "claude_place.h"
#include "clock.h"
#include "limits.h"
#include "log.h"
#include "model_names.h"
#include "openai_request.h"
#include "session.h"

#include "banned.h"

struct chat {
	struct task task; /* first: a chat is a task */
	struct exchange *x;
	struct chat_request *request; /* NULL once Claude has taken it */
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

static struct chat *
chat_of(struct task *t)
{
	return (struct chat *)(void *)t;
}

static const struct chat *
chat_of_const(const struct task *t)
{
	return (const struct chat *)(const void *)t;
}

/* The session */

/* Logs what the store has to say, and tells the client what became of it. */
static void
tell_session(struct chat *c)
{
	c->x->session = session_outcome(&c->session);
	if (c->session.trouble[0] != '\0')
		log_warn("%s %s", c->x->id, c->session.trouble);
	c->session.trouble[0] = '\0';
}

/* Has it failed at the session, and not at its work?  Then nobody has seen
 * anything of it yet. */
static bool
session_failed(const struct chat *c)
{
	return !c->taken && (c->session.plan == SESSION_RESUME ||
				c->session.plan == SESSION_FORK);
}

static void
begin_again(struct chat *c, const char *why)
{
	log_info("%s session %s cannot be continued and is told anew: %s",
	    c->x->id, c->session.id, why);
	session_lost(&c->session);
	turn_again(&c->turn);
	tell_session(c);
	c->again = true;
	claude_stop(c->claude);
}

/* The turn is over as Claude meant it: a follow-up can go on from here. */
static void
remember(struct chat *c)
{
	const struct claude_transport *t = &c->claude->transport;

	session_answered(&c->session, t->session, t->last_uuid,
	    buf_str(&c->turn.reply.text));
	tell_session(c);
}

/* With Claude's end (stdin was closed, or TERM sent) its answer is saved. */
static void
settle_session(struct chat *c)
{
	const struct claude_guard *g = &c->claude->guard;

	if (!g->ended || !c->turn.answered)
		return;
	if (WIFEXITED(g->status))
		session_ended(&c->session);
	else
		session_close(&c->session);
	tell_session(c);
}

/* Claude's words */

/* Claude ended without a result. */
static void
chat_ended(struct chat *c)
{
	const struct claude *claude = c->claude;
	struct api_error e;
	char what[64] = "its output ended";

	if (claude->transport.broken != NULL)
		(void)snprintf(
		    what, sizeof(what), "%s", claude->transport.broken);
	else if (claude->guard.ended)
		child_status_text(claude->guard.status, what, sizeof(what));
	if (session_failed(c)) {
		begin_again(c, buf_str(&claude->transport.tail));
		return;
	}
	log_error("%s claude ended without a result (%s); on stderr: %s",
	    c->x->id, what, buf_str(&claude->transport.tail));
	claude_error_ended(what, buf_str(&claude->transport.tail),
	    c->turn.begun && c->turn.old == NULL, &e);
	reply_error(&c->turn.reply, &e);
	c->turn.answered = true;
}

static void
take_event(struct chat *c, const struct claude_event *e)
{
	if (e->type == CLAUDE_REQUESTING || e->type == CLAUDE_MESSAGE_START)
		c->taken = true;
	if (e->type == CLAUDE_RESULT && e->is_error && session_failed(c)) {
		begin_again(c, e->text == NULL ? "" : e->text);
		return;
	}
	if (turn_whole(&c->turn, e))
		remember(c);
	turn_event(&c->turn, e);
}

static void
take_events(struct chat *c)
{
	struct claude_event e;

	while (!c->turn.answered && claude_next(c->claude, &e)) {
		/* A sub-agent's words are not the answer. */
		place_started(&c->place);
		if (!e.nested)
			take_event(c, &e);
		claude_event_clear(&e);
	}
	if (c->request != NULL && c->claude->transport.saying == NULL &&
	    !session_failed(c) && !c->again) {
		chat_request_free(c->request);
		c->request = NULL;
	}
}

static int64_t
idle_deadline(const struct chat *c)
{
	if (c->claude == NULL || c->turn.in_tool || c->again)
		return CLOCK_NEVER;
	return c->claude->transport.heard +
	       c->x->settings->claude_idle_timeout_ms;
}

static void
check_timers(struct chat *c)
{
	const struct settings *s = c->x->settings;
	int64_t now = clock_ms();
	struct api_error e;

	if (now >= c->deadline)
		claude_error_timeout(
		    "CLAUDE_TIMEOUT_MS", s->claude_timeout_ms, &e);
	else if (now >= idle_deadline(c))
		claude_error_timeout(
		    "CLAUDE_IDLE_TIMEOUT_MS", s->claude_idle_timeout_ms, &e);
	else
		return;
	turn_fail(&c->turn, &e);
}

static void
stop_if_answered(struct chat *c)
{
	if (c->claude == NULL || !c->turn.answered)
		return;
	if (c->turn.cut && c->turn.limited)
		claude_cut(c->claude);
	else
		claude_stop(c->claude);
}

static bool
appends(const struct chat *c)
{
	return strcmp(c->x->settings->system_prompt_mode, "append") == 0;
}

static void
start_or_fail(struct chat *c)
{
	struct api_error e;

	session_start(&c->session);
	tell_session(c);
	c->claude =
	    chat_launch(c->x, c->directory.path, c->request, &c->session, &e);
	if (c->claude == NULL) { /* which is in the log */
		reply_error(&c->turn.reply, &e);
		c->turn.answered = true;
		return;
	}
	if (c->deadline == CLOCK_NEVER)
		c->deadline = clock_ms() + c->x->settings->claude_timeout_ms;
	transport_say(&c->claude->transport, c->request, c->session.first,
	    appends(c), c->model);
}

/* Once the process that failed at its session is gone. */
static void
start_again(struct chat *c)
{
	if (!c->again || c->turn.answered || !claude_stopped(c->claude))
		return;
	claude_free(c->claude);
	c->again = false;
	start_or_fail(c);
}

static void
try_start(struct chat *c)
{
	struct api_error e;
	int error;

	if (!c->planned) {
		c->planned = session_find(&c->session);
		tell_session(c);
	}
	if (!c->planned)
		return;
	switch (place_try(&c->place, &e, &error)) {
	case PLACE_WAIT:
		break;
	case PLACE_REFUSED:
		turn_fail(&c->turn, &e);
		break;
	case PLACE_TAKEN:
		if (error != 0)
			log_warn("%s CLAUDE_MAX_PROCESSES cannot be kept: the "
				 "runtime directory: %s",
			    c->x->id, strerror(error));
		start_or_fail(c);
		break;
	}
}

/* The task. */

static void
chat_poll(const struct task *t, struct pollset *ps)
{
	const struct chat *c = chat_of_const(t);
	bool room = http_conn_backlog(c->x->conn) < LIMIT_OUT_SOFT_BYTES;

	if (c->claude != NULL)
		claude_poll(c->claude, ps, room);
	if (c->turn.answered)
		return;
	pollset_until(ps, c->deadline);
	if (c->claude != NULL)
		pollset_until(ps, idle_deadline(c));
	else if (c->planned)
		pollset_until(ps, place_deadline(&c->place));
	else
		pollset_until(ps, session_deadline(&c->session));
	pollset_until(ps, reply_deadline(&c->turn.reply));
}

/* Claude goes on: what it has said, and whether it has ended. */
static void
step_claude(struct chat *c, const struct pollset *ps)
{
	claude_step(c->claude, ps);
	take_events(c);
	if (!c->turn.answered && !c->again && claude_over(c->claude))
		chat_ended(c);
	settle_session(c);
	start_again(c);
}

static void
chat_step(struct task *t, const struct pollset *ps)
{
	struct chat *c = chat_of(t);

	if (c->claude != NULL)
		step_claude(c, ps);
	else if (!c->turn.answered)
		try_start(c);
	if (!c->turn.answered)
		check_timers(c);
	if (!c->turn.answered)
		reply_tick(&c->turn.reply);
	stop_if_answered(c);
}

static void
chat_cancel(struct task *t)
{
	struct chat *c = chat_of(t);

	c->turn.answered = true;
	stop_if_answered(c);
}

static void
chat_abort(struct task *t, const struct api_error *e)
{
	struct chat *c = chat_of(t);

	if (!c->turn.answered)
		turn_fail(&c->turn, e);
	stop_if_answered(c);
}

static bool
chat_done(const struct task *t)
{
	const struct chat *c = chat_of_const(t);

	return c->turn.answered &&
	       (c->claude == NULL || claude_stopped(c->claude));
}

static void
chat_free(struct task *t)
{
	struct chat *c = chat_of(t);

	if (c == NULL)
		return;
	chat_request_free(c->request);
	claude_free(c->claude);
	place_close(&c->place);
	session_close(&c->session);
	turn_close(&c->turn);
	chat_directory_clear(&c->directory);
	session_place_clear(&c->store);
	free(c->model);
	free(c);
}

static const struct task_ops chat_ops = {
    chat_poll, chat_step, chat_cancel, chat_abort, chat_done, chat_free};

/* The beginning. */

static void
open_session(struct chat *c)
{
	const struct exchange *x = c->x;
	const struct session_frame frame = {.cwd = c->directory.path,
	    .key_name = x->key_name,
	    .append = appends(c),
	    .body = http_conn_body(x->conn)};
	char why[256];
	bool found = session_place_find(
	    &c->store, x->settings, x->env, why, sizeof(why));

	if (!found)
		log_warn("%s %s", x->id, why);
	session_open(&c->session, found ? &c->store : NULL, &frame, c->request);
}

static void
chat_begin(struct chat *c)
{
	const struct settings *s = c->x->settings;

	c->task.ops = &chat_ops;
	c->turn.limited = c->request->max_tokens != 0;
	c->deadline = CLOCK_NEVER;
	open_session(c);
	place_open(&c->place, s, c->x->env);
	c->x->task = &c->task;
	try_start(c);
}

/* Everything that can fail, in order; false sets *e. */
static bool
chat_open(struct chat *c, struct exchange *x, struct api_error *e)
{
	const struct buf *body = http_conn_body(x->conn);
	struct model_list models;
	const char *model;

	c->x = x;
	c->request = openai_request_parse(buf_str(body), body->len, e);
	if (c->request == NULL)
		return false;
	model = c->request->model == NULL ? x->settings->default_model
	                                  : c->request->model;
	model_list_read(&models, x->settings->models);
	c->model = strdup(model_resolve(&models, model));
	if (c->model == NULL ||
	    !reply_open(&c->turn.reply, x, model, c->request->stream,
		c->request->include_usage)) {
		api_error_set(e, 500, "server_error", NULL, "Out of memory.");
		return false;
	}
	return chat_directory_find(&c->directory, x, c->request, e);
}

/* What ccp says itself; no Claude is needed. */
static void
answer_at_once(struct chat *c)
{
	static const struct token_usage none;

	reply_text(&c->turn.reply, c->directory.answer);
	reply_finish(&c->turn.reply, "stop", &none);
	chat_free(&c->task);
}

void
chat_serve(struct exchange *x)
{
	struct chat *c = calloc(1, sizeof(*c));
	struct api_error e;

	api_error_set(&e, 500, "server_error", NULL, "Out of memory.");
	if (c != NULL)
		c->place.dir = c->session.claim = -1;
	if (c != NULL && chat_open(c, x, &e)) {
		if (c->directory.answer != NULL)
			answer_at_once(c);
		else
			chat_begin(c);
		return;
	}
	exchange_error(x, &e);
	chat_free(c == NULL ? NULL : &c->task);
}
