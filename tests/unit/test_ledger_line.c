/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ledger_line.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/limits.h"
#include "json_text.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define WHEN         1795382931123 /* 2026-11-22T21:28:51.123Z */

static const struct request_record full = {.when_ms = WHEN,
    .id = "req_1",
    .method = "POST",
    .path = "/v1/chat/completions",
    .status = 429,
    .model = "sonnet",
    .mode = "agent",
    .key_name = "laptop",
    .session = "forked",
    .turns = 3,
    .prompt_tokens = 1200,
    .cached_tokens = 1000,
    .cache_write_tokens = 150,
    .completion_tokens = 34,
    .cost_usd = 0.0123,
    .first_byte_ms = 0,
    .total_ms = 2345,
    .client = "127.0.0.1",
    .error = "rate_limit_exceeded"};

static const char full_line[] =
    "{\"time\":\"2026-11-22T21:28:51.123Z\",\"id\":\"req_1\","
    "\"model\":\"sonnet\",\"mode\":\"agent\",\"key\":\"laptop\","
    "\"session\":\"forked\",\"status\":429,"
    "\"error\":\"rate_limit_exceeded\",\"turns\":3,"
    "\"prompt_tokens\":1200,\"cached_tokens\":1000,"
    "\"cache_write_tokens\":150,\"completion_tokens\":34,"
    "\"cost_usd\":0.0123,\"first_byte_ms\":0,\"total_ms\":2345}\n";

static struct buf line = BUF_INIT(LIMIT_LEDGER_LINE_BYTES);
static struct request_record got;

static void
tear_down(void)
{
	buf_free(&line);
}

static bool
read_text(const char *text)
{
	return ledger_line_read(&got, text, strlen(text));
}

/* A line with that time and more. */
static bool
read_more(const char *time, const char *more)
{
	char text[8192];

	(void)snprintf(text, sizeof(text), "{\"time\":\"%s\"%s}", time, more);
	return read_text(text);
}

static void
assert_same(const struct request_record *a, const struct request_record *b)
{
	ck_assert_int_eq(a->when_ms, b->when_ms);
	ck_assert_str_eq(a->id, b->id);
	ck_assert_int_eq(a->status, b->status);
	ck_assert_str_eq(a->model, b->model);
	ck_assert_str_eq(a->mode, b->mode);
	ck_assert_str_eq(a->key_name, b->key_name);
	ck_assert_pstr_eq(a->session, b->session);
	ck_assert_int_eq(a->turns, b->turns);
	ck_assert_int_eq(a->prompt_tokens, b->prompt_tokens);
	ck_assert_int_eq(a->cached_tokens, b->cached_tokens);
	ck_assert_int_eq(a->cache_write_tokens, b->cache_write_tokens);
	ck_assert_int_eq(a->completion_tokens, b->completion_tokens);
	ck_assert(fabs(a->cost_usd - b->cost_usd) < 1e-9);
	ck_assert_int_eq(a->first_byte_ms, b->first_byte_ms);
	ck_assert_int_eq(a->total_ms, b->total_ms);
	ck_assert_str_eq(a->error, b->error);
}

START_TEST(as_documented)
{
	ck_assert(ledger_line_write(&line, &full));
	ck_assert_str_eq(buf_str(&line), full_line);
	ck_assert(read_text(full_line));
	assert_same(&got, &full);
	ck_assert_str_eq(got.client, "");
	ck_assert_str_eq(got.path, "");
}
END_TEST

START_TEST(empty_ones)
{
	struct request_record r = {.when_ms = 0, .first_byte_ms = -1};

	ck_assert(ledger_line_write(&line, &r));
	ck_assert_ptr_null(strstr(buf_str(&line), "first_byte"));
	ck_assert(read_text(buf_str(&line)));
	r.mode = "";
	r.session = ""; /* is none, and read as none */
	ck_assert_ptr_null(got.session);
	got.session = "";
	assert_same(&got, &r);
}
END_TEST

