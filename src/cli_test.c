/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp test: one real answer through the server that the configuration names.
 */
#include <cjson/cJSON.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "cli.h"
#include "cli_client.h"
#include "cli_say.h"
#include "cli_style.h"
#include "cli_test_explain.h"
#include "cli_wrong.h"
#include "clock.h"
#include "json_text.h"
#include "limits.h"
#include "settings.h"

#include "banned.h"

extern char **environ;

const char cli_test_usage[] =
    "usage: ccp test [--model MODEL] [--json]\n"
    "Sends one real request through the server that HOST, PORT and API_KEY\n"
    "name, and shows the answer, when its first token came, how long it took\n"
    "and what it used.  Claude answers as a model, without tools.\n"
    "\n"
    "  -m, --model MODEL   the model that is asked (default: DEFAULT_MODEL)\n"
    "      --json          print one JSON object\n"
    "\n"
    "The exit status is 0 after an answer, 1 without one, 2 where the command\n"
    "line makes no sense.\n"
    "\n"
    "  ccp test                  is all well?\n"
    "  ccp test --model haiku    with another model\n";

#define QUESTION "Say in one short sentence that you can be reached."

struct trial {
	struct settings settings;
	const char *model;
	bool json;
	char entry[CLIENT_HOST_BYTES], name[CLIENT_HOST_BYTES + 32];
	struct client client;
	size_t seen; /* bytes of the content that have been looked at */
	int64_t began, first, ended; /* clock_ms(); first 0: none */
	struct buf answer;
	char answered_by[LIMIT_MODEL_BYTES + 1];
	double in, cached, out; /* tokens; in -1: not told */
	bool done;
	struct test_failure failed;
};

static bool
give_up(struct trial *t, const char *why)
{
	(void)snprintf(t->failed.why, sizeof(t->failed.why), "%s", why);
	return false;
}

/* Nothing that a terminal obeys. */
static void
print_plain(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0x20 && *text != 0x7F)
			(void)fputc(*text, to);
		else if (*text == '\n')
			(void)fputs("\n  ", to);
		else
			(void)fputc('?', to);
	}
}

/* --- the request ------------------------------------------------------- */

static bool
make_body(const struct trial *t, struct buf *to)
{
	cJSON *root = cJSON_CreateObject(), *message;
	CLEANUP_FREE char *text = NULL;

	(void)cJSON_AddStringToObject(root, "model", t->model);
	(void)cJSON_AddBoolToObject(root, "stream", true);
	message = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(message, "role", "user");
	(void)cJSON_AddStringToObject(message, "content", QUESTION);
	(void)cJSON_AddItemToArray(
	    cJSON_AddArrayToObject(root, "messages"), message);
	text = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	return text != NULL && buf_addstr(to, text);
}

static bool
send_request(struct trial *t)
{
	CLEANUP_BUF struct buf body = BUF_INIT(LIMIT_HEAD_BYTES / 2);
	char fields[LIMIT_SETTING_BYTES + 256];

	(void)snprintf(fields, sizeof(fields),
	    "Authorization: Bearer %s\r\nX-CCP-Mode: model\r\n",
	    t->settings.api_key);
	if (!make_body(t, &body))
		return give_up(t, "out of memory");
	t->began = clock_ms();
	return client_open(&t->client, t->entry, t->settings.port,
		   t->began + t->settings.claude_timeout_ms +
		       LIMIT_CLIENT_EXTRA_MS) &&
	       client_send(&t->client, "POST /v1/chat/completions", t->entry,
		   fields, &body);
}

/* --- the answer -------------------------------------------------------- */

static cJSON *
parse(const char *text, size_t len)
{
	struct json_text_error e;

	return json_text_check(text, len, &e) ? cJSON_ParseWithLength(text, len)
	                                      : NULL;
}

