/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "exchange.h"

#include <stdio.h>
#include <string.h>

#include "exchange_bed.h"
#include "log.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
get(const char *fields)
{
	char text[8192];

	(void)snprintf(text, sizeof text,
	    "GET /some/path?key=secret HTTP/1.1\nHost: localhost\n%s\n",
	    fields);
	(void)exchange_bed_request(text);
}

START_TEST(a_sane_request_id_is_kept)
{
	static const char *const sane[] = {"abc", "0", "A-Z_a.z:0/9+=@",
	    "00000000-0000-4000-8000-000000000000"};
	char field[512];
	size_t i;

	for (i = 0; i < COUNT(sane); i++) {
		(void)snprintf(
		    field, sizeof field, "X-Request-Id: %s\n", sane[i]);
		get(field);
		ck_assert_str_eq(bed_x.id, sane[i]);
		exchange_empty(&bed_x, 204);
		ck_assert_str_eq(exchange_bed_field("X-Request-Id"), sane[i]);
	}
}
END_TEST

START_TEST(another_one_is_made)
{
	static const char *const odd[] = {"", "X-Request-Id:\n",
	    "X-Request-Id: a b\n", "X-Request-Id: a\"b\n",
	    "X-Request-Id: caf\xC3\xA9\n", "X-Request-Id: <x>\n",
	    "X-Request-Id: a,b\n", "X-Request-Id: a\nX-Request-Id: b\n"};
	char seen[COUNT(odd)][LIMIT_REQUEST_ID_BYTES + 1];
	size_t i, k;

	for (i = 0; i < COUNT(odd); i++) {
		get(odd[i]);
		ck_assert_int_eq(strncmp(bed_x.id, "req_", 4), 0);
		ck_assert_uint_eq(strlen(bed_x.id), 28);
		ck_assert_uint_eq(strspn(bed_x.id + 4, "0123456789abcdef"), 24);
		(void)snprintf(seen[i], sizeof seen[i], "%s", bed_x.id);
		for (k = 0; k < i; k++)
			ck_assert_str_ne(seen[i], seen[k]);
	}
}
END_TEST

START_TEST(an_id_has_a_longest_form)
{
	char field[LIMIT_REQUEST_ID_BYTES + 64];
	int len;

	for (len = LIMIT_REQUEST_ID_BYTES; len < LIMIT_REQUEST_ID_BYTES + 2;
	     len++) {
		(void)snprintf(
		    field, sizeof field, "X-Request-Id: %0*d\n", len, 7);
		get(field);
		ck_assert((strlen(bed_x.id) == LIMIT_REQUEST_ID_BYTES) ==
			  (len == LIMIT_REQUEST_ID_BYTES));
	}
}
END_TEST

/* The query may hold a key. */
START_TEST(the_log_gets_method_and_path)
{
	get("");
	ck_assert_str_eq(bed_x.method, "GET");
	ck_assert_str_eq(bed_x.path, "/some/path");
}
END_TEST

