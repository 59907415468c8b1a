/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_reply.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json_plain.h"
#include "json_text.h"
#include "limits.h"
#include "openai_calls.h"
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
	buf_init(&r->event, LIMIT_OUT_BYTES);
	buf_init(&r->word, LIMIT_OUT_BYTES);
	buf_init(&r->reasoning, LIMIT_ANSWER_BYTES);
	buf_init(&r->arguments, LIMIT_ANSWER_BYTES);
	buf_init(&r->calls, LIMIT_ANSWER_BYTES);
}

void
reply_close(struct chat_reply *r)
{
	size_t i;

	buf_free(&r->text);
	buf_free(&r->event);
	buf_free(&r->word);
	buf_free(&r->reasoning);
	for (i = 0; i < r->nsaid; i++)
		chat_part_clear(&r->said[i]);
	free(r->said);
	free(r->call_name);
	buf_free(&r->arguments);
	buf_free(&r->calls);
}

static void
send_role(struct chat_reply *r)
{
	CLEANUP_BUF struct buf event = BUF_INIT(LIMIT_OUT_BYTES);

	r->begun = true;
	exchange_event_begin(&r->word);
	openai_chunk_text_begin(&r->word, &r->meta, false);
	exchange_event_begin(&event);
	openai_chunk_role(&event, &r->meta);
	response_event(r->response, &event);
}

static void
begin(struct chat_reply *r)
{
	if (!r->begun)
		send_role(r);
}

/* Its event has the same bytes before and behind the text as the last one; most
 * texts stand in JSON as they are. */
static void
send_word(struct chat_reply *r, const char *text, size_t len)
{
	static const char end[] = OPENAI_CHUNK_TEXT_END EXCHANGE_EVENT_END;
	struct http_slice parts[] = {http_slice(buf_str(&r->word), r->word.len),
	    http_slice(text, len), http_slice(end, sizeof(end) - 1)};

	buf_clear(&r->event);
	if (json_plain_run(text, len, 0) < len) {
		json_text_escape(&r->event, text, len);
		parts[1] = http_slice(buf_str(&r->event), r->event.len);
	}
	r->event.bad = r->event.bad || !buf_ok(&r->word);
	if (buf_ok(&r->event))
		response_parts(r->response, parts, 3);
	else
		response_event(r->response, &r->event); /* and so it fails */
}

static void
send_reasoning(struct chat_reply *r, const char *text, size_t len)
{
	exchange_event_begin(&r->event);
	openai_chunk_text(&r->event, &r->meta, true, text, len);
	response_event(r->response, &r->event);
}

static void
say(struct chat_reply *r, bool reasoning, struct buf *whole, const char *text)
{
	size_t len = strlen(text);

	r->spoken = true;
	exchange_spoken(r->response->x);
	if (whole != NULL)
		buf_add(whole, text, len);
	if (!r->stream)
		return;
	begin(r);
	if (reasoning)
		send_reasoning(r, text, len);
	else
		send_word(r, text, len);
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
		say(r, false, &r->text, "\n\n");
	r->gap = false;
	r->has_text = true;
	r->last = text[strlen(text) - 1];
	say(r, false, &r->text, text);
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
		say(r, true, r->stream ? NULL : &r->reasoning, text);
}

static void
send_call(struct chat_reply *r, const struct tool_call *call)
{
	CLEANUP_BUF struct buf event = BUF_INIT(LIMIT_OUT_BYTES);

	begin(r);
	exchange_event_begin(&event);
	openai_chunk_call(&event, &r->meta, call, r->function);
	response_event(r->response, &event);
}

/* It may come back in a follow-up. */
static void
keep_call(struct chat_reply *r)
{
	struct chat_part part = {.kind = CHAT_TOOL_USE};
	struct chat_part *said =
	    realloc(r->said, (r->nsaid + 1) * sizeof(*said));

	if (said == NULL)
		return;
	r->said = said;
	if (!buf_ok(&r->arguments))
		return;
	part.name = strdup(r->call_name);
	part.text = openai_call_arguments(buf_str(&r->arguments));
	if (part.name == NULL || part.text == NULL)
		chat_part_clear(&part);
	else
		r->said[r->nsaid++] = part;
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
	}
	keep_call(r);
	buf_clear(&r->arguments);
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
