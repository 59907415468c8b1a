/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp config list, get and help: the table of settings.c, and what counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_keys.h"
#include "cleanup.h"
#include "cli_config.h"
#include "cli_say.h"
#include "cli_style.h"
#include "config_file.h"
#include "json_text.h"
#include "screen_text.h"
#include "settings_remarks.h"

#include "banned.h"

#define CELL_BYTES    16384
#define VALUE_LEAST   20 /* columns for values on the narrowest screen */
#define MASK_FROM     8  /* characters of a key that may show its first two */
#define REMARKS_BYTES 65536
#define GAP           2
#define INDENT        4

extern char **environ;

enum source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT };

static const char *const source_names[] = {"default", "file", "environment"};

/* The value that counts. */
struct seen {
	enum source source;
	struct setting_value value;
	struct buf room; /* behind the value */
	char *given;     /* as it was written, malloc'ed */
	bool wrong;
	char must[SETTINGS_MUST_BYTES]; /* if it is wrong */
};

/* --- one value --------------------------------------------------------- */

static void
add_names(struct buf *to, const char *lines)
{
	const char *between = "";
	struct api_key key;

	while (api_keys_next(&lines, &key)) {
		buf_addf(to, "%s%s", between, key.name);
		between = ", ";
	}
}

/* Its first two characters tell one key of a person from another. */
static void
add_masked(struct buf *to, const char *key)
{
	if (screen_text_width(key) >= MASK_FROM && (key[0] & 0x80) == 0 &&
	    (key[1] & 0x80) == 0)
		buf_add(to, key, 2);
	buf_addstr(to, "......");
}

void
config_add_value(
    struct buf *to, const struct setting *row, const struct setting_value *v)
{
	if (row->kind == SETTING_KEYS)
		add_names(to, v->text);
	else if (row->kind == SETTING_NUMBER)
		buf_addf(to, "%ld", v->number);
	else if (row->secret && strcmp(v->text, row->fallback) != 0)
		add_masked(to, v->text);
	else
		screen_text_add(to, v->text);
}

static void
keep_given(struct seen *s)
{
	CLEANUP_FREE char *json = NULL;

	if (s->value.json != NULL)
		json = cJSON_PrintUnformatted(s->value.json);
	s->given = strdup(json != NULL ? json : s->value.text);
	if (s->given == NULL)
		abort();
}

static void
look(struct seen *s, const struct setting *row, const struct config_file *f)
{
	const char *env = settings_getenv(environ, row->name);
	const cJSON *member = NULL, *item;

	*s = (struct seen){.value = {.text = row->fallback}};
	cJSON_ArrayForEach(item, f->root)
	{
		if (strcmp(item->string, row->name) == 0)
			member = item;
	}
	if (env != NULL && env[0] != '\0') {
		s->source = SOURCE_ENVIRONMENT;
		s->value.text = env;
	} else if (member != NULL) {
		s->source = SOURCE_FILE;
		s->wrong = !setting_of_json(row, member, &s->value, s->must);
	}
	keep_given(s);
	s->wrong =
	    s->wrong || !setting_check(row, &s->value, &s->room, s->must);
}

static void
look_end(struct seen *s)
{
	buf_free(&s->room);
	free(s->given);
}

/* As the person who is to correct it has to see it. */
static void
add_seen(struct buf *to, const struct setting *row, const struct seen *s)
{
	if (!s->wrong && row->kind == SETTING_SIZE)
		screen_text_add(to, s->given); /* "10mb" */
	else if (!s->wrong)
		config_add_value(to, row, &s->value);
	else if (row->secret)
		buf_addstr(to, "(wrong)");
	else
		screen_text_add(to, s->given);
}

/* --- as JSON ----------------------------------------------------------- */

static cJSON *
names_json(const char *lines)
{
	cJSON *all = cJSON_CreateArray();
	struct api_key key;

	while (api_keys_next(&lines, &key))
		(void)cJSON_AddItemToArray(all, cJSON_CreateString(key.name));
	return all;
}

static cJSON *
value_json(const struct setting *row, const struct seen *s, bool reveal)
{
	CLEANUP_BUF struct buf text = BUF_INIT(CELL_BYTES);

	if (reveal && row->secret)
		return cJSON_CreateString(s->given);
	if (!s->wrong && setting_is_number(row))
		return cJSON_CreateNumber((double)s->value.number);
	if (!s->wrong && row->kind == SETTING_KEYS)
		return names_json(s->value.text);
	add_seen(&text, row, s);
	return cJSON_CreateString(buf_str(&text));
}

