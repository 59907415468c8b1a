/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Written by hand: every text passes through unchanged, and a delta, the hot
 * path, costs no tree.
 */
#include "openai_response.h"

#include "json_text.h"

#include "banned.h"

/* OpenAI's list wants a time of creation; none is known, so it is constant:
 * 2025-01-01. */
#define MODEL_CREATED 1735689600

static void
add_head(struct buf *to, const struct completion *c, const char *object)
{
	buf_addstr(to, "{\"id\":");
	json_text_quote_str(to, c->id);
	buf_addstr(to, ",\"object\":\"");
	buf_addstr(to, object);
	buf_addstr(to, "\",\"created\":");
	buf_addnum(to, (uint64_t)c->created, 10);
	buf_addstr(to, ",\"model\":");
	json_text_quote_str(to, c->model);
}

/* Ends with "delta": ; the delta itself follows, and its end. */
static void
add_chunk_head(struct buf *to, const struct completion *c)
{
	add_head(to, c, "chat.completion.chunk");
	buf_addstr(to, ",\"choices\":[{\"index\":");
	buf_addnum(to, c->index, 10);
	buf_addstr(to, ",\"delta\":");
}

static void
add_choice_end(struct buf *to, const char *finish_reason)
{
	buf_addstr(to, ",\"logprobs\":null,\"finish_reason\":");
	json_text_quote_str(to, finish_reason);
	buf_addch(to, '}');
}

/* The end of a delta, and of a chunk that is nothing but one. */

static void
add_delta_end(struct buf *to)
{
	buf_addstr(to, OPENAI_DELTA_END);
}

static void
add_usage(struct buf *to, const struct token_usage *u)
{
	buf_addf(to,
	    ",\"usage\":{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,"
	    "\"total_tokens\":%lld,"
	    "\"prompt_tokens_details\":{\"cached_tokens\":%lld}}",
	    u->prompt, u->completion, u->prompt + u->completion, u->cached);
}

/* {"name":...,"arguments":...}, without a name in a later delta. */
static void
add_function(struct buf *to, const struct tool_call *call)
{
	buf_addch(to, '{');
	if (call->name != NULL) {
		buf_addstr(to, "\"name\":");
		json_text_quote_str(to, call->name);
		buf_addch(to, ',');
	}
	buf_addstr(to, "\"arguments\":");
	json_text_quote_str(to, call->arguments);
	buf_addch(to, '}');
}

static void
add_identity(struct buf *to, const struct tool_call *call)
{
	if (call->id == NULL)
		return;
	buf_addstr(to, "\"id\":");
	json_text_quote_str(to, call->id);
	buf_addstr(to, ",\"type\":\"function\",");
}

void
openai_add_call(struct buf *calls, const struct tool_call *call, bool function)
{
	if (function) {
		add_function(calls, call);
		return;
	}
	if (calls->len > 0)
		buf_addch(calls, ',');
	buf_addch(calls, '{');
	add_identity(calls, call);
	buf_addstr(calls, "\"function\":");
	add_function(calls, call);
	buf_addch(calls, '}');
}

static void
add_calls(struct buf *to, const struct completion_message *m)
{
	if (m->calls->len == 0)
		return;
	buf_addstr(
	    to, m->function ? ",\"function_call\":" : ",\"tool_calls\":[");
	buf_add(to, buf_str(m->calls), m->calls->len);
	if (!m->function)
		buf_addch(to, ']');
}

void
openai_choice(struct buf *to, const struct completion *c,
    const struct completion_message *m, const char *finish_reason)
{
	buf_addf(to,
	    "{\"index\":%zu,\"message\":{\"role\":\"assistant\","
	    "\"content\":",
	    c->index);
	if (m->text->len == 0 && m->calls->len > 0)
		buf_addstr(to, "null");
	else
		json_text_quote(to, buf_str(m->text), m->text->len);
	buf_addstr(to, ",\"refusal\":null");
	if (m->reasoning->len > 0) {
		buf_addstr(to, ",\"reasoning_content\":");
		json_text_quote(to, buf_str(m->reasoning), m->reasoning->len);
	}
	add_calls(to, m);
	buf_addch(to, '}');
	add_choice_end(to, finish_reason);
}

void
openai_completion(struct buf *to, const struct completion *c,
    const struct buf *choices, size_t n, const struct token_usage *usage)
{
	size_t i;

	add_head(to, c, "chat.completion");
	buf_addstr(to, ",\"choices\":[");
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addch(to, ',');
		buf_add(to, buf_str(&choices[i]), choices[i].len);
	}
	buf_addch(to, ']');
	add_usage(to, usage);
	buf_addch(to, '}');
}

void
openai_chunk_call(struct buf *to, const struct completion *c,
    const struct tool_call *call, bool function)
{
	add_chunk_head(to, c);
	if (function) {
		buf_addstr(to, "{\"function_call\":");
		add_function(to, call);
	} else {
		buf_addf(to, "{\"tool_calls\":[{\"index\":%zu,", call->index);
		add_identity(to, call);
		buf_addstr(to, "\"function\":");
		add_function(to, call);
		buf_addstr(to, "}]");
	}
	add_delta_end(to);
}

void
openai_chunk_role(struct buf *to, const struct completion *c)
{
	add_chunk_head(to, c);
	buf_addstr(to, "{\"role\":\"assistant\",\"content\":\"\"");
	add_delta_end(to);
}

void
openai_chunk_text_begin(
    struct buf *to, const struct completion *c, bool reasoning)
{
	add_chunk_head(to, c);
	if (reasoning)
		buf_addstr(to, "{\"reasoning_content\":\"");
	else
		buf_addstr(to, "{\"content\":\"");
}

void
openai_chunk_text(struct buf *to, const struct completion *c, bool reasoning,
    const char *text, size_t len)
{
	openai_chunk_text_begin(to, c, reasoning);
	json_text_escape(to, text, len);
	buf_addstr(to, OPENAI_CHUNK_TEXT_END);
}

void
openai_chunk_finish(struct buf *to, const struct completion *c,
    const char *finish_reason, const struct token_usage *usage)
{
	add_chunk_head(to, c);
	buf_addstr(to, "{}");
	add_choice_end(to, finish_reason);
	buf_addch(to, ']');
	if (usage != NULL)
		add_usage(to, usage);
	buf_addch(to, '}');
}

void
openai_chunk_usage(
    struct buf *to, const struct completion *c, const struct token_usage *usage)
{
	add_head(to, c, "chat.completion.chunk");
	buf_addstr(to, ",\"choices\":[]");
	add_usage(to, usage);
	buf_addch(to, '}');
}

void
openai_model(struct buf *to, const char *id)
{
	buf_addstr(to, "{\"id\":");
	json_text_quote_str(to, id);
	buf_addf(to,
	    ",\"object\":\"model\",\"created\":%d,\"owned_by\":\"anthropic\"}",
	    MODEL_CREATED);
}

void
openai_model_list(struct buf *to, const char *const *ids, size_t n)
{
	size_t i;

	buf_addstr(to, "{\"object\":\"list\",\"data\":[");
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addch(to, ',');
		openai_model(to, ids[i]);
	}
	buf_addstr(to, "]}");
}