/* The worst that a record can hold. */
START_TEST(hostile_texts)
{
	struct request_record r = full;
	struct json_text_error e;

	memset(r.id, '\n', sizeof(r.id) - 1);
	memset(r.model, '\001', sizeof(r.model) - 1);
	memset(r.key_name, '"', sizeof(r.key_name) - 1);
	memset(r.error, '\\', sizeof(r.error) - 1);
	ck_assert(ledger_line_write(&line, &r));
	ck_assert_ptr_eq(
	    strchr(buf_str(&line), '\n'), buf_str(&line) + line.len - 1);
	ck_assert(json_text_check(buf_str(&line), line.len, &e));
	ck_assert(read_text(buf_str(&line)));
	assert_same(&got, &r);
	buf_clear(&line);
	(void)snprintf(r.model, sizeof(r.model), "a\xff\xc3\xa4\xed\xa0\x80");
	ck_assert(ledger_line_write(&line, &r));
	ck_assert(read_text(buf_str(&line)));
	ck_assert_str_eq(got.model, "a?\xc3\xa4???");
}
END_TEST

START_TEST(hostile_numbers)
{
	struct request_record r = full;

	r.cost_usd = NAN;
	r.prompt_tokens = INT64_MIN;
	r.turns = -1;
	ck_assert(ledger_line_write(&line, &r));
	ck_assert(read_text(buf_str(&line)));
	ck_assert(got.cost_usd == 0);
	ck_assert_int_eq(got.prompt_tokens, 0);
	ck_assert_int_eq(got.turns, 0);
	r.cost_usd = INFINITY;
	buf_clear(&line);
	ck_assert(ledger_line_write(&line, &r));
	ck_assert(read_text(buf_str(&line)));
	ck_assert(got.cost_usd == 0);
}
END_TEST

START_TEST(times)
{
	static const struct {
		const char *text;
		int64_t when_ms; /* -1: none */
	} rows[] = {
	    {"1970-01-01T00:00:00.000Z", 0},
	    {"1999-12-31T23:59:59.999Z", 946684799999},
	    {"2000-02-29T00:00:00.000Z", 951782400000},
	    {"2000-03-01T00:00:00.000Z", 951868800000},
	    {"2100-03-01T00:00:00.000Z", 4107542400000},
	    {"9999-12-31T23:59:59.999Z", 253402300799999},
	    {"1969-12-31T23:59:59.999Z", -1},
	    {"2026-13-01T00:00:00.000Z", -1},
	    {"2026-00-01T00:00:00.000Z", -1},
	    {"2026-01-00T00:00:00.000Z", -1},
	    {"2026-01-32T00:00:00.000Z", -1},
	    {"2026-01-01T00:00:00.00Z", -1},
	    {"2026-01-01 00:00:00.000Z", -1},
	    {"2026-01-01T00:00:00.000+", -1},
	    {"", -1},
	};
	struct request_record r = full;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		ck_assert_msg(
		    read_more(rows[i].text, "") == (rows[i].when_ms >= 0), "%s",
		    rows[i].text);
		if (rows[i].when_ms < 0)
			continue;
		ck_assert_int_eq(got.when_ms, rows[i].when_ms);
		r.when_ms = rows[i].when_ms;
		buf_clear(&line);
		ck_assert(ledger_line_write(&line, &r));
		ck_assert_ptr_nonnull(strstr(buf_str(&line), rows[i].text));
	}
	buf_clear(&line);
	r.when_ms = -1;
	ck_assert(!ledger_line_write(&line, &r));
	r.when_ms = 253402300800000;
	ck_assert(!ledger_line_write(&line, &r));
	r.when_ms = INT64_MAX;
	ck_assert(!ledger_line_write(&line, &r));
	ck_assert_uint_eq(line.len, 0);
}
END_TEST

START_TEST(months)
{
	char month[LEDGER_MONTH_BYTES];

	ck_assert(ledger_month(month, WHEN));
	ck_assert_str_eq(month, "2026-11");
	ck_assert(ledger_month(month, 951868799999));
	ck_assert_str_eq(month, "2000-02");
	ck_assert(ledger_month(month, 951868800000));
	ck_assert_str_eq(month, "2000-03");
	ck_assert(!ledger_month(month, -1));
}
END_TEST

#define TIME "2026-11-22T21:28:51.123Z"