static const cJSON *
member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static double
count(const cJSON *object, const char *name)
{
	const cJSON *item = member(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static void
take_usage(struct trial *t, const cJSON *usage)
{
	if (!cJSON_IsObject(usage))
		return;
	t->in = count(usage, "prompt_tokens");
	t->out = count(usage, "completion_tokens");
	t->cached =
	    count(member(usage, "prompt_tokens_details"), "cached_tokens");
}

static void
take_text(struct trial *t, const cJSON *text)
{
	if (!cJSON_IsString(text) || text->valuestring[0] == '\0')
		return;
	if (t->first == 0) {
		t->first = clock_ms();
		if (!t->json)
			(void)printf("\n  ");
	}
	(void)buf_addstr(&t->answer, text->valuestring);
	if (t->json)
		return;
	print_plain(stdout, text->valuestring);
	(void)fflush(stdout);
}

static bool
take_chunk(struct trial *t, const char *text, size_t len)
{
	cJSON *root = parse(text, len);
	const cJSON *model = member(root, "model");
	const cJSON *choice = cJSON_GetArrayItem(member(root, "choices"), 0);
	bool failed = test_failure_told(&t->failed, root);

	if (root == NULL)
		return give_up(t, "an event of the answer is no JSON");
	if (cJSON_IsString(model))
		(void)snprintf(t->answered_by, sizeof(t->answered_by), "%s",
		    model->valuestring);
	take_text(t, member(member(choice, "delta"), "content"));
	take_usage(t, member(root, "usage"));
	cJSON_Delete(root);
	return !failed;
}

/* The lines of the stream that are whole. */
static bool
take_lines(struct trial *t)
{
	static const char data[] = "data: ";
	const char *line, *end;
	size_t len;

	for (;;) {
		line = buf_str(&t->client.content) + t->seen;
		end = strchr(line, '\n');
		if (end == NULL)
			return true;
		len = (size_t)(end - line);
		t->seen += len + 1;
		if (strncmp(line, data, sizeof(data) - 1) != 0)
			continue;
		line += sizeof(data) - 1;
		len -= sizeof(data) - 1;
		if (strncmp(line, "[DONE]", 6) == 0)
			t->done = true;
		else if (!take_chunk(t, line, len))
			return false;
	}
}

static bool
receive(struct trial *t)
{
	bool more = true;

	while (more && !t->done) {
		more = client_more(&t->client);
		if (t->client.status == 200 && !take_lines(t))
			return false;
	}
	return t->client.status == 200 && t->done;
}

/* --- telling ----------------------------------------------------------- */

static void
show(const struct trial *t)
{
	(void)printf("\n\n%sfirst token%s   %.2f s\n", style(STYLE_BOLD),
	    style(STYLE_PLAIN), (double)(t->first - t->began) / 1000);
	(void)printf("%swhole answer%s  %.2f s\n", style(STYLE_BOLD),
	    style(STYLE_PLAIN), (double)(t->ended - t->began) / 1000);
	(void)printf(
	    "%smodel%s         ", style(STYLE_BOLD), style(STYLE_PLAIN));
	print_plain(stdout, t->answered_by);
	if (t->in >= 0)
		(void)printf("\n%stokens%s        %.0f in (%.0f from the "
			     "cache), %.0f out",
		    style(STYLE_BOLD), style(STYLE_PLAIN), t->in, t->cached,
		    t->out);
	(void)printf("\n");
}

static cJSON *
as_json(const struct trial *t, bool ok)
{
	cJSON *root = cJSON_CreateObject();

	(void)cJSON_AddBoolToObject(root, "ok", ok);
	(void)cJSON_AddStringToObject(root, "server", t->name);
	if (!ok) {
		if (t->client.status != 0)
			(void)cJSON_AddNumberToObject(
			    root, "status", t->client.status);
		(void)cJSON_AddStringToObject(root, "error", t->failed.why);
		(void)cJSON_AddStringToObject(root, "fix", t->failed.fix);
		return root;
	}
	(void)cJSON_AddStringToObject(root, "model", t->answered_by);
	(void)cJSON_AddStringToObject(root, "answer", buf_str(&t->answer));
	(void)cJSON_AddNumberToObject(
	    root, "first_token_ms", (double)(t->first - t->began));
	(void)cJSON_AddNumberToObject(
	    root, "total_ms", (double)(t->ended - t->began));
	if (t->in >= 0) {
		(void)cJSON_AddNumberToObject(root, "prompt_tokens", t->in);
		(void)cJSON_AddNumberToObject(root, "cached_tokens", t->cached);
		(void)cJSON_AddNumberToObject(
		    root, "completion_tokens", t->out);
	}
	return root;
}

static void
show_json(const struct trial *t, bool ok)
{
	if (!cli_print_json(as_json(t, ok)))
		(void)printf("null\n");
}

static void
show_failure(const struct trial *t)
{
	if (t->first != 0)
		(void)printf("\n");
	(void)fflush(stdout);
	(void)fputs("ccp: ", stderr);
	print_plain(stderr, t->failed.why);
	if (t->failed.fix[0] != '\0')
		(void)fprintf(stderr, "\n     %s", t->failed.fix);
	(void)fputs("\n", stderr);
}

static int
try_it(struct trial *t)
{
	bool ok;

	client_name(t->entry, t->settings.port, t->name, sizeof(t->name));
	if (!t->json) {
		(void)printf(
		    "Asking %s for an answer of %s ...\n", t->name, t->model);
		(void)fflush(stdout);
	}
	ok = send_request(t) && receive(t);
	t->ended = clock_ms();
	if (ok && t->first == 0)
		ok = give_up(t, "the answer is empty");
	if (!ok)
		test_explain(&t->failed, &t->client, t->name);
	if (t->json)
		show_json(t, ok);
	else if (ok)
		show(t);
	else
		show_failure(t);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run(struct trial *t)
{
	CLEANUP_FREE char *file = settings_path(environ);
	char err[512];
	const char *at;
	int status;

	if (settings_load(&t->settings, file, environ, err, sizeof(err)) == -1)
		return cli_complain("%s", err);
	at = t->settings.host;
	if (t->model == NULL)
		t->model = t->settings.default_model;
	if (!client_next_host(&at, t->entry))
		status = cli_complain("HOST has no address in it");
	else if (strcmp(t->settings.api_key, SETTINGS_DEFAULT_KEY) == 0 &&
		 t->settings.api_keys[0] != '\0')
		status =
		    cli_complain("beside API_KEYS the default key opens "
				 "nothing: run API_KEY=... ccp test with one "
				 "of them");
	else if (t->settings.port == 0 && strncmp(t->entry, "unix:", 5) != 0)
		status =
		    cli_complain("PORT is 0, any free one: say which it is "
				 "now, as in PORT=8888 ccp test");
	else
		status = try_it(t);
	client_close(&t->client);
	settings_free(&t->settings);
	return status;
}

int
cli_test(int argc, char **argv)
{
	static const struct option options[] = {
	    {"model", required_argument, NULL, 'm'},
	    {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	struct trial t = {.in = -1, .client = {.fd = -1}};
	int c, status;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":m:", options, NULL)) != -1) {
		if (c == 'm')
			t.model = optarg;
		else if (c == 'j')
			t.json = true;
		else
			return cli_wrong_option("test", c, argv);
	}
	if (optind < argc)
		return cli_wrong_argument("test", argv[optind]);
	if (t.model != NULL && t.model[0] == '\0')
		return cli_wrong("test", "--model needs a name");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)style_open(stdout, environ);
	buf_init(&t.answer, LIMIT_CLIENT_BYTES);
	status = run(&t);
	buf_free(&t.answer);
	return status;
}
