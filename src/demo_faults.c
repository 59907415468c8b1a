/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "demo_context.h"
#include "demo_input.h"
#include "demo_lines.h"
#include "demo_out.h"
#include "demo_tools.h"
#include "demo_turn.h"
#include "limits.h"

#include "banned.h"

#define MIB           (1024 * 1024)
#define SILENCE_MS    1000
#define GATE_MS       250
#define ENDLESS_BYTES 200

static long
number(const struct demo *d, long fallback)
{
	return d->mode_arg[0] == '\0' ? fallback
	                              : strtol(d->mode_arg, NULL, 10);
}

/* A whole answer of one block. */
static bool
answer(struct demo *d, const char *text)
{
	demo_turn_begin(d);
	if (!demo_turn_text(d, 0, text))
		return false;
	demo_turn_end(d, "end_turn");
	demo_turn_success(d, "end_turn");
	return true;
}

/* Writes bytes as they are. */
static void
raw(const char *bytes, size_t len)
{
	struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);

	buf_add(&b, bytes, len);
	demo_write(&b);
}

bool
demo_fault_long(struct demo *d)
{
	CLEANUP_BUF struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);
	long i, n = number(d, 1000);

	for (i = 1; i <= n; i++)
		buf_addf(&b, "word%ld ", i);
	return answer(d, buf_str(&b));
}

bool
demo_fault_thinking(struct demo *d)
{
	demo_turn_begin(d);
	if (!demo_turn_think(d, 0, "let me think about it.") ||
	    !demo_turn_text(d, 1, "First block. ") ||
	    !demo_turn_text(d, 2, "Second block."))
		return false;
	demo_turn_end(d, "end_turn");
	demo_turn_success(d, "end_turn");
	return true;
}

bool
demo_fault_max_turns(struct demo *d)
{
	const struct demo_result r = {.subtype = "error_max_turns",
	    .is_error = true,
	    .error = "Reached maximum number of turns (1)",
	    .stop_reason = "tool_use",
	    .terminal = "max_turns",
	    .turns = 2,
	    .usage = true};
	bool silent = strcmp(d->mode_arg, "silent") == 0;

	demo_turn_begin(d);
	if (!silent && !demo_turn_text(d, 0, "Let me look."))
		return false;
	demo_tools_bash(d, silent ? 0 : 1);
	demo_result(d, &r);
	return true;
}

/* All that a test wants to know of what came in. */
bool
demo_fault_transcript(struct demo *d)
{
	cJSON *all = cJSON_CreateObject();
	CLEANUP_FREE char *text = NULL;

	cJSON_AddStringToObject(all, "model", d->model);
	cJSON_AddStringToObject(all, "permission_mode", d->permission_mode);
	cJSON_AddNumberToObject(all, "max_turns", (double)d->max_turns);
	if (d->system != NULL)
		cJSON_AddStringToObject(all, "system", d->system);
	if (d->append != NULL)
		cJSON_AddStringToObject(all, "append", d->append);
	if (d->effort != NULL)
		cJSON_AddStringToObject(all, "effort", d->effort);
	if (d->tools != NULL)
		cJSON_AddItemToObject(
		    all, "tools", cJSON_Duplicate(d->tools, true));
	if (d->schema != NULL)
		cJSON_AddItemToObject(
		    all, "schema", cJSON_Duplicate(d->schema, true));
	cJSON_AddItemToObject(all, "messages", demo_context_texts(d));
	cJSON_AddItemToObject(
	    all, "interpreted", cJSON_Duplicate(d->interpreted, true));
	text = cJSON_PrintUnformatted(all);
	cJSON_Delete(all);
	if (text == NULL)
		demo_die("out of memory");
	return answer(d, text);
}

/* What a model would see here.  A question with "[tool]" in it is answered with
 * the help of a tool, which is then part of the context; one with "[same]" by
 * all sessions alike. */
bool
demo_fault_context(struct demo *d)
{
	CLEANUP_FREE char *text = NULL;
	cJSON *whole;

	if (strstr(d->last, "[tool]") != NULL) {
		demo_turn_begin(d);
		if (!demo_turn_text(d, 0, "Let me look. "))
			return false;
		demo_tools_bash(d, 1);
	}
	whole = demo_context_whole(d);
	if (strstr(d->last, "[same]") != NULL)
		cJSON_DeleteItemFromObjectCaseSensitive(whole, "session_id");
	text = cJSON_PrintUnformatted(whole);
	cJSON_Delete(whole);
	if (text == NULL)
		demo_die("out of memory");
	return answer(d, text);
}

