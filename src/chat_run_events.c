/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_run_events.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "chat_warm_leave.h"
#include "claude_error.h"
#include "limits.h"
#include "log.h"

#include "banned.h"

/* The session */

void
run_tell_session(struct chat_run *r)
{
	bool warm = r->session.plan == SESSION_LIVE;

	if (r->index == 0)
		r->f->x->session = r->f->as_model && !warm
		                       ? NULL
		                       : session_outcome(&r->session);
	if (r->session.trouble[0] != '\0')
		log_warn("%s %s", r->f->x->id, r->session.trouble);
	r->session.trouble[0] = '\0';
}

bool
run_session_failed(const struct chat_run *r)
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
	run_tell_session(r);
	r->again = true;
	claude_stop(r->claude);
}

/* The turn is over as Claude meant it: a follow-up can go on from here. */
static void
remember(struct chat_run *r)
{
	const struct claude_transport *t = &r->claude->transport;

	/* What might have been a stop sequence was none. */
	if (r->turn.model != NULL)
		model_text_end(r->turn.model, &r->turn.reply);
	session_answered(&r->session, t->session, t->last_uuid,
	    buf_str(&r->turn.reply.text));
	run_tell_session(r);
}

void
run_settle_session(struct chat_run *r)
{
	const struct claude_guard *g = &r->claude->guard;
	int status = g->status; /* macOS' WIFEXITED wants one to write to */

	if (!g->ended || !r->turn.answered)
		return;
	/* The answers before this one first. */
	if (r->warm.mine != NULL)
		warm_ended(r->warm.mine);
	if (WIFEXITED(status))
		session_ended(&r->session);
	else
		session_close(&r->session);
	run_tell_session(r);
}

bool
run_may_go_cold(const struct chat_run *r)
{
	return r->warm.live && r->turn.message_id == NULL && !r->turn.answered;
}

void
run_go_cold(struct chat_run *r, const char *why)
{
	log_info("%s a warm Claude was of no use: %s", r->f->x->id, why);
	r->warm.live = false;
	r->cold = r->again = true;
	turn_again(&r->turn);
	claude_stop(r->claude);
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

void
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
	if (run_may_go_cold(r)) {
		run_go_cold(r, what);
		return;
	}
	if (run_session_failed(r)) {
		begin_again(r, buf_str(&claude->transport.tail));
		return;
	}
	log_ended(r, what);
	claude_error_ended(what, buf_str(&claude->transport.tail),
	    r->turn.begun && r->turn.old == NULL, &e);
	reply_error(&r->turn.reply, &e);
	r->turn.answered = true;
}

/* Of a process that was kept, before it goes to its API.  Errors of that are
 * told, as a new process would have them. */
static bool
unexpected(const struct chat_run *r, const struct claude_event *e)
{
	return e->type == CLAUDE_COMPACTING || e->type == CLAUDE_BAD_LINE ||
	       (e->type == CLAUDE_CONTROL_RESPONSE && e->is_error) ||
	       (e->type == CLAUDE_RESULT && !r->taken);
}

static void
take_event(struct chat_run *r, const struct claude_event *e)
{
	if (e->type == CLAUDE_REQUESTING || e->type == CLAUDE_MESSAGE_START)
		r->taken = true;
	if (run_may_go_cold(r) && unexpected(r, e)) {
		run_go_cold(r, "what it said was not expected");
		return;
	}
	if (e->type == CLAUDE_RESULT && e->is_error && run_session_failed(r)) {
		begin_again(r, e->text == NULL ? "" : e->text);
		return;
	}
	r->whole = turn_whole(&r->turn, e);
	if (r->whole)
		remember(r);
	else if (e->type == CLAUDE_RESULT && !buf_ok(&r->turn.reply.text))
		log_warn("%s out of memory: the answer is not remembered",
		    r->f->x->id);
	turn_event(&r->turn, e);
}

void
run_let_out(const struct chat_run *r)
{
	struct exchange *x = r->f->x;

	http_conn_unhold(x->conn);
	if (x->times.word != 0 && r->turn.reply.response->begun)
		times_mark(&x->times.out);
}

/* Of a model its calls end an answer, of an agent they are its own business. */
static bool
may_end_it(const struct chat_run *r, const struct claude_event *e)
{
	return e->type == CLAUDE_RESULT ||
	       (r->f->as_model && (e->type == CLAUDE_MESSAGE_DELTA ||
				      e->type == CLAUDE_TOOL_CALL));
}

/* What was read at once is written at once, by run_let_out(); behind the end the
 * session is saved, and the process left to the next: no word waits for that. */
void
run_take_events(struct chat_run *r)
{
	struct claude_event e;

	http_conn_hold(r->f->x->conn);
	while (!r->turn.answered && claude_next(r->claude, &e)) {
		if (may_end_it(r, &e)) {
			run_let_out(r);
			http_conn_hold(r->f->x->conn);
		}
		/* A sub-agent's words are not the answer. */
		place_started(&r->place);
		if (!e.nested)
			take_event(r, &e);
		claude_event_clear(&e);
	}
}

/* As a model it waits for the results of its calls: for all that the client
 * was told of. */
static bool
remember_calls(struct chat_run *r)
{
	const struct chat_reply *reply = &r->turn.reply;
	struct chat_part parts[LIMIT_PARKED_CALLS + 1];
	char *text = reply->text.mem;
	size_t n = 0;

	if (!r->f->as_model || reply->nsaid != reply->ncalls ||
	    reply->ncalls != r->claude->transport.calls.n ||
	    !buf_ok(&reply->text))
		return false;
	if (reply->has_text && text != NULL)
		parts[n++] = (struct chat_part){
		    .kind = CHAT_TEXT, .text = text + reply->text.off};
	memcpy(parts + n, reply->said, reply->nsaid * sizeof(*parts));
	session_called(&r->session, parts, n + reply->nsaid);
	return true;
}

bool
run_left_to_next(struct chat_run *r)
{
	const struct claude_transport *t = &r->claude->transport;
	double cost = r->turn.cost_before + r->turn.cost_usd;
	bool parked;

	if (r->claude->guard.phase != GUARD_RUNNING)
		return false;
	parked = r->turn.called && remember_calls(r);
	if ((!r->whole || r->turn.reply.ncalls > 0) && !parked)
		return false;
	if (r->f->as_model ? r->turn.went_on
			   : strcmp(t->session, r->session.id) != 0)
		return false;
	if (r->turn.compacted)
		return chat_warm_send_home(
		    &r->warm, r->claude, &r->session, cost);
	return chat_warm_leave(&r->warm, r->claude, &r->session, parked, cost);
}
