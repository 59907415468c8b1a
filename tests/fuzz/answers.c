/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "answers.h"

#include <cjson/cJSON.h>

#include <stdlib.h>
#include <string.h>

#include "../../src/limits.h"
#include "json_text.h"
#include "require.h"

struct answer {
	int status;
	long length; /* Content-Length, -1: none */
	bool chunked, closes, json, events, cors, id;
};

/* What is left to be read. */
struct reader {
	const char *at;
	size_t left;
};

/* --- the head ------------------------------------------------------------- */

/* A line without its CRLF, as a C string; NULL: it is not whole. */
static char *
take_line(struct reader *r)
{
	const char *end = r->left == 0 ? NULL : memchr(r->at, '\n', r->left);
	size_t len;
	char *line;

	if (end == NULL)
		return NULL;
	len = (size_t)(end - r->at);
	REQUIRE(len >= 1 && end[-1] == '\r');
	REQUIRE(memchr(r->at, '\0', len) == NULL);
	REQUIRE(memchr(r->at, '\r', len) == end - 1);
	line = strndup(r->at, len - 1);
	REQUIRE(line != NULL);
	r->at += len + 1;
	r->left -= len + 1;
	return line;
}

static void
once(bool *seen)
{
	REQUIRE(!*seen);
	*seen = true;
}

static bool
starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void
read_field(struct answer *a, const char *line)
{
	const char *colon = strchr(line, ':'), *value;

	REQUIRE(colon != NULL && colon > line && colon[1] == ' ');
	REQUIRE(strcspn(line, " \t") > (size_t)(colon - line));
	value = colon + 2;
	if (starts(line, "Content-Length:")) {
		REQUIRE(a->length == -1 && value[0] != '\0');
		REQUIRE(strspn(value, "0123456789") == strlen(value));
		a->length = strtol(value, NULL, 10);
	} else if (starts(line, "Transfer-Encoding:")) {
		REQUIRE(strcmp(value, "chunked") == 0);
		once(&a->chunked);
	} else if (starts(line, "Connection:")) {
		a->closes = strcmp(value, "close") == 0;
		REQUIRE(a->closes || strcmp(value, "keep-alive") == 0);
	} else if (starts(line, "Content-Type:")) {
		REQUIRE(!a->json && !a->events);
		a->json = starts(value, "application/json;");
		a->events = starts(value, "text/event-stream;");
		REQUIRE(a->json || a->events);
	} else if (starts(line, "Access-Control-Allow-Origin:")) {
		once(&a->cors);
	} else if (starts(line, "X-Request-Id:")) {
		once(&a->id);
	}
}

/* False: it is not whole. */
static bool
read_head(struct answer *a, struct reader *r)
{
	char *line = take_line(r);

	*a = (struct answer){.length = -1};
	if (line == NULL)
		return false;
	REQUIRE(starts(line, "HTTP/1.1 ") && strlen(line) > 13);
	a->status = atoi(line + 9);
	REQUIRE(line[12] == ' ' && a->status >= 100 && a->status < 600);
	free(line);
	while ((line = take_line(r)) != NULL && line[0] != '\0') {
		read_field(a, line);
		free(line);
	}
	free(line);
	return line != NULL;
}

/* --- bodies --------------------------------------------------------------- */

static cJSON *
parse(const char *text, size_t len)
{
	struct json_text_error e;
	cJSON *json;

	REQUIRE(json_text_check(text, len, &e));
	json = cJSON_ParseWithLength(text, len);
	REQUIRE(cJSON_IsObject(json));
	return json;
}

static bool
is_error(const cJSON *json)
{
	const cJSON *e = cJSON_GetObjectItemCaseSensitive(json, "error");
	const char *text = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(e, "message"));

	REQUIRE(e == NULL || (text != NULL && text[0] != '\0'));
	return e != NULL;
}

