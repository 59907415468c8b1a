/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_turn.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "demo_input.h"
#include "demo_lines.h"
#include "demo_out.h"
#include "demo_warm.h"
#include "json_text.h"
#include "limits.h"
#include "utf8.h"

#include "banned.h"

#define INPUT_BYTES 8

void
demo_turn_noise(const struct demo *d)
{
	static const char noise[] =
	    "\n"
	    "{\"type\":\"keep_alive\"}\n"
	    "{\"type\":\"from_the_future\",\"list\":[1,{\"text\":\"no\"}]}\n"
	    "{\"type\":\"system\",\"subtype\":\"from_the_future\"}\n"
	    "{\"type\":\"stream_event\",\"event\":{\"type\":\"ping\"}}\n"
	    "{\"type\":\"stream_event\",\"event\":{\"type\":"
	    "\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
	    "\"text_delta\",\"text\":\"NESTED\"}},"
	    "\"parent_tool_use_id\":\"toolu_1\"}\n"
	    "{\"type\":\"stream_event\",\"event\":{\"type\":"
	    "\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
	    "\"from_the_future_delta\",\"text\":\"UNKNOWN\"}},"
	    "\"parent_tool_use_id\":null}\n";
	struct buf b = BUF_INIT(sizeof(noise));

	if (!d->noise)
		return;
	buf_addstr(&b, noise);
	demo_write(&b);
}

void
demo_turn_begin(struct demo *d)
{
	demo_requesting(d);
	demo_message_start(d);
	demo_turn_noise(d);
}

/* A word and the white space behind it. */
static size_t
word_length(const char *text)
{
	size_t len = strcspn(text, " \t\r\n");

	return len + strspn(text + len, " \t\r\n");
}

static bool
say(struct demo *d, int index, const char *type, const char *key,
    const char *text)
{
	size_t len;

	for (; *text != '\0'; text += len) {
		len = word_length(text);
		demo_delta(d, index, type, key, text, len);
		buf_add(&d->said, text, len);
		d->words++;
		if (!demo_pause(d, d->delay_ms))
			return false;
		demo_turn_noise(d);
	}
	return true;
}

bool
demo_turn_words(struct demo *d, int index, const char *text)
{
	return say(d, index, "text_delta", "text", text);
}

static void
assistant_block(struct demo *d, const char *type, const char *key)
{
	struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);

	buf_addf(&b, "{\"type\":\"%s\",\"%s\":", type, key);
	json_text_quote(&b, buf_str(&d->said), d->said.len);
	buf_addch(&b, '}');
	demo_assistant(d, buf_str(&b));
	buf_free(&b);
	d->open = false;
}

static void
open_block(struct demo *d, int index, const char *block)
{
	buf_clear(&d->said);
	d->open = true;
	demo_block_start(d, index, block);
}

void
demo_turn_open(struct demo *d, int index)
{
	open_block(d, index, "{\"type\":\"text\",\"text\":\"\"}");
}

bool
demo_turn_text(struct demo *d, int index, const char *text)
{
	demo_turn_open(d, index);
	if (!demo_turn_words(d, index, text))
		return false;
	assistant_block(d, "text", "text");
	demo_block_stop(d, index);
	return true;
}

bool
demo_turn_think(struct demo *d, int index, const char *text)
{
	open_block(d, index,
	    "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}");
	if (!say(d, index, "thinking_delta", "thinking", text))
		return false;
	demo_delta(d, index, "signature_delta", "signature", "ZGVtbw==", 8);
	assistant_block(d, "thinking", "thinking");
	demo_block_stop(d, index);
	return true;
}

void
demo_turn_cut(struct demo *d)
{
	if (d->open && d->said.len > 0)
		assistant_block(d, "text", "text");
}

/* In pieces that end where a character does. */
static void
say_input(struct demo *d, int index, const char *input)
{
	size_t len = strlen(input), from, at = 0, n;

	demo_delta(d, index, "input_json_delta", "partial_json", "", 0);
	while (at < len) {
		for (from = at; at < len && at - from < INPUT_BYTES; at += n)
			n = utf8_sequence(input + at, len - at);
		demo_delta(d, index, "input_json_delta", "partial_json",
		    input + from, at - from);
	}
}

void
demo_turn_use(struct demo *d, int index, const char *id, const char *name,
    const char *input)
{
	CLEANUP_BUF struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);
	CLEANUP_BUF struct buf whole = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);

	buf_addf(&b,
	    "{\"type\":\"tool_use\",\"id\":\"%s\",\"name\":\"%s\","
	    "\"input\":",
	    id, name);
	buf_addstr(&whole, buf_str(&b));
	buf_addstr(&b, "{}}");
	json_text_on_one_line(&whole, input);
	buf_addch(&whole, '}');
	demo_block_start(d, index, buf_str(&b));
	say_input(d, index, input);
	demo_assistant(d, buf_str(&whole));
}

void
demo_turn_end(struct demo *d, const char *stop_reason)
{
	demo_message_delta(d, stop_reason);
	demo_message_stop(d);
}

void
demo_turn_success(struct demo *d, const char *stop_reason)
{
	const struct demo_result r = {.subtype = "success",
	    .text = buf_str(&d->said), /* the last block only */
	    .stop_reason = stop_reason,
	    .terminal = "completed",
	    .turns = d->calls,
	    .usage = true};

	demo_warm_answered(d);
	demo_result(d, &r);
}

void
demo_turn_error(struct demo *d, int status, const char *error, const char *text,
    const char *terminal)
{
	const struct demo_result r = {.subtype = "success",
	    .is_error = true,
	    .status = status,
	    .text = text,
	    .stop_reason = "stop_sequence",
	    .terminal = terminal,
	    .turns = 1};

	demo_synthetic(d, text, error);
	demo_result(d, &r);
}