static cJSON *
seen_json(const struct setting *row, const struct seen *s, bool reveal)
{
	cJSON *one = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(one, "key", row->name);
	(void)cJSON_AddItemToObject(one, "value", value_json(row, s, reveal));
	(void)cJSON_AddStringToObject(one, "from", source_names[s->source]);
	if (s->wrong)
		(void)cJSON_AddStringToObject(one, "must", s->must);
	return one;
}

static cJSON *
remarks_json(const char *path)
{
	CLEANUP_BUF struct buf lines = BUF_INIT(REMARKS_BYTES);
	cJSON *all = cJSON_CreateArray();
	const char *at, *end;
	char line[512];

	settings_remarks(path, &lines);
	for (at = buf_str(&lines); (end = strchr(at, '\n')) != NULL;
	     at = end + 1) {
		(void)snprintf(line, sizeof line, "%.*s", (int)(end - at), at);
		(void)cJSON_AddItemToArray(all, cJSON_CreateString(line));
	}
	return all;
}

static int
list_json(const struct config_job *j, const struct config_file *f)
{
	cJSON *all = cJSON_CreateObject(), *rows;
	const struct setting *row;
	struct seen s;

	(void)cJSON_AddStringToObject(all, "file", j->path);
	rows = cJSON_AddArrayToObject(all, "settings");
	for (row = settings_table; row->name != NULL; row++) {
		look(&s, row, f);
		(void)cJSON_AddItemToArray(rows, seen_json(row, &s, false));
		look_end(&s);
	}
	(void)cJSON_AddItemToObject(all, "warnings", remarks_json(j->path));
	return config_print_json(all);
}

/* --- list -------------------------------------------------------------- */

struct columns {
	size_t key, value;
};

static void
add_cell_value(struct buf *to, const struct setting *row,
    const struct config_file *f, enum source *ret_source)
{
	struct seen s;

	look(&s, row, f);
	add_seen(to, row, &s);
	if (to->len == 0)
		buf_addstr(to, "(none)");
	*ret_source = s.source;
	look_end(&s);
}

static void
measure(struct columns *c, const struct config_file *f)
{
	size_t screen = (size_t)style_columns(stdout), rest, n;
	const struct setting *row;
	enum source source;

	*c = (struct columns){.key = strlen("KEY"), .value = VALUE_LEAST};
	for (row = settings_table; row->name != NULL; row++) {
		CLEANUP_BUF struct buf text = BUF_INIT(CELL_BYTES);

		add_cell_value(&text, row, f, &source);
		n = screen_text_width(buf_str(&text));
		c->value = n > c->value ? n : c->value;
		n = strlen(row->name);
		c->key = n > c->key ? n : c->key;
	}
	rest = c->key + 2 * GAP + strlen(source_names[SOURCE_ENVIRONMENT]);
	if (c->value + rest > screen)
		c->value =
		    screen > rest + VALUE_LEAST ? screen - rest : VALUE_LEAST;
}

static void
print_row(const struct columns *c, const struct setting *row,
    const struct config_file *f)
{
	CLEANUP_BUF struct buf text = BUF_INIT(CELL_BYTES);
	CLEANUP_BUF struct buf cut = BUF_INIT(CELL_BYTES);
	enum source source;
	size_t width;

	add_cell_value(&text, row, f, &source);
	screen_text_cut(&cut, buf_str(&text), c->value);
	width = screen_text_width(buf_str(&cut));
	(void)printf("%s%-*s  %s%*s  %s%s\n",
	    style(source == SOURCE_DEFAULT ? STYLE_DIM : STYLE_PLAIN),
	    (int)c->key, row->name, buf_str(&cut), (int)(c->value - width), "",
	    source_names[source], style(STYLE_PLAIN));
}

static void
list_table(const struct config_file *f)
{
	const struct setting *row;
	struct columns c;

	(void)style_open(stdout, environ);
	measure(&c, f);
	(void)printf("%s%-*s  %-*s  FROM%s\n", style(STYLE_BOLD), (int)c.key,
	    "KEY", (int)c.value, "VALUE", style(STYLE_PLAIN));
	for (row = settings_table; row->name != NULL; row++)
		print_row(&c, row, f);
}

