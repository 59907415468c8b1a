/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_run.h"

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

/* The session */

/* Logs what the store has to say, and tells the client what became of it. */
static void
tell_session(struct chat_run *r)
{
	if (!r->f->as_model && r->index == 0)
		r->f->x->session = session_outcome(&r->session);
	if (r->session.trouble[0] != '\0')
		log_warn("%s %s", r->f->x->id, r->session.trouble);
	r->session.trouble[0] = '\0';
}

/* Has it failed at the session, and not at its work?  Then nobody has seen
 * anything of it yet. */
static bool
session_failed(const struct chat_run *r)
{
	return !r->taken && (r->session.plan == SESSION_RESUME ||
				r->session.plan == SESSION_FORK);
}

static void
begin_again(struct chat_run *r, const char *why)
{
	log_info("%s session %s cannot be continued and is told anew: %s",
	    r->f->x->id, r->session.id, why);
	session_lost(&r->session);
	turn_again(&r->turn);
	tell_session(r);
	r->again = true;
	claude_stop(r->claude);
}

/* The turn is over as Claude meant it: a follow-up can go on from here. */
static void
remember(struct chat_run *r)
{
	const struct claude_transport *t = &r->claude->transport;

	session_answered(&r->session, t->session, t->last_uuid,
	    buf_str(&r->turn.reply.text));
	tell_session(r);
}

/* With Claude's end (stdin was closed, or TERM sent) its answer is saved. */
static void
settle_session(struct chat_run *r)
{
	const struct claude_guard *g = &r->claude->guard;
	int status = g->status; /* macOS' WIFEXITED wants one to write to */

	if (!g->ended || !r->turn.answered)
		return;
	if (WIFEXITED(status))
		session_ended(&r->session);
	else
		session_close(&r->session);
	tell_session(r);
}

/* Claude's words */

/* Before it begins it knows nothing of the conversation; later its last words
 * may hold some of it. */
static void
log_ended(const struct chat_run *r, const char *what)
{
	const char *id = r->f->x->id;
	const char *said = buf_str(&r->claude->transport.tail);

	if (!r->turn.begun) {
		log_error(
		    "%s claude ended without a result (%s); on stderr: %s", id,
		    what, said);
		return;
	}
	log_error(
	    "%s claude ended without a result (%s); what it had on stderr "
	    "is logged at debug",
	    id, what);
	log_debug("%s claude says on stderr: %s", id, said);
}

/* Claude ended without a result. */
static void
run_ended(struct chat_run *r)
{
	const struct claude *claude = r->claude;
	struct api_error e;
	char what[64] = "its output ended";

	if (claude->transport.broken != NULL)
		(void)snprintf(
		    what, sizeof(what), "%s", claude->transport.broken);
	else if (claude->guard.ended)
		child_status_text(claude->guard.status, what, sizeof(what));
	if (session_failed(r)) {
		begin_again(r, buf_str(&claude->transport.tail));
		return;
	}
	log_ended(r, what);
	claude_error_ended(what, buf_str(&claude->transport.tail),
	    r->turn.begun && r->turn.old == NULL, &e);
	reply_error(&r->turn.reply, &e);
	r->turn.answered = true;
}

static void
take_event(struct chat_run *r, const struct claude_event *e)
{
	if (e->type == CLAUDE_REQUESTING || e->type == CLAUDE_MESSAGE_START)
		r->taken = true;
	if (e->type == CLAUDE_RESULT && e->is_error && session_failed(r)) {
		begin_again(r, e->text == NULL ? "" : e->text);
		return;
	}
	if (!r->f->as_model && turn_whole(&r->turn, e))
		remember(r);
	turn_event(&r->turn, e);
}

static void
take_events(struct chat_run *r)
{
	struct claude_event e;

	while (!r->turn.answered && claude_next(r->claude, &e)) {
		/* A sub-agent's words are not the answer. */
		place_started(&r->place);
		if (!e.nested)
			take_event(r, &e);
		claude_event_clear(&e);
	}
}

/* Claude has it, and no other process will need it. */
bool
run_told(const struct chat_run *r)
{
	if (r->claude == NULL)
		return r->turn.answered;
	return r->claude->transport.saying == NULL &&
	       (r->turn.answered || (!session_failed(r) && !r->again));
}

static int64_t
idle_deadline(const struct chat_run *r)
{
	if (r->claude == NULL || r->turn.in_tool || r->again)
		return CLOCK_NEVER;
	return r->claude->transport.heard +
	       r->f->x->settings->claude_idle_timeout_ms;
}

static void
check_timers(struct chat_run *r)
{
	const struct settings *s = r->f->x->settings;
	int64_t now = clock_ms();
	struct api_error e;

	if (now >= r->deadline)
		claude_error_timeout(
		    "CLAUDE_TIMEOUT_MS", s->claude_timeout_ms, &e);
	else if (now >= idle_deadline(r))
		claude_error_timeout(
		    "CLAUDE_IDLE_TIMEOUT_MS", s->claude_idle_timeout_ms, &e);
	else
		return;
	turn_fail(&r->turn, &e);
}

static void
stop_if_answered(struct chat_run *r)
{
	if (r->claude == NULL || !r->turn.answered)
		return;
	/* A model has nothing to end but its turn, and nothing to save. */
	if (r->f->as_model || (r->turn.cut && r->turn.limited))
		claude_cut(r->claude);
	else
		claude_stop(r->claude);
}

