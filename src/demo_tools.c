/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_tools.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "demo_input.h"
#include "demo_lines.h"
#include "demo_mcp.h"
#include "demo_out.h"
#include "demo_turn.h"
#include "json_text.h"
#include "limits.h"

#include "banned.h"

#define FORM_TOOL  "StructuredOutput"
#define PREFIX     "mcp__client__"
#define ID_BYTES   96
#define NAME_BYTES 192

static _Noreturn void
become_command(bool hold)
{
	int null = open("/dev/null", O_RDWR);

	(void)setsid();
	if (!hold && null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
	}
	(void)execlp("sleep", "sleep", "600", (char *)NULL);
	_exit(127);
}

void
demo_command(bool orphan, bool hold)
{
	pid_t pid = fork(), below = 0;

	if (pid < 0)
		demo_die("fork: %s", strerror(errno));
	if (pid == 0) {
		if (orphan) {
			(void)signal(SIGTERM, SIG_IGN);
			(void)signal(SIGHUP, SIG_IGN);
			below = fork();
		}
		if (below == 0)
			become_command(hold);
		_exit(0);
	}
	if (orphan)
		(void)waitpid(pid, NULL, 0);
}

/* The id of the call that is block index of the message under way. */
static void
call_id(char id[ID_BYTES], const struct demo *d, int index)
{
	(void)snprintf(id, ID_BYTES, "toolu_%s_%d", d->message_id, index);
}

/* The CLI's line with the result of that call. */
static void
tell_result(struct demo *d, int index, const char *text, bool is_error)
{
	CLEANUP_BUF struct buf b = BUF_INIT(LIMIT_ERROR_TEXT_BYTES);
	char id[ID_BYTES];

	call_id(id, d, index);
	buf_addf(&b,
	    "{\"type\":\"tool_result\",\"tool_use_id\":\"%s\",\"content\":",
	    id);
	json_text_quote_str(&b, text);
	buf_addf(&b, ",\"is_error\":%s}", is_error ? "true" : "false");
	demo_user(d, buf_str(&b));
}

static bool
tell_text(struct demo *d, const char *text)
{
	demo_turn_begin(d);
	if (!demo_turn_text(d, 0, text))
		return false;
	demo_turn_end(d, "end_turn");
	return true;
}

static bool
end_with(struct demo *d, const char *text)
{
	if (!tell_text(d, text))
		return false;
	demo_turn_success(d, "end_turn");
	return true;
}

void
demo_tools_bash(struct demo *d, int index)
{
	char id[ID_BYTES];

	call_id(id, d, index);
	demo_turn_use(d, index, id, "Bash", "{\"command\":\"ls\"}");
	demo_block_stop(d, index);
	demo_turn_end(d, "tool_use");
	tell_result(d, index, "TOOL OUTPUT", false);
}

static bool
use_own_tool(struct demo *d)
{
	demo_turn_begin(d);
	if (!demo_turn_text(d, 0, "Let me look. "))
		return false;
	demo_tools_bash(d, 1);
	return end_with(d, "All is well.");
}

/* The JSON object in the question, or another one.  The caller frees it. */
static char *
arguments(const struct demo *d)
{
	const char *from = strchr(d->last, '{'), *to = strrchr(d->last, '}');
	struct json_text_error error;
	char *text;

	if (from != NULL && to > from &&
	    json_text_check(from, (size_t)(to - from) + 1, &error))
		text = strndup(from, (size_t)(to - from) + 1);
	else
		text = strdup("{\"city\":\"Oslo\",\"days\":3}");
	if (text == NULL)
		demo_die("out of memory");
	return text;
}

/* The tool_result blocks of the last message, as JSON; NULL: there are none. */
static char *
results(const struct demo *d)
{
	const cJSON *content = cJSON_GetObjectItemCaseSensitive(
	    cJSON_GetArrayItem(
		d->messages, cJSON_GetArraySize(d->messages) - 1),
	    "content");
	cJSON *found = cJSON_CreateArray();
	const cJSON *block;
	char *text = NULL;

	cJSON_ArrayForEach(block, content)
	{
		if (cJSON_HasObjectItem(block, "tool_use_id"))
			cJSON_AddItemToArray(
			    found, cJSON_Duplicate(block, true));
	}
	if (cJSON_GetArraySize(found) > 0)
		text = cJSON_PrintUnformatted(found);
	cJSON_Delete(found);
	return text;
}

