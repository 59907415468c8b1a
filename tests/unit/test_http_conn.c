/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests and responses; their ends: test_http_conn_ends.c,
 * deadlines and bounds: test_http_conn_time.c. */
#include "http_conn.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "conn_bed.h"
#include "suites.h"

#define KINDS 3 /* enum bed_kind, for loops */
#define HOST  "Host: a\r\n"
#define OK_HEAD(connection, framing)                                           \
	"HTTP/1.1 200 OK\r\nConnection: " connection                           \
	"\r\nContent-Type: text/plain\r\n" framing "\r\n"

static void
respond(struct bed *b, const char *body)
{
	http_conn_respond(b->c, 200, "text/plain", NULL, body, strlen(body));
}

static void
assert_path(const struct bed *b, const char *path)
{
	ck_assert_ptr_nonnull(http_conn_head(b->c));
	ck_assert(http_slice_is(http_conn_head(b->c)->path, path));
}

START_TEST(requests_one_after_the_other)
{
	struct bed b;
	int i;

	bed_open(&b, (enum bed_kind)_i);
	bed_expect_nothing(&b);
	for (i = 0; i < 3; i++) {
		bed_send(&b, "POST /x?y HTTP/1.1\r\n" HOST
			     "Content-Length: 5\r\n\r\nhello");
		bed_expect(&b, HTTP_CONN_HEAD);
		assert_path(&b, "/x");
		bed_expect_nothing(&b);
		http_conn_read_body(b.c);
		bed_expect(&b, HTTP_CONN_REQUEST);
		ck_assert_str_eq(buf_str(http_conn_body(b.c)), "hello");
		bed_expect_nothing(&b);
		respond(&b, "world");
		bed_expect_text(
		    &b, OK_HEAD("keep-alive", "Content-Length: 5\r\n") "world");
		bed_expect_nothing(&b);
		ck_assert_ptr_null(http_conn_head(b.c));
	}
	bed_send_end(&b);
	bed_expect(&b, HTTP_CONN_END);
	bed_expect(&b, HTTP_CONN_END);
	bed_close(&b);
}
END_TEST

START_TEST(a_request_without_body_may_be_answered_at_its_head)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "GET /1 HTTP/1.1\r\n" HOST "\r\n");
	bed_expect(&b, HTTP_CONN_HEAD);
	respond(&b, "1");
	/* It stays readable until the next one is asked for. */
	assert_path(&b, "/1");
	bed_expect_text(&b, OK_HEAD("keep-alive", "Content-Length: 1\r\n") "1");
	bed_send(&b, "POST /2 HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
	bed_expect(&b, HTTP_CONN_HEAD);
	respond(&b, "");
	bed_expect_text(&b, OK_HEAD("keep-alive", "Content-Length: 0\r\n"));
	bed_send(&b, "GET /3 HTTP/1.1\r\n" HOST "\r\n");
	bed_expect(&b, HTTP_CONN_HEAD);
	http_conn_respond(b.c, 204, NULL, "Vary: Origin\r\n", "", 0);
	bed_expect_text(&b,
	    "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n"
	    "Vary: Origin\r\n\r\n");
	bed_close(&b);
}
END_TEST

START_TEST(pipelined_requests_wait_their_turn)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b,
	    "GET /1 HTTP/1.1\r\n" HOST "\r\n"
	    "POST /2 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "2\r\nab\r\n1;x\r\nc\r\n0\r\nT: v\r\n\r\n"
	    "\r\nGET /3 HTTP/1.0\r\n\r\n");
	bed_expect(&b, HTTP_CONN_HEAD);
	assert_path(&b, "/1");
	bed_expect_nothing(&b);
	respond(&b, "1");
	bed_expect_request(&b);
	assert_path(&b, "/2");
	ck_assert_str_eq(buf_str(http_conn_body(b.c)), "abc");
	ck_assert_int_eq((int)http_conn_framing(b.c)->kind, HTTP_BODY_CHUNKED);
	bed_expect_nothing(&b);
	respond(&b, "2");
	bed_expect(&b, HTTP_CONN_HEAD);
	assert_path(&b, "/3");
	respond(&b, "3");
	bed_expect_text(
	    &b, OK_HEAD("keep-alive", "Content-Length: 1\r\n") "1" OK_HEAD(
		    "keep-alive", "Content-Length: 1\r\n") "2" OK_HEAD("close",
		    "Content-Length: 1\r\n") "3");
	bed_expect(&b, HTTP_CONN_END);
	bed_close(&b);
}
END_TEST

