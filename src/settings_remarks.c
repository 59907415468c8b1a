/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings_remarks.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "api_keys.h"
#include "config_file.h"
#include "limits.h"
#include "nearest.h"
#include "screen_text.h"

#include "banned.h"

const struct setting *
settings_nearest(const char *name)
{
	const struct setting *row;
	struct nearest n;

	nearest_open(&n, name);
	for (row = settings_table; row->name != NULL; row++)
		nearest_try(&n, row->name);
	return n.found == NULL ? NULL : settings_find(n.found);
}

static void
remark_unknown(
    struct buf *lines, const char *base, size_t line, const char *name)
{
	const struct setting *near = settings_nearest(name);

	buf_addf(lines, "%.64s line %zu: unknown key ", base, line);
	screen_text_cut(lines, name, NEAREST_CHARS);
	buf_addstr(lines, " is ignored");
	if (near != NULL)
		buf_addf(lines, ": did you mean %s?", near->name);
	buf_addch(lines, '\n');
}

/* The well-known key is none. */
static bool
is_secret(const struct setting *row, const cJSON *value)
{
	return row->secret &&
	       !(cJSON_IsString(value) &&
		   (value->valuestring[0] == '\0' ||
		       strcmp(value->valuestring, SETTINGS_DEFAULT_KEY) == 0));
}

/* Nor is a name that is none of the table: it is ignored. */
static bool
holds_secret(const struct config_file *f)
{
	const struct setting *row;
	const cJSON *item;

	cJSON_ArrayForEach(item, f->root)
	{
		row = settings_find(item->string);
		if (row != NULL && strcmp(row->name, item->string) == 0 &&
		    is_secret(row, item))
			return true;
	}
	return false;
}

bool
settings_exposed(const char *file)
{
	struct config_file f;
	char err[128];
	bool secret;

	if (!config_file_lax(file) ||
	    !config_file_read(&f, file, err, sizeof err))
		return false;
	secret = holds_secret(&f);
	config_file_free(&f);
	return secret;
}

static void
remark_weak(struct buf *lines, const char *what, const char *name)
{
	buf_addf(lines,
	    "%s%s is short: one of %d characters or more is hard to guess\n",
	    what, name, LIMIT_GOOD_KEY);
}

void
settings_weak_keys(const struct settings *s, struct buf *lines)
{
	const char *at = s->api_keys;
	struct api_key key;

	if (strcmp(s->api_key, SETTINGS_DEFAULT_KEY) != 0 &&
	    api_key_weak(s->api_key))
		remark_weak(lines, "API_KEY", "");
	while (api_keys_next(&at, &key)) {
		if (key.weak)
			remark_weak(lines, "API_KEYS: the key of ", key.name);
	}
}

void
settings_remarks(const char *file, struct buf *lines)
{
	const struct setting *row;
	struct config_file f;
	const cJSON *item;
	char err[128];

	if (!config_file_read(&f, file, err, sizeof err))
		return;
	cJSON_ArrayForEach(item, f.root)
	{
		row = settings_find(item->string);
		if (row == NULL || strcmp(row->name, item->string) != 0)
			remark_unknown(lines, config_file_base(file),
			    config_file_line(&f, item), item->string);
	}
	config_file_free(&f);
	if (settings_exposed(file))
		buf_addf(lines,
		    "others can read %s, which holds an API key: chmod 600 "
		    "it\n",
		    file);
}
