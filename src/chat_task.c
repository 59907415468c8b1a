/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "chat_launch.h"
#include "chat_opening.h"
#include "claude_error.h"
#include "clock.h"
#include "limits.h"
#include "log.h"

#include "banned.h"

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
	if (!c->as_model)
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
	if (!c->as_model && turn_whole(&c->turn, e))
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
	/* Of a model's request the tools are needed to the end. */
	if (c->request != NULL && !c->as_model &&
	    c->claude->transport.saying == NULL && !session_failed(c) &&
	    !c->again) {
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
	/* A model has nothing to end but its turn, and nothing to save. */
	if (c->as_model || (c->turn.cut && c->turn.limited))
		claude_cut(c->claude);
	else
		claude_stop(c->claude);
}

static struct claude_origin
origin_of(const struct chat *c)
{
	const struct session *s = &c->session;
	struct claude_origin from = {
	    .cwd = c->directory.path, .model = c->as_model};

	if (s->plan == SESSION_RESUME || s->plan == SESSION_FORK) {
		from.session = s->id;
		from.at = s->at;
		from.fork = s->plan == SESSION_FORK;
	}
	return from;
}

/* The conversation is told. */
static void
say(struct chat *c)
{
	struct chat_opening o;
	struct api_error e;

	if (opening_make(&o, c->request, c->as_model, c->appends)) {
		transport_say(&c->claude->transport, c->request,
		    c->session.first, &o.with, c->model);
	} else {
		api_error_set(&e, 500, "server_error", NULL, "Out of memory.");
		turn_fail(&c->turn, &e);
	}
	opening_close(&o);
}

static void
start_or_fail(struct chat *c)
{
	struct claude_origin from;
	struct api_error e;

	session_start(&c->session);
	tell_session(c);
	from = origin_of(c);
	c->claude = chat_launch(c->x, c->request, &from, &e);
	if (c->claude == NULL) { /* which is in the log */
		reply_error(&c->turn.reply, &e);
		c->turn.answered = true;
		return;
	}
	if (c->deadline == CLOCK_NEVER)
		c->deadline = clock_ms() + c->x->settings->claude_timeout_ms;
	say(c);
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

void
chat_free(struct chat *c)
{
	if (c == NULL)
		return;
	claude_free(c->claude);
	if (c->turn.model != NULL)
		model_close(&c->model_words);
	chat_request_free(c->request);
	place_close(&c->place);
	session_close(&c->session);
	turn_close(&c->turn);
	chat_directory_clear(&c->directory);
	session_place_clear(&c->store);
	free(c->model);
	free(c);
}

static void
free_task(struct task *t)
{
	chat_free(chat_of(t));
}

static const struct task_ops chat_ops = {
    chat_poll, chat_step, chat_cancel, chat_abort, chat_done, free_task};

struct chat *
chat_new(struct exchange *x)
{
	struct chat *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->x = x;
	c->place.dir = c->session.claim = -1;
	return c;
}

void
chat_begin(struct chat *c)
{
	const struct settings *s = c->x->settings;

	c->task.ops = &chat_ops;
	c->deadline = CLOCK_NEVER;
	place_open(&c->place, s, c->x->env);
	c->x->task = &c->task;
	try_start(c);
}