/* An owner that answers at once and writes down what happens.  True when the
 * connection is over. */
static bool
serve(struct bed *b, struct buf *trace)
{
	const struct http_head *head;
	enum http_conn_event event;

	while ((event = http_conn_next(b->c)) != HTTP_CONN_NOTHING) {
		head = http_conn_head(b->c);
		buf_addf(trace, "%d", (int)event);
		if (event == HTTP_CONN_GONE || event == HTTP_CONN_END)
			return true;
		if (head != NULL)
			buf_addf(
			    trace, " %.*s", (int)head->path.len, head->path.at);
		buf_addf(trace, " %s\n", buf_str(http_conn_body(b->c)));
		if (event == HTTP_CONN_BAD) {
			http_conn_respond(
			    b->c, http_conn_status(b->c), NULL, NULL, "", 0);
		} else if (event == HTTP_CONN_HEAD) {
			http_conn_read_body(b->c);
		} else if (http_slice_is(head->path, "/stream")) {
			http_conn_stream_begin(b->c, 200, "text/plain", NULL);
			http_conn_stream_data(b->c, "ab", 2);
			http_conn_stream_data(b->c, "c", 1);
			http_conn_stream_end(b->c, true);
		} else {
			respond(b, buf_str(http_conn_body(b->c)));
		}
	}
	return false;
}

/* What happens when text comes in pieces of step bytes, and then the end. */
static void
run_pieces(enum bed_kind kind, const char *text, size_t step, struct buf *trace)
{
	size_t len = strlen(text), at, n;
	struct bed b;
	bool over = false;
	int i;

	bed_open(&b, kind);
	for (at = 0; at < len && !over; at += n) {
		n = len - at < step ? len - at : step;
		bed_send_bytes(&b, text + at, n);
		bed_turn(&b, 0);
		over = serve(&b, trace);
		bed_turn(&b, 0); /* a shared pipe is written to by now */
		over = over || serve(&b, trace);
	}
	bed_send_end(&b);
	for (i = 0; i < 200 && !over; i++) {
		bed_turn(&b, 5);
		over = serve(&b, trace);
	}
	ck_assert(over);
	bed_read(&b);
	buf_add(trace, buf_str(&b.got), b.got.len);
	bed_close(&b);
}

static const char *const scripts[] = {
    "GET /1 HTTP/1.1\r\n" HOST "\r\n\r\n"
    "POST /2 HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"
    "POST /stream HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
    "2;a=b\r\nab\r\n3\r\ncde\r\n0\r\nA: b\r\n\r\n"
    "HEAD /stream HTTP/1.1\r\n" HOST "\r\n"
    "OPTIONS * HTTP/1.1\r\n" HOST "\r\n"
    "GET /last HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
    "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n\r\n",
    "POST /1 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nab\n",
    "GET /1 HTTP/1.1\r\n" HOST "\r\nGET  /2 HTTP/1.1\r\n",
};

/* Dates may differ by a second. */
static void
mask_dates(struct buf *b)
{
	char *at = b->mem;

	while (at != NULL && (at = strstr(at, "Date: ")) != NULL)
		memset(at, 'D', strlen("Date: Sun, 06 Nov 1994 08:49:37 GMT"));
}

START_TEST(pieces_make_no_difference)
{
	static const size_t steps[] = {1, 2, 3, 5, 7, 13};
	struct buf whole = BUF_INIT(100000), trace = BUF_INIT(100000);
	const char *text = scripts[_i / 2];
	enum bed_kind kind = _i % 2 == 0 ? BED_UNIX : BED_PIPES;
	size_t i;

	run_pieces(kind, text, strlen(text), &whole);
	mask_dates(&whole);
	ck_assert_ptr_nonnull(strstr(buf_str(&whole), "HTTP/1.1 "));
	for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		buf_clear(&trace);
		run_pieces(kind, text, steps[i], &trace);
		mask_dates(&trace);
		ck_assert_str_eq(buf_str(&trace), buf_str(&whole));
	}
	buf_free(&trace);
	buf_free(&whole);
}
END_TEST