static const cJSON *
choices_of(const cJSON *json, const char *object)
{
	const cJSON *choices =
	    cJSON_GetObjectItemCaseSensitive(json, "choices");
	const char *name = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(json, "object"));

	REQUIRE(name != NULL && strcmp(name, object) == 0);
	REQUIRE(cJSON_IsArray(choices));
	return choices;
}

static size_t
index_of(const cJSON *choice)
{
	const cJSON *i = cJSON_GetObjectItemCaseSensitive(choice, "index");

	REQUIRE(cJSON_IsNumber(i));
	REQUIRE(i->valuedouble >= 0 && i->valuedouble < LIMIT_ANSWERS);
	return (size_t)i->valuedouble;
}

static bool
is_finished(const cJSON *choice)
{
	const cJSON *why =
	    cJSON_GetObjectItemCaseSensitive(choice, "finish_reason");

	REQUIRE(cJSON_IsString(why) || cJSON_IsNull(why));
	return cJSON_IsString(why);
}

static void
check_whole(const struct answer *a, const struct request *q, const char *body,
    size_t len)
{
	cJSON *json = parse(body, len);
	const cJSON *choice;
	size_t n = 0;

	REQUIRE(is_error(json) == (a->status >= 400));
	if (q->chat && a->status == 200) {
		cJSON_ArrayForEach(choice, choices_of(json, "chat.completion"))
		{
			REQUIRE(index_of(choice) == n++);
			REQUIRE(is_finished(choice));
		}
		REQUIRE(n > 0);
	}
	cJSON_Delete(json);
}

/* --- a stream of events --------------------------------------------------- */

struct stream {
	bool begun[LIMIT_ANSWERS], finished[LIMIT_ANSWERS];
	bool usage, done, failed;
};

static void
check_choice(struct stream *s, const cJSON *choice)
{
	const cJSON *delta = cJSON_GetObjectItemCaseSensitive(choice, "delta");
	size_t i = index_of(choice);
	bool role = cJSON_HasObjectItem(delta, "role");

	REQUIRE(cJSON_IsObject(delta));
	REQUIRE(role != s->begun[i] && !s->finished[i]);
	s->begun[i] = true;
	s->finished[i] = is_finished(choice);
}

static void
check_chunk(struct stream *s, const char *text, size_t len)
{
	cJSON *json = parse(text, len);
	const cJSON *choices, *choice;

	if (is_error(json)) {
		s->failed = true;
	} else {
		choices = choices_of(json, "chat.completion.chunk");
		REQUIRE(!s->usage);
		s->usage = cJSON_HasObjectItem(json, "usage");
		REQUIRE(s->usage || cJSON_GetArraySize(choices) == 1);
		cJSON_ArrayForEach(choice, choices) check_choice(s, choice);
	}
	cJSON_Delete(json);
}

static void
check_event(struct stream *s, const char *text, size_t len)
{
	static const char comment[] = ": still working";

	REQUIRE(!s->done && !s->failed); /* nothing comes behind the end */
	if (len == sizeof(comment) - 1 && memcmp(text, comment, len) == 0)
		return;
	REQUIRE(len > 6 && memcmp(text, "data: ", 6) == 0);
	REQUIRE(memchr(text, '\n', len) == NULL);
	text += 6;
	len -= 6;
	s->done = len == 6 && memcmp(text, "[DONE]", 6) == 0;
	if (!s->done)
		check_chunk(s, text, len);
}

/* Those that are whole.  With the end every answer has been finished, once. */
static void
check_stream(struct stream *s, const char *text, size_t len)
{
	size_t at = 0, i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i + 1 < len; i++) {
		if (text[i] != '\n' || text[i + 1] != '\n')
			continue;
		check_event(s, text + at, i - at);
		at = i + 2;
		i++;
	}
	REQUIRE((!s->done && !s->failed) || at == len);
	for (i = 0; i < LIMIT_ANSWERS && s->done; i++)
		REQUIRE(s->begun[i] == s->finished[i]);
	REQUIRE(!s->done || s->begun[0]);
}

