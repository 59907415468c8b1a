/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chat_reply.h"
#include "claude.h"
#include "claude_error.h"
#include "claude_find.h"
#include "clock.h"
#include "limits.h"
#include "log.h"
#include "model_names.h"
#include "openai_request.h"

#include "banned.h"

struct chat {
	struct task task; /* first: a chat is a task */
	struct exchange *x;
	struct chat_request *request; /* NULL once it has been said */
	struct claude *claude;
	struct chat_reply reply;
	char *model;      /* as resolved */
	bool answered;    /* the reply has its end; Claude is being stopped */
	bool limited;     /* the client set a maximum of tokens */
	int64_t deadline; /* CLAUDE_TIMEOUT_MS, for the whole invocation */
	bool in_tool;     /* a tool works: silence is no sign of death */

	/* What the events have told so far. */
	struct claude_usage usage;
	bool refused;
	char *error;       /* assistant.error of a synthetic line */
	int64_t resets_at; /* of a rate limit */
	bool warned;       /* of a line that is not JSON */
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

/* The end of the answer, whichever it is; what is left is to stop Claude. */

static void
chat_end(struct chat *c)
{
	c->answered = true;
	claude_stop(c->claude);
}

static void
chat_finish(struct chat *c, const char *reason)
{
	struct token_usage usage = {
	    .prompt =
		c->usage.input + c->usage.cache_creation + c->usage.cache_read,
	    .cached = c->usage.cache_read,
	    .completion = c->usage.output,
	};

	reply_finish(&c->reply, reason, &usage);
	chat_end(c);
}

static void
chat_fail(struct chat *c, const struct api_error *e)
{
	log_warn("%s %d %s: %s", c->x->id, e->status,
	    e->code == NULL ? e->type : e->code, e->message);
	reply_error(&c->reply, e);
	chat_end(c);
}

static void
chat_fail_as(struct chat *c, const struct claude_failure *f)
{
	struct claude_failure full = *f;
	struct api_error e;

	full.resets_at = c->resets_at;
	full.now = (int64_t)time(NULL);
	claude_error_of(&full, &e);
	if (f->text != NULL)
		log_debug("%s claude says: %s", c->x->id, f->text);
	chat_fail(c, &e);
}

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
	log_error("%s claude ended without a result (%s); on stderr: %s",
	    c->x->id, what, buf_str(&claude->transport.tail));
	claude_error_ended(what, &e);
	reply_error(&c->reply, &e);
	chat_end(c);
}

static void
add_usage(struct claude_usage *sum, const struct claude_usage *more)
{
	sum->input += more->input;
	sum->cache_creation += more->cache_creation;
	sum->cache_read += more->cache_read;
	sum->output += more->output;
}

/* Events, one function each. */

static void
on_retry(struct chat *c, const struct claude_event *e)
{
	struct claude_failure f = {
	    .status = e->status,
	    .error = e->error,
	    .retry_delay_ms = e->retry_delay_ms,
	};

	/* Once Claude has spoken its work would be lost: wait. */
	if (!c->reply.spoken && e->retry_delay_ms > LIMIT_HOLD_BACK_MS)
		chat_fail_as(c, &f);
}

static void
on_message_delta(struct chat *c, const struct claude_event *e)
{
	add_usage(&c->usage, &e->usage);
	c->in_tool = e->stop == CLAUDE_STOP_TOOL;
	if (e->stop == CLAUDE_STOP_REFUSAL)
		c->refused = true;
	/* Left alone the CLI would tell the model to go on, three times. */
	if (e->stop == CLAUDE_STOP_LENGTH && c->limited)
		chat_finish(c, "length");
}

static void
on_assistant(struct chat *c, const struct claude_event *e)
{
	if (e->error == NULL)
		return;
	free(c->error);
	c->error = strdup(e->error);
}

static bool
is(const char *text, const char *value)
{
	return text != NULL && strcmp(text, value) == 0;
}