START_TEST(what_is_not_there_or_not_known)
{
	ck_assert(read_more(TIME, ""));
	ck_assert_int_eq(got.status, 0);
	ck_assert_int_eq(got.first_byte_ms, -1);
	ck_assert_str_eq(got.model, "");
	ck_assert_str_eq(got.mode, "");
	ck_assert_ptr_null(got.session);
	ck_assert(
	    read_more(TIME, ", \"new\": [{\"status\": 7}], \"status\" : 200 ,"
			    "\"mode\":\"other\",\"model\":\"\\u00e4\\\"\""));
	ck_assert_int_eq(got.status, 200);
	ck_assert_str_eq(got.mode, "");
	ck_assert_str_eq(got.model, "\xc3\xa4\"");
}
END_TEST

START_TEST(too_long_texts_are_cut)
{
	char more[1024] = ",\"key\":\"";
	size_t i, n = strlen(more);

	for (i = 0; i < 100; i++, n += 2)
		memcpy(more + n, "\xc3\xa4", 2);
	memcpy(more + n, "\"", 2);
	ck_assert(read_more(TIME, more));
	ck_assert_uint_eq(strlen(got.key_name), 62);
	ck_assert_int_eq(strncmp(got.key_name, more + 8, 62), 0);
}
END_TEST

START_TEST(damaged)
{
	static const char *const more[] = {
	    ",",
	    ",\"status\":1000",
	    ",\"status\":-1",
	    ",\"status\":2e2",
	    ",\"status\":\"200\"",
	    ",\"prompt_tokens\":1234567890123",
	    ",\"prompt_tokens\":null",
	    ",\"cost_usd\":-0.5",
	    ",\"cost_usd\":1e99",
	    ",\"cost_usd\":\"1\"",
	    ",\"model\":1",
	    ",\"model\":\"\\ud800\"",
	    ",\"model\":\"\xff\"",
	    ",\"model\":\"\x01\"",
	    ",\"mode\":true",
	    ",\"session\":null",
	    ",\"time\":5",
	};
	size_t i;

	for (i = 0; i < COUNT(more); i++)
		ck_assert_msg(!read_more(TIME, more[i]), "%s", more[i]);
	ck_assert(!read_text(""));
	ck_assert(!read_text("{}"));
	ck_assert(!read_text("[1]"));
	/* The time comes first. */
	ck_assert(!read_text("{\"status\":1,\"time\":\"" TIME "\"}"));
	for (i = 0; i < sizeof(full_line) - 2; i++)
		ck_assert(!ledger_line_read(&got, full_line, i));
}
END_TEST

/* Half a line and a whole one behind it: wherever the first was cut. */
START_TEST(behind_half_a_line)
{
	char text[2 * sizeof(full_line)];
	size_t i, len = sizeof(full_line) - 1;

	ck_assert_uint_eq(ledger_line_last(full_line, len), 0);
	ck_assert_uint_eq(ledger_line_last("", 0), 0);
	ck_assert_uint_eq(ledger_line_last("{\"time\":\"", 9), 0);
	for (i = 1; i < len; i++) {
		memcpy(text, full_line, i);
		memcpy(text + i, full_line, len);
		ck_assert(!ledger_line_read(&got, text, i + len));
		ck_assert_uint_eq(ledger_line_last(text, i + len), i);
	}
}
END_TEST

/* What a text holds does not look like the beginning of a record. */
START_TEST(no_record_in_a_text)
{
	struct request_record r = full;

	(void)snprintf(r.model, sizeof(r.model), "%s",
	    "{\"time\":\"" TIME "\",\"status\":200}");
	ck_assert(ledger_line_write(&line, &r));
	ck_assert_uint_eq(ledger_line_last(buf_str(&line), line.len), 0);
}
END_TEST

Suite *
suite_ledger_line(void)
{
	Suite *s = suite_create("ledger_line");
	TCase *tc = tcase_create("ledger_line");

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_test(tc, as_documented);
	tcase_add_test(tc, empty_ones);
	tcase_add_test(tc, hostile_texts);
	tcase_add_test(tc, hostile_numbers);
	tcase_add_test(tc, times);
	tcase_add_test(tc, months);
	tcase_add_test(tc, what_is_not_there_or_not_known);
	tcase_add_test(tc, too_long_texts_are_cut);
	tcase_add_test(tc, damaged);
	tcase_add_test(tc, behind_half_a_line);
	tcase_add_test(tc, no_record_in_a_text);
	suite_add_tcase(s, tc);
	return s;
}
