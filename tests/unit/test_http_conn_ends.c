/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How connections end, and refusals, which end them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "conn_bed.h"
#include "http_conn.h"
#include "limits.h"
#include "suites.h"

#define KINDS   3 /* enum bed_kind, for loops */
#define SOCKETS 2
#define HOST    "Host: a\r\n"
#define GET     "GET / HTTP/1.1\r\n" HOST "\r\n"
#define POST    "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n"

static void
respond(struct bed *b, int status)
{
	http_conn_respond(b->c, status, NULL, NULL, "", 0);
}

struct bad {
	const char *text;
	int status;
	const char *line;
	bool head; /* it was read */
};

static const struct bad bads[] = {
    {"GET  / HTTP/1.1\r\n", 400, "400 Bad Request", false},
    {"\x16\x03\x01", 400, "400 Bad Request", false},
    {"GET / HTTP/2.0\r\n", 505, "505 HTTP Version Not Supported", false},
    {"GET / HTTP/1.1\r\n\r\n", 400, "400 Bad Request", true},
    {"GET / HTTP/1.1\r\n" HOST "Expect: x\r\n\r\n", 417,
	"417 Expectation Failed", true},
    {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: a, chunked\r\n\r\n", 501,
	"501 Not Implemented", true},
    {"GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n"
     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
	400, "400 Bad Request", true},
};

START_TEST(bad_requests_are_answered_and_are_the_last)
{
	const struct bad *bad = &bads[_i / KINDS];
	struct bed b;

	bed_open(&b, (enum bed_kind)(_i % KINDS));
	bed_send(&b, bad->text);
	bed_expect(&b, HTTP_CONN_BAD);
	bed_expect_nothing(&b);
	ck_assert_int_eq(http_conn_status(b.c), bad->status);
	ck_assert_int_eq(http_conn_head(b.c) != NULL, bad->head);
	respond(&b, bad->status);
	bed_expect_last(&b, bad->line);
	bed_close(&b);
}
END_TEST

START_TEST(a_malformed_body_is_bad)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "POST / HTTP/1.1\r\n" HOST
		     "Transfer-Encoding: chunked\r\n\r\nx\r\n");
	bed_expect(&b, HTTP_CONN_HEAD);
	http_conn_read_body(b.c);
	bed_expect_bad(&b, 400, "400 Bad Request");
	bed_close(&b);
}
END_TEST

START_TEST(a_body_over_the_limit_is_refused_before_it_comes)
{
	struct buf text = BUF_INIT(1000);
	struct bed b;

	buf_addf(&text,
	    "POST / HTTP/1.1\r\n" HOST
	    "Expect: 100-continue\r\nContent-Length: %u\r\n\r\n",
	    LIMIT_BODY_BYTES + 1);
	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, buf_str(&text));
	bed_expect(&b, HTTP_CONN_HEAD);
	http_conn_read_body(b.c);
	bed_expect_bad(&b, 413, "413 Content Too Large");
	bed_close(&b);
	/* An answer that comes before the event replaces it. */
	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, buf_str(&text));
	bed_expect(&b, HTTP_CONN_HEAD);
	http_conn_read_body(b.c);
	respond(&b, 503);
	ck_assert_int_eq(http_conn_next(b.c), HTTP_CONN_NOTHING);
	bed_expect_last(&b, "503 Service Unavailable");
	buf_free(&text);
	bed_close(&b);
}
END_TEST

/* A client that writes all its body before it reads gets to see why nobody
 * wanted it. */
START_TEST(a_refusal_is_seen_behind_an_unread_body)
{
	char *body = calloc(1, 600000);
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(
	    &b, "POST / HTTP/1.1\r\n" HOST "Content-Length: 600000\r\n\r\n");
	bed_expect(&b, HTTP_CONN_HEAD);
	respond(&b, 401);
	bed_send_bytes(&b, body, 600000);
	bed_expect_last(&b, "401 Unauthorized");
	free(body);
	bed_close(&b);
}
END_TEST

