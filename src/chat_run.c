/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_run.h"

#include <string.h>

#include "chat_launch.h"
#include "chat_opening.h"
#include "chat_run_events.h"
#include "chat_warm_leave.h"
#include "claude_error.h"
#include "clock.h"
#include "limits.h"
#include "log.h"

#include "banned.h"

/* Claude has it, and no other process will need it. */
bool
run_told(const struct chat_run *r)
{
	if (r->claude == NULL)
		return r->turn.answered;
	return r->claude->transport.saying == NULL &&
	       (r->turn.answered || (!run_session_failed(r) &&
					!run_may_go_cold(r) && !r->again));
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

	if (run_may_go_cold(r) && !r->taken && now >= r->warm.taken_until) {
		run_go_cold(r, "it did not begin");
		return;
	}
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
	if (run_left_to_next(r)) {
		r->claude = NULL;
		return;
	}
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
	run_tell_session(r);
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
	times_mark(&r->f->x->times.told);
}

static struct chat_warm_request
warm_request(const struct chat_run *r)
{
	return (struct chat_warm_request){
	    .x = r->f->x,
	    .request = r->f->request,
	    .cwd = r->f->cwd,
	    .model = r->f->model,
	    .as_model = r->f->as_model,
	    .appends = r->f->appends,
	};
}

static void
go_on_or_start(struct chat_run *r)
{
	const struct chat_warm_request q = warm_request(r);

	if (r->warm.found == NULL) {
		start_or_fail(r);
		return;
	}
	place_started(&r->place);
	r->turn.cost_before = r->warm.cost_usd;
	r->turn.continued = r->warm.results != NULL;
	r->deadline = clock_ms() + r->f->x->settings->claude_timeout_ms;
	r->claude = chat_warm_go_on(&r->warm, &r->session, &q);
	times_mark(&r->f->x->times.told);
	run_tell_session(r);
}

/* Others may have tried just now, and what wakes the loop may be a sibling. */
static bool
too_early(const struct chat_run *r)
{
	int64_t next = r->planned ? place_deadline(&r->place)
	                          : session_deadline(&r->session);

	return next != CLOCK_NEVER && clock_ms() < next;
}

/* False: it is not yet known in which session. */
static bool
plan(struct chat_run *r)
{
	if (too_early(r) ||
	    !chat_warm_seek(&r->warm, &r->session, r->f->request))
		return false;
	r->planned |= r->warm.found != NULL;
	if (!r->planned) {
		r->planned = session_find(&r->session);
		run_tell_session(r);
	}
	return r->planned;
}

/* True: once more, as the process that was found did not rest until now. */
static bool
try_once(struct chat_run *r)
{
	struct api_error e;
	int error;

	if (!plan(r))
		return false;
	switch (place_try(&r->place, r->warm.found == NULL, &e, &error)) {
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
		if (!chat_warm_rests(&r->warm)) {
			r->planned = false;
			return true;
		}
		go_on_or_start(r);
		break;
	}
	return false;
}

static void
try_start(struct chat_run *r)
{
	while (try_once(r))
		continue;
}

/* Once the process that failed at its session, or was kept for nothing, is
 * gone. */
static void
start_again(struct chat_run *r)
{
	if (!r->again || r->turn.answered || !claude_stopped(r->claude))
		return;
	chat_warm_drop(&r->warm, r->claude);
	r->claude = NULL;
	r->again = false;
	r->turn.cost_before = 0;
	if (!r->cold) {
		start_or_fail(r);
		return;
	}
	r->cold = r->taken = r->turn.continued = false;
	if (r->session.plan == SESSION_LIVE) {
		r->planned = false;
		session_not_live(&r->session);
	}
	try_start(r);
}

/* The run, as chat_task.c sees it */

void
run_open(struct chat_run *r, const struct chat_frame *f,
    struct chat_response *response, size_t index)
{
	r->f = f;
	r->index = index;
	r->place.dir = r->session.claim = -1;
	r->warm.ask = r->warm.returned = -1;
	r->warm.soon = CLOCK_NEVER;
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
	const struct chat_warm_request q = warm_request(r);

	session_open(&r->session, store, session, r->f->request);
	chat_warm_open(&r->warm, &q);
	place_open(&r->place, x->settings, x->env);
	try_start(r);
}

void
run_poll(const struct chat_run *r, struct pollset *ps, bool room)
{
	if (r->claude != NULL)
		claude_poll(r->claude, ps, room);
	chat_warm_poll(&r->warm, ps);
	if (r->turn.answered)
		return;
	pollset_until(ps, r->deadline);
	if (run_may_go_cold(r) && !r->taken)
		pollset_until(ps, r->warm.taken_until);
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
	if (r->f->x->times.word == 0)
		r->f->x->times.heard = times_now();
	claude_step(r->claude, ps);
	run_take_events(r);
	if (!r->turn.answered && !r->again && claude_over(r->claude))
		run_ended(r);
	run_settle_session(r);
	start_again(r);
}

void
run_step(struct chat_run *r, const struct pollset *ps)
{
	if (r->warm.mine != NULL)
		warm_save_look(r->warm.mine);
	if (r->claude != NULL)
		step_claude(r, ps);
	else if (!r->turn.answered)
		try_start(r);
	if (!r->turn.answered)
		check_timers(r);
	/* One that was borrowed is gone at once, and nothing tells of it. */
	if (r->claude != NULL)
		start_again(r);
	stop_if_answered(r);
	/* The client that sees the end of its answer may go on at once, on any
	 * connection: its process is there to be found by then. */
	if (chat_warm_settled(&r->warm))
		run_let_out(r);
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
	return r->turn.answered && r->warm.returned < 0 &&
	       (r->claude == NULL || claude_stopped(r->claude));
}

void
run_close(struct chat_run *r)
{
	if (r->claude != NULL)
		chat_warm_drop(&r->warm, r->claude);
	if (r->turn.called || r->whole)
		chat_warm_spare(&r->warm);
	chat_warm_close(&r->warm);
	if (r->turn.model != NULL)
		model_close(&r->model_words);
	place_close(&r->place);
	session_close(&r->session);
	turn_close(&r->turn);
}