static void
on_result(struct chat *c, const struct claude_event *e)
{
	struct claude_failure f = {
	    .status = e->status,
	    .error = c->error,
	    .text = e->text,
	    .terminal = e->terminal,
	};
	bool exhausted = is(e->subtype, "error_max_turns") ||
	                 is(e->subtype, "error_max_budget_usd");

	if (e->usage.input + e->usage.output > 0)
		c->usage = e->usage;
	if (c->refused)
		chat_finish(c, "content_filter");
	else if (is(c->error, "max_output_tokens") ||
		 (exhausted && c->reply.has_text))
		chat_finish(c, "length");
	else if (e->is_error)
		chat_fail_as(c, &f);
	else
		chat_finish(c, "stop");
}

/* The only request of ours during a turn is the one that carries the system
 * prompt: without it the answer would be another one. */
static void
on_control_response(struct chat *c, const struct claude_event *e)
{
	struct api_error error;

	if (!e->is_error)
		return;
	log_debug(
	    "%s claude says: %s", c->x->id, e->error == NULL ? "" : e->error);
	api_error_set(&error, 502, "server_error", "claude_refused",
	    "Claude Code did not take the system prompt.");
	chat_fail(c, &error);
}

static void
on_bad_line(struct chat *c)
{
	if (!c->warned)
		log_warn("%s claude wrote a line that is not JSON", c->x->id);
	c->warned = true;
}

static void
on_event(struct chat *c, const struct claude_event *e)
{
	switch (e->type) {
	case CLAUDE_TEXT:
		reply_text(&c->reply, e->text == NULL ? "" : e->text);
		break;
	case CLAUDE_THINKING:
		reply_reasoning(&c->reply, e->text == NULL ? "" : e->text);
		break;
	case CLAUDE_MESSAGE_START:
		reply_message(&c->reply);
		break;
	case CLAUDE_MESSAGE_DELTA:
		on_message_delta(c, e);
		break;
	case CLAUDE_REQUESTING:
		c->in_tool = false;
		break;
	case CLAUDE_RETRY:
		on_retry(c, e);
		break;
	case CLAUDE_RATE_LIMIT:
		c->resets_at = e->resets_at;
		break;
	case CLAUDE_ASSISTANT:
		on_assistant(c, e);
		break;
	case CLAUDE_RESULT:
		on_result(c, e);
		break;
	case CLAUDE_BAD_LINE:
		on_bad_line(c);
		break;
	case CLAUDE_CONTROL_RESPONSE:
		on_control_response(c, e);
		break;
	case CLAUDE_INIT:
	case CLAUDE_OTHER:
	case CLAUDE_TOOL_RESULT:
	case CLAUDE_CONTROL_REQUEST:
		break;
	}
}

static void
take_events(struct chat *c)
{
	struct claude_event e;

	while (!c->answered && claude_next(c->claude, &e)) {
		/* A sub-agent's words are not the answer. */
		if (!e.nested)
			on_event(c, &e);
		claude_event_clear(&e);
	}
	if (c->request != NULL && c->claude->transport.saying == NULL) {
		chat_request_free(c->request);
		c->request = NULL;
	}
}

static int64_t
idle_deadline(const struct chat *c)
{
	if (c->in_tool)
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
	chat_fail(c, &e);
}

/* The task. */

static void
chat_poll(const struct task *t, struct pollset *ps)
{
	const struct chat *c = chat_of_const(t);
	bool room = http_conn_backlog(c->x->conn) < LIMIT_OUT_SOFT_BYTES;

	claude_poll(c->claude, ps, room);
	if (c->answered)
		return;
	pollset_until(ps, c->deadline);
	pollset_until(ps, idle_deadline(c));
	pollset_until(ps, reply_deadline(&c->reply));
}