START_TEST(long_names_are_cut)
{
	char text[4096], path[3000];

	memset(path, 'p', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	(void)snprintf(text, sizeof text,
	    "MMMMMMMMMMMMMMMMMMMMMMMM /%s HTTP/1.1\nHost: x\n\n", path);
	(void)exchange_bed_request(text);
	ck_assert_uint_eq(strlen(bed_x.method), sizeof bed_x.method - 1);
	ck_assert_uint_eq(strlen(bed_x.path), sizeof bed_x.path - 1);
}
END_TEST

START_TEST(without_a_head_there_are_dashes)
{
	get("X-Request-Id: mine\n");
	exchange_end(&bed_x);
	exchange_begin(&bed_x, NULL);
	ck_assert_str_eq(bed_x.method, "-");
	ck_assert_str_eq(bed_x.path, "-");
	ck_assert_int_eq(strncmp(bed_x.id, "req_", 4), 0);
	ck_assert_int_eq(bed_x.status, 0);
	ck_assert(!bed_x.finished);
}
END_TEST

START_TEST(errors_on_the_wire)
{
	struct api_error e;

	get("");
	api_error_set(&e, 429, "rate_limit_error", "rate_limit_exceeded",
	    "Slow \"down\"\n.");
	e.retry_after = 17;
	exchange_error(&bed_x, &e);
	ck_assert(bed_x.finished);
	ck_assert_int_eq(bed_x.status, 429);
	ck_assert_str_eq(exchange_bed_answer(),
	    "HTTP/1.1 429 Too Many Requests\nConnection: keep-alive\n"
	    "Content-Type: application/json; charset=utf-8\n"
	    "Content-Length: *\nX-Request-Id: *\nRetry-After: 17\n\n"
	    "{\"error\":{\"message\":\"Slow \\\"down\\\"\\n.\",\"type\":"
	    "\"rate_limit_error\",\"param\":null,\"code\":"
	    "\"rate_limit_exceeded\"}}");
}
END_TEST

START_TEST(json_that_did_not_fit_is_an_error)
{
	struct buf json = BUF_INIT(4);

	get("");
	buf_addstr(&json, "12345");
	exchange_json(&bed_x, 200, &json);
	buf_free(&json);
	ck_assert_int_eq(bed_x.status, 500);
	ck_assert_int_eq(
	    strncmp(exchange_bed_answer(), "HTTP/1.1 500 ", 13), 0);
}
END_TEST

static void
stream(void)
{
	struct buf event = BUF_INIT(100);

	exchange_stream_begin(&bed_x);
	buf_addstr(&event, "the last one");
	exchange_event_begin(&event);
	buf_addstr(&event, "{\"a\":1}");
	exchange_stream_event(&bed_x, &event);
	exchange_stream_comment(&bed_x);
	buf_free(&event);
}

START_TEST(streams_on_the_wire)
{
	get("");
	stream();
	ck_assert(!bed_x.finished);
	ck_assert_int_eq(bed_x.status, 200);
	exchange_stream_end(&bed_x, true);
	ck_assert(bed_x.finished);
	ck_assert_str_eq(exchange_bed_answer(),
	    "HTTP/1.1 200 OK\nConnection: keep-alive\n"
	    "Content-Type: text/event-stream; charset=utf-8\n"
	    "Transfer-Encoding: chunked\nX-Request-Id: *\n"
	    "Cache-Control: no-cache\nX-Accel-Buffering: no\n\n"
	    "data: {\"a\":1}\n\n: still working\n\ndata: [DONE]\n\n"
	    "(last chunk)");
	ck_assert(!exchange_bed_ended());
}
END_TEST

START_TEST(an_unclean_end_closes)
{
	get("");
	stream();
	exchange_stream_end(&bed_x, false);
	ck_assert(bed_x.finished);
	ck_assert_ptr_null(strstr(exchange_bed_answer(), "[DONE]"));
	ck_assert_ptr_null(strstr(exchange_bed_answer(), "(last chunk)"));
	ck_assert(exchange_bed_ended());
}
END_TEST

START_TEST(half_an_event_is_not_sent)
{
	struct buf event = BUF_INIT(20);

	log_set_level(LOG_LEVEL_ERROR);
	get("");
	stream();
	exchange_event_begin(&event);
	buf_addstr(&event, "{\"half\":");
	ck_assert(!buf_addstr(&event, "\"of what was to be said\"}"));
	exchange_stream_event(&bed_x, &event);
	exchange_stream_end(&bed_x, true);
	ck_assert_ptr_nonnull(strstr(exchange_bed_answer(), "{\"a\":1}"));
	ck_assert_ptr_null(strstr(exchange_bed_answer(), "half"));
	ck_assert_ptr_null(strstr(exchange_bed_answer(), "[DONE]"));
	ck_assert_int_eq(http_conn_next(bed_x.conn), HTTP_CONN_GONE);
	buf_free(&event);
}
END_TEST

START_TEST(an_answer_without_all_its_fields_is_none)
{
	char value[5000];
	int i;

	get("");
	memset(value, 'v', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	for (i = 0; i < 10; i++)
		exchange_field(&bed_x, "X-Long", "%s", value);
	exchange_empty(&bed_x, 204);
	/* One that is missing may be what keeps others out. */
	ck_assert_str_eq(exchange_bed_answer(), "");
	ck_assert_int_eq(http_conn_next(bed_x.conn), HTTP_CONN_GONE);
	ck_assert_str_eq(bed_x.record.error, "out_of_memory");
}
END_TEST

Suite *
suite_exchange(void)
{
	Suite *s = suite_create("exchange");
	TCase *t = tcase_create("exchange");

	tcase_add_checked_fixture(t, exchange_bed_open, exchange_bed_close);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_sane_request_id_is_kept);
	tcase_add_test(t, another_one_is_made);
	tcase_add_test(t, an_id_has_a_longest_form);
	tcase_add_test(t, the_log_gets_method_and_path);
	tcase_add_test(t, long_names_are_cut);
	tcase_add_test(t, without_a_head_there_are_dashes);
	tcase_add_test(t, errors_on_the_wire);
	tcase_add_test(t, json_that_did_not_fit_is_an_error);
	tcase_add_test(t, streams_on_the_wire);
	tcase_add_test(t, an_unclean_end_closes);
	tcase_add_test(t, half_an_event_is_not_sent);
	tcase_add_test(t, an_answer_without_all_its_fields_is_none);
	suite_add_tcase(s, t);
	return s;
}
