/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp-demo-claude: a stand-in for the Claude Code CLI.
 *
 * ccp runs it where CLAUDE_PATH is "demo", so that somebody without a login
 * sees everything work but the answers; the tests run it for speed and for
 * faults that the real program shows too seldom (CCP_DEMO_MODE, see
 * demo_modes.c; CCP_DEMO_DELAY_MS; CCP_DEMO_RECORD; CCP_DEMO_SAVE_MS).  It
 * makes no network connection.  Sessions it keeps as the real program does,
 * see demo_session.h.
 *
 * The protocol is that of "claude -p --input-format stream-json
 * --output-format stream-json --verbose --include-partial-messages": one JSON
 * object per line in both directions.
 *
 *   in    control_request initialize     system prompt, a schema, whether there
 *                                        are tools, once, at the start
 *   out   control_response success
 *   out   control_request mcp_message    asks for the tools, if there are any
 *   in    user, "shouldQuery":false      one message of the history ...
 *   out   system init, result            ... is acknowledged by a run without
 *                                        a turn ("num_turns":0) ...
 *   in    assistant                      ... and its answer, which is not
 *   in    user                           the message to answer
 *   out   system init
 *         system status "requesting"     an API call begins
 *         stream_event message_start
 *         stream_event content_block_start, content_block_delta ...
 *         assistant                      the finished block
 *         stream_event content_block_stop
 *         stream_event message_delta     stop reason and usage
 *         stream_event message_stop
 *         result                         the last line of a turn
 *   out   control_request mcp_message    a call of a tool, in a turn, which ...
 *   out   control_request                ... and, in recorded turns, whether it
 *                                        may do something
 *   in    control_response               ... waits for this
 *   in    control_request interrupt      ends a turn: control_response, the
 *                                        partial block, a user line, a result
 *
 * It exits when stdin ends and no turn is under way; the status is 1 if the
 * last result was an error.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "demo.h"
#include "demo_answer.h"
#include "demo_input.h"
#include "demo_lines.h"
#include "demo_mcp.h"
#include "demo_modes.h"
#include "demo_out.h"
#include "demo_record.h"
#include "demo_replay.h"
#include "demo_session.h"
#include "demo_text.h"
#include "limits.h"
#include "random.h"

#include "banned.h"

#define DELAY_MS 20
#define HANG_MS  1000

extern char **environ;

struct options {
	const char *input_format, *output_format, *max_turns, *ignored;
	bool print, verbose, partial, model;
};

/* Takes one option, and its value, from *argv. */
static void
take_option(struct demo *d, struct options *o, char *const **argv)
{
	const struct {
		const char *name;
		bool *flag;         /* set; or, where NULL, */
		const char **value; /* set to what follows */
	} known[] = {
	    {"-p", &o->print, NULL},
	    {"--print", &o->print, NULL},
	    {"--verbose", &o->verbose, NULL},
	    {"--include-partial-messages", &o->partial, NULL},
	    {"--fork-session", &d->session.fork, NULL},
	    {"--no-session-persistence", &d->session.unkept, NULL},
	    {"--input-format", NULL, &o->input_format},
	    {"--output-format", NULL, &o->output_format},
	    {"--model", NULL, &d->model},
	    {"--max-turns", NULL, &o->max_turns},
	    {"--permission-mode", NULL, &d->permission_mode},
	    {"--setting-sources", NULL, &o->ignored},
	    {"--strict-mcp-config", &o->model, NULL},
	    {"--disable-slash-commands", &o->model, NULL},
	    {"--tools", NULL, &o->ignored},
	    {"--allowedTools", NULL, &d->allowed_tools},
	    {"--effort", NULL, &d->effort},
	    {"--resume", NULL, &d->session.resume},
	    {"--resume-session-at", NULL, &d->session.at},
	    {"--session-id", NULL, &d->session.wanted},
	};
	const char *word = **argv;
	size_t i, n = sizeof(known) / sizeof(*known), len;

	for (i = 0; i < n; i++) {
		len = strlen(known[i].name);
		if (strncmp(word, known[i].name, len) != 0)
			continue;
		if (word[len] == '=' && known[i].value != NULL) {
			*known[i].value = word + len + 1;
			return;
		}
		if (word[len] == '\0')
			break;
	}
	if (i == n)
		demo_die("error: unknown option '%s'", word);
	if (known[i].flag != NULL)
		*known[i].flag = true;
	else if ((*argv)[1] == NULL)
		demo_die("error: option '%s <value>' argument missing", word);
	else
		*known[i].value = *++*argv;
}

