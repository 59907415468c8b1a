/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deadlines and bounds of connections. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "conn_bed.h"
#include "fake_clock.h"
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

START_TEST(a_client_that_sends_nothing_is_left)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	fake_clock_skip(LIMIT_HEAD_MS - 1000);
	bed_expect_nothing(&b);
	fake_clock_skip(1000);
	bed_expect(&b, HTTP_CONN_END);
	bed_read(&b);
	ck_assert_uint_eq(b.got.len, 0);
	bed_close(&b);
}
END_TEST

START_TEST(a_head_has_one_running_deadline)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	fake_clock_skip(LIMIT_HEAD_MS - 1000);
	bed_send(&b, "GET / HTTP/1.1\r\n");
	bed_expect_nothing(&b);
	fake_clock_skip(LIMIT_HEAD_MS - 2000);
	bed_send(&b, "A: b\r\n");
	bed_expect_nothing(&b);
	fake_clock_skip(2000);
	bed_expect_bad(&b, 408, "408 Request Timeout");
	bed_close(&b);
}
END_TEST

START_TEST(empty_lines_are_not_a_late_request)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET "\r\n");
	bed_expect_request(&b);
	respond(&b, 200);
	bed_expect_nothing(&b);
	fake_clock_skip(LIMIT_HEAD_MS);
	bed_expect(&b, HTTP_CONN_END);
	bed_close(&b);
}
END_TEST

START_TEST(a_body_has_one_running_deadline)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, POST);
	bed_expect(&b, HTTP_CONN_HEAD);
	fake_clock_skip(LIMIT_BODY_MS); /* the owner's own time */
	bed_expect_nothing(&b);
	http_conn_read_body(b.c);
	fake_clock_skip(LIMIT_BODY_MS - 1000);
	bed_send(&b, "abcd");
	bed_expect_nothing(&b);
	fake_clock_skip(1000);
	bed_expect_bad(&b, 408, "408 Request Timeout");
	bed_close(&b);
}
END_TEST

START_TEST(an_idle_connection_ends)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET);
	bed_expect_request(&b);
	fake_clock_skip(10 * LIMIT_KEEPALIVE_MS); /* an answer may take long */
	bed_expect_nothing(&b);
	respond(&b, 200);
	bed_expect_nothing(&b);
	fake_clock_skip(LIMIT_KEEPALIVE_MS - 1000);
	bed_expect_nothing(&b);
	fake_clock_skip(1000);
	bed_expect(&b, HTTP_CONN_END);
	bed_close(&b);
}
END_TEST

/* Until the client's side can hold no more. */
static void
fill(struct bed *b)
{
	size_t before;

	do {
		before = http_conn_backlog(b->c);
		bed_turn(b, 20);
		ck_assert_int_eq(http_conn_next(b->c), HTTP_CONN_NOTHING);
	} while (http_conn_backlog(b->c) < before);
	ck_assert_uint_gt(before, 0);
}

START_TEST(a_client_that_takes_nothing_is_gone)
{
	char *piece = calloc(1, 3000000);
	struct bed b;
	int i;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET);
	bed_expect_request(&b);
	http_conn_respond(b.c, 200, NULL, NULL, piece, 3000000);
	fill(&b);
	fake_clock_skip(LIMIT_WRITE_STALL_MS - 1000);
	bed_expect_nothing(&b);
	bed_read(&b); /* progress, so the time starts anew */
	fill(&b);
	fake_clock_skip(LIMIT_WRITE_STALL_MS - 1000);
	bed_expect_nothing(&b);
	/* TCP may have moved a little more meanwhile. */
	for (i = 0; i < 5 && http_conn_next(b.c) == HTTP_CONN_NOTHING; i++) {
		fake_clock_skip(i == 0 ? 1000 : LIMIT_WRITE_STALL_MS);
		bed_turn(&b, 5);
	}
	bed_expect(&b, HTTP_CONN_GONE);
	free(piece);
	bed_close(&b);
}
END_TEST

/* Takes a page of a pipe, or whatever a socket gives. */
static size_t
sip(struct bed *b)
{
	char some[4096];
	ssize_t n = read(b->from, some, sizeof(some));

	ck_assert_int_gt(n, 0);
	return (size_t)n;
}

START_TEST(a_client_that_takes_too_little_is_gone)
{
	char *piece = calloc(1, 30000000);
	size_t backlog, sips;
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET);
	bed_expect_request(&b);
	http_conn_respond(b.c, 200, NULL, NULL, piece, 30000000);
	fill(&b);
	backlog = http_conn_backlog(b.c);
	for (sips = 0; sips < 3; sips++) {
		fake_clock_skip(LIMIT_WRITE_STALL_MS / 3);
		(void)sip(&b);
		if (sips < 2)
			bed_expect_nothing(&b);
	}
	bed_expect(&b, HTTP_CONN_GONE);
	if (_i == BED_PIPES) /* where each sip made room at once */
		ck_assert_uint_lt(http_conn_backlog(b.c), backlog);
	free(piece);
	bed_close(&b);
}
END_TEST

