/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ledger_line.h"

#include <cjson/cJSON.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "json_span.h"
#include "json_text.h"
#include "limits.h"
#include "utc.h"
#include "utf8.h"

#include "banned.h"

#define BEGINNING  "{\"time\":\""
#define TIME_CHARS 24 /* 2026-11-22T21:28:51.123Z */
#define DAY_S      86400
#define MOST_USD   1e6 /* of one request */

/* --- times ------------------------------------------------------------- */

static bool
utc_of(struct tm *ret, int64_t when_ms)
{
	return when_ms >= 0 && utc_date(when_ms / 1000, ret);
}

bool
ledger_month(char to[LEDGER_MONTH_BYTES], int64_t when_ms)
{
	struct tm tm;

	return utc_of(&tm, when_ms) &&
	       strftime(to, LEDGER_MONTH_BYTES, "%Y-%m", &tm) != 0;
}

static int
digits(const char *at, int n)
{
	int value = 0;

	for (; n > 0; n--, at++)
		value = value * 10 + (*at - '0');
	return value;
}

/* Reads a time as it is written here and not otherwise. */
static bool
read_time(int64_t *ret, struct json_span s)
{
	static const char form[] = "\"dddd-dd-ddTdd:dd:dd.dddZ\"";
	const char *at = s.text + 1;
	int64_t seconds;
	size_t i;

	if (s.len != sizeof(form) - 1)
		return false;
	for (i = 0; i < s.len; i++) {
		if (form[i] == 'd' ? s.text[i] < '0' || s.text[i] > '9'
				   : s.text[i] != form[i])
			return false;
	}
	if (digits(at, 4) < 1970 || digits(at + 5, 2) < 1 ||
	    digits(at + 5, 2) > 12 || digits(at + 8, 2) < 1 ||
	    digits(at + 8, 2) > 31)
		return false;
	seconds =
	    utc_days(digits(at, 4), digits(at + 5, 2), digits(at + 8, 2)) *
		DAY_S +
	    digits(at + 11, 2) * 3600 + digits(at + 14, 2) * 60 +
	    digits(at + 17, 2);
	*ret = seconds * 1000 + digits(at + 20, 3);
	return true;
}

/* --- writing ----------------------------------------------------------- */

static void
add_text(struct buf *to, const char *name, const char *text)
{
	CLEANUP_BUF struct buf clean = BUF_INIT(LIMIT_LEDGER_LINE_BYTES);
	size_t left = strlen(text), n;

	for (; left > 0; text += n, left -= n) {
		n = utf8_sequence(text, left);
		if (n > 0)
			buf_add(&clean, text, n);
		else
			buf_addch(&clean, '?');
		n += n == 0;
	}
	buf_addf(to, ",\"%s\":", name);
	json_text_quote(to, buf_str(&clean), clean.len);
}

static void
add_number(struct buf *to, const char *name, int64_t number)
{
	buf_addf(to, ",\"%s\":%" PRId64, name, number < 0 ? 0 : number);
}