/* The owner was busy and asked for nothing until no more was read. */
START_TEST(a_refusal_with_a_full_input_ends_too)
{
	static char junk[200000];
	struct pollset ps;
	struct bed b;
	int i;

	memset(junk, 'x', sizeof junk);
	bed_open(&b, (enum bed_kind)_i);
	for (i = 0; i < 100; i++) {
		(void)!write(b.to, junk, sizeof junk);
		bed_turn(&b, 1);
	}
	bed_expect(&b, HTTP_CONN_BAD);
	respond(&b, 501);
	/* The owner is not left to wait for ever for nothing. */
	pollset_reset(&ps);
	http_conn_poll(b.c, &ps);
	ck_assert(pollset_has(&ps, b.in));
	ck_assert_int_ne(ps.deadline, CLOCK_NEVER);
	bed_expect_last(&b, "501 Not Implemented");
	bed_close(&b);
}
END_TEST

START_TEST(a_client_that_closes_needs_no_lingering)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	bed_expect_request(&b);
	respond(&b, 200);
	ck_assert_int_eq(http_conn_next(b.c),
	    _i == BED_PIPES ? HTTP_CONN_NOTHING : HTTP_CONN_END);
	bed_expect(&b, HTTP_CONN_END);
	bed_close(&b);
}
END_TEST

START_TEST(a_fin_while_an_answer_is_owed_is_the_end_of_it)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET);
	bed_expect_request(&b);
	bed_expect_nothing(&b);
	bed_send_end(&b);
	bed_expect(&b, HTTP_CONN_GONE);
	bed_expect(&b, HTTP_CONN_GONE);
	respond(&b, 200); /* of no effect */
	bed_expect(&b, HTTP_CONN_GONE);
	ck_assert_uint_eq(http_conn_backlog(b.c), 0);
	bed_close(&b);
}
END_TEST

START_TEST(a_fin_is_seen_behind_pipelined_requests)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET GET GET);
	bed_expect_request(&b);
	bed_send(&b, GET);
	bed_expect_nothing(&b);
	bed_send_end(&b);
	bed_expect(&b, HTTP_CONN_GONE);
	bed_close(&b);
}
END_TEST

START_TEST(a_fin_within_a_stream_is_the_end_of_it)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET);
	bed_expect_request(&b);
	http_conn_stream_begin(b.c, 200, NULL, NULL);
	http_conn_stream_data(b.c, "abc", 3);
	bed_expect_nothing(&b);
	bed_send_end(&b);
	bed_expect(&b, HTTP_CONN_GONE);
	http_conn_stream_data(b.c, "abc", 3);
	http_conn_stream_end(b.c, true);
	bed_expect(&b, HTTP_CONN_GONE);
	bed_close(&b);
}
END_TEST

START_TEST(a_client_that_leaves_is_gone)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET);
	bed_expect_request(&b);
	bed_leave(&b);
	bed_expect(&b, HTTP_CONN_GONE);
	bed_close(&b);
}
END_TEST

START_TEST(a_client_that_leaves_within_a_stream_is_gone)
{
	char *piece = calloc(1, 1000000);
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET);
	bed_expect_request(&b);
	http_conn_stream_begin(b.c, 200, NULL, NULL);
	http_conn_stream_data(b.c, piece, 1000000);
	bed_turn(&b, 0);
	ck_assert_uint_gt(http_conn_backlog(b.c), 0);
	bed_leave(&b);
	bed_expect(&b, HTTP_CONN_GONE);
	free(piece);
	bed_close(&b);
}
END_TEST

/* The FIN is there before the answer, but the owner did not wait between. */
START_TEST(an_answer_at_once_reaches_a_half_closed_client)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET);
	bed_send_end(&b);
	bed_turn(&b, 100);
	ck_assert_int_eq(http_conn_next(b.c), HTTP_CONN_HEAD);
	http_conn_read_body(b.c);
	ck_assert_int_eq(http_conn_next(b.c), HTTP_CONN_REQUEST);
	respond(&b, 200);
	bed_expect_text(&b, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"
			    "Content-Length: 0\r\n\r\n");
	bed_expect(&b, HTTP_CONN_END);
	bed_close(&b);
}
END_TEST