START_TEST(continue_is_sent_when_the_body_is_wanted)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n"
		     "Expect: 100-continue\r\n\r\n");
	bed_expect(&b, HTTP_CONN_HEAD);
	bed_expect_nothing(&b);
	bed_read(&b);
	ck_assert_uint_eq(b.got.len, 0);
	http_conn_read_body(b.c);
	bed_expect_text(&b, "HTTP/1.1 100 Continue\r\n\r\n");
	bed_expect_nothing(&b);
	bed_send(&b, "ab");
	bed_expect(&b, HTTP_CONN_REQUEST);
	respond(&b, "c");
	bed_expect_text(&b, OK_HEAD("keep-alive", "Content-Length: 1\r\n") "c");
	bed_close(&b);
}
END_TEST

#define EXPECT "Expect: 100-continue\r\n\r\n"
#define CLOSE  "Connection: close\r\n"

static const char *const no_continue[] = {
    /* some of the body is there; there is none; HTTP/1.0 has none */
    ("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n" CLOSE EXPECT "a"),
    ("POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" CLOSE EXPECT),
    ("GET / HTTP/1.1\r\n" HOST CLOSE EXPECT),
    ("POST / HTTP/1.0\r\nContent-Length: 1\r\n" EXPECT),
};

START_TEST(continue_is_not_sent_in_vain)
{
	struct bed b;

	bed_open(&b, BED_TCP);
	bed_send(&b, no_continue[_i]);
	bed_expect(&b, HTTP_CONN_HEAD);
	http_conn_read_body(b.c);
	if (_i == 3) {
		bed_expect_nothing(&b);
		bed_send(&b, "a");
	}
	bed_expect(&b, HTTP_CONN_REQUEST);
	respond(&b, "x");
	bed_expect_text(&b, OK_HEAD("close", "Content-Length: 1\r\n") "x");
	bed_close(&b);
}
END_TEST

START_TEST(a_final_answer_replaces_continue)
{
	struct bed b;

	bed_open(&b, BED_TCP);
	bed_send(&b, "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n"
		     "Expect: 100-continue\r\n\r\n");
	bed_expect(&b, HTTP_CONN_HEAD);
	http_conn_respond(b.c, 401, NULL, NULL, "", 0);
	bed_expect_text(&b, "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n"
			    "Content-Length: 0\r\n\r\n");
	bed_expect_end(&b);
	bed_close(&b);
}
END_TEST

START_TEST(head_gets_the_head_of_get)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "HEAD / HTTP/1.1\r\n" HOST "\r\n");
	bed_expect_request(&b);
	respond(&b, "12345");
	bed_expect_text(&b, OK_HEAD("keep-alive", "Content-Length: 5\r\n"));
	bed_send(&b, "HEAD / HTTP/1.1\r\n" HOST "\r\n");
	bed_expect_request(&b);
	http_conn_stream_begin(b.c, 200, "text/plain", NULL);
	http_conn_stream_data(b.c, "abc", 3);
	http_conn_stream_end(b.c, true);
	bed_expect_text(
	    &b, OK_HEAD("keep-alive", "Transfer-Encoding: chunked\r\n"));
	bed_expect_nothing(&b);
	bed_close(&b);
}
END_TEST

START_TEST(http_1_0_closes_unless_asked)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
	bed_expect_request(&b);
	respond(&b, "1");
	bed_expect_text(&b, OK_HEAD("keep-alive", "Content-Length: 1\r\n") "1");
	bed_send(&b, "GET / HTTP/1.0\r\n\r\n");
	bed_expect_request(&b);
	respond(&b, "2");
	bed_expect_text(&b, OK_HEAD("close", "Content-Length: 1\r\n") "2");
	bed_expect(&b, HTTP_CONN_END);
	bed_server_exits(&b);
	bed_expect_end(&b);
	bed_close(&b);
}
END_TEST

START_TEST(streams_to_http_1_0_end_with_the_connection)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	bed_expect_request(&b);
	http_conn_stream_begin(b.c, 200, "text/plain", NULL);
	http_conn_stream_data(b.c, "abc", 3);
	http_conn_stream_data(b.c, "", 0);
	http_conn_stream_data(b.c, "d", 1);
	http_conn_stream_end(b.c, true);
	bed_expect_text(&b, OK_HEAD("close", "") "abcd");
	if (_i != BED_PIPES)
		bed_expect_end(&b);
	bed_close(&b);
}
END_TEST

