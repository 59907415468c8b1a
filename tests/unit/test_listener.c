/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

static const struct listeners none;
static struct listeners l, next;
static char err[512], local[PATH_MAX];

static void
set_up(void)
{
	(void)snprintf(local, sizeof local, "unix:%s/s", aid_make_dir());
	memset(err, 'x', sizeof err);
}

static void
tear_down(void)
{
	aid_remove_dir();
}

static void
open_list(struct listeners *to, const struct listeners *old, const char *hosts,
    long port)
{
	ck_assert_msg(
	    listeners_open(to, old, hosts, port, err, sizeof err), "%s", err);
}

static void
assert_refused(
    const struct listeners *old, const char *hosts, long port, const char *why)
{
	int fds = aid_open_fds();

	ck_assert(!listeners_open(&next, old, hosts, port, err, sizeof err));
	ck_assert_msg(strstr(err, why) != NULL, "%s", err);
	ck_assert_uint_eq(next.n, 0);
	ck_assert_int_eq(aid_open_fds(), fds);
}

static long
port_of(int fd)
{
	char url[LISTENER_URL_BYTES];

	listener_url(fd, url, sizeof url);
	return strtol(strrchr(url, ':') + 1, NULL, 10);
}

/* -1 where nobody listens. */
static int
connect_to(long port)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_port = htons((uint16_t)port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (const struct sockaddr *)&in, sizeof in) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static bool
connects(long port)
{
	int fd = connect_to(port);

	if (fd != -1)
		(void)close(fd);
	return fd != -1;
}

static bool
file_exists(void)
{
	struct stat st;

	return lstat(local + strlen("unix:"), &st) == 0;
}

/* A listening socket on 127.0.0.1 as another program would have it. */
static int
foreign(bool shares, long *ret_port)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = shares;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&in, sizeof in), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	*ret_port = port_of(fd);
	return fd;
}

START_TEST(a_connection_is_taken)
{
	char url[LISTENER_URL_BYTES], wanted[64];
	int client, conn;

	open_list(&l, &none, "127.0.0.1", 0);
	ck_assert_uint_eq(l.n, 1);
	ck_assert_int_ne(fcntl(l.all[0].fd, F_GETFD) & FD_CLOEXEC, 0);
	listener_url(l.all[0].fd, url, sizeof url);
	(void)snprintf(wanted, sizeof wanted, "http://127.0.0.1:%ld/v1",
	    port_of(l.all[0].fd));
	ck_assert_str_eq(url, wanted);
	ck_assert_int_eq(listener_accept(l.all[0].fd), -1);
	ck_assert_int_eq(errno, EAGAIN);
	client = connect_to(port_of(l.all[0].fd));
	conn = listener_accept(l.all[0].fd);
	ck_assert_int_ge(conn, 0);
	ck_assert_int_ne(fcntl(conn, F_GETFD) & FD_CLOEXEC, 0);
	/* A handler shares it with others. */
	ck_assert_int_eq(fcntl(conn, F_GETFL) & O_NONBLOCK, 0);
	aid_send_byte(client);
	aid_await_byte(conn);
}
END_TEST

START_TEST(a_list_of_addresses)
{
	char hosts[PATH_MAX + 64], url[LISTENER_URL_BYTES];

	(void)snprintf(hosts, sizeof hosts, " %s,, 127.0.0.1 ,", local);
	open_list(&l, &none, hosts, 0);
	ck_assert_uint_eq(l.n, 2);
	listener_url(l.all[0].fd, url, sizeof url);
	ck_assert_str_eq(url, local);
	ck_assert(file_exists());
	(void)snprintf(hosts, sizeof hosts, "127.0.0.1,%s", local);
	assert_refused(&none, hosts, 0, "it is in use: is ccp running");
	listeners_close(&l, NULL);
	ck_assert_uint_eq(l.n, 0);
	ck_assert(!file_exists());
	/* The same again is no second socket. */
	open_list(&l, &none, "127.0.0.1", 0);
	open_list(&next, &l, "127.0.0.1,127.0.0.1", port_of(l.all[0].fd));
	ck_assert_uint_eq(next.n, 1);
}
END_TEST

