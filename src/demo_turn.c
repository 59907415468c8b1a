/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_turn.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "demo_context.h"
#include "demo_io.h"
#include "demo_lines.h"
#include "demo_modes.h"
#include "demo_tools.h"
#include "demo_warm.h"
#include "json_text.h"
#include "limits.h"
#include "utf8.h"

#include "banned.h"

#define ECHO_BYTES  400
#define INPUT_BYTES 8

/* Lines of types that a reader does not know, of a sub-agent, and empty ones:
 * none of them is part of the answer. */
static void
make_noise(void)
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

	buf_addstr(&b, noise);
	demo_write(&b);
}

void
demo_turn_begin(struct demo *d)
{
	demo_requesting(d);
	demo_message_start(d);
	if (d->noise)
		make_noise();
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
		if (d->noise)
			make_noise();
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

/* What was typed, cut where a character ends if it is long. */
static void
echo(struct buf *b, const char *text)
{
	size_t len = strlen(text), cut = 0, n;

	if (len <= ECHO_BYTES) {
		buf_addstr(b, text);
		return;
	}
	while ((n = utf8_sequence(text + cut, len - cut)) > 0 &&
	       cut + n <= ECHO_BYTES)
		cut += n;
	buf_add(b, text, cut);
	buf_addf(b, "... (%zu bytes)", len);
}

static bool
usual_answer(struct demo *d)
{
	CLEANUP_BUF struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);
	CLEANUP_FREE char *list = NULL;

	buf_addstr(&b,
	    "This is the demo backend of ccp: no Claude is involved and "
	    "nothing has left this machine. Install Claude Code, log in, and "
	    "set CLAUDE_PATH to claude to get real answers. You said: ");
	echo(&b, d->last);
	if (cJSON_GetArraySize(d->interpreted) > 0) {
		list = cJSON_PrintUnformatted(d->interpreted);
		buf_addf(&b, " (Claude Code would have interpreted %s.)",
		    list == NULL ? "it" : list);
	}
	demo_turn_begin(d);
	if (!demo_turn_text(d, 0, buf_str(&b)))
		return false;
	demo_turn_end(d, "end_turn");
	demo_turn_success(d, "end_turn");
	return true;
}

/* The process lives on after an interrupt; the partial answer stays. */
static void
interrupted(struct demo *d)
{
	const struct demo_result r = {.subtype = "error_during_execution",
	    .is_error = true,
	    .error = "[ede_diagnostic] result_type=user",
	    .terminal = "aborted_streaming",
	    .turns = 2};

	if (d->open && d->said.len > 0)
		assistant_block(d, "text", "text");
	demo_user(d,
	    "{\"type\":\"text\",\"text\":\"[Request interrupted by user]\"}");
	demo_result(d, &r);
}

void
demo_turn_run(struct demo *d)
{
	bool whole;

	d->busy = true;
	d->interrupted = false;
	d->calls = 0;
	d->words = d->all_words = 0;
	d->open = false;
	buf_clear(&d->said);
	if (d->noise)
		make_noise();
	demo_init(d);
	demo_warm_begin(d);
	demo_context_check(d);
	if (d->mode != NULL)
		whole = d->mode->turn(d);
	else
		whole =
		    d->schema != NULL ? demo_tools_form(d) : usual_answer(d);
	if (!whole)
		interrupted(d);
	d->busy = false;
	demo_warm_end(d);
}
