/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_reply.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "limits.h"
#include "random.h"

#include "banned.h"

#define CALL_PREFIX "call_"

void
reply_open(struct chat_reply *r, struct chat_response *response, size_t index)
{
	memset(r, 0, sizeof(*r));
	r->response = response;
	r->x = response->x;
	r->stream = response->stream;
	r->meta = response->meta;
	r->meta.index = index;
	buf_init(&r->text, LIMIT_ANSWER_BYTES);
	buf_init(&r->reasoning, LIMIT_ANSWER_BYTES);
	buf_init(&r->arguments, LIMIT_ANSWER_BYTES);
	buf_init(&r->calls, LIMIT_ANSWER_BYTES);
}

void
reply_close(struct chat_reply *r)
{
	buf_free(&r->text);
	buf_free(&r->reasoning);
	free(r->call_name);
	buf_free(&r->arguments);
	buf_free(&r->calls);
}

static void
begin(struct chat_reply *r)
{
	CLEANUP_BUF struct buf json = BUF_INIT(LIMIT_OUT_BYTES);

	if (r->begun)
		return;
	r->begun = true;
	openai_chunk_role(&json, &r->meta);
	response_event(r->response, &json);
}

static void
say(struct chat_reply *r, const char *key, struct buf *whole, const char *text)
{
	CLEANUP_BUF struct buf json = BUF_INIT(LIMIT_OUT_BYTES);

	r->spoken = true;
	exchange_spoken(r->response->x);
	if (whole != NULL)
		buf_addstr(whole, text);
	if (!r->stream)
		return;
	begin(r);
	openai_chunk_text(&json, &r->meta, key, text, strlen(text));
	response_event(r->response, &json);
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
	response_event(r->response, &json);
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
	exchange_spoken(r->response->x);
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

void
reply_finish(struct chat_reply *r, const char *finish_reason,
    const struct token_usage *usage)
{
	const struct completion_message m = {
	    &r->text, &r->reasoning, &r->calls, r->function};

	end_call(r);
	if (r->stream)
		begin(r);
	response_choice(r->response, r->meta.index, &m, finish_reason, usage);
}

void
reply_error(struct chat_reply *r, const struct api_error *e)
{
	response_error(r->response, e);
}
