/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp config set and reset.
 */
#include "cli_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_keys.h"
#include "cleanup.h"
#include "cli_say.h"
#include "config_change.h"
#include "json_span.h"
#include "json_text.h"
#include "limits.h"
#include "screen_text.h"
#include "utf8.h"

#include "banned.h"

extern char **environ;

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
	CLEANUP_BUF struct buf shown = BUF_INIT(4 * CONFIG_VALUE_SHOWN + 8);

	if (!row->secret)
		screen_text_cut(&shown, given, CONFIG_VALUE_SHOWN);
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
	else if (config_is(row, "API_KEY"))
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

int
config_set(const struct config_job *j, int argc, char **argv, bool asks)
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

int
config_reset(const struct config_job *j)
{
	const struct setting *row = settings_find(j->key);
	const char *name = row != NULL ? row->name : j->key;
	CLEANUP_BUF struct buf shown = BUF_INIT(4 * CONFIG_VALUE_SHOWN + 8);
	char err[CONFIG_CHANGE_ERR_BYTES];
	bool was;

	if (!config_change_remove(j->path, name, &was, err, sizeof err))
		return cli_complain("%s", err);
	screen_text_cut(&shown, name, CONFIG_VALUE_SHOWN);
	if (row == NULL && !was) {
		config_complain_key(j->key);
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