/* Decodes chunks; false: the last one is not there. */
static bool
take_chunks(struct reader *r, char *to, size_t *ret_len)
{
	char *line, *end;
	size_t n;

	*ret_len = 0;
	while ((line = take_line(r)) != NULL) {
		n = strtoul(line, &end, 16);
		REQUIRE(end > line && *end == '\0');
		free(line);
		if (n > r->left || (n < r->left && n + 2 > r->left))
			return false;
		memcpy(to + *ret_len, r->at, n);
		*ret_len += n;
		if (r->left == n)
			return false;
		REQUIRE(r->at[n] == '\r' && r->at[n + 1] == '\n');
		r->at += n + 2;
		r->left -= n + 2;
		if (n == 0)
			return true;
	}
	return false;
}

/* Is the stream whole? */
static bool
read_stream(
    const struct answer *a, const struct request *q, struct reader *r, bool cut)
{
	char *text = malloc(r->left + 1);
	size_t len = r->left;
	struct stream s;
	bool last = true;

	REQUIRE(text != NULL && a->status == 200 && q->chat);
	REQUIRE(a->chunked == (q->minor > 0));
	if (a->chunked) {
		last = take_chunks(r, text, &len);
	} else {
		memcpy(text, r->at, len);
		r->left = 0;
	}
	check_stream(&s, text, len);
	free(text);
	REQUIRE(!a->chunked || !last || s.done);
	REQUIRE(cut || s.failed || (s.done && last));
	return s.done && last;
}

/* --- answers -------------------------------------------------------------- */

static bool
may_succeed(const struct request *q)
{
	return q->has_key || q->open;
}

static void
check_head(const struct answer *a, const struct request *q)
{
	REQUIRE(a->id);
	REQUIRE((a->length >= 0) + a->chunked <= 1);
	REQUIRE(a->status >= 200 && a->status != 304);
	REQUIRE(a->status >= 400 || may_succeed(q));
	REQUIRE(!a->cors || q->origin);
	REQUIRE(a->status != 403 || !a->cors);
	REQUIRE(a->closes || q->whole);
	REQUIRE(a->closes || q->keeps);
}

/* Of a body of known length, or none. */
static bool
read_body(const struct answer *a, const struct request *q, struct reader *r)
{
	size_t len = a->length > 0 && !q->head ? (size_t)a->length : 0;

	REQUIRE(a->length >= 0 || a->status == 204);
	REQUIRE(!a->chunked);
	if (len > r->left)
		return false;
	if (len > 0)
		check_whole(a, q, r->at, len);
	r->at += len;
	r->left -= len;
	return true;
}

/* One answer with what may come before it; false: there is no more of it, or of
 * any other. */
static bool
read_answer(
    struct answer *a, const struct request *q, struct reader *r, bool cut)
{
	bool whole = read_head(a, r);

	if (whole && a->status == 100) {
		REQUIRE(q->expects && q->minor > 0);
		REQUIRE(a->length == -1 && !a->chunked && !a->closes);
		if (r->left == 0) /* the body never came */
			return false;
		whole = read_head(a, r);
	}
	REQUIRE(whole || cut);
	if (!whole)
		return false;
	check_head(a, q);
	if (a->events)
		whole = read_stream(a, q, r, cut);
	else
		whole = read_body(a, q, r);
	REQUIRE(whole || cut || a->events);
	return whole;
}

void
answers_check(
    const struct requests *asked, const char *got, size_t len, bool cut)
{
	struct reader r = {got, len};
	struct answer a = {.closes = false};
	size_t i;
	bool whole = true;

	for (i = 0; r.left > 0 && whole; i++) {
		REQUIRE(i < asked->n && !a.closes);
		whole = read_answer(&a, &asked->all[i], &r, cut);
	}
	REQUIRE(whole || r.left == 0 || cut);
	if (cut || a.closes || !whole)
		return;
	/* Each that could be answered has been. */
	for (; i < asked->n; i++)
		REQUIRE(!asked->all[i].whole && !asked->all[i].bad);
}