static void
chat_step(struct task *t, const struct pollset *ps)
{
	struct chat *c = chat_of(t);

	claude_step(c->claude, ps);
	take_events(c);
	if (!c->answered && claude_over(c->claude))
		chat_ended(c);
	if (!c->answered)
		check_timers(c);
	if (!c->answered)
		reply_tick(&c->reply);
}

static void
chat_cancel(struct task *t)
{
	struct chat *c = chat_of(t);

	if (c->answered)
		return;
	c->answered = true;
	claude_stop(c->claude);
}

static void
chat_abort(struct task *t, const struct api_error *e)
{
	struct chat *c = chat_of(t);

	if (!c->answered)
		chat_fail(c, e);
}

static bool
chat_done(const struct task *t)
{
	const struct chat *c = chat_of_const(t);

	return c->answered && claude_stopped(c->claude);
}

static void
chat_free(struct task *t)
{
	struct chat *c = chat_of(t);

	if (c == NULL)
		return;
	chat_request_free(c->request);
	claude_free(c->claude);
	reply_close(&c->reply);
	free(c->model);
	free(c->error);
	free(c);
}

static const struct task_ops chat_ops = {
    chat_poll, chat_step, chat_cancel, chat_abort, chat_done, chat_free};

/* The beginning. */

static bool
check_model(const struct chat_request *r, struct api_error *e)
{
	if (r->model == NULL || model_name_valid(r->model))
		return true;
	api_error_param(e, "model", "model_not_found",
	    "This cannot be the name of a model.");
	return false;
}

static struct claude *
start_claude(
    struct exchange *x, const struct chat_request *r, struct api_error *e)
{
	struct claude_launch launch;
	struct child_error error;
	struct claude *claude;
	char why[512];
	char *path = claude_find(x->settings, x->env, why, sizeof(why));

	if (path == NULL) {
		log_error("%s %s", x->id, why);
		api_error_set(e, 503, "server_error", "claude_unavailable",
		    "Claude Code was not found on this machine: see ccp's "
		    "log.");
		return NULL;
	}
	if (claude_launch_make(&launch, path, x->settings, r, x->env) == -1) {
		free(path);
		api_error_set(e, 500, "server_error", NULL, "Out of memory.");
		return NULL;
	}
	free(path);
	claude = claude_start(&launch, &error);
	if (claude == NULL)
		claude_error_start(&error, e);
	claude_launch_clear(&launch);
	return claude;
}

static void
chat_begin(struct chat *c)
{
	const struct settings *s = c->x->settings;

	c->task.ops = &chat_ops;
	c->limited = c->request->max_tokens != 0;
	c->deadline = clock_ms() + s->claude_timeout_ms;
	transport_say(&c->claude->transport, c->request,
	    strcmp(s->system_prompt_mode, "append") == 0, c->model);
	c->x->task = &c->task;
}

/* Everything that can fail, in order; false sets *e. */
static bool
chat_open(struct chat *c, struct exchange *x, struct api_error *e)
{
	const struct buf *body = http_conn_body(x->conn);
	const char *model;

	c->x = x;
	c->request = openai_request_parse(buf_str(body), body->len, e);
	if (c->request == NULL || !check_model(c->request, e))
		return false;
	model = c->request->model == NULL ? x->settings->default_model
	                                  : c->request->model;
	c->model = strdup(model_resolve(model));
	if (c->model == NULL ||
	    !reply_open(&c->reply, x, model, c->request->stream,
		c->request->include_usage)) {
		api_error_set(e, 500, "server_error", NULL, "Out of memory.");
		return false;
	}
	c->claude = start_claude(x, c->request, e);
	return c->claude != NULL;
}

void
chat_serve(struct exchange *x)
{
	struct chat *c = calloc(1, sizeof(*c));
	struct api_error e;

	api_error_set(&e, 500, "server_error", NULL, "Out of memory.");
	if (c != NULL && chat_open(c, x, &e)) {
		chat_begin(c);
		return;
	}
	exchange_error(x, &e);
	chat_free(c == NULL ? NULL : &c->task);
}
