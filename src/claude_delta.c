/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_delta.h"

#include <stdlib.h>
#include <string.h>

#include "json_span.h"
#include "json_text.h"

#include "banned.h"

#define MEMBERS 4

/* A member of an object that is wanted. */
struct wanted {
	const char *key; /* with its quotes */
	struct json_span value;
};

/* A line, and what was found in it. */
struct delta {
	struct json_span line, text, last; /* last: of its members */
	struct wanted top[MEMBERS];
};

static bool
is(struct json_span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.text, text, s.len) == 0;
}

/* False: it is written in a way in which another key may be the same one. */
static bool
take(struct wanted *w, size_t n, struct json_span key, struct json_span value)
{
	size_t i;

	if (memchr(key.text, '\\', key.len) != NULL)
		return false;
	for (i = 0; i < n; i++) {
		if (!is(key, w[i].key))
			continue;
		if (w[i].value.text != NULL)
			return false;
		w[i].value = value;
	}
	return true;
}

/* *ret_last is the value of the object's last member. */
static bool
members(struct json_span object, struct wanted *w, size_t n,
    struct json_span *ret_last)
{
	struct json_walk walk;

	json_walk_begin(&walk, object);
	if (!walk.object)
		return false;
	while (json_walk_next(&walk, ret_last)) {
		if (!take(w, n, walk.key, *ret_last))
			return false;
	}
	return true;
}

static bool
is_string(struct json_span s)
{
	return s.len >= 2 && s.text[0] == '"';
}

/* The text of a string without escapes, or NULL. */
static char *
plain(struct json_span s)
{
	return strndup(s.text + 1, s.len - 2);
}

static bool
is_plain(struct json_span s)
{
	return is_string(s) && memchr(s.text, '\\', s.len) == NULL;
}

/* The delta's text within a line, and the other members of the line. */
static bool
find(struct delta *d)
{
	struct wanted event[] = {{.key = "\"type\""}, {.key = "\"delta\""}};
	struct wanted delta[] = {{.key = "\"type\""}, {.key = "\"text\""}};
	struct json_span last;

	if (!members(d->line, d->top, MEMBERS, &d->last) ||
	    !is(d->top[0].value, "\"stream_event\"") ||
	    d->top[1].value.text == NULL ||
	    !members(d->top[1].value, event, 2, &last) ||
	    !is(event[0].value, "\"content_block_delta\"") ||
	    event[1].value.text == NULL ||
	    !members(event[1].value, delta, 2, &last) ||
	    !is(delta[0].value, "\"text_delta\""))
		return false;
	d->text = delta[1].value;
	return is_string(d->text);
}

/* The text of any string; NULL when out of memory. */
static char *
text_of(struct json_span s)
{
	cJSON *json;
	char *text = NULL;

	if (is_plain(s))
		return plain(s);
	json = cJSON_ParseWithLength(s.text, s.len);
	if (cJSON_IsString(json))
		text = strdup(json->valuestring);
	cJSON_Delete(json);
	return text;
}

/* Copies what is between two places, if there is room; else *ret_len is 0. */
static void
cut(char to[LIMIT_CLAUDE_STENCIL_BYTES], size_t *ret_len, const char *from,
    const char *end)
{
	size_t len = (size_t)(end - from);

	*ret_len = len < LIMIT_CLAUDE_STENCIL_BYTES ? len : 0;
	memcpy(to, from, *ret_len);
	to[*ret_len] = '\0';
}

/* Does the line end in a string behind the text that means nothing to us, and a
 * brace? */
static bool
ends_freely(const struct delta *d)
{
	const char *end = d->line.text + d->line.len - 1;
	size_t i;

	for (i = 0; i < MEMBERS; i++) {
		if (d->top[i].value.text == d->last.text)
			return false;
	}
	return *end == '}' && is_string(d->last) &&
	       d->last.text + d->last.len == end && d->last.text > d->text.text;
}

static void
stencil_cut(struct claude_stencil *s, const struct delta *d,
    const struct claude_event *e)
{
	const char *session = e->session == NULL ? "" : e->session;
	size_t len;

	s->head_len = 0;
	if (e->lost || !ends_freely(d) ||
	    (e->session != NULL && session[0] == '\0'))
		return;
	cut(s->middle, &s->middle_len, d->text.text + d->text.len - 1,
	    d->last.text + 1);
	cut(s->session, &len, session, session + strlen(session));
	s->nested = e->nested;
	if (s->middle_len > 0 && len == strlen(session))
		cut(s->head, &s->head_len, d->line.text, d->text.text + 1);
}

/* *at: the line there begins with these bytes, the last of which is the first
 * quote of a string; behind them is left where that string ends. */
static bool
match(struct json_span *at, const char *bytes, size_t len,
    struct json_span *ret_string)
{
	if (at->len < len || memcmp(at->text, bytes, len) != 0)
		return false;
	ret_string->text = at->text + len - 1;
	ret_string->len = json_text_string(ret_string->text, at->len - len + 1);
	if (ret_string->len == 0)
		return false;
	at->len -= len - 2 + ret_string->len;
	at->text = ret_string->text + ret_string->len - 1;
	return true;
}

/* The text of a string as it stands in the line, where the quote that ends it is
 * lost; or, where it has escapes, a copy. */
static void
take_text(char *line, struct json_span text, struct claude_event *ret)
{
	size_t last = (size_t)(text.text - line) + text.len - 1;

	ret->in_line = is_plain(text);
	if (!ret->in_line) {
		ret->text = text_of(text);
		return;
	}
	line[last] = '\0';
	ret->text = line + last + 2 - text.len;
}

bool
claude_delta_again(const struct claude_stencil *s, char *line, size_t len,
    struct claude_event *ret)
{
	struct json_span at = {line, len}, text, last;
	bool told = s->session[0] != '\0' &&
	            (s->known == NULL || strcmp(s->known, s->session) != 0);

	if (s->head_len == 0 || !match(&at, s->head, s->head_len, &text) ||
	    !match(&at, s->middle, s->middle_len, &last) || at.len != 2 ||
	    at.text[1] != '}')
		return false;
	*ret = (struct claude_event){
	    .type = CLAUDE_TEXT,
	    .nested = s->nested,
	    .session = told ? strdup(s->session) : NULL,
	};
	take_text(line, text, ret);
	ret->lost = ret->text == NULL || (told && ret->session == NULL);
	return true;
}

bool
claude_delta_parse(const char *line, size_t len, struct claude_stencil *s,
    struct claude_event *ret)
{
	struct delta d = {.line = {line, len},
	    .top = {{.key = "\"type\""}, {.key = "\"event\""},
		{.key = "\"session_id\""}, {.key = "\"parent_tool_use_id\""}}};
	struct claude_event e = {.type = CLAUDE_TEXT};
	struct json_span *session = &d.top[2].value;

	if (!find(&d) || (session->text != NULL && !is_plain(*session)))
		return false;
	e.nested = is_string(d.top[3].value);
	e.text = text_of(d.text);
	if (session->text != NULL)
		e.session = plain(*session);
	e.lost = e.text == NULL || (session->text != NULL && e.session == NULL);
	if (s != NULL)
		stencil_cut(s, &d, &e);
	*ret = e;
	return true;
}