bool
ledger_line_write(struct buf *to, const struct request_record *r)
{
	char date[TIME_CHARS];
	struct tm tm;

	if (!utc_of(&tm, r->when_ms) ||
	    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return false;
	buf_addf(to, BEGINNING "%s.%03dZ\"", date, (int)(r->when_ms % 1000));
	add_text(to, "id", r->id);
	add_text(to, "model", r->model);
	add_text(to, "mode", r->mode == NULL ? "" : r->mode);
	add_text(to, "key", r->key_name);
	add_text(to, "session", r->session == NULL ? "" : r->session);
	add_number(to, "status", r->status);
	add_text(to, "error", r->error);
	add_number(to, "turns", r->turns);
	add_number(to, "prompt_tokens", r->prompt_tokens);
	add_number(to, "cached_tokens", r->cached_tokens);
	add_number(to, "cache_write_tokens", r->cache_write_tokens);
	add_number(to, "completion_tokens", r->completion_tokens);
	buf_addf(to, ",\"cost_usd\":%.10g",
	    r->cost_usd > 0 && r->cost_usd <= MOST_USD ? r->cost_usd : 0.0);
	if (r->first_byte_ms >= 0)
		add_number(to, "first_byte_ms", r->first_byte_ms);
	add_number(to, "total_ms", r->total_ms);
	return buf_addstr(to, "}\n");
}

/* --- reading ----------------------------------------------------------- */

/* As much as fits, in whole characters. */
static void
copy_cut(char *to, size_t size, const char *text, size_t len)
{
	size_t n = 0, more = utf8_sequence(text, len);

	while (more > 0 && n + more < size) {
		n += more;
		more = utf8_sequence(text + n, len - n);
	}
	memcpy(to, text, n);
	to[n] = '\0';
}

static bool
read_text(char *to, size_t size, struct json_span s)
{
	CLEANUP_BUF struct buf copy = BUF_INIT(LIMIT_LEDGER_LINE_BYTES);
	cJSON *parsed;

	if (s.len < 2 || s.text[0] != '"')
		return false;
	if (memchr(s.text, '\\', s.len) == NULL) {
		copy_cut(to, size, s.text + 1, s.len - 2);
		return true;
	}
	buf_add(&copy, s.text, s.len);
	parsed = cJSON_Parse(buf_str(&copy));
	if (cJSON_IsString(parsed))
		copy_cut(
		    to, size, parsed->valuestring, strlen(parsed->valuestring));
	cJSON_Delete(parsed);
	return parsed != NULL;
}

/* A whole number of at most 12 digits: sums of them do not overflow. */
static bool
read_number(int64_t *ret, struct json_span s)
{
	int64_t value = 0;
	size_t i;

	if (s.len == 0 || s.len > 12)
		return false;
	for (i = 0; i < s.len; i++) {
		if (s.text[i] < '0' || s.text[i] > '9')
			return false;
		value = value * 10 + (s.text[i] - '0');
	}
	*ret = value;
	return true;
}

static bool
read_cost(double *ret, struct json_span s)
{
	char text[LIMIT_JSON_NUMBER_BYTES + 1], *end;

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	memcpy(text, s.text, s.len);
	text[s.len] = '\0';
	*ret = strtod(text, &end);
	return *end == '\0' && *ret >= 0 && *ret <= MOST_USD;
}

/* The one of a few words that it is, as static text. */
static bool
read_word(const char **ret, struct json_span s, const char *const *words)
{
	if (s.len < 2 || s.text[0] != '"')
		return false;
	for (; *words != NULL; words++) {
		if (strlen(*words) == s.len - 2 &&
		    memcmp(*words, s.text + 1, s.len - 2) == 0)
			*ret = *words;
	}
	return true;
}

static bool
is(const struct json_span *key, const char *name)
{
	return key->len == strlen(name) + 2 &&
	       memcmp(key->text + 1, name, key->len - 2) == 0;
}

#define TEXT(member) read_text((member), sizeof(member), s)

static bool
read_words_of(
    struct request_record *r, const struct json_span *key, struct json_span s)
{
	static const char *const modes[] = {"agent", "model", NULL};
	static const char *const sessions[] = {
	    "new", "resumed", "forked", "replayed", NULL};

	if (is(key, "id"))
		return TEXT(r->id);
	if (is(key, "model"))
		return TEXT(r->model);
	if (is(key, "key"))
		return TEXT(r->key_name);
	if (is(key, "error"))
		return TEXT(r->error);
	if (is(key, "mode"))
		return read_word(&r->mode, s, modes);
	if (is(key, "session"))
		return read_word(&r->session, s, sessions);
	return true;
}

static bool
read_member(struct request_record *r, int64_t *ret_status, int64_t *ret_turns,
    const struct json_span *key, struct json_span s)
{
	if (is(key, "time"))
		return read_time(&r->when_ms, s);
	if (is(key, "status"))
		return read_number(ret_status, s);
	if (is(key, "turns"))
		return read_number(ret_turns, s);
	if (is(key, "prompt_tokens"))
		return read_number(&r->prompt_tokens, s);
	if (is(key, "cached_tokens"))
		return read_number(&r->cached_tokens, s);
	if (is(key, "cache_write_tokens"))
		return read_number(&r->cache_write_tokens, s);
	if (is(key, "completion_tokens"))
		return read_number(&r->completion_tokens, s);
	if (is(key, "cost_usd"))
		return read_cost(&r->cost_usd, s);
	if (is(key, "first_byte_ms"))
		return read_number(&r->first_byte_ms, s);
	if (is(key, "total_ms"))
		return read_number(&r->total_ms, s);
	return read_words_of(r, key, s);
}

bool
ledger_line_read(struct request_record *ret, const char *text, size_t len)
{
	struct json_span value = {text, len};
	struct json_text_error e;
	int64_t status = 0, turns = 0;
	struct json_walk w;

	if (len < sizeof(BEGINNING) - 1 ||
	    memcmp(text, BEGINNING, sizeof(BEGINNING) - 1) != 0 ||
	    !json_text_check(text, len, &e))
		return false;
	/* Not all of it: most is room for texts. */
	*ret->id = *ret->model = *ret->key_name = *ret->error = '\0';
	*ret->method = *ret->path = *ret->client = '\0';
	ret->mode = "";
	ret->session = NULL;
	ret->prompt_tokens = ret->cached_tokens = ret->cache_write_tokens = 0;
	ret->completion_tokens = ret->total_ms = 0;
	ret->first_byte_ms = -1;
	ret->cost_usd = 0;
	json_walk_begin(&w, value);
	while (json_walk_next(&w, &value)) {
		if (!read_member(ret, &status, &turns, &w.key, value))
			return false;
	}
	ret->status = (int)(status % 1000);
	ret->turns = (long)turns;
	return status < 1000;
}

size_t
ledger_line_last(const char *text, size_t len)
{
	size_t n = sizeof(BEGINNING) - 1, at = len < n ? 0 : len - n;

	while (at > 0 && memcmp(text + at, BEGINNING, n) != 0)
		at--;
	return at;
}