static bool
show(struct demo *d, const char *what)
{
	CLEANUP_BUF struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);

	if (d->schema != NULL)
		return demo_tools_form(d);
	buf_addf(&b, "Results: %s", what);
	return end_with(d, buf_str(&b));
}

static void
call(struct demo *d, int index, const char *tool)
{
	CLEANUP_FREE char *input = arguments(d);
	char id[ID_BYTES], name[NAME_BYTES + sizeof(PREFIX)];

	(void)snprintf(name, sizeof(name), PREFIX "%s", tool);
	if (!demo_mcp_knows(d, name))
		demo_die("error: no tool %s", name);
	call_id(id, d, index);
	demo_turn_use(d, index, id, name, input);
	demo_mcp_call(d, name, id, input);
	demo_block_stop(d, index);
}

/* Who leaves the calls alone has to end the program: what the CLI does when
 * its stdin ends is to tell the model that they failed. */
static bool
wait_for_client(struct demo *d, int first, int behind)
{
	if (!demo_await_answers(d))
		return false;
	for (; first < behind; first++)
		tell_result(d, first, "Tool permission stream closed", true);
	return end_with(d, "BEYOND THE CALLS");
}

/* Names with '+' between them; returns the index behind the last block. */
static int
call_each(struct demo *d, int index, const char *names)
{
	char name[NAME_BYTES];
	size_t len;

	for (;;) {
		len = strcspn(names, "+");
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, names);
		call(d, index++, name);
		if (names[len] == '\0')
			return index;
		names += len + 1;
	}
}

static bool
call_all(struct demo *d)
{
	int first = strstr(d->last, "[quiet]") == NULL, behind;

	demo_turn_begin(d);
	if (first == 1 && !demo_turn_text(d, 0, "Let me see. "))
		return false;
	behind = call_each(d, first, d->mode_arg);
	demo_turn_end(d, "tool_use");
	return wait_for_client(d, first, behind);
}

bool
demo_tools_turn(struct demo *d)
{
	CLEANUP_FREE char *what = results(d);

	if (d->mode_arg[0] == '\0')
		return use_own_tool(d);
	return what != NULL ? show(d, what) : call_all(d);
}

/* The result is told before the message ends, as with the real CLI. */
static bool
give_form(struct demo *d, const char *input, const char *refusal)
{
	char id[ID_BYTES];

	demo_turn_begin(d);
	if (!demo_turn_text(d, 0, "Here it is. "))
		return false;
	call_id(id, d, 1);
	demo_turn_use(d, 1, id, FORM_TOOL, input);
	demo_block_stop(d, 1);
	tell_result(d, 1,
	    refusal != NULL ? refusal
			    : "Structured output provided successfully",
	    refusal != NULL);
	demo_turn_end(d, "tool_use");
	return true;
}

static bool
refuse_form(struct demo *d)
{
	if (!tell_text(d, "I would rather talk."))
		return false;
	demo_user(d,
	    "{\"type\":\"text\",\"text\":\"[structured-output-enforce] You "
	    "must call StructuredOutput.\"}");
	return end_with(d, "I still would.");
}

bool
demo_tools_form(struct demo *d)
{
	CLEANUP_FREE char *input = arguments(d);
	const char *how = d->mode_arg == NULL ? "" : d->mode_arg;
	const struct demo_result r = {.subtype = "success",
	    .text = input,
	    .structured = input,
	    .stop_reason = "tool_use",
	    .terminal = "completed",
	    .turns = 2,
	    .usage = true};

	if (d->schema == NULL)
		demo_die("CCP_DEMO_MODE: form: there is no schema");
	if (strcmp(how, "never") == 0)
		return refuse_form(d);
	if (strcmp(how, "twice") == 0 &&
	    !give_form(d, "{\"wrong\":true}",
		"Output does not match required schema: /: must not be wrong"))
		return false;
	if (!give_form(d, input, NULL))
		return false;
	demo_result(d, &r);
	return true;
}
