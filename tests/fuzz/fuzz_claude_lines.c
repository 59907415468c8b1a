/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the JSON of a chat request to what Claude is told: the lines on its
 * stdin, its arguments, its environment.  The promises of claude_lines.h,
 * claude_transport.h and claude_args.h: each line is one JSON object; every text
 * of the client's, as cJSON finds it in the body, comes out in its role and in
 * its place, byte for byte; what the user says ends with the blank block that
 * keeps it inert; nothing but a checked model name becomes an argument.
 */
#include "claude_transport.h"

#include <cjson/cJSON.h>

#include <string.h>

#include "../../src/limits.h"
#include "../../src/openai_request.h"
#include "chat_opening.h"
#include "claude_args.h"
#include "json_text.h"
#include "lines.h"
#include "model_names.h"
#include "require.h"
#include "settings.h"
#include "tool_names.h"

#define SECRET "sk-of-the-proxy-alone"

/* --- what the client has said --------------------------------------------- */

static const char *
text_of(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(object, key));
}

/* More than white space, whatever counts as that. */
static bool
visible(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text > ' ' && *text < 0x7F)
			return true;
	}
	return false;
}

static bool
is_system(const cJSON *message)
{
	const char *role = text_of(message, "role");

	return strcmp(role, "system") == 0 || strcmp(role, "developer") == 0;
}

/* Takes the client's text from those that Claude was told, which are in the
 * same order; what is only white space may be missing there. */
static void
take_text(const char *text, const char *const *told, size_t n, size_t *at)
{
	if (*at < n && strcmp(told[*at], text) == 0)
		(*at)++;
	else
		REQUIRE(!visible(text));
}

static void
take_texts(const cJSON *message, const char *const *told, size_t n, size_t *at)
{
	const cJSON *content =
	    cJSON_GetObjectItemCaseSensitive(message, "content");
	const cJSON *part;
	const char *text;

	if (cJSON_IsString(content))
		take_text(content->valuestring, told, n, at);
	if (!cJSON_IsArray(content))
		return;
	cJSON_ArrayForEach(part, content)
	{
		const char *type = text_of(part, "type");
		bool refusal = strcmp(type, "refusal") == 0;

		if (!refusal && strstr(type, "text") == NULL)
			continue;
		text = text_of(part, refusal ? "refusal" : "text");
		REQUIRE(text != NULL);
		take_text(text, told, n, at);
	}
}

/* All texts of a role, and nothing else, are what was told of it, behind the
 * first ones. */
static void
check_role(
    const cJSON *messages, const char *role, const struct told *t, size_t first)
{
	const cJSON *message;
	size_t at = first;

	cJSON_ArrayForEach(message, messages)
	{
		if (strcmp(text_of(message, "role"), role) == 0)
			take_texts(message, t->texts, t->n, &at);
	}
	REQUIRE(at == t->n);
}

/* Where what is told goes on behind the text. */
static const char *
behind(const char *told, const char *text)
{
	if (text == NULL || !visible(text))
		return told;
	REQUIRE(told != NULL);
	told = strstr(told, text);
	REQUIRE(told != NULL);
	return told + strlen(text);
}

/* They are one text, in order. */
static void
check_system(const cJSON *messages, const char *told)
{
	const cJSON *message, *content, *part;

	cJSON_ArrayForEach(message, messages)
	{
		if (!is_system(message))
			continue;
		content = cJSON_GetObjectItemCaseSensitive(message, "content");
		if (cJSON_IsString(content))
			told = behind(told, content->valuestring);
		if (!cJSON_IsArray(content))
			continue;
		cJSON_ArrayForEach(part, content)
		{
			told = behind(told, text_of(part, "text"));
		}
	}
}

/* --- what Claude is told -------------------------------------------------- */

