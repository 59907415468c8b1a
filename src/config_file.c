/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "json_span.h"
#include "json_text.h"
#include "limits.h"

#include "banned.h"

/* --- reading ----------------------------------------------------------- */

const char *
config_file_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static bool
parse(struct config_file *f, const char *base, char *err, size_t errlen)
{
	struct json_text_error e;

	if (!json_text_check(f->text, f->len, &e)) {
		(void)snprintf(
		    err, errlen, "%.64s line %zu: %s", base, e.line, e.what);
		return false;
	}
	f->root = cJSON_ParseWithLengthOpts(f->text, f->len, NULL, false);
	if (f->root == NULL)
		(void)snprintf(err, errlen, "out of memory");
	else if (!cJSON_IsObject(f->root))
		(void)snprintf(
		    err, errlen, "%.64s line 1: must be a JSON object", base);
	return cJSON_IsObject(f->root);
}

bool
config_file_read(
    struct config_file *ret, const char *path, char *err, size_t errlen)
{
	const char *base = config_file_base(path);

	*ret = (struct config_file){.text = NULL};
	ret->text = io_read_file(path, LIMIT_CONFIG_BYTES, &ret->len);
	if (ret->text == NULL && (errno == ENOENT || errno == ENOTDIR))
		return true;
	if (ret->text == NULL) {
		(void)snprintf(err, errlen, "%.64s: %s", base, strerror(errno));
		return false;
	}
	if (parse(ret, base, err, errlen))
		return true;
	config_file_free(ret);
	return false;
}

void
config_file_free(struct config_file *f)
{
	cJSON_Delete(f->root);
	free(f->text);
	*f = (struct config_file){.text = NULL};
}

size_t
config_file_line(const struct config_file *f, const cJSON *member)
{
	const struct json_span all = {f->text, f->len};
	const char *p = f->text;
	struct json_span value;
	struct json_walk w;
	const cJSON *item;
	size_t line = 1;

	json_walk_begin(&w, all);
	cJSON_ArrayForEach(item, f->root)
	{
		if (!json_walk_next(&w, &value) || item == member)
			break;
	}
	for (; p < w.key.text; p++)
		line += *p == '\n';
	return line;
}

bool
config_file_lax(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & 077) != 0;
}

/* --- a new text -------------------------------------------------------- */

/* The members of the old text, one after another, and what becomes of them. */
struct edit {
	struct buf *to;
	const char *key, *json; /* json NULL: it goes */
	const char *end;        /* of the member before, or behind the brace */
	struct json_span first; /* what is before the first member ... */
	struct json_span last;  /* ... and the last one: white space, comma */
	size_t seen, kept;
	bool was; /* the key is there */
	bool put;
};

static void
add_span(struct buf *to, struct json_span s)
{
	buf_add(to, s.text, s.len);
}

static void
add_pair(struct edit *e)
{
	json_text_quote_str(e->to, e->key);
	buf_addf(e->to, ": %s", e->json);
	e->kept++;
	e->put = true;
}

static void
edit_member(struct edit *e, const cJSON *item, struct json_span key,
    struct json_span value)
{
	struct json_span lead = {e->end, (size_t)(key.text - e->end)};
	bool meant = strcmp(item->string, e->key) == 0;
	const char *from = key.text;

	e->last = lead;
	if (e->seen++ == 0)
		e->first = lead;
	e->end = value.text + value.len;
	e->was = e->was || meant;
	/* Given twice, it is once from now on. */
	if (meant && (e->json == NULL || e->put))
		return;
	add_span(e->to, e->kept++ == 0 ? e->first : lead);
	if (meant) {
		buf_add(e->to, from, (size_t)(value.text - from));
		buf_addstr(e->to, e->json);
		e->put = true;
	} else {
		buf_add(e->to, from, (size_t)(e->end - from));
	}
}

/* Behind the last member, in the way the others are written. */
static void
edit_append(struct edit *e)
{
	if (e->seen == 0) {
		buf_addstr(e->to, "\n  ");
		add_pair(e);
		while (*e->end == ' ' || *e->end == '\t')
			e->end++;
		if (*e->end == '}')
			buf_addch(e->to, '\n');
		return;
	}
	if (e->seen == 1)
		buf_addch(e->to, ',');
	add_span(e->to, e->last);
	add_pair(e);
}

static void
edit_text(struct edit *e, const struct config_file *f)
{
	const struct json_span all = {f->text, f->len};
	struct json_span value;
	struct json_walk w;
	const cJSON *item;

	json_walk_begin(&w, all);
	e->end = w.at;
	buf_add(e->to, f->text, (size_t)(w.at - f->text));
	cJSON_ArrayForEach(item, f->root)
	{
		if (json_walk_next(&w, &value))
			edit_member(e, item, w.key, value);
	}
	if (e->json != NULL && !e->put)
		edit_append(e);
	buf_add(e->to, e->end, (size_t)(f->text + f->len - e->end));
}

bool
config_file_edit(struct buf *to, const struct config_file *f, const char *key,
    const char *json, bool *ret_was)
{
	char none[] = "{\n}\n";
	const struct config_file empty = {none, NULL, sizeof none - 1};
	struct edit e = {.to = to, .key = key, .json = json};

	edit_text(&e, f->text != NULL ? f : &empty);
	*ret_was = e.was;
	return buf_ok(to);
}
