/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

static struct listeners l;
static char err[256];

static void
tear_down(void)
{
	listeners_close(&l);
}

static long
port_of(int fd)
{
	struct sockaddr_in here = {0};
	socklen_t len = sizeof here;

	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&here, &len), 0);
	return ntohs(here.sin_port);
}

static int
connect_to(long port)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_port = htons((uint16_t)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

START_TEST(a_connection_is_taken)
{
	int conn, client;

	ck_assert(listeners_open(&l, "127.0.0.1", 0, err, sizeof err));
	ck_assert_uint_eq(l.n, 1);
	ck_assert_int_eq(fcntl(l.fds[0], F_GETFD), FD_CLOEXEC);
	/* Nobody is there: it does not wait. */
	ck_assert_int_eq(listener_accept(l.fds[0]), -1);
	ck_assert_int_eq(errno, EAGAIN);
	client = connect_to(port_of(l.fds[0]));
	conn = listener_accept(l.fds[0]);
	ck_assert_int_ge(conn, 0);
	ck_assert_int_eq(fcntl(conn, F_GETFD), FD_CLOEXEC);
	/* A handler shares it with others. */
	ck_assert_int_eq(fcntl(conn, F_GETFL) & O_NONBLOCK, 0);
	aid_send_byte(client);
	aid_await_byte(conn);
}
END_TEST

START_TEST(urls)
{
	char url[64], wanted[64];

	ck_assert(listeners_open(&l, "127.0.0.1", 0, err, sizeof err));
	listener_url(l.fds[0], url, sizeof url);
	(void)snprintf(
	    wanted, sizeof wanted, "http://127.0.0.1:%ld", port_of(l.fds[0]));
	ck_assert_str_eq(url, wanted);
	listener_url(-1, url, sizeof url);
	ck_assert_str_eq(url, "an unknown address");
}
END_TEST

START_TEST(ipv6_urls_have_brackets)
{
	char url[64];

	if (!listeners_open(&l, "::1", 0, err, sizeof err))
		return; /* a machine without IPv6 */
	listener_url(l.fds[0], url, sizeof url);
	ck_assert_int_eq(strncmp(url, "http://[::1]:", 13), 0);
	ck_assert_int_gt(strtol(url + 13, NULL, 10), 0);
}
END_TEST

START_TEST(a_port_in_use_is_told)
{
	struct listeners other;
	char wanted[64];
	int before;

	ck_assert(listeners_open(&l, "127.0.0.1", 0, err, sizeof err));
	before = aid_open_fds();
	ck_assert(!listeners_open(
	    &other, "127.0.0.1", port_of(l.fds[0]), err, sizeof err));
	ck_assert_uint_eq(other.n, 0);
	ck_assert_int_eq(aid_open_fds(), before);
	(void)snprintf(wanted, sizeof wanted, "port %ld of 127.0.0.1 is in use",
	    port_of(l.fds[0]));
	ck_assert_ptr_nonnull(strstr(err, wanted));
}
END_TEST

START_TEST(other_failures_are_told)
{
	/* Longer than a label can be, so no server is asked for it. */
	static const char host[] =
	    "a-label-of-more-than-sixty-three-bytes-that-"
	    "cannot-be-the-name-of-a-host";

	ck_assert(!listeners_open(&l, host, 0, err, sizeof err));
	ck_assert_int_eq(strncmp(err, "HOST a-label-of", 15), 0);
	/* TEST-NET-1: nobody has this address. */
	ck_assert(!listeners_open(&l, "192.0.2.1", 0, err, sizeof err));
	ck_assert_ptr_nonnull(strstr(err, "cannot listen on 192.0.2.1"));
	ck_assert_uint_eq(l.n, 0);
}
END_TEST

/* It can be had again at once after a restart. */
START_TEST(a_port_is_free_again)
{
	int client, conn;
	long port;

	ck_assert(listeners_open(&l, "127.0.0.1", 0, err, sizeof err));
	port = port_of(l.fds[0]);
	client = connect_to(port);
	conn = listener_accept(l.fds[0]);
	aid_close(&conn); /* first, so that this end lingers */
	aid_close(&client);
	listeners_close(&l);
	ck_assert_uint_eq(l.n, 0);
	ck_assert_msg(
	    listeners_open(&l, "127.0.0.1", port, err, sizeof err), "%s", err);
	ck_assert_int_eq(port_of(l.fds[0]), port);
}
END_TEST

Suite *
suite_listener(void)
{
	Suite *s = suite_create("listener");
	TCase *t = tcase_create("listener");

	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_connection_is_taken);
	tcase_add_test(t, urls);
	tcase_add_test(t, ipv6_urls_have_brackets);
	tcase_add_test(t, a_port_in_use_is_told);
	tcase_add_test(t, other_failures_are_told);
	tcase_add_test(t, a_port_is_free_again);
	suite_add_tcase(s, t);
	return s;
}
