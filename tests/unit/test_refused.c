/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "refused.h"

#include <sys/socket.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "aid.h"
#include "clock.h"
#include "fake_clock.h"
#include "log.h"
#include "suites.h"

static struct refused r;

static void
tear_down(void)
{
	refused_close(&r);
}

static void
add(int conn)
{
	struct api_error e;

	api_error_set(&e, 503, "server_error", "full", "There is no room.");
	log_set_level(LOG_LEVEL_ERROR);
	refused_add(&r, conn, &e);
}

/* A client's end of a connection that is refused. */
static int
refuse(const char *sent)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	if (sent != NULL)
		ck_assert_int_eq(
		    write(fds[0], sent, strlen(sent)), (ssize_t)strlen(sent));
	add(fds[1]);
	return fds[0];
}

static void
step(void)
{
	struct pollset ps;

	pollset_reset(&ps);
	refused_poll(&r, &ps);
	pollset_until(&ps, clock_ms());
	ck_assert_int_eq(pollset_wait(&ps), 0);
	refused_step(&r, &ps);
}

START_TEST(the_answer_is_a_503)
{
	static const char json[] =
	    "{\"error\":{\"message\":\"There is no room.\",\"type\":"
	    "\"server_error\",\"param\":null,\"code\":\"full\"}}";
	int client = refuse("GET / HTTP/1.1\r\n\r\n");
	const char *text = aid_read_all(client), *body;
	char length[64];

	ck_assert_int_eq(
	    strncmp(text, "HTTP/1.1 503 Service Unavailable\r\n", 34), 0);
	ck_assert_ptr_nonnull(strstr(text, "\r\nConnection: close\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "\r\nRetry-After: 1\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "\r\nX-Request-Id: req_"));
	(void)snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n",
	    sizeof json - 1);
	ck_assert_ptr_nonnull(strstr(text, length));
	body = strstr(text, "\r\n\r\n");
	ck_assert_ptr_nonnull(body);
	ck_assert_str_eq(body + 4, json);
}
END_TEST

/* Closed at once it would be reset, and the answer lost. */
START_TEST(it_stays_until_the_client_closes)
{
	int client = refuse("some bytes"), other = refuse(NULL);

	step();
	step();
	ck_assert_uint_eq(r.n, 2);
	ck_assert_int_eq(write(client, "more", 4), 4);
	step();
	ck_assert_uint_eq(r.n, 2);
	aid_close(&client);
	step();
	ck_assert_uint_eq(r.n, 1);
	aid_close(&other);
	step();
	ck_assert_uint_eq(r.n, 0);
}
END_TEST

START_TEST(but_not_for_ever)
{
	struct pollset ps;
	int first = refuse(NULL), second;

	fake_clock_skip(1000);
	second = refuse(NULL);
	pollset_reset(&ps);
	refused_poll(&r, &ps);
	ck_assert_int_le(ps.deadline, clock_ms() + LIMIT_LINGER_MS - 1000);
	fake_clock_skip(LIMIT_LINGER_MS - 1000);
	step();
	ck_assert_uint_eq(r.n, 1);
	(void)aid_read_all(first);
	fake_clock_skip(1000);
	step();
	ck_assert_uint_eq(r.n, 0);
	(void)aid_read_all(second);
	pollset_reset(&ps);
	refused_poll(&r, &ps);
	ck_assert_uint_eq(ps.n, 0);
	ck_assert_int_eq(ps.deadline, CLOCK_NEVER);
}
END_TEST

START_TEST(the_oldest_goes_first)
{
	int clients[REFUSED_MAX + 2], i, before = aid_open_fds();

	for (i = 0; i < REFUSED_MAX + 2; i++)
		clients[i] = refuse(NULL);
	ck_assert_uint_eq(r.n, REFUSED_MAX);
	ck_assert_int_eq(aid_open_fds(), before + 2 * (REFUSED_MAX + 2) - 2);
	step();
	ck_assert_uint_eq(r.n, REFUSED_MAX);
	/* One of the middle leaves; the others stay in order. */
	aid_close(&clients[7]);
	step();
	ck_assert_uint_eq(r.n, REFUSED_MAX - 1);
	aid_close(&clients[REFUSED_MAX + 1]);
	step();
	ck_assert_uint_eq(r.n, REFUSED_MAX - 2);
}
END_TEST

START_TEST(a_client_that_is_gone_already)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	aid_close(&fds[0]);
	add(fds[1]); /* and no SIGPIPE */
	step();
	ck_assert_uint_eq(r.n, 0);
}
END_TEST

Suite *
suite_refused(void)
{
	Suite *s = suite_create("refused");
	TCase *t = tcase_create("refused");

	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, the_answer_is_a_503);
	tcase_add_test(t, it_stays_until_the_client_closes);
	tcase_add_test(t, but_not_for_ever);
	tcase_add_test(t, the_oldest_goes_first);
	tcase_add_test(t, a_client_that_is_gone_already);
	suite_add_tcase(s, t);
	return s;
}