/* The client gets nothing, although the loop turns. */
static void
expect_silence(struct bed *b)
{
	size_t before = b->got.len;

	bed_expect_nothing(b);
	bed_read(b);
	ck_assert_uint_eq(b->got.len, before);
}

START_TEST(what_is_held_is_written_at_once)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "GET / HTTP/1.1\r\n" HOST "\r\n");
	bed_expect_request(&b);
	http_conn_hold(b.c);
	http_conn_stream_begin(b.c, 200, "text/plain", NULL);
	http_conn_stream_data(b.c, "abc", 3);
	http_conn_stream_data(b.c, "0123456789abcdef", 16);
	bed_read(&b);
	ck_assert_uint_eq(b.got.len, 0);
	http_conn_unhold(b.c);
	bed_expect_text(&b,
	    OK_HEAD("keep-alive",
		"Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n10\r\n012345"
						  "6789abcdef\r\n");
	http_conn_hold(b.c);
	http_conn_stream_data(b.c, "d", 1);
	http_conn_stream_end(b.c, true);
	expect_silence(&b);
	http_conn_unhold(b.c);
	bed_expect_text(&b, "1\r\nd\r\n0\r\n\r\n");
	bed_close(&b);
}
END_TEST

START_TEST(a_response_is_held_as_well)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "GET / HTTP/1.1\r\n" HOST "\r\n");
	bed_expect_request(&b);
	http_conn_hold(b.c);
	http_conn_respond(b.c, 200, "text/plain", NULL, "abc", 3);
	expect_silence(&b);
	http_conn_unhold(b.c);
	bed_expect_text(
	    &b, OK_HEAD("keep-alive", "Content-Length: 3\r\n") "abc");
	bed_close(&b);
}
END_TEST

START_TEST(streams_are_chunked)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "GET / HTTP/1.1\r\n" HOST "\r\n");
	bed_expect_request(&b);
	http_conn_stream_begin(b.c, 200, "text/plain", "X: y\r\n");
	bed_expect_text(&b,
	    OK_HEAD("keep-alive", "Transfer-Encoding: chunked\r\nX: y\r\n"));
	http_conn_stream_data(b.c, "abc", 3);
	bed_expect_text(&b, "3\r\nabc\r\n");
	http_conn_stream_data(b.c, "", 0);
	bed_expect_nothing(&b);
	http_conn_stream_data(b.c, "0123456789abcdef", 16);
	bed_expect_text(&b, "10\r\n0123456789abcdef\r\n");
	http_conn_stream_end(b.c, true);
	bed_expect_text(&b, "0\r\n\r\n");
	bed_send(&b, "GET / HTTP/1.1\r\n" HOST "\r\n");
	bed_expect_request(&b);
	bed_close(&b);
}
END_TEST

START_TEST(a_broken_stream_shows)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "GET / HTTP/1.1\r\n" HOST "\r\n");
	bed_expect_request(&b);
	http_conn_stream_begin(b.c, 200, "text/plain", NULL);
	http_conn_stream_data(b.c, "abc", 3);
	http_conn_stream_end(b.c, false);
	bed_expect_text(
	    &b, OK_HEAD("keep-alive",
		    "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n");
	if (_i == BED_PIPES) {
		bed_expect(&b, HTTP_CONN_END);
		bed_server_exits(&b);
	}
	bed_expect_end(&b);
	bed_close(&b);
}
END_TEST

START_TEST(a_head_stays_while_its_body_comes)
{
	char *body = malloc(300000);
	struct bed b;

	ck_assert_ptr_nonnull(body);
	memset(body, 'x', 300000);
	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "PUT /a/b HTTP/1.1\r\n" HOST
		     "Content-Length: 300000\r\nX-Last: z\r\n\r\n");
	bed_expect(&b, HTTP_CONN_HEAD);
	http_conn_read_body(b.c);
	bed_send_bytes(&b, body, 300000);
	bed_expect(&b, HTTP_CONN_REQUEST);
	assert_path(&b, "/a/b");
	ck_assert(http_slice_is(
	    http_field(http_conn_head(b.c), "x-last", NULL)->value, "z"));
	ck_assert_uint_eq(http_conn_body(b.c)->len, 300000);
	ck_assert_mem_eq(buf_str(http_conn_body(b.c)), body, 300000);
	free(body);
	bed_close(&b);
}
END_TEST

