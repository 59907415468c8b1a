/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp config: the configuration file, for a person.
 */
#include "cli_config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_keys.h"
#include "cleanup.h"
#include "cli.h"
#include "cli_say.h"
#include "cli_service.h"
#include "cli_wrong.h"
#include "config_change.h"
#include "config_file.h"
#include "json_span.h"
#include "json_text.h"
#include "limits.h"
#include "screen_text.h"
#include "settings_remarks.h"
#include "utf8.h"

#include "banned.h"

#define VALUE_SHOWN   64 /* characters of a wrong value in a message */
#define REMARKS_BYTES 65536

extern char **environ;

/* --- what the parts share ---------------------------------------------- */

int
config_print_json(cJSON *value)
{
	return cli_print_json(value) ? EXIT_SUCCESS
	                             : cli_complain("out of memory");
}

static void
complain_key(const char *key)
{
	CLEANUP_BUF struct buf shown = BUF_INIT(4 * VALUE_SHOWN + 8);
	const struct setting *near = settings_nearest(key);

	screen_text_cut(&shown, key, VALUE_SHOWN);
	if (near != NULL)
		(void)cli_complain("unknown key %s: did you mean %s?",
		    buf_str(&shown), near->name);
	else
		(void)cli_complain(
		    "unknown key %s: see ccp config help", buf_str(&shown));
}

const struct setting *
config_row(const char *key)
{
	const struct setting *row = settings_find(key);

	if (row == NULL)
		complain_key(key);
	return row;
}

void
config_complain_lines(const struct buf *lines)
{
	const char *at, *end;

	for (at = buf_str(lines); (end = strchr(at, '\n')) != NULL;
	     at = end + 1)
		(void)cli_complain("%.*s", (int)(end - at), at);
}

void
config_say_remarks(const char *path)
{
	CLEANUP_BUF struct buf lines = BUF_INIT(REMARKS_BYTES);

	settings_remarks(path, &lines);
	config_complain_lines(&lines);
}

bool
config_place_changed(const struct config_job *j)
{
	CLEANUP_BUF struct buf said = BUF_INIT(REMARKS_BYTES);
	char *const nothing[] = {NULL}; /* a service has none of ours */
	struct settings s;
	char err[512];
	bool ok;

	/* What is wrong in the file elsewhere has been said. */
	if (settings_load(&s, j->path, nothing, err, sizeof err) == -1)
		return true;
	ok = service_follow(&s, &said);
	settings_free(&s);
	(void)fputs(buf_str(&said), ok ? stdout : stderr);
	if (said.len == 0)
		(void)printf("A \"ccp start\" that runs listens there after a "
			     "HUP signal\n");
	return ok;
}

/* --- set and reset ----------------------------------------------------- */

/* What may be said of a value that is in the file now, or not any more. */
static bool
say_changed(const struct config_job *j, const struct setting *row)
{
	const char *env = settings_getenv(environ, row->name);

	if (env != NULL && env[0] != '\0')
		(void)cli_complain("%s is set in the environment too, which "
				   "wins over the file",
		    row->name);
	config_say_weak(row, j->path);
	return !config_is_place(row) || config_place_changed(j);
}

static bool
is_utf8(const char *text)
{
	size_t left = strlen(text), n;

	for (; left > 0; text += n, left -= n) {
		n = utf8_sequence(text, left);
		if (n == 0)
			return false;
	}
	return true;
}

/* How a value that has been checked stands in the file: numbers as such, and
 * what is JSON already as it is.  Of API_KEYS nobody needs the keys again, as
 * of API_KEY "ccp test" does: their digests do. */
static void
add_json(struct buf *to, const struct setting *row, const char *given,
    const struct setting_value *v)
{
	const struct json_span span = {given, strlen(given)};
	char first = given[strspn(given, " \t\r\n")];

	if (row->kind == SETTING_NUMBER)
		buf_addf(to, "%ld", v->number);
	else if (row->kind == SETTING_CHOICE)
		json_text_quote_str(to, v->text);
	else if (row->kind == SETTING_KEYS && first == '{')
		api_keys_digests(to, v->text);
	else if (row->kind == SETTING_MODELS && (first == '{' || first == '['))
		(void)json_span_add(to, span);
	else
		json_text_quote_str(to, given);
}

static int
refuse(const struct setting *row, const char *given, const char *must)
{
	CLEANUP_BUF struct buf shown = BUF_INIT(4 * VALUE_SHOWN + 8);

	if (!row->secret)
		screen_text_cut(&shown, given, VALUE_SHOWN);
	return cli_complain("%s%s%s: must %s", row->name,
	    shown.len > 0 ? "=" : "", buf_str(&shown), must);
}