START_TEST(output_is_bounded)
{
	size_t len = 8 * 1024 * 1024, i;
	char *piece = calloc(1, len);
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, GET);
	bed_expect_request(&b);
	http_conn_stream_begin(b.c, 200, NULL, NULL);
	for (i = 0; i < LIMIT_OUT_BYTES / len + 1; i++) {
		ck_assert_uint_le(http_conn_backlog(b.c), LIMIT_OUT_BYTES);
		http_conn_stream_data(b.c, piece, len);
	}
	ck_assert_int_eq(http_conn_next(b.c), HTTP_CONN_GONE);
	free(piece);
	bed_close(&b);
}
END_TEST

START_TEST(lingering_is_limited_in_bytes)
{
	char *body = calloc(1, LIMIT_LINGER_BYTES + 1);
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(
	    &b, "POST / HTTP/1.1\r\n" HOST "Content-Length: 9000000\r\n\r\n");
	bed_expect(&b, HTTP_CONN_HEAD);
	respond(&b, 401);
	bed_send_bytes(&b, body, LIMIT_LINGER_BYTES);
	bed_expect_nothing(&b);
	bed_send_bytes(&b, body, 1);
	bed_expect(&b, HTTP_CONN_END);
	free(body);
	bed_close(&b);
}
END_TEST

START_TEST(lingering_is_limited_in_time)
{
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, POST);
	bed_expect(&b, HTTP_CONN_HEAD);
	respond(&b, 401);
	bed_expect_nothing(&b);
	fake_clock_skip(LIMIT_LINGER_MS - 1000);
	bed_expect_nothing(&b);
	bed_send(&b, "a");
	fake_clock_skip(1000);
	bed_expect(&b, HTTP_CONN_END);
	bed_close(&b);
}
END_TEST

/* An owner that is busy with something else asks for no event for a while. */
START_TEST(a_busy_owner_does_not_spin)
{
	char *junk = malloc(300000);
	struct pollset ps;
	struct bed b;
	ssize_t n;
	int i;

	memset(junk, 'x', 300000);
	bed_open(&b, (enum bed_kind)_i);
	n = write(b.to, junk, 300000);
	ck_assert_int_gt(n, LIMIT_HEAD_BYTES);
	fake_clock_skip(LIMIT_HEAD_MS);
	for (i = 0; i < 200; i++)
		bed_turn(&b, 0);
	pollset_reset(&ps);
	http_conn_poll(b.c, &ps);
	ck_assert_int_eq(ps.deadline == CLOCK_NEVER, 1);
	pollset_until(&ps, clock_ms());
	ck_assert_int_eq(pollset_wait(&ps), 0);
	ck_assert_int_eq(pollset_got(&ps, b.in), 0);
	bed_expect(&b, HTTP_CONN_BAD);
	free(junk);
	bed_close(&b);
}
END_TEST

START_TEST(a_deadline_wakes_a_busy_owner_once)
{
	struct pollset ps;
	struct bed b;

	bed_open(&b, (enum bed_kind)_i);
	bed_send(&b, "GET / HT");
	bed_turn(&b, 100);
	pollset_reset(&ps);
	http_conn_poll(b.c, &ps);
	ck_assert(ps.deadline <= clock_ms() + LIMIT_HEAD_MS);
	fake_clock_skip(LIMIT_HEAD_MS);
	bed_turn(&b, 0);
	pollset_reset(&ps);
	http_conn_poll(b.c, &ps);
	ck_assert(ps.deadline == CLOCK_NEVER);
	bed_expect_bad(&b, 408, "408 Request Timeout");
	bed_close(&b);
}
END_TEST

Suite *
suite_http_conn_time(void)
{
	Suite *suite = suite_create("http_conn_time");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_client_that_sends_nothing_is_left, 0, KINDS);
	tcase_add_loop_test(tc, a_head_has_one_running_deadline, 0, KINDS);
	tcase_add_loop_test(tc, empty_lines_are_not_a_late_request, 0, KINDS);
	tcase_add_loop_test(tc, a_body_has_one_running_deadline, 0, KINDS);
	tcase_add_loop_test(tc, an_idle_connection_ends, 0, KINDS);
	tcase_add_loop_test(tc, a_client_that_takes_nothing_is_gone, 0, KINDS);
	/* Not over TCP, where the kernel's buffers grow while one looks. */
	tcase_add_loop_test(
	    tc, a_client_that_takes_too_little_is_gone, BED_UNIX, BED_UNIX + 1);
	tcase_add_loop_test(tc, a_client_that_takes_too_little_is_gone,
	    BED_PIPES, BED_PIPES + 1);
	tcase_add_loop_test(tc, output_is_bounded, 0, KINDS);
	tcase_add_loop_test(tc, a_busy_owner_does_not_spin, 0, SOCKETS);
	tcase_add_loop_test(tc, a_deadline_wakes_a_busy_owner_once, 0, KINDS);
	tcase_add_loop_test(tc, lingering_is_limited_in_bytes, 0, SOCKETS);
	tcase_add_loop_test(tc, lingering_is_limited_in_time, 0, SOCKETS);
	suite_add_tcase(suite, tc);
	return suite;
}