/* What ends the program at once: --version, auth status. */
static void
answer_question(char *const *argv)
{
	if (argv[1] == NULL)
		return;
	if (strcmp(argv[1], "--version") == 0) {
		(void)printf("%s (ccp demo)\n", DEMO_VERSION);
		exit(0);
	}
	if (argv[2] != NULL && strcmp(argv[1], "auth") == 0 &&
	    strcmp(argv[2], "status") == 0) {
		(void)printf("{\"loggedIn\": true, \"authMethod\": \"demo\", "
			     "\"apiProvider\": \"none\"}\n");
		exit(0);
	}
}

static void
parse_arguments(struct demo *d, char *const *argv)
{
	struct options o = {
	    .input_format = "text", .output_format = "text", .max_turns = "0"};

	answer_question(argv);
	for (argv++; *argv != NULL; argv++)
		take_option(d, &o, &argv);
	d->max_turns = strtol(o.max_turns, NULL, 10);
	if (!o.print || !o.partial ||
	    strcmp(o.input_format, "stream-json") != 0 ||
	    strcmp(o.output_format, "stream-json") != 0)
		demo_die("error: the demo backend only speaks -p with "
			 "--input-format stream-json, --output-format "
			 "stream-json and --include-partial-messages");
	if (!o.verbose)
		demo_die("Error: When using --print, "
			 "--output-format=stream-json requires --verbose");
}

/* Acknowledges a line of the history.  A parent that does not wait for this
 * loses the order of its lines with the real CLI, so it loses here too. */
static void
acknowledge(struct demo *d)
{
	const struct demo_result r = {.subtype = "success", .text = ""};

	if (demo_more_waiting(d))
		demo_die("error: a line came before the acknowledgement of the "
			 "one before it");
	if (demo_replay_acknowledge(d))
		return;
	demo_init(d);
	demo_result(d, &r);
}

/* What a slash command does: it is not known, and no model is asked. */
static void
answer_command(struct demo *d, const char *command)
{
	CLEANUP_BUF struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);
	struct demo_result r = {.subtype = "success"};

	buf_addf(&b, "Unknown command: %s", command);
	r.text = buf_str(&b);
	demo_init(d);
	demo_synthetic(d, r.text, NULL);
	demo_result(d, &r);
}

/* A line becomes part of the session, by its own uuid if it has one. */
static void
keep(struct demo *d, const cJSON *line, const cJSON *message)
{
	CLEANUP_FREE char *text = cJSON_PrintUnformatted(message);
	const char *uuid, *type;
	char made[37];

	type = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(line, "type"));
	uuid = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(line, "uuid"));
	if (text == NULL)
		demo_die("out of memory");
	random_uuid(made);
	demo_session_add(d, type, uuid == NULL ? made : uuid, text, false);
}

static void
user_line(struct demo *d, const cJSON *line, const cJSON *message,
    const cJSON *content)
{
	CLEANUP_FREE char *command = NULL;

	free(d->last);
	d->last = demo_text_examine(d, content);
	keep(d, line, message);
	if (cJSON_IsFalse(
		cJSON_GetObjectItemCaseSensitive(line, "shouldQuery"))) {
		acknowledge(d);
		return;
	}
	command = demo_text_command(content);
	if (command != NULL)
		answer_command(d, command);
	else
		demo_answer(d);
}