START_TEST(ipv6_with_and_without_brackets)
{
	struct sockaddr_in6 in6 = {
	    .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	char url[LISTENER_URL_BYTES];
	int fd = socket(AF_INET6, SOCK_STREAM, 0), i, tries = 0;

	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)&in6, sizeof in6) == -1)
		return; /* no IPv6 here */
	for (i = 0; i < 2; i++) {
		/* It is IPv6 alone: the port is free for IPv4, where nobody else
		 * on this machine has that one. */
		do {
			listeners_close(&l, NULL);
			open_list(&l, &none, i == 0 ? "::1" : "[::1]", 0);
			ck_assert_uint_eq(l.n, 1);
			listener_url(l.all[0].fd, url, sizeof url);
			ck_assert_int_eq(strncmp(url, "http://[::1]:", 13), 0);
			ck_assert_int_lt(tries++, 20);
		} while (!listeners_open(&next, &l, "[::1],127.0.0.1",
		    atol(url + 13), err, sizeof err));
		ck_assert_uint_eq(next.n, 2);
		ck_assert_int_eq(next.all[0].fd, l.all[0].fd);
		listeners_close(&next, NULL);
	}
}
END_TEST

START_TEST(what_cannot_be_opened)
{
	char many[16 * (LISTENER_MAX + 1)] = "";
	/* Longer than a label can be, so no server is asked for it. */
	static const char label[] =
	    "127.0.0.1,a-label-of-more-than-sixty-three-bytes-that-"
	    "cannot-be-the-name-of-a-host";
	char name[400];
	size_t i;

	assert_refused(&none, "", 0, "no address in it");
	assert_refused(&none, " , ", 0, "no address in it");
	assert_refused(&none, "127.0.0.1,unix:x", 0, "unix:x must be an");
	assert_refused(&none, label, 0, "HOST a-label-of");
	assert_refused(&none, "192.0.2.1", 0,
	    "cannot listen on 192.0.2.1 port 0: Cannot assign");
	for (i = 0; i <= LISTENER_MAX; i++)
		memcpy(many + 10 * i, "127.0.0.1,", 11);
	assert_refused(&none, many, 0, "more than 8 addresses");
	many[10 * LISTENER_MAX] = '\0';
	open_list(&l, &none, many, 0);
	ck_assert_uint_eq(l.n, LISTENER_MAX);
	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = '\0';
	assert_refused(&none, name, 0, "too long");
}
END_TEST

START_TEST(a_port_of_somebody_else)
{
	long port;

	(void)foreign(_i == 1, &port);
	assert_refused(
	    &none, "127.0.0.1", port, "is in use: is ccp running already?");
	assert_refused(
	    &none, "0.0.0.0", port, "is in use: is ccp running already?");
	open_list(&l, &none, "127.0.0.1", 0);
	assert_refused(&l, "127.0.0.1", port,
	    "Set PORT to use another one; ccp doctor says who has it");
	ck_assert(connects(port_of(l.all[0].fd)));
}
END_TEST

START_TEST(what_stays_is_taken_over)
{
	char hosts[PATH_MAX + 64];
	long port;
	int fds;

	(void)snprintf(hosts, sizeof hosts, "%s,127.0.0.1", local);
	open_list(&l, &none, hosts, 0);
	port = port_of(l.all[1].fd);
	/* Not the one that is wanted no more ... */
	open_list(&next, &l, "127.0.0.1", port);
	ck_assert_int_eq(next.all[0].fd, l.all[1].fd);
	fds = aid_open_fds();
	listeners_close(&l, &next);
	ck_assert_int_eq(aid_open_fds(), fds - 1);
	ck_assert(!file_exists());
	ck_assert(connects(port));
	/* ... and the local socket keeps its file as long as one has it. */
	open_list(&l, &next, hosts, port);
	listeners_close(&next, &l);
	open_list(&next, &l, local, port);
	ck_assert_int_eq(next.all[0].fd, l.all[0].fd);
	listeners_close(&l, &next);
	ck_assert(file_exists());
	ck_assert(!connects(port));
	listeners_close(&next, NULL);
	ck_assert(!file_exists());
}
END_TEST

START_TEST(a_failure_leaves_the_old_ones)
{
	char hosts[PATH_MAX + 64];
	long port;

	(void)snprintf(hosts, sizeof hosts, "127.0.0.1,%s", local);
	open_list(&l, &none, hosts, 0);
	port = port_of(l.all[0].fd);
	(void)snprintf(hosts, sizeof hosts, "127.0.0.1,%s,unix:x", local);
	assert_refused(&l, hosts, port, "unix:x must");
	ck_assert_uint_eq(l.n, 2);
	ck_assert(connects(port));
	ck_assert(file_exists());
}
END_TEST