START_TEST(a_large_answer_goes_out_in_pieces)
{
	size_t len = 3 * 1024 * 1024, head, i;
	char *body = malloc(len);
	struct bed b;

	ck_assert_ptr_nonnull(body);
	for (i = 0; i < len; i++)
		body[i] = (char)('a' + i % 23);
	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "GET / HTTP/1.1\r\n" HOST "\r\n"
		     "GET /2 HTTP/1.1\r\n" HOST "\r\n");
	bed_expect_request(&b);
	http_conn_respond(b.c, 200, NULL, NULL, body, len);
	ck_assert_uint_gt(http_conn_backlog(b.c), 0);
	/* The next request waits until the client has taken the answer. */
	bed_expect_nothing(&b);
	for (i = 0; i < 5000 && http_conn_backlog(b.c) > 0; i++) {
		bed_turn(&b, 5);
		bed_read(&b);
	}
	ck_assert_uint_eq(http_conn_backlog(b.c), 0);
	bed_expect(&b, HTTP_CONN_HEAD);
	assert_path(&b, "/2");
	bed_read(&b);
	ck_assert_uint_gt(b.got.len, len);
	head = b.got.len - len;
	ck_assert_mem_eq(buf_str(&b.got) + head - 4, "\r\n\r\n", 4);
	ck_assert_mem_eq(buf_str(&b.got) + head, body, len);
	free(body);
	bed_close(&b);
}
END_TEST

/* What a slow client has not taken by then goes on. */
START_TEST(what_came_before_is_not_held)
{
	size_t len = 3 * 1024 * 1024, i;
	char *data = calloc(1, len);
	struct bed b;

	ck_assert_ptr_nonnull(data);
	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "GET / HTTP/1.1\r\n" HOST "\r\n");
	bed_expect_request(&b);
	http_conn_stream_begin(b.c, 200, "text/plain", NULL);
	http_conn_stream_data(b.c, data, len);
	ck_assert_uint_gt(http_conn_backlog(b.c), 0);
	http_conn_hold(b.c);
	http_conn_stream_data(b.c, "abc", 3);
	http_conn_stream_end(b.c, true);
	for (i = 0; i < 5000 && http_conn_backlog(b.c) > 13; i++) {
		bed_turn(&b, 5);
		bed_read(&b);
	}
	ck_assert_uint_eq(http_conn_backlog(b.c), 13);
	ck_assert_uint_gt(b.got.len, len);
	expect_silence(&b);
	buf_clear(&b.got);
	http_conn_unhold(b.c);
	bed_expect_text(&b, "3\r\nabc\r\n0\r\n\r\n");
	free(data);
	bed_close(&b);
}
END_TEST

Suite *
suite_http_conn(void)
{
	Suite *suite = suite_create("http_conn");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, requests_one_after_the_other, 0, KINDS);
	tcase_add_loop_test(
	    tc, a_request_without_body_may_be_answered_at_its_head, 0, KINDS);
	tcase_add_loop_test(tc, pipelined_requests_wait_their_turn, 0, KINDS);
	tcase_add_loop_test(tc, pieces_make_no_difference, 0,
	    2 * (int)(sizeof scripts / sizeof scripts[0]));
	tcase_add_loop_test(
	    tc, continue_is_sent_when_the_body_is_wanted, 0, KINDS);
	tcase_add_loop_test(tc, continue_is_not_sent_in_vain, 0, 4);
	tcase_add_test(tc, a_final_answer_replaces_continue);
	tcase_add_loop_test(tc, head_gets_the_head_of_get, 0, KINDS);
	tcase_add_loop_test(tc, http_1_0_closes_unless_asked, 0, KINDS);
	tcase_add_loop_test(
	    tc, streams_to_http_1_0_end_with_the_connection, 0, KINDS);
	tcase_add_loop_test(tc, what_is_held_is_written_at_once, 0, KINDS);
	tcase_add_loop_test(tc, a_response_is_held_as_well, 0, KINDS);
	tcase_add_loop_test(tc, what_came_before_is_not_held, 0, KINDS);
	tcase_add_loop_test(tc, streams_are_chunked, 0, KINDS);
	tcase_add_loop_test(tc, a_broken_stream_shows, 0, KINDS);
	tcase_add_loop_test(tc, a_head_stays_while_its_body_comes, 0, KINDS);
	tcase_add_loop_test(tc, a_large_answer_goes_out_in_pieces, 0, KINDS);
	suite_add_tcase(suite, tc);
	return suite;
}