/* Without these the real CLI fails later, or merges two messages. */
static void
assistant_line(struct demo *d, const cJSON *line, const cJSON *message,
    const cJSON *content)
{
	if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(line, "uuid")) ||
	    !cJSON_IsString(cJSON_GetObjectItemCaseSensitive(message, "id")) ||
	    !cJSON_IsArray(content))
		demo_die("error: assistant line without uuid, message.id or an "
			 "array of blocks");
	keep(d, line, message);
}

/* Lines of other types are passed over, as the real CLI does. */
static void
handle(struct demo *d, const cJSON *line)
{
	const cJSON *message, *content;
	const char *type, *role;

	type = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(line, "type"));
	if (type == NULL ||
	    (strcmp(type, "user") != 0 && strcmp(type, "assistant") != 0))
		return;
	message = cJSON_GetObjectItemCaseSensitive(line, "message");
	content = cJSON_GetObjectItemCaseSensitive(message, "content");
	role = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(message, "role"));
	if (role == NULL || content == NULL)
		demo_die("Error parsing streaming input line: no message");
	if (strcmp(role, type) != 0)
		demo_die(
		    "Error: Expected message role '%s', got '%s'", type, role);
	demo_mcp_handshake(d);
	if (strcmp(type, "user") == 0)
		user_line(d, line, message, content);
	else
		assistant_line(d, line, message, content);
}

/* The one line of a program that cannot do what it was called for. */
static void
begin_session(struct demo *d)
{
	CLEANUP_BUF struct buf why = BUF_INIT(LIMIT_ERROR_TEXT_BYTES);
	struct demo_result r = {
	    .subtype = "error_during_execution", .is_error = true};

	if (demo_session_begin(d, &why))
		return;
	r.error = buf_str(&why);
	demo_result(d, &r);
	demo_die("%s", r.error);
}

static void
prepare(struct demo *d, char *const *argv)
{
	const char *delay = getenv("CCP_DEMO_DELAY_MS");
	const char *modes = getenv("CCP_DEMO_MODE");

	(void)signal(SIGPIPE, SIG_IGN);
	buf_init(&d->input, LIMIT_CLAUDE_STDIN_BYTES);
	buf_init(&d->said, LIMIT_CLAUDE_STDIN_BYTES);
	d->waiting = cJSON_CreateArray();
	d->messages = cJSON_CreateArray();
	d->interpreted = cJSON_CreateArray();
	d->asked = cJSON_CreateObject();
	d->answers = cJSON_CreateObject();
	if (d->waiting == NULL || d->messages == NULL ||
	    d->interpreted == NULL || d->asked == NULL || d->answers == NULL)
		demo_die("out of memory");
	d->delay_ms = delay == NULL ? DELAY_MS : strtol(delay, NULL, 10);
	demo_record_open(d, argv, environ);
	begin_session(d);
	if (modes != NULL && modes[0] != '\0')
		demo_modes_apply(d, modes);
}

static void
finish(struct demo *d)
{
	d->interrupted = false;
	while (d->hang || d->deaf)
		(void)demo_pause(d, HANG_MS);
	demo_session_end(d);
	cJSON_Delete(d->waiting);
	cJSON_Delete(d->messages);
	cJSON_Delete(d->interpreted);
	cJSON_Delete(d->asked);
	cJSON_Delete(d->answers);
	cJSON_Delete(d->tools);
	cJSON_Delete(d->schema);
	demo_replay_close(d);
	buf_free(&d->input);
	buf_free(&d->said);
	buf_free(&d->session.lines);
	free(d->session.path);
	free(d->modes);
	free(d->system);
	free(d->append);
	free(d->last);
}

int
main(int argc, char **argv)
{
	struct demo d = {.model = "default",
	    .permission_mode = "default",
	    .allowed_tools = "",
	    .version = DEMO_VERSION};
	cJSON *line;

	(void)argc;
	parse_arguments(&d, argv);
	prepare(&d, argv);
	while ((line = demo_take(&d)) != NULL) {
		handle(&d, line);
		cJSON_Delete(line);
	}
	finish(&d);
	return d.failed ? 1 : 0;
}
