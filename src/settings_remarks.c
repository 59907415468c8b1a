/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings_remarks.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "config_file.h"
#include "screen_text.h"

#include "banned.h"

#define NAME_MAX_LEN 40 /* a longer one is like none of the table */

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * How many letters have to be put in, taken out, changed, or swapped with the
 * next one (optimal string alignment), in any case.  Row i of the usual matrix
 * needs the two before it.
 */
static size_t
distance(const char *a, const char *b)
{
	size_t rows[3][NAME_MAX_LEN + 1] = {{0}};
	size_t la = strlen(a), lb = strlen(b), i, k;

	for (k = 0; k <= lb; k++)
		rows[0][k] = k;
	for (i = 1; i <= la; i++) {
		const size_t *before = rows[(i + 1) % 3],
			     *up = rows[(i - 1) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (k = 1; k <= lb; k++) {
			bool other = upper(a[i - 1]) != upper(b[k - 1]);

			row[k] = least(
			    up[k - 1] + other, least(up[k], row[k - 1]) + 1);
			if (i > 1 && k > 1 &&
			    upper(a[i - 1]) == upper(b[k - 2]) &&
			    upper(a[i - 2]) == upper(b[k - 1]))
				row[k] = least(row[k], before[k - 2] + 1);
		}
	}
	return rows[la % 3][lb];
}

const struct setting *
settings_nearest(const char *name)
{
	const struct setting *row, *found = NULL;
	size_t len = strlen(name), best = 2 + len / 5, d;

	if (len > NAME_MAX_LEN)
		return NULL;
	for (row = settings_table; row->name != NULL; row++) {
		d = distance(name, row->name);
		if (d < best) {
			best = d;
			found = row;
		}
	}
	return found;
}

static void
remark_unknown(
    struct buf *lines, const char *base, size_t line, const char *name)
{
	const struct setting *near = settings_nearest(name);

	buf_addf(lines, "%.64s line %zu: unknown key ", base, line);
	screen_text_cut(lines, name, NAME_MAX_LEN);
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

void
settings_remarks(const char *file, struct buf *lines)
{
	const struct setting *row;
	struct config_file f;
	const cJSON *item;
	bool secret = false;
	char err[128];

	if (!config_file_read(&f, file, err, sizeof err))
		return;
	cJSON_ArrayForEach(item, f.root)
	{
		row = settings_find(item->string);
		if (row == NULL || strcmp(row->name, item->string) != 0)
			remark_unknown(lines, config_file_base(file),
			    config_file_line(&f, item), item->string);
		else
			secret = secret || is_secret(row, item);
	}
	config_file_free(&f);
	if (secret && config_file_lax(file))
		buf_addf(lines,
		    "others can read %s, which holds an API key: chmod 600 "
		    "it\n",
		    file);
}