/* The limit does not end a turn: the CLI asks the model to go on, without a
 * line for it.  Who wants the cut must act on the message_delta. */
bool
demo_fault_max_tokens(struct demo *d)
{
	demo_turn_begin(d);
	if (!demo_turn_text(d, 0, "Cut short here"))
		return false;
	demo_turn_end(d, "max_tokens");
	if (!demo_pause(d, d->delay_ms))
		return false;
	return answer(d, " BEYOND THE LIMIT");
}

/* The synthetic line comes before the message_delta. */
bool
demo_fault_refusal(struct demo *d)
{
	static const char text[] = "API Error: safeguards flagged this message";
	const struct demo_result r = {.subtype = "success",
	    .is_error = true,
	    .text = text,
	    .stop_reason = "refusal",
	    .terminal = "completed",
	    .turns = 1,
	    .usage = true};

	demo_turn_begin(d);
	if (!demo_turn_text(d, 0, "I would"))
		return false;
	demo_synthetic(d, text, "invalid_request");
	demo_turn_end(d, "refusal");
	demo_result(d, &r);
	return true;
}

static const struct {
	const char *name;
	int status;
	const char *error;
	const char *text;
	const char *terminal;
} errors[] = {
    {"400", 400, "unknown", "API Error: 400 messages.0: something invalid",
	"completed"},
    {"too-long", 400, "invalid_request", "Prompt is too long",
	"prompt_too_long"},
    {"credit", 400, "billing_error", "Credit balance is too low", "completed"},
    {"401", 401, "authentication_failed",
	"Invalid API key · Fix external API key", "completed"},
    {"login", 0, "authentication_failed", "Not logged in · Please run /login",
	"completed"},
    {"402", 402, "unknown", "API Error: 402 payment required", "completed"},
    {"403", 403, "authentication_failed",
	"Failed to authenticate. API Error: 403 no permission", "completed"},
    {"404", 404, "model_not_found",
	"There's an issue with the selected model (x). Run --model to pick a "
	"different model.",
	"completed"},
    {"413", 413, "invalid_request", "Request too large (max 32MB).",
	"image_error"},
    {"429", 429, "rate_limit",
	"API Error: Request rejected (429) · rate limited", "completed"},
    {"500", 500, "server_error",
	"API Error: 500 Internal server error. This is a server-side issue; "
	"check your inference gateway (127.0.0.1:8080).",
	"completed"},
    {"502", 502, "server_error", "API Error: 502 <html>Bad gateway</html>.",
	"completed"},
    {"529", 529, "server_error",
	"API Error: 529 Overloaded. This is a server-side issue", "completed"},
    {"refused", 0, "server_error",
	"API Error: Unable to connect to API (ConnectionRefused)", "completed"},
    {"timeout", 0, "server_error", "Request timed out", "completed"},
    {NULL, 0, NULL, NULL, NULL},
};

bool
demo_fault_error(struct demo *d)
{
	size_t i;

	for (i = 0; errors[i].name != NULL; i++) {
		if (strcmp(errors[i].name, d->mode_arg) == 0)
			break;
	}
	if (errors[i].name == NULL)
		demo_die("CCP_DEMO_MODE: no error %s", d->mode_arg);
	demo_requesting(d);
	demo_turn_error(d, errors[i].status, errors[i].error, errors[i].text,
	    errors[i].terminal);
	return true;
}

bool
demo_fault_limit(struct demo *d)
{
	demo_requesting(d);
	demo_limit_rejected(d, (long long)time(NULL) + number(d, 3600));
	demo_turn_error(d, 429, "rate_limit",
	    "You've hit your session limit · resets 11:50am (UTC)",
	    "completed");
	return true;
}

bool
demo_fault_retry(struct demo *d)
{
	long ms = number(d, 60000);

	demo_requesting(d);
	demo_retry(d, 429, (double)ms);
	return demo_pause(d, ms) && answer(d, "Got through at last.");
}

bool
demo_fault_broken_stream(struct demo *d)
{
	demo_turn_begin(d);
	demo_turn_open(d, 0);
	if (!demo_turn_words(d, 0, "This breaks "))
		return false;
	demo_turn_error(d, 0, "server_error",
	    "API Error: Connection to the API was lost (ECONNRESET)",
	    "completed");
	return true;
}

