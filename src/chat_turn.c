/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_turn.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "claude_error.h"
#include "claude_version.h"
#include "limits.h"
#include "log.h"

#include "banned.h"

static void
turn_finish(struct chat_turn *t, const char *reason)
{
	struct token_usage usage = {
	    .prompt =
		t->usage.input + t->usage.cache_creation + t->usage.cache_read,
	    .cached = t->usage.cache_read,
	    .completion = t->usage.output,
	};

	if (t->model != NULL)
		model_text_end(t->model, &t->reply);
	reply_finish(&t->reply, reason, &usage);
	t->answered = true;
}

void
turn_fail(struct chat_turn *t, const struct api_error *e)
{
	log_warn("%s %d %s: %s", t->reply.x->id, e->status,
	    e->code == NULL ? e->type : e->code, e->message);
	reply_error(&t->reply, e);
	t->answered = true;
}

/* What an old version makes of ccp's lines: a request that the API refuses, or
 * an error that cannot be told apart from others. */
static bool
may_be_age(const struct api_error *e)
{
	return e->code == NULL ? e->status == 400
	                       : strcmp(e->code, "upstream_error") == 0;
}

static void
turn_fail_as(struct chat_turn *t, const struct claude_failure *f)
{
	struct claude_failure full = *f;
	struct api_error e;

	full.resets_at = t->resets_at;
	full.now = (int64_t)time(NULL);
	claude_error_of(&full, &e);
	if (t->old != NULL && may_be_age(&e))
		claude_error_old(t->old, &e);
	if (f->text != NULL)
		log_debug("%s claude says: %s", t->reply.x->id, f->text);
	turn_fail(t, &e);
}