static void
say_set(const struct setting *row, const struct setting_value *v)
{
	CLEANUP_BUF struct buf shown = BUF_INIT(LIMIT_API_KEYS_BYTES);

	config_add_value(&shown, row, v);
	(void)printf("%s is now %s\n", row->name,
	    shown.len > 0 ? buf_str(&shown) : "empty");
	if (row->kind == SETTING_KEYS && shown.len > 0)
		(void)printf("The file has the SHA-256 of each key, and not "
			     "the key itself\n");
	if (row->kind == SETTING_KEYS)
		config_say_weak_keys(SETTINGS_DEFAULT_KEY, v->text);
	else if (strcmp(row->name, "API_KEY") == 0)
		config_say_weak_keys(v->text, "");
}

static int
set_value(
    const struct config_job *j, const struct setting *row, const char *given)
{
	struct setting_value v = {.text = given};
	CLEANUP_BUF struct buf room = BUF_INIT(LIMIT_API_KEYS_BYTES);
	CLEANUP_BUF struct buf json = BUF_INIT(LIMIT_CONFIG_BYTES);
	char must[SETTINGS_MUST_BYTES], err[CONFIG_CHANGE_ERR_BYTES];

	if (!is_utf8(given))
		return refuse(row, given, "be a text in UTF-8");
	if (!setting_check(row, &v, &room, must))
		return refuse(row, given, must);
	if (!config_check_place(row, &v, err, sizeof err))
		return cli_complain("%s", err);
	add_json(&json, row, given, &v);
	if (!buf_ok(&json))
		return refuse(row, "", "not be that long");
	if (!config_change_set(
		j->path, row->name, buf_str(&json), err, sizeof err))
		return cli_complain("%s", err);
	say_set(row, &v);
	return say_changed(j, row) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* argv: the words of the value.  asks: "-" alone is none, but asks for one. */
static int
set(const struct config_job *j, int argc, char **argv, bool asks)
{
	const struct setting *row = config_row(j->key);
	CLEANUP_BUF struct buf value = BUF_INIT(LIMIT_CONFIG_BYTES);
	int i;

	if (row == NULL)
		return EXIT_FAILURE;
	if (asks && row->secret && argc == 1 && strcmp(argv[0], "-") == 0)
		return config_read_secret(row, &value)
		           ? set_value(j, row, buf_str(&value))
		           : EXIT_FAILURE;
	for (i = 0; i < argc; i++)
		buf_addf(&value, "%s%s", i == 0 ? "" : " ", argv[i]);
	if (!buf_ok(&value))
		return cli_complain("the value is too long");
	return set_value(j, row, buf_str(&value));
}

/* A key that is none goes too, if it is in the file. */
static int
reset(const struct config_job *j)
{
	const struct setting *row = settings_find(j->key);
	const char *name = row != NULL ? row->name : j->key;
	CLEANUP_BUF struct buf shown = BUF_INIT(4 * VALUE_SHOWN + 8);
	char err[CONFIG_CHANGE_ERR_BYTES];
	bool was;

	if (!config_change_remove(j->path, name, &was, err, sizeof err))
		return cli_complain("%s", err);
	screen_text_cut(&shown, name, VALUE_SHOWN);
	if (row == NULL && !was) {
		complain_key(j->key);
		return EXIT_FAILURE;
	}
	if (!was) {
		(void)printf("%s was not in the file\n", buf_str(&shown));
		return EXIT_SUCCESS;
	}
	if (row == NULL) {
		(void)printf(
		    "%s is not in the file any more\n", buf_str(&shown));
		return EXIT_SUCCESS;
	}
	(void)printf("%s has its default now: %s\n", row->name,
	    row->fallback[0] != '\0' ? row->fallback : "(none)");
	return say_changed(j, row) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
path(const struct config_job *j)
{
	cJSON *one;

	if (!j->json) {
		(void)printf("%s\n", j->path);
		return EXIT_SUCCESS;
	}
	one = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(one, "path", j->path);
	(void)cJSON_AddBoolToObject(one, "exists", access(j->path, F_OK) == 0);
	return config_print_json(one);
}

/* --- the command line -------------------------------------------------- */

static const struct {
	const char *name, *alias;
	int (*run)(const struct config_job *j);
	bool takes_key, needs_key, takes_json, takes_reveal;
} verbs[] = {
    {"list", "ls", config_list, false, false, true, false},
    {"get", "", config_get, true, true, true, true},
    {"reset", "", reset, true, true, false, false},
    {"edit", "", config_edit, false, false, false, false},
    {"path", "", path, false, false, true, false},
    {"help", "", config_help, true, false, true, false},
};
#define NVERBS (sizeof(verbs) / sizeof(verbs[0]))

const char cli_config_usage[] =
    "usage: ccp config list [--json]              (or ls)\n"
    "       ccp config get KEY [--json] [--reveal]\n"
    "       ccp config set KEY VALUE...\n"
    "       ccp config reset KEY\n"
    "       ccp config edit\n"
    "       ccp config path [--json]\n"
    "       ccp config help [KEY] [--json]\n"
    "A KEY may be in any case; the words of a VALUE are joined by a space.\n"
    "API keys are masked, unless --reveal asks for one.\n"
    "\n"
    "  ccp config list                     what counts, and where it is from\n"
    "  ccp config set port 9999            change ~/.ccp/config.json\n"
    "  ccp config set MODELS 'fast=haiku, best=opus'\n"
    "  ccp config set API_KEY -            asks for it, and shows nothing\n"
    "  ccp config set API_KEY -- --odd--   a value that looks like an option\n"
    "  ccp config reset port               back to the default\n"
    "  ccp config edit                     in VISUAL, EDITOR or vi, checked\n"
    "  ccp config help                     every key, and what it may be\n";

static int
finish(struct config_job *j, int status)
{
	free(j->path);
	if (fflush(stdout) == EOF || ferror(stdout))
		return cli_complain("standard output: cannot be written");
	return status;
}

static bool
open_job(struct config_job *j)
{
	j->path = settings_path(environ);
	if (j->path == NULL)
		(void)cli_complain(
		    "HOME is not set, so there is no place for config.json");
	/* A limit on the size of files is an error to be told. */
	(void)signal(SIGXFSZ, SIG_IGN);
	return j->path != NULL;
}

/* All that follows the key is the value, but for a "--" right behind it. */
static int
run_set(int argc, char **argv)
{
	struct config_job j = {.path = NULL};
	bool asks = true;
	int i = 2;

	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (i < argc)
		j.key = argv[i++];
	if (i < argc && strcmp(argv[i], "--") == 0) {
		asks = false;
		i++;
	}
	if (j.key == NULL)
		return cli_wrong_missing("config", "KEY");
	if (j.key[0] == '-')
		return cli_wrong_argument("config", j.key);
	if (i >= argc)
		return cli_wrong_missing("config", "VALUE");
	if (!open_job(&j))
		return EXIT_FAILURE;
	return finish(&j, set(&j, argc - i, argv + i, asks));
}

/* CLI_USAGE: the sub-command does not go with what was given; 0. */
static int
check_words(const struct config_job *j, size_t v)
{
	const char *name = verbs[v].name;

	if (j->key != NULL && (!verbs[v].takes_key || j->key[0] == '\0'))
		return cli_wrong_argument("config", j->key);
	if (j->key == NULL && verbs[v].needs_key)
		return cli_wrong_missing("config", "KEY");
	if (j->json && !verbs[v].takes_json)
		return cli_wrong("config", "config %s takes no --json", name);
	if (j->reveal && !verbs[v].takes_reveal)
		return cli_wrong("config", "config %s takes no --reveal", name);
	return 0;
}

static int
run_verb(struct config_job *j, const char *name)
{
	const char *names[NVERBS + 2] = {[NVERBS] = "set"};
	int status;
	size_t v;

	for (v = 0; v < NVERBS; v++) {
		names[v] = verbs[v].name;
		if (name == NULL ||
		    (strcmp(name, verbs[v].name) != 0 &&
			(name[0] == '\0' || strcmp(name, verbs[v].alias) != 0)))
			continue;
		status = check_words(j, v);
		if (status != 0)
			return status;
		if (!open_job(j))
			return EXIT_FAILURE;
		return finish(j, verbs[v].run(j));
	}
	return cli_wrong_command("config", name, names);
}

int
cli_config(int argc, char **argv)
{
	struct config_job j = {.path = NULL};
	const char *verb = NULL;
	int i;

	if (argc > 1 && strcmp(argv[1], "set") == 0)
		return run_set(argc, argv);
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			j.json = true;
		else if (strcmp(argv[i], "--reveal") == 0)
			j.reveal = true;
		else if (argv[i][0] == '-' || j.key != NULL)
			return cli_wrong_argument("config", argv[i]);
		else if (verb == NULL)
			verb = argv[i];
		else
			j.key = argv[i];
	}
	return run_verb(&j, verb);
}