/* The stream broke, and the CLI asked again without one: another message id,
 * no events, and a result without usage. */
bool
demo_fault_fallback(struct demo *d)
{
	struct demo_result r = {.subtype = "success",
	    .text = "All at once.",
	    .stop_reason = "end_turn",
	    .terminal = "completed",
	    .turns = 1};

	demo_requesting(d);
	demo_message_id(d);
	demo_assistant(d, "{\"type\":\"text\",\"text\":\"All \"}");
	demo_assistant(d, "{\"type\":\"text\",\"text\":\"at once.\"}");
	demo_result(d, &r);
	return true;
}

bool
demo_fault_bad_json(struct demo *d)
{
	static const char bad[] = "this is not JSON\n{\"type\":\"result\",\n";

	raw(bad, strlen(bad));
	return answer(d, "Said after two bad lines.");
}

bool
demo_fault_die_midway(struct demo *d)
{
	demo_turn_begin(d);
	demo_turn_open(d, 0);
	if (!demo_turn_words(d, 0, "This ends "))
		return false;
	(void)fprintf(stderr, "panic: SECRET-OF-STDERR\n");
	_exit(134);
}

bool
demo_fault_exit_silently(struct demo *d)
{
	(void)d;
	_exit(0);
}

/* One line that is longer than any buffer of a careless reader. */
bool
demo_fault_huge_line(struct demo *d)
{
	CLEANUP_BUF struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES * 2u);
	size_t room, len = (size_t)number(d, 8) * MIB;
	char *to;

	demo_turn_begin(d);
	demo_turn_open(d, 0);
	to = buf_reserve(&b, len, &room);
	if (room < len)
		demo_die("out of memory");
	memset(to, 'x', len);
	demo_delta(d, 0, "text_delta", "text", to, len);
	demo_block_stop(d, 0);
	demo_turn_end(d, "end_turn");
	demo_turn_success(d, "end_turn");
	return true;
}

/* An escaped NUL, a raw one, and a byte that is no UTF-8. */
bool
demo_fault_nul_bytes(struct demo *d)
{
	static const char line[] =
	    "{\"type\":\"stream_event\",\"event\":{\"type\":"
	    "\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
	    "\"text_delta\",\"text\":\"a\\u0000b c\0d e\xff"
	    "f\"}},\"session_id\":\"\",\"parent_tool_use_id\":null}\n";

	demo_turn_begin(d);
	demo_turn_open(d, 0);
	raw(line, sizeof(line) - 1);
	demo_block_stop(d, 0);
	demo_turn_end(d, "end_turn");
	demo_turn_success(d, "end_turn");
	return true;
}

bool
demo_fault_partial_line(struct demo *d)
{
	static const char half[] = "{\"type\":\"stream_event\",\"event\":{\"ty";

	demo_turn_begin(d);
	demo_turn_open(d, 0);
	if (!demo_turn_words(d, 0, "This ends "))
		return false;
	raw(half, strlen(half));
	_exit(0);
}

/* Words until it is told to stop; "command": behind the second begins one
 * that nobody is the parent of any more. */
bool
demo_fault_endless(struct demo *d)
{
	char text[ENDLESS_BYTES];
	bool command = strcmp(d->mode_arg, "command") == 0;
	long n = 0;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = ' ';
	demo_turn_begin(d);
	demo_turn_open(d, 0);
	do {
		demo_delta(d, 0, "text_delta", "text", text, sizeof(text));
		if (command && ++n == 2)
			demo_command(true, false);
	} while (demo_pause(d, d->delay_ms));
	return false;
}

/* Two words, and between them as long as it takes until there is that file. */
bool
demo_fault_gate(struct demo *d)
{
	demo_turn_begin(d);
	if (!demo_turn_text(d, 0, "Wait: "))
		return false;
	while (access(d->mode_arg, F_OK) == -1) {
		if (!demo_pause(d, GATE_MS))
			return false;
	}
	if (!demo_turn_text(d, 1, d->last))
		return false;
	demo_turn_end(d, "end_turn");
	demo_turn_success(d, "end_turn");
	return true;
}

/* No sign of life until it is told to stop. */
bool
demo_fault_silent(struct demo *d)
{
	while (demo_pause(d, SILENCE_MS))
		continue;
	return false;
}