/* The CLI acknowledges each user message of the history. */
static void
acknowledge(struct claude_transport *t)
{
	static const char line[] = "{\"type\":\"result\",\"subtype\":"
				   "\"success\",\"is_error\":false}\n";
	struct claude_event e;

	REQUIRE(buf_add(&t->line, line, sizeof(line) - 1));
	REQUIRE(transport_next(t, &e));
	REQUIRE(e.type == CLAUDE_OTHER);
	claude_event_clear(&e);
}

static void
say(struct lines *l, const struct chat_request *r, bool model, bool append)
{
	struct claude_transport t;
	struct chat_opening o;
	size_t acks = 0;

	transport_open(&t, -1, -1, -1, "");
	REQUIRE(opening_make(&o, r, model, append));
	transport_say(&t, r, 0, &o.with, "claude");
	for (; !t.busy; acks++) {
		REQUIRE(t.awaiting_ack && t.saying == r);
		REQUIRE(acks <= r->nmessages);
		acknowledge(&t);
	}
	REQUIRE(t.saying == NULL && t.said == r->nmessages);
	REQUIRE(t.broken == NULL && buf_ok(&t.queue));
	lines_read(l, buf_str(&t.queue), t.queue.len);
	REQUIRE(l->history == acks && l->queries == 1 && l->other == 0);
	REQUIRE(
	    (l->initialize != NULL) ==
	    (o.with.system != NULL || o.with.tools || o.with.schema != NULL));
	opening_close(&o);
	transport_close(&t);
}

/* What an image, a file, a call and a result became, counted. */
static void
check_counts(const struct lines *l, const struct chat_request *r)
{
	size_t media = 0, calls = 0, results = 0, i, k, m;

	for (i = 0; i < r->nmessages; i++) {
		for (k = 0; k < r->messages[i].nparts; k++) {
			const struct chat_part *p = &r->messages[i].parts[k];

			media +=
			    p->kind == CHAT_IMAGE || p->kind == CHAT_DOCUMENT;
			calls += p->kind == CHAT_TOOL_USE;
			results += p->kind == CHAT_TOOL_RESULT;
			for (m = 0; m < p->nparts; m++)
				media += p->parts[m].kind == CHAT_IMAGE;
		}
	}
	REQUIRE(l->media == media);
	REQUIRE(l->calls == calls && l->results == results);
	REQUIRE(calls == results);
}

static void
check_lines(
    const cJSON *body, const struct chat_request *r, bool model, bool append)
{
	const cJSON *messages =
	    cJSON_GetObjectItemCaseSensitive(body, "messages");
	const cJSON *with;
	bool opened = r->messages[0].role == CHAT_ASSISTANT;
	const char *system;
	struct lines l;

	say(&l, r, model, append);
	with = cJSON_GetObjectItemCaseSensitive(l.initialize, "request");
	system = text_of(
	    with, !model && append ? "appendSystemPrompt" : "systemPrompt");
	if (opened) {
		REQUIRE(l.user.n > 0);
		REQUIRE(strcmp(l.user.texts[0], CLAUDE_OPENING) == 0);
	}
	check_role(messages, "user", &l.user, opened);
	check_role(messages, "assistant", &l.assistant, 0);
	check_system(messages, system);
	check_counts(&l, r);
	lines_free(&l);
}

/* --- how it is started ---------------------------------------------------- */

static char key[] = "API_KEY=" SECRET, home[] = "HOME=/home/user";
static char path[] = "PATH=/bin", within[] = "CLAUDECODE=1";
static char extra[] = "CLAUDE_CODE_EXTRA_BODY={\"metadata\":{\"a\":\"b\"}}";
static char more[] = "CLAUDE_ENV=API_KEY,CLAUDECODE"; /* in vain */
static char *const environment[] = {key, home, path, within, extra, more, NULL};

static bool
among(const char *word, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcmp(word, *words) == 0)
			return true;
	}
	return false;
}