int
config_list(const struct config_job *j)
{
	int status = EXIT_SUCCESS;
	struct config_file f;
	struct settings s;
	char err[512];

	if (!config_file_read(&f, j->path, err, sizeof err))
		return cli_complain("%s", err);
	if (j->json)
		status = list_json(j, &f);
	else
		list_table(&f);
	config_file_free(&f);
	(void)fflush(stdout);
	if (!j->json)
		config_say_remarks(j->path);
	if (settings_load(&s, j->path, environ, err, sizeof err) == -1)
		return cli_complain("%s", err);
	settings_free(&s);
	return status;
}

/* --- get --------------------------------------------------------------- */

static int
get_text(
    const struct config_job *j, const struct setting *row, const struct seen *s)
{
	CLEANUP_BUF struct buf text = BUF_INIT(CELL_BYTES);

	if (s->wrong)
		return cli_complain("%s in the %s: must %s", row->name,
		    source_names[s->source], s->must);
	if (j->reveal && row->secret) {
		(void)printf("%s\n", s->given);
		return EXIT_SUCCESS;
	}
	add_seen(&text, row, s);
	(void)printf("%s\n", buf_str(&text));
	return EXIT_SUCCESS;
}

int
config_get(const struct config_job *j)
{
	const struct setting *row = config_row(j->key);
	struct config_file f;
	struct seen s;
	char err[512];
	int status;

	if (row == NULL)
		return EXIT_FAILURE;
	if (!config_file_read(&f, j->path, err, sizeof err))
		return cli_complain("%s", err);
	look(&s, row, &f);
	status = j->json ? config_print_json(seen_json(row, &s, j->reveal))
	                 : get_text(j, row, &s);
	look_end(&s);
	config_file_free(&f);
	return status;
}

/* --- help -------------------------------------------------------------- */

static cJSON *
row_json(const struct setting *row)
{
	static const char *const kinds[] = {
	    [SETTING_TEXT] = "text",
	    [SETTING_CHOICE] = "choice",
	    [SETTING_NUMBER] = "number",
	    [SETTING_SIZE] = "size",
	    [SETTING_MODELS] = "models",
	    [SETTING_KEYS] = "keys",
	};
	cJSON *one = cJSON_CreateObject(), *all;
	const char *const *c = row->choices;
	char allowed[SETTINGS_MUST_BYTES];

	setting_allowed(row, allowed);
	(void)cJSON_AddStringToObject(one, "key", row->name);
	(void)cJSON_AddStringToObject(one, "default", row->fallback);
	(void)cJSON_AddStringToObject(one, "kind", kinds[row->kind]);
	(void)cJSON_AddStringToObject(one, "allowed", allowed);
	if (setting_is_number(row)) {
		(void)cJSON_AddNumberToObject(one, "min", (double)row->min);
		(void)cJSON_AddNumberToObject(one, "max", (double)row->max);
	}
	all = c != NULL ? cJSON_AddArrayToObject(one, "choices") : NULL;
	for (; c != NULL && *c != NULL; c++)
		(void)cJSON_AddItemToArray(all, cJSON_CreateString(*c));
	(void)cJSON_AddBoolToObject(one, "secret", row->secret);
	(void)cJSON_AddStringToObject(one, "help", row->help);
	return one;
}

static void
print_set_in(const char *text)
{
	(void)printf("%*s", INDENT, "");
	style_wrap(text, INDENT);
}

static void
print_help(const struct setting *row)
{
	char allowed[SETTINGS_MUST_BYTES];
	char text[2 * SETTINGS_MUST_BYTES];

	setting_allowed(row, allowed);
	(void)printf(
	    "%s%s%s\n", style(STYLE_BOLD), row->name, style(STYLE_PLAIN));
	print_set_in(row->help);
	(void)snprintf(text, sizeof text, "%s%s%s%s",
	    row->fallback[0] != '\0' ? "default: " : "no default",
	    row->fallback, allowed[0] != '\0' ? "; allowed: " : "", allowed);
	print_set_in(text);
}

int
config_help(const struct config_job *j)
{
	const struct setting *row = NULL;
	cJSON *all;

	if (j->key != NULL) {
		row = config_row(j->key);
		if (row == NULL)
			return EXIT_FAILURE;
	}
	if (j->json && row != NULL)
		return config_print_json(row_json(row));
	(void)style_open(stdout, environ);
	if (row != NULL) {
		print_help(row);
		return EXIT_SUCCESS;
	}
	all = j->json ? cJSON_CreateArray() : NULL;
	for (row = settings_table; row->name != NULL; row++) {
		if (j->json)
			(void)cJSON_AddItemToArray(all, row_json(row));
		else
			print_help(row);
	}
	return j->json ? config_print_json(all) : EXIT_SUCCESS;
}
