/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json_span.h"

#include <string.h>

#include "banned.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Is what is behind text, up to that quote, the half of an escape? */
static bool
is_escaped(const char *text, const char *quote)
{
	const char *p = quote;

	while (p > text && p[-1] == '\\')
		p--;
	return (quote - p) % 2 == 1;
}

/* From a quote to behind the closing one: some strings are megabytes. */
static const char *
skip_string(const char *p, const char *end)
{
	const char *text = p + 1, *quote = p;

	do {
		quote++;
		quote = memchr(quote, '"', (size_t)(end - quote));
	} while (quote != NULL && is_escaped(text, quote));
	return quote == NULL ? end : quote + 1;
}

static const char *
skip_value(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
			if (depth == 0)
				return p;
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']') {
			if (depth == 0)
				return p;
			if (--depth == 0)
				return p + 1;
		} else if (depth == 0 && (*p == ',' || is_space(*p)))
			return p;
		p++;
	}
	return p;
}

static void
skip(struct json_walk *w, char c)
{
	while (w->at < w->end && (is_space(*w->at) || *w->at == c))
		w->at++;
}

void
json_walk_begin(struct json_walk *w, struct json_span container)
{
	w->at = container.text;
	w->end = container.text + container.len;
	skip(w, ' ');
	w->object = w->at < w->end && *w->at == '{';
	if (w->at < w->end)
		w->at++;
}

bool
json_walk_next(struct json_walk *w, struct json_span *ret)
{
	skip(w, ',');
	if (w->at >= w->end || *w->at == '}' || *w->at == ']')
		return false;
	if (w->object) {
		w->key.text = w->at;
		w->at = skip_string(w->at, w->end);
		w->key.len = (size_t)(w->at - w->key.text);
		skip(w, ':');
	}
	ret->text = w->at;
	w->at = skip_value(w->at, w->end);
	ret->len = (size_t)(w->at - ret->text);
	return true;
}

struct json_span
json_span_of(struct json_span container, const cJSON *node, const cJSON *child)
{
	struct json_span s = {"", 0};
	struct json_walk w;
	const cJSON *item;

	json_walk_begin(&w, container);
	cJSON_ArrayForEach(item, node)
	{
		if (!json_walk_next(&w, &s) || item == child)
			break;
	}
	return s;
}

bool
json_span_add(struct buf *to, struct json_span s)
{
	const char *p = s.text, *end = s.text + s.len, *from;

	while (p < end) {
		from = p;
		while (p < end && !is_space(*p))
			p = *p == '"' ? skip_string(p, end) : p + 1;
		buf_add(to, from, (size_t)(p - from));
		while (p < end && is_space(*p))
			p++;
	}
	return buf_ok(to);
}