static bool
shares(int fd)
{
	int on = -1;
	socklen_t len = sizeof on;

	ck_assert_int_eq(
	    getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, &len), 0);
	return on != 0;
}

/* It can be had again at once after a restart. */
START_TEST(a_port_is_free_again)
{
	int client, conn;
	long port;

	open_list(&l, &none, "127.0.0.1", 0);
	port = port_of(l.all[0].fd);
	client = connect_to(port);
	conn = listener_accept(l.all[0].fd);
	aid_close(&conn); /* first, so that this end lingers */
	aid_close(&client);
	listeners_close(&l, NULL);
	open_list(&l, &none, "127.0.0.1", port);
	ck_assert_int_eq(port_of(l.all[0].fd), port);
}
END_TEST

/* From one address to all of them and back, without a gap. */
START_TEST(every_address_follows_one)
{
	static const char *const hosts[] = {
	    "0.0.0.0", "127.0.0.1", "127.0.0.1,0.0.0.0", "0.0.0.0,127.0.0.1"};
	long port;
	size_t i;

	open_list(&l, &none, "127.0.0.1", 0);
	port = port_of(l.all[0].fd);
	for (i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		open_list(&next, &l, hosts[i], port);
		ck_assert(connects(port));
		listeners_close(&l, &next);
		ck_assert(connects(port));
		ck_assert(!shares(next.all[0].fd));
		l = next;
	}
	/* Nobody else gets in by the same means. */
	assert_refused(&none, "127.0.0.1", port, "is in use");
}
END_TEST

START_TEST(sockets_that_are_handed_over)
{
	int fds[2], udp = socket(AF_INET, SOCK_DGRAM, 0);
	long port;

	l.n = 0;
	ck_assert(listeners_take(&l, foreign(false, &port), err, sizeof err));
	ck_assert_uint_eq(l.n, 1);
	ck_assert(connects(port));
	ck_assert_int_ge(listener_accept(l.all[0].fd), 0);
	ck_assert_int_eq(listener_accept(l.all[0].fd), -1);
	aid_pipe(fds);
	ck_assert(!listeners_take(&l, fds[0], err, sizeof err));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert(!listeners_take(&l, fds[0], err, sizeof err));
	ck_assert_ptr_nonnull(strstr(err, "no listening socket"));
	ck_assert(!listeners_take(&l, udp, err, sizeof err));
	ck_assert(!listeners_take(&l, -1, err, sizeof err));
	ck_assert_uint_eq(l.n, 1);
	while (l.n < LISTENER_MAX)
		ck_assert(
		    listeners_take(&l, foreign(false, &port), err, sizeof err));
	ck_assert(!listeners_take(&l, foreign(false, &port), err, sizeof err));
	ck_assert_ptr_nonnull(strstr(err, "more sockets"));
}
END_TEST

START_TEST(urls_of_what_has_none)
{
	char url[LISTENER_URL_BYTES];
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	listener_url(fds[0], url, sizeof url);
	ck_assert_str_eq(url, "unix:(no path)");
	aid_pipe(fds);
	listener_url(fds[0], url, sizeof url);
	ck_assert_str_eq(url, "an unknown address");
	listener_url(-1, url, sizeof url);
	ck_assert_str_eq(url, "an unknown address");
}
END_TEST

Suite *
suite_listener(void)
{
	Suite *s = suite_create("listener");
	TCase *t = tcase_create("listener");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_connection_is_taken);
	tcase_add_test(t, a_list_of_addresses);
	tcase_add_test(t, ipv6_with_and_without_brackets);
	tcase_add_test(t, what_cannot_be_opened);
	tcase_add_loop_test(t, a_port_of_somebody_else, 0, 2);
	tcase_add_test(t, what_stays_is_taken_over);
	tcase_add_test(t, a_failure_leaves_the_old_ones);
	tcase_add_test(t, a_port_is_free_again);
	tcase_add_test(t, every_address_follows_one);
	tcase_add_test(t, sockets_that_are_handed_over);
	tcase_add_test(t, urls_of_what_has_none);
	suite_add_tcase(s, t);
	return s;
}