static void
turn_fail_memory(struct chat_turn *t)
{
	struct api_error e;

	api_error_set(&e, 500, "server_error", NULL, "Out of memory.");
	turn_fail(t, &e);
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

static bool
is(const char *text, const char *value)
{
	return text != NULL && strcmp(text, value) == 0;
}

/* There is one for each line of the history, too. */
static void
on_init(struct chat_turn *t, const struct claude_event *e)
{
	const char *version = e->version == NULL ? "" : e->version;

	if (t->begun)
		return;
	t->begun = true;
	/* Versions before 2.1 do not tell theirs. */
	if (version[0] != '\0' &&
	    !claude_version_older(version, CLAUDE_VERSION_LEAST))
		return;
	t->old = strdup(version);
	log_warn("%s Claude Code %.32s is older than " CLAUDE_VERSION_LEAST
		 " and not supported",
	    t->reply.x->id,
	    version[0] == '\0' ? "(of unknown version)" : version);
}

static void
on_retry(struct chat_turn *t, const struct claude_event *e)
{
	struct claude_failure f = {
	    .status = e->status,
	    .error = e->error,
	    .retry_delay_ms = e->retry_delay_ms,
	};

	/* Once Claude has spoken its work would be lost: wait. */
	if (!t->reply.spoken && e->retry_delay_ms > LIMIT_HOLD_BACK_MS)
		turn_fail_as(t, &f);
}

static void
finish_calls(struct chat_turn *t)
{
	turn_finish(t, t->reply.function ? "function_call" : "tool_calls");
}

/* A text, as deltas or at once.  A stop sequence is enforced here as well as by
 * the API: in a history with tools, across deltas. */
static void
on_text(struct chat_turn *t, const char *text)
{
	if (t->model == NULL)
		reply_text(&t->reply, text);
	else if (model_text(t->model, &t->reply, text))
		turn_finish(t, "stop");
}

/* Memory was out, or a second answer came when the first had been told. */
static void
check_model(struct chat_turn *t)
{
	struct api_error e;

	if (t->model->lost) {
		turn_fail_memory(t);
	} else if (t->model->twice) {
		api_error_set(&e, 502, "server_error", "format_not_met",
		    "The model's first answer did not fit the schema, and it "
		    "began another one.");
		turn_fail(t, &e);
	}
}

static void
on_tool(struct chat_turn *t, const struct claude_event *e)
{
	if (t->model == NULL)
		return;
	if (e->type == CLAUDE_TOOL_START)
		model_tool_start(t->model, &t->reply, e);
	else
		model_tool_input(t->model, &t->reply, e);
	check_model(t);
}

/* Of a message that is not streamed there is no message_delta. */
static void
on_tool_call(struct chat_turn *t)
{
	if (!t->streamed && t->reply.ncalls > 0)
		finish_calls(t);
}

static void
on_message_delta(struct chat_turn *t, const struct claude_event *e)
{
	add_usage(&t->usage, &e->usage);
	t->in_tool = e->stop == CLAUDE_STOP_TOOL;
	t->cut = e->stop == CLAUDE_STOP_LENGTH;
	if (e->stop == CLAUDE_STOP_REFUSAL)
		t->refused = true;
	/* Left alone the CLI would tell the model to go on, three times. */
	if (e->stop == CLAUDE_STOP_LENGTH && t->limited)
		turn_finish(t, "length");
	/* The client runs its tools, and not the CLI. */
	if (e->stop == CLAUDE_STOP_TOOL && t->reply.ncalls > 0) {
		t->called = t->streamed;
		finish_calls(t);
	}
}

static void
begin_message(struct chat_turn *t, const char *id, bool streamed)
{
	if (!t->cut)
		reply_message(&t->reply);
	t->went_on = t->went_on || t->message_id != NULL;
	free(t->message_id);
	t->message_id = strdup(id == NULL ? "" : id);
	t->streamed = streamed;
	t->turns++;
	/* Without it what the deltas told would be told again. */
	if (t->message_id == NULL)
		turn_fail_memory(t);
}

/* An id that is not known tells nothing against it. */
static bool
of_this_message(const struct chat_turn *t, const char *id)
{
	return t->message_id != NULL &&
	       (id == NULL || t->message_id[0] == '\0' ||
		   strcmp(t->message_id, id) == 0);
}

/*
 * A finished block.  Its text has been told by deltas, unless the CLI fell
 * back to a request without streaming (after a 404; after a broken stream if
 * the user wants that): then the lines of a new message id are all there is.
 */
static void
on_block(struct chat_turn *t, const struct claude_event *e)
{
	bool begins = !of_this_message(t, e->id);

	if (t->streamed && !begins)
		return;
	if (begins)
		begin_message(t, e->id, false);
	if (t->answered)
		return;
	if (e->text != NULL)
		on_text(t, e->text);
	if (e->tool != NULL && t->model != NULL && !t->answered) {
		model_tool_whole(t->model, &t->reply, e);
		check_model(t);
	}
	if (t->answered)
		return;
	if (begins)
		on_message_delta(t, e);
}

static void
on_assistant(struct chat_turn *t, const struct claude_event *e)
{
	if (e->error != NULL) {
		free(t->error);
		t->error = strdup(e->error);
		if (t->error == NULL)
			turn_fail_memory(t);
	} else if (!e->synthetic)
		on_block(t, e);
}

bool
turn_whole(const struct chat_turn *t, const struct claude_event *e)
{
	return e->type == CLAUDE_RESULT && !e->nested && !e->is_error &&
	       is(e->subtype, "success") && !t->refused && t->error == NULL &&
	       t->reply.has_text && buf_ok(&t->reply.text);
}

static void
fail_format(struct chat_turn *t)
{
	struct api_error e;

	api_error_set(&e, 502, "server_error", "format_not_met",
	    "The model gave no answer in the form that response_format asks "
	    "for.");
	turn_fail(t, &e);
}

static void
on_result(struct chat_turn *t, const struct claude_event *e)
{
	struct claude_failure f = {
	    .status = e->status,
	    .error = t->error,
	    .text = e->text,
	    .subtype = e->subtype,
	    .terminal = e->terminal,
	};
	bool exhausted = is(e->subtype, "error_max_turns") ||
	                 is(e->subtype, "error_max_budget_usd");

	if (e->usage.input + e->usage.output > 0 && !t->continued)
		t->usage = e->usage;
	if (e->turns > 0 && !t->continued)
		t->turns = e->turns;
	t->cost_usd =
	    e->cost_usd > t->cost_before ? e->cost_usd - t->cost_before : 0;
	if (t->refused)
		turn_finish(t, "content_filter");
	else if (is(t->error, "max_output_tokens") ||
		 (exhausted && t->reply.has_text))
		turn_finish(t, "length");
	else if (e->is_error)
		turn_fail_as(t, &f);
	else if (t->model != NULL && t->model->formed && !e->structured)
		fail_format(t);
	else
		turn_finish(t, "stop");
}

/* The only request of ours during a turn is the one that carries the system
 * prompt: without it the answer would be another one. */
static void
on_control_response(struct chat_turn *t, const struct claude_event *e)
{
	struct api_error error;

	if (!e->is_error)
		return;
	log_debug("%s claude says: %s", t->reply.x->id,
	    e->error == NULL ? "" : e->error);
	api_error_set(&error, 502, "server_error", "claude_refused",
	    "Claude Code did not take the system prompt.");
	turn_fail(t, &error);
}

static void
on_control_request(const struct chat_turn *t, const struct claude_event *e)
{
	log_warn("%s claude asked for %.64s, which was refused", t->reply.x->id,
	    e->subtype == NULL ? "something" : e->subtype);
}

static void
on_bad_line(struct chat_turn *t)
{
	if (!t->warned)
		log_warn(
		    "%s claude wrote a line that is not JSON", t->reply.x->id);
	t->warned = true;
}

void
turn_again(struct chat_turn *t)
{
	free(t->error);
	t->error = NULL;
}

void
turn_event(struct chat_turn *t, const struct claude_event *e)
{
	switch (e->type) {
	case CLAUDE_TEXT:
		on_text(t, e->text == NULL ? "" : e->text);
		break;
	case CLAUDE_THINKING:
		reply_reasoning(&t->reply, e->text == NULL ? "" : e->text);
		break;
	case CLAUDE_TOOL_START:
	case CLAUDE_TOOL_INPUT:
		on_tool(t, e);
		break;
	case CLAUDE_MESSAGE_START:
		begin_message(t, e->id, true);
		break;
	case CLAUDE_MESSAGE_DELTA:
		on_message_delta(t, e);
		break;
	case CLAUDE_REQUESTING:
		t->in_tool = false;
		break;
	case CLAUDE_RETRY:
		on_retry(t, e);
		break;
	case CLAUDE_RATE_LIMIT:
		t->resets_at = e->resets_at;
		break;
	case CLAUDE_ASSISTANT:
		on_assistant(t, e);
		break;
	case CLAUDE_RESULT:
		on_result(t, e);
		break;
	case CLAUDE_BAD_LINE:
		on_bad_line(t);
		break;
	case CLAUDE_NO_MEMORY:
		turn_fail_memory(t);
		break;
	case CLAUDE_CONTROL_RESPONSE:
		on_control_response(t, e);
		break;
	case CLAUDE_INIT:
		on_init(t, e);
		break;
	case CLAUDE_CONTROL_REQUEST:
		on_control_request(t, e);
		break;
	case CLAUDE_TOOL_CALL:
		on_tool_call(t);
		break;
	case CLAUDE_COMPACTING:
		t->compacted = true;
		break;
	case CLAUDE_COMPLETED:
	case CLAUDE_OTHER:
	case CLAUDE_TOOL_RESULT:
		break;
	}
}

void
turn_close(struct chat_turn *t)
{
	reply_close(&t->reply);
	free(t->message_id);
	free(t->error);
	free(t->old);
}