static struct claude_origin
origin_of(const struct chat_run *r)
{
	const struct session *s = &r->session;
	struct claude_origin from = {.cwd = r->f->cwd, .model = r->f->as_model};

	if (s->plan == SESSION_RESUME || s->plan == SESSION_FORK) {
		from.session = s->id;
		from.at = s->at;
		from.fork = s->plan == SESSION_FORK;
	}
	return from;
}

/* The conversation is told. */
static void
say(struct chat_run *r)
{
	struct chat_opening o;
	struct api_error e;

	if (opening_make(&o, r->f->request, r->f->as_model, r->f->appends)) {
		transport_say(&r->claude->transport, r->f->request,
		    r->session.first, &o.with, r->f->model);
	} else {
		api_error_set(&e, 500, "server_error", NULL, "Out of memory.");
		turn_fail(&r->turn, &e);
	}
	opening_close(&o);
}

static void
start_or_fail(struct chat_run *r)
{
	struct claude_origin from;
	struct api_error e;

	session_start(&r->session);
	tell_session(r);
	from = origin_of(r);
	r->claude = chat_launch(r->f->x, r->f->request, &from, &e);
	if (r->claude == NULL) { /* which is in the log */
		reply_error(&r->turn.reply, &e);
		r->turn.answered = true;
		return;
	}
	if (r->deadline == CLOCK_NEVER)
		r->deadline = clock_ms() + r->f->x->settings->claude_timeout_ms;
	say(r);
}

/* Once the process that failed at its session is gone. */
static void
start_again(struct chat_run *r)
{
	if (!r->again || r->turn.answered || !claude_stopped(r->claude))
		return;
	claude_free(r->claude);
	r->again = false;
	start_or_fail(r);
}

/* Others may have tried just now, and what wakes the loop may be a sibling. */
static bool
too_early(const struct chat_run *r)
{
	int64_t next = r->planned ? place_deadline(&r->place)
	                          : session_deadline(&r->session);

	return next != CLOCK_NEVER && clock_ms() < next;
}

static void
try_start(struct chat_run *r)
{
	struct api_error e;
	int error;

	if (too_early(r))
		return;
	if (!r->planned) {
		r->planned = session_find(&r->session);
		tell_session(r);
	}
	if (!r->planned)
		return;
	switch (place_try(&r->place, &e, &error)) {
	case PLACE_WAIT:
		break;
	case PLACE_REFUSED:
		turn_fail(&r->turn, &e);
		break;
	case PLACE_TAKEN:
		if (error != 0)
			log_warn("%s CLAUDE_MAX_PROCESSES cannot be kept: the "
				 "runtime directory: %s",
			    r->f->x->id, strerror(error));
		start_or_fail(r);
		break;
	}
}

/* The run, as chat_task.c sees it */

void
run_open(struct chat_run *r, const struct chat_frame *f,
    struct chat_response *response, size_t index)
{
	r->f = f;
	r->index = index;
	r->place.dir = r->session.claim = -1;
	r->deadline = CLOCK_NEVER;
	reply_open(&r->turn.reply, response, index);
	r->turn.reply.function = f->request->functions;
	r->turn.limited = f->request->max_tokens != 0;
	if (!f->as_model)
		return;
	model_open(&r->model_words, f->request);
	r->turn.model = &r->model_words;
}

void
run_begin(struct chat_run *r, const struct session_place *store,
    const struct session_frame *session)
{
	const struct exchange *x = r->f->x;

	if (session != NULL)
		session_open(&r->session, store, session, r->f->request);
	place_open(&r->place, x->settings, x->env);
	try_start(r);
}

void
run_poll(const struct chat_run *r, struct pollset *ps, bool room)
{
	if (r->claude != NULL)
		claude_poll(r->claude, ps, room);
	if (r->turn.answered)
		return;
	pollset_until(ps, r->deadline);
	if (r->claude != NULL)
		pollset_until(ps, idle_deadline(r));
	else if (r->planned)
		pollset_until(ps, place_deadline(&r->place));
	else
		pollset_until(ps, session_deadline(&r->session));
}

/* Claude goes on: what it has said, and whether it has ended. */
static void
step_claude(struct chat_run *r, const struct pollset *ps)
{
	claude_step(r->claude, ps);
	take_events(r);
	if (!r->turn.answered && !r->again && claude_over(r->claude))
		run_ended(r);
	settle_session(r);
	start_again(r);
}

void
run_step(struct chat_run *r, const struct pollset *ps)
{
	if (r->claude != NULL)
		step_claude(r, ps);
	else if (!r->turn.answered)
		try_start(r);
	if (!r->turn.answered)
		check_timers(r);
	stop_if_answered(r);
	/* Others may be waiting for it, of the same request too. */
	if (run_done(r))
		place_close(&r->place);
}

bool
run_working(const struct chat_run *r)
{
	return r->claude != NULL && !run_done(r);
}

void
run_wait_on(struct chat_run *r)
{
	place_wait_on(&r->place);
}

void
run_cancel(struct chat_run *r)
{
	r->turn.answered = true;
	stop_if_answered(r);
}

void
run_fail(struct chat_run *r, const struct api_error *e)
{
	if (!r->turn.answered)
		turn_fail(&r->turn, e);
	stop_if_answered(r);
}

bool
run_done(const struct chat_run *r)
{
	return r->turn.answered &&
	       (r->claude == NULL || claude_stopped(r->claude));
}

void
run_close(struct chat_run *r)
{
	claude_free(r->claude);
	if (r->turn.model != NULL)
		model_close(&r->model_words);
	place_close(&r->place);
	session_close(&r->session);
	turn_close(&r->turn);
}