START_TEST(ends_on_sockets)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i); /* nothing at all */
	bed_send_end(&b);
	bed_expect(&b, HTTP_CONN_END);
	bed_close(&b);
	bed_open(&b, (enum bed_kind)_i); /* within a head */
	bed_send(&b, "GET / HT");
	bed_expect_nothing(&b);
	bed_send_end(&b);
	bed_expect(&b, HTTP_CONN_END);
	bed_close(&b);
	bed_open(&b, (enum bed_kind)_i); /* within a body */
	bed_send(&b, POST "ab");
	bed_expect(&b, HTTP_CONN_HEAD);
	http_conn_read_body(b.c);
	bed_expect_nothing(&b);
	bed_send_end(&b);
	bed_expect(&b, HTTP_CONN_GONE);
	bed_close(&b);
	bed_open(&b, (enum bed_kind)_i); /* between requests, by RST */
	bed_send(&b, GET);
	bed_expect_request(&b);
	respond(&b, 200);
	bed_expect_nothing(&b);
	bed_leave(&b);
	bed_expect(&b, HTTP_CONN_END);
	bed_close(&b);
}
END_TEST

START_TEST(the_end_of_a_pipe_only_ends_the_requests)
{
	struct bed b;

	bed_open(&b, BED_PIPES);
	bed_send(&b, GET GET);
	bed_send_end(&b);
	bed_expect_request(&b);
	bed_expect_nothing(&b);
	respond(&b, 200);
	bed_expect_request(&b);
	http_conn_stream_begin(b.c, 200, NULL, NULL);
	bed_expect_nothing(&b);
	http_conn_stream_data(b.c, "a", 1);
	bed_expect_nothing(&b);
	http_conn_stream_end(b.c, true);
	bed_expect_text(&b,
	    "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"
	    "Content-Length: 0\r\n\r\n"
	    "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n");
	bed_expect(&b, HTTP_CONN_END);
	bed_close(&b);
}
END_TEST

START_TEST(a_pipe_that_ends_within_a_request_is_a_bad_one)
{
	struct bed b;

	bed_open(&b, BED_PIPES);
	bed_send(&b, "GET / HT");
	bed_send_end(&b);
	bed_expect_bad(&b, 400, "400 Bad Request");
	bed_close(&b);
	bed_open(&b, BED_PIPES);
	bed_send(&b, POST "ab");
	bed_send_end(&b);
	bed_expect(&b, HTTP_CONN_HEAD);
	http_conn_read_body(b.c);
	bed_expect_bad(&b, 400, "400 Bad Request");
	bed_close(&b);
	bed_open(&b, BED_PIPES);
	bed_send(&b, "\r\n\r\n");
	bed_send_end(&b);
	bed_expect(&b, HTTP_CONN_END);
	bed_close(&b);
}
END_TEST

START_TEST(shutdown_between_requests_is_at_once)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	http_conn_shutdown(b.c);
	ck_assert_int_eq(http_conn_next(b.c), HTTP_CONN_END);
	bed_close(&b);
	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET);
	bed_expect_request(&b);
	respond(&b, 200);
	bed_expect_nothing(&b);
	http_conn_shutdown(b.c);
	ck_assert_int_eq(http_conn_next(b.c), HTTP_CONN_END);
	bed_close(&b);
}
END_TEST

START_TEST(shutdown_within_a_head_answers_nothing)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "GET / HT");
	bed_expect_nothing(&b);
	http_conn_shutdown(b.c);
	if (_i == BED_PIPES) {
		bed_expect(&b, HTTP_CONN_END);
		bed_server_exits(&b);
	}
	bed_expect_end(&b);
	bed_close(&b);
}
END_TEST

START_TEST(shutdown_lets_a_response_finish)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET GET);
	bed_expect_request(&b);
	http_conn_shutdown(b.c);
	bed_expect_nothing(&b);
	respond(&b, 200);
	bed_expect_last(&b, "200 OK");
	bed_close(&b);
}
END_TEST

START_TEST(close_after_a_response)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET);
	bed_expect_request(&b);
	http_conn_close_after(b.c);
	respond(&b, 200);
	bed_expect_last(&b, "200 OK");
	bed_close(&b);
}
END_TEST

START_TEST(close_after_the_head_of_a_stream)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET);
	bed_expect_request(&b);
	http_conn_stream_begin(b.c, 200, NULL, NULL);
	http_conn_close_after(b.c);
	http_conn_stream_end(b.c, true);
	bed_expect_text(&b, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"
			    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	bed_expect_end(&b);
	bed_close(&b);
}
END_TEST