static void
check_arguments(char *const *argv)
{
	static const char *const fixed[] = {"claude", "-p", "--input-format",
	    "stream-json", "--output-format", "--verbose",
	    "--include-partial-messages", "--max-turns", "25",
	    "--permission-mode", "default", "--tools=", "--strict-mcp-config",
	    "--setting-sources=", "--no-session-persistence",
	    "--disable-slash-commands", "--allowedTools=" TOOL_PREFIX "*",
	    NULL};
	static const char *const efforts[] = {
	    "low", "medium", "high", "xhigh", "max", NULL};
	size_t models = 0;

	REQUIRE(argv[0] != NULL && strcmp(argv[0], "claude") == 0);
	for (; *argv != NULL; argv++) {
		if (strcmp(*argv, "--model") == 0) {
			REQUIRE(*++argv != NULL && model_name_valid(*argv));
			models++;
		} else if (strcmp(*argv, "--effort") == 0) {
			REQUIRE(*++argv != NULL && among(*argv, efforts));
		} else {
			REQUIRE(among(*argv, fixed));
		}
	}
	REQUIRE(models == 1);
}

static void
check_value(const char *variable)
{
	static const char body[] = "CLAUDE_CODE_EXTRA_BODY=";
	static const char tokens[] = "CLAUDE_CODE_MAX_OUTPUT_TOKENS=";
	struct json_text_error e;
	const char *value = strchr(variable, '=') + 1;
	cJSON *json;

	if (strncmp(variable, body, sizeof(body) - 1) == 0) {
		REQUIRE(json_text_check(value, strlen(value), &e));
		json = cJSON_Parse(value);
		REQUIRE(cJSON_IsObject(json));
		REQUIRE(cJSON_HasObjectItem(json, "metadata"));
		cJSON_Delete(json);
	} else if (strncmp(variable, tokens, sizeof(tokens) - 1) == 0) {
		REQUIRE(strspn(value, "0123456789") == strlen(value));
	} else {
		/* nothing of the client's */
		REQUIRE(strspn(value, "01 2/abcdefghijklmnopqrstuvwxyz") ==
			strlen(value));
	}
}

static void
check_environment(char *const *env)
{
	size_t i, k, name;

	for (i = 0; env[i] != NULL; i++) {
		name = strcspn(env[i], "=") + 1;
		REQUIRE(name > 1 && env[i][name - 1] == '=');
		REQUIRE(strstr(env[i], SECRET) == NULL);
		REQUIRE(strncmp(env[i], "CLAUDECODE=", name) != 0);
		for (k = 0; k < i; k++)
			REQUIRE(strncmp(env[i], env[k], name) != 0);
		check_value(env[i]);
	}
}

static void
check_launch(const struct chat_request *r, bool model)
{
	const struct claude_origin from = {.cwd = "/", .model = model};
	struct claude_launch l;
	struct settings s;
	char err[256];

	REQUIRE(settings_load(&s, NULL, environment, err, sizeof(err)) == 0);
	REQUIRE(claude_launch_make(
		    &l, "/bin/claude", &from, &s, r, environment) == 0);
	REQUIRE(strcmp(l.path, "/bin/claude") == 0);
	REQUIRE(strcmp(l.cwd, "/") == 0);
	REQUIRE(strlen(l.fingerprint) == 64);
	check_arguments(l.argv);
	check_environment(l.envp);
	claude_launch_clear(&l);
	settings_free(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct api_error err;
	const char *text = (const char *)data;
	struct chat_request *r = openai_request_parse(text, size, &err);
	cJSON *body;

	if (r == NULL)
		return 0;
	body = cJSON_ParseWithLength(text, size);
	REQUIRE(body != NULL);
	check_lines(body, r, true, false);
	check_launch(r, true);
	chat_request_no_model(r);
	check_lines(body, r, false, false);
	check_lines(body, r, false, true);
	check_launch(r, false);
	chat_request_free(r);
	cJSON_Delete(body);
	return 0;
}
