/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_reply.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "limits.h"
#include "random.h"

#include "banned.h"

#define PREFIX      "chatcmpl-"
#define CALL_PREFIX "call_"

bool
reply_open(struct chat_reply *r, struct exchange *x, const char *model,
    bool stream, bool include_usage)
{
	memset(r, 0, sizeof(*r));
	r->x = x;
	r->stream = stream;
	r->include_usage = include_usage;
	r->quiet_since = clock_ms();
	memcpy(r->id, PREFIX, sizeof(PREFIX));
	random_hex(r->id + strlen(PREFIX), 12);
	r->model = strdup(model);
	r->meta.id = r->id;
	r->meta.created = (int64_t)time(NULL);
	r->meta.model = r->model;
	buf_init(&r->text, LIMIT_ANSWER_BYTES);
	buf_init(&r->reasoning, LIMIT_ANSWER_BYTES);
	buf_init(&r->arguments, LIMIT_ANSWER_BYTES);
	buf_init(&r->calls, LIMIT_ANSWER_BYTES);
	return r->model != NULL;
}

void
reply_close(struct chat_reply *r)
{
	free(r->model);
	buf_free(&r->text);
	buf_free(&r->reasoning);
	free(r->call_name);
	buf_free(&r->arguments);
	buf_free(&r->calls);
}

static void
send_event(struct chat_reply *r, const struct buf *json)
{
	exchange_stream_event(r->x, json);
	r->quiet_since = clock_ms();
}

static void
begin(struct chat_reply *r)
{
	CLEANUP_BUF struct buf json = BUF_INIT(LIMIT_OUT_BYTES);

	if (r->begun)
		return;
	r->begun = true;
	exchange_stream_begin(r->x);
	openai_chunk_role(&json, &r->meta);
	send_event(r, &json);
}

static void
say(struct chat_reply *r, const char *key, struct buf *whole, const char *text)
{
	CLEANUP_BUF struct buf json = BUF_INIT(LIMIT_OUT_BYTES);

	r->spoken = true;
	if (whole != NULL)
		buf_addstr(whole, text);
	if (!r->stream)
		return;
	begin(r);
	openai_chunk_text(&json, &r->meta, key, text, strlen(text));
	send_event(r, &json);
}

void
reply_message(struct chat_reply *r)
{
	r->gap = r->has_text;
}

void
reply_text(struct chat_reply *r, const char *text)
{
	if (text[0] == '\0')
		return;
	if (r->gap && r->last != '\n')
		say(r, "content", &r->text, "\n\n");
	r->gap = false;
	r->has_text = true;
	r->last = text[strlen(text) - 1];
	say(r, "content", &r->text, text);
}

void
reply_forget_text(struct chat_reply *r)
{
	buf_clear(&r->text);
	r->has_text = r->gap = false;
}

void
reply_reasoning(struct chat_reply *r, const char *text)
{
	if (text[0] != '\0')
		say(r, "reasoning_content", r->stream ? NULL : &r->reasoning,
		    text);
}

static void
send_call(struct chat_reply *r, const struct tool_call *call)
{
	CLEANUP_BUF struct buf json = BUF_INIT(LIMIT_OUT_BYTES);

	begin(r);
	openai_chunk_call(&json, &r->meta, call, r->function);
	send_event(r, &json);
}

/* No arguments at all are no JSON. */
static void
end_call(struct chat_reply *r)
{
	struct tool_call call = {r->ncalls - 1, r->call_id, r->call_name, ""};

	if (r->call_name == NULL)
		return;
	if (!r->has_arguments)
		reply_arguments(r, "{}");
	if (!r->stream) {
		call.arguments = buf_str(&r->arguments);
		r->calls.bad = r->calls.bad || !buf_ok(&r->arguments);
		openai_add_call(&r->calls, &call, r->function);
		buf_clear(&r->arguments);
	}
	free(r->call_name);
	r->call_name = NULL;
}

bool
reply_call(struct chat_reply *r, const char *name)
{
	struct tool_call call = {r->ncalls, r->call_id, name, ""};

	end_call(r);
	r->call_name = strdup(name);
	if (r->call_name == NULL)
		return false;
	memcpy(r->call_id, CALL_PREFIX, sizeof(CALL_PREFIX));
	random_hex(r->call_id + strlen(CALL_PREFIX), 12);
	r->ncalls++;
	r->has_arguments = false;
	r->spoken = true;
	if (r->stream)
		send_call(r, &call);
	return true;
}

void
reply_arguments(struct chat_reply *r, const char *fragment)
{
	struct tool_call call = {r->ncalls - 1, NULL, NULL, fragment};

	if (fragment[0] == '\0')
		return;
	r->has_arguments = true;
	if (r->stream)
		send_call(r, &call);
	else
		buf_addstr(&r->arguments, fragment);
}

static void
finish_stream(struct chat_reply *r, const char *finish_reason,
    const struct token_usage *usage)
{
	CLEANUP_BUF struct buf json = BUF_INIT(LIMIT_OUT_BYTES);

	begin(r);
	openai_chunk_finish(
	    &json, &r->meta, finish_reason, r->include_usage ? NULL : usage);
	send_event(r, &json);
	if (r->include_usage) {
		buf_clear(&json);
		openai_chunk_usage(&json, &r->meta, usage);
		send_event(r, &json);
	}
	exchange_stream_end(r->x, true);
}

void
reply_finish(struct chat_reply *r, const char *finish_reason,
    const struct token_usage *usage)
{
	CLEANUP_BUF struct buf json = BUF_INIT(LIMIT_OUT_BYTES);
	const struct completion_message m = {
	    &r->text, &r->reasoning, &r->calls, r->function};

	end_call(r);
	if (r->stream) {
		finish_stream(r, finish_reason, usage);
		return;
	}
	json.bad =
	    !buf_ok(&r->text) || !buf_ok(&r->reasoning) || !buf_ok(&r->calls);
	openai_completion(&json, &r->meta, &m, finish_reason, usage);
	exchange_json(r->x, 200, &json);
}

void
reply_error(struct chat_reply *r, const struct api_error *e)
{
	CLEANUP_BUF struct buf json = BUF_INIT(8 * LIMIT_ERROR_TEXT_BYTES);

	if (!r->begun) {
		exchange_error(r->x, e);
		return;
	}
	api_error_json(&json, e);
	send_event(r, &json);
	exchange_stream_end(r->x, false);
}

int64_t
reply_deadline(const struct chat_reply *r)
{
	if (!r->stream || r->x->finished)
		return CLOCK_NEVER;
	return r->quiet_since +
	       (r->begun ? LIMIT_SSE_COMMENT_MS : LIMIT_HOLD_BACK_MS);
}

void
reply_tick(struct chat_reply *r)
{
	if (clock_ms() < reply_deadline(r))
		return;
	if (r->begun)
		exchange_stream_comment(r->x);
	else
		begin(r);
	r->quiet_since = clock_ms();
}