START_TEST(files_serve_too)
{
	char in_name[] = "/tmp/ccp-unit-XXXXXX";
	char out_name[] = "/tmp/ccp-unit-XXXXXX";
	int in = mkstemp(in_name), out = mkstemp(out_name);
	static const char text[] = "GET /1 HTTP/1.1\r\n" HOST "\r\n"
				   "GET /2 HTTP/1.1\r\n" HOST "\r\n";
	char got[1000];
	struct bed b;
	ssize_t n;

	(void)unlink(in_name);
	(void)unlink(out_name);
	ck_assert_int_eq(write(in, text, sizeof text - 1), sizeof text - 1);
	ck_assert_int_eq(lseek(in, 0, SEEK_SET), 0);
	bed_open_fds(&b, in, out);
	bed_expect_request(&b);
	respond(&b, 200);
	bed_expect_request(&b);
	respond(&b, 404);
	bed_expect(&b, HTTP_CONN_END);
	n = pread(out, got, sizeof got - 1, 0);
	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_ptr_nonnull(
	    strstr(got, "\r\n\r\nHTTP/1.1 404 Not Found\r\n"));
	ck_assert_mem_eq(got, "HTTP/1.1 200 OK\r\n", 17);
	bed_close(&b);
}
END_TEST

static void
add_ends(TCase *tc)
{
	tcase_add_loop_test(
	    tc, a_fin_while_an_answer_is_owed_is_the_end_of_it, 0, SOCKETS);
	tcase_add_loop_test(
	    tc, a_fin_is_seen_behind_pipelined_requests, 0, SOCKETS);
	tcase_add_loop_test(
	    tc, a_fin_within_a_stream_is_the_end_of_it, 0, SOCKETS);
	tcase_add_loop_test(tc, a_client_that_leaves_is_gone, 0, KINDS);
	tcase_add_loop_test(
	    tc, a_client_that_leaves_within_a_stream_is_gone, 0, KINDS);
	tcase_add_loop_test(
	    tc, an_answer_at_once_reaches_a_half_closed_client, 0, SOCKETS);
	tcase_add_loop_test(tc, ends_on_sockets, 0, SOCKETS);
	tcase_add_test(tc, files_serve_too);
	tcase_add_test(tc, the_end_of_a_pipe_only_ends_the_requests);
	tcase_add_test(tc, a_pipe_that_ends_within_a_request_is_a_bad_one);
	tcase_add_loop_test(tc, shutdown_between_requests_is_at_once, 0, KINDS);
	tcase_add_loop_test(
	    tc, shutdown_within_a_head_answers_nothing, 0, KINDS);
	tcase_add_loop_test(tc, shutdown_lets_a_response_finish, 0, KINDS);
	tcase_add_loop_test(tc, close_after_a_response, 0, KINDS);
	tcase_add_loop_test(tc, close_after_the_head_of_a_stream, 0, SOCKETS);
}

static void
add_refusals(TCase *tc)
{
	tcase_add_loop_test(tc, bad_requests_are_answered_and_are_the_last, 0,
	    KINDS * (int)(sizeof bads / sizeof bads[0]));
	tcase_add_loop_test(tc, a_malformed_body_is_bad, 0, KINDS);
	tcase_add_loop_test(
	    tc, a_body_over_the_limit_is_refused_before_it_comes, 0, KINDS);
	tcase_add_loop_test(
	    tc, a_refusal_is_seen_behind_an_unread_body, 0, SOCKETS);
	tcase_add_loop_test(
	    tc, a_refusal_with_a_full_input_ends_too, 0, SOCKETS);
	tcase_add_loop_test(
	    tc, a_client_that_closes_needs_no_lingering, 0, KINDS);
}

Suite *
suite_http_conn_ends(void)
{
	Suite *suite = suite_create("http_conn_ends");
	TCase *ends = tcase_create("ends");
	TCase *refusals = tcase_create("refusals");

	add_ends(ends);
	add_refusals(refusals);
	tcase_set_timeout(refusals, 60);
	suite_add_tcase(suite, ends);
	suite_add_tcase(suite, refusals);
	return suite;
}
