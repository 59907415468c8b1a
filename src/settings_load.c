/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Defaults < file < environment: for each row of the table one of the three is
 * picked, checked and stored.
 */
#include "settings.h"

#include <cjson/cJSON.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "config_file.h"
#include "limits.h"
#include "settings_check.h"

#include "banned.h"

#define VALUE_SHOWN 64 /* bytes of a wrong value in a message */

struct loading {
	struct settings *s;
	char *const *env;
	const char *base; /* of the file's path */
	struct config_file file;
	struct buf texts; /* all values that are texts, each with a NUL */
	struct buf room;  /* for the value that is being checked */
	char *err;
	size_t errlen;
};

/* A value, and where it comes from, for messages. */
struct origin {
	struct setting_value value;
	const char *where;   /* " in the environment", "" */
	const cJSON *member; /* of the file; NULL: it is not from there */
};

static int
out_of_memory(struct loading *l)
{
	(void)snprintf(l->err, l->errlen, "out of memory");
	return -1;
}

/* The message: where, what (not of a secret), and how it must be. */
static int
refuse(struct loading *l, const struct setting *row, const struct origin *o,
    const char *must)
{
	char head[128] = "", value[VALUE_SHOWN + 2] = "";

	if (o->member != NULL)
		(void)snprintf(head, sizeof head, "%.64s line %zu: ", l->base,
		    config_file_line(&l->file, o->member));
	if (o->value.text[0] != '\0' && !row->secret)
		(void)snprintf(
		    value, sizeof value, "=%.*s", VALUE_SHOWN, o->value.text);
	(void)snprintf(l->err, l->errlen, "%s%s%s%s: must %s", head, row->name,
	    value, o->where, must);
	return -1;
}

static int
check(struct loading *l, const struct setting *row, struct origin *o)
{
	char must[SETTINGS_MUST_BYTES];

	if (setting_check(row, &o->value, &l->room, must))
		return 0;
	return refuse(l, row, o, must);
}

/* The file's value of a row, if it has one. */
static int
from_file(struct loading *l, const struct setting *row, struct origin *o)
{
	const struct origin none = {.value = {.text = ""}, .where = ""};
	const cJSON *item, *found = NULL;
	char must[SETTINGS_MUST_BYTES];

	cJSON_ArrayForEach(item, l->file.root)
	{
		if (strcmp(item->string, row->name) != 0)
			continue;
		*o = none;
		o->member = item;
		if (found != NULL)
			return refuse(l, row, o, "not be given twice");
		found = item;
	}
	if (found == NULL || setting_of_json(row, found, &o->value, must))
		return 0;
	return refuse(l, row, o, must);
}

/* The default: of a text all that a check would do is done. */
static int
check_unless_default(
    struct loading *l, const struct setting *row, struct origin *o)
{
	if (o->member == NULL && !setting_is_number(row))
		return 0;
	return check(l, row, o);
}

/* The environment wins, but a wrong value in the file is told all the same.
 * A text is only put into l->texts, at *ret_text: the buffer may still move. */
static int
load_row(struct loading *l, const struct setting *row, size_t *ret_text)
{
	struct origin o = {.value = {.text = row->fallback}, .where = ""};
	const char *value = settings_getenv(l->env, row->name);

	if (from_file(l, row, &o) == -1 ||
	    check_unless_default(l, row, &o) == -1)
		return -1;
	if (value != NULL && value[0] != '\0') {
		o = (struct origin){
		    .value = {.text = value}, .where = " in the environment"};
		if (check(l, row, &o) == -1)
			return -1;
	}
	if (setting_is_number(row)) {
		memcpy((char *)l->s + row->offset, &o.value.number,
		    sizeof o.value.number);
		return 0;
	}
	*ret_text = l->texts.len;
	if (!buf_add(&l->texts, o.value.text, strlen(o.value.text) + 1))
		return out_of_memory(l);
	return 0;
}

static int
load_rows(struct loading *l)
{
	size_t at[SETTINGS_MAX] = {0}, i;
	const struct setting *row;
	const char *text;

	for (i = 0, row = settings_table; row->name != NULL; i++, row++) {
		if (i == SETTINGS_MAX)
			abort();
		if (load_row(l, row, &at[i]) == -1)
			return -1;
	}
	l->s->owned = buf_steal(&l->texts);
	if (l->s->owned == NULL)
		return out_of_memory(l);
	for (i = 0, row = settings_table; row->name != NULL; i++, row++) {
		if (setting_is_number(row))
			continue;
		text = l->s->owned + at[i];
		memcpy((char *)l->s + row->offset, &text, sizeof text);
	}
	return 0;
}

int
settings_load(struct settings *s, const char *file, char *const *env, char *err,
    size_t errlen)
{
	struct loading l = {.s = s, .env = env, .err = err, .errlen = errlen};
	int r = -1;

	memset(s, 0, sizeof *s);
	buf_init(&l.texts,
	    SETTINGS_MAX * (LIMIT_SETTING_BYTES + 1) + LIMIT_API_KEYS_BYTES);
	if (file != NULL)
		l.base = config_file_base(file);
	if (file == NULL || config_file_read(&l.file, file, err, errlen))
		r = load_rows(&l);
	buf_free(&l.texts);
	buf_free(&l.room);
	config_file_free(&l.file);
	return r;
}

void
settings_free(struct settings *s)
{
	free(s->owned);
	memset(s, 0, sizeof *s);
}

char *
settings_path(char *const *env)
{
	const char *home = settings_getenv(env, "HOME");
	struct buf path = BUF_INIT(LIMIT_SETTING_BYTES);

	if (home == NULL || home[0] == '\0')
		return NULL;
	buf_addf(&path, "%s/.ccp/config.json", home);
	return buf_steal(&path);
}

const char *
settings_getenv(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; *env != NULL; env++) {
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	}
	return NULL;
}
