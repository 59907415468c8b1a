/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "warm_wire.h"

#include <sys/socket.h>

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "local_socket.h"
#include "suites.h"
#include "version.h"

#include "banned.h"

#define ID    "0123456789abcdef"
#define TOKEN "00112233445566778899aabbccddeeff"

static int pair[2]; /* who sends, who receives */
static int before;  /* descriptors open by then */
static int held[2]; /* a pipe, whose ends travel */

static void
set_up(void)
{
	(void)signal(SIGPIPE, SIG_DFL); /* it must not come */
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
	aid_pipe(held);
	before = aid_open_fds();
}

static void
tear_down(void)
{
	aid_close(&pair[0]);
	aid_close(&pair[1]);
	aid_close(&held[0]);
	aid_close(&held[1]);
	aid_remove_dir();
}

static bool
sends(const char *text, size_t nfds)
{
	const int fds[] = {held[0], held[1], held[0], held[1], held[0], held[1],
	    held[0], held[1], held[0], held[1]};

	ck_assert_uint_le(nfds, sizeof(fds) / sizeof(fds[0]));
	return warm_send(pair[0], text, strlen(text), fds, nfds);
}

/* More than warm_send() has room for. */
static void
sends_many(const char *text, size_t nfds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(10 * sizeof(int))];
	} control;
	struct iovec io = {
	    .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	struct msghdr m = {.msg_iov = &io,
	    .msg_iovlen = 1,
	    .msg_control = control.room,
	    .msg_controllen = CMSG_SPACE(nfds * sizeof(int))};
	int fds[10];
	size_t i;

	for (i = 0; i < nfds; i++)
		fds[i] = held[i % 2];
	memset(&control, 0, sizeof(control));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(nfds * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, nfds * sizeof(int));
	ck_assert_int_eq(sendmsg(pair[0], &m, 0), (ssize_t)strlen(text));
}

START_TEST(a_message_and_descriptors)
{
	char message[5] = "", c;
	int fds[WARM_FDS], i;
	size_t n = WARM_FDS;

	ck_assert(sends("hello", WARM_FDS));
	ck_assert_int_eq(warm_receive(pair[1], message, 5, fds, &n), WARM_GOT);
	ck_assert_int_eq(memcmp(message, "hello", 5), 0);
	ck_assert_uint_eq(n, WARM_FDS);
	for (i = 0; i < WARM_FDS; i++)
		ck_assert_int_ne(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, 0);
	aid_send_byte(fds[1]); /* in their order */
	ck_assert_int_eq(read(fds[2], &c, 1), 1);
	aid_send_byte(held[1]);
	ck_assert_int_eq(read(fds[0], &c, 1), 1);
	for (i = 0; i < WARM_FDS; i++)
		ck_assert_int_eq(close(fds[i]), 0);
	ck_assert_int_eq(aid_open_fds(), before);
}
END_TEST

START_TEST(fewer_descriptors_than_may_come)
{
	int fds[WARM_FDS];
	size_t n = WARM_FDS;
	char message[5];

	ck_assert(sends("hello", (size_t)_i));
	ck_assert_int_eq(warm_receive(pair[1], message, 5, fds, &n), WARM_GOT);
	ck_assert_uint_eq(n, (size_t)_i);
	while (n > 0)
		ck_assert_int_eq(close(fds[--n]), 0);
	ck_assert_int_eq(aid_open_fds(), before);
}
END_TEST

/* Then none of them stays open here. */
START_TEST(more_descriptors_than_may_come)
{
	static const struct {
		size_t sent, most;
	} cases[] = {{1, 0}, {2, 1}, {3, 1}, {4, 1}, {3, 0}, {4, 3}, {5, 3},
	    {6, 3}, {10, 3}, {10, 0}};
	int fds[WARM_FDS] = {-1, -1, -1};
	size_t n = cases[_i].most;
	char message[5];

	sends_many("hello", cases[_i].sent);
	ck_assert_int_eq(
	    warm_receive(pair[1], message, 5, n == 0 ? NULL : fds, &n),
	    WARM_GONE);
	ck_assert_int_eq(fds[0], -1);
	ck_assert_int_eq(aid_open_fds(), before);
}
END_TEST

START_TEST(a_message_that_is_too_short)
{
	int fds[WARM_FDS];
	size_t n = WARM_FDS;
	char message[6];

	ck_assert(sends("hello", WARM_FDS));
	ck_assert_int_eq(warm_receive(pair[1], message, 6, fds, &n), WARM_GONE);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(aid_open_fds(), before);
}
END_TEST

/* What is too much of one is too little for the next. */
START_TEST(a_message_that_is_too_long)
{
	size_t n = 0;
	char message[4];

	ck_assert(sends("hello", 0));
	ck_assert_int_eq(warm_receive(pair[1], message, 4, NULL, &n), WARM_GOT);
	ck_assert_int_eq(
	    warm_receive(pair[1], message, 4, NULL, &n), WARM_GONE);
}
END_TEST

START_TEST(nothing_has_come_yet)
{
	size_t n = 0;
	char message[5];

	ck_assert_int_eq(
	    warm_receive(pair[1], message, 5, NULL, &n), WARM_WAIT);
	ck_assert(sends("hello", 0));
	ck_assert_int_eq(warm_receive(pair[1], message, 5, NULL, &n), WARM_GOT);
	aid_close(&pair[0]);
	ck_assert_int_eq(
	    warm_receive(pair[1], message, 5, NULL, &n), WARM_GONE);
	ck_assert_int_eq(warm_receive(-1, message, 5, NULL, &n), WARM_GONE);
}
END_TEST

START_TEST(nobody_is_there)
{
	aid_close(&pair[1]);
	ck_assert(!sends("hello", 0));
	ck_assert(!sends("hello", 1));
	ck_assert(!warm_send(-1, "x", 1, NULL, 0));
}
END_TEST

/* A borrower that reads nothing does not make its keeper wait. */
START_TEST(there_is_no_room)
{
	int i;

	ck_assert_int_eq(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
	for (i = 0; i < 1000000 && sends("hello", 0); i++)
		continue;
	ck_assert_int_lt(i, 1000000);
}
END_TEST

/* Each goes in one piece: what a local socket holds at least (8,192 bytes,
 * macOS). */
START_TEST(messages_are_small)
{
	static struct warm_back sent, got;
	size_t n = 0;

	ck_assert_uint_le(sizeof(struct warm_state), 8192);
	ck_assert_uint_le(sizeof(struct warm_back), 8192);
	memset(&sent, 'x', sizeof(sent));
	ck_assert(warm_send(pair[0], &sent, sizeof(sent), NULL, 0));
	ck_assert_int_eq(
	    warm_receive(pair[1], &got, sizeof(got), NULL, &n), WARM_GOT);
	ck_assert_int_eq(memcmp(&sent, &got, sizeof(got)), 0);
}
END_TEST

START_TEST(texts_that_end)
{
	ck_assert(warm_text_ok("abc", 4));
	ck_assert(warm_text_ok("", 1));
	ck_assert(!warm_text_ok("abc", 3));
}
END_TEST

/* Who they are */

static char variable[PATH_MAX];
static char *env[] = {variable, NULL};
static char path[PATH_MAX + 64];
static struct local_socket made;

static int
listen_here(void)
{
	char why[256], dir[PATH_MAX];
	int fd;

	(void)snprintf(
	    variable, sizeof(variable), "XDG_RUNTIME_DIR=%s", aid_make_dir());
	fd = warm_dir_open(env, true);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(close(fd), 0);
	ck_assert(warm_dir_path(dir, sizeof(dir), env));
	(void)snprintf(path, sizeof(path), "%s/%ld.sock", dir, (long)getpid());
	fd = local_socket_open(path, &made, why, sizeof(why));
	ck_assert_msg(fd != -1, "%s", why);
	return fd;
}

static struct warm_record
a_record(void)
{
	struct warm_record r = {.keeper = (long)getpid()};

	memcpy(r.id, ID, sizeof(r.id));
	memcpy(r.token, TOKEN, sizeof(r.token));
	return r;
}

START_TEST(a_call_says_hello)
{
	int listener = listen_here(), fd, peer;
	const struct warm_record r = a_record();
	struct warm_hello hello;
	size_t n = 0;

	fd = warm_call(env, &r, _i == 0 ? WARM_BORROW : WARM_LEAVE);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	peer = accept(listener, NULL, NULL);
	ck_assert_int_ne(peer, -1);
	ck_assert(warm_peer_ok(peer));
	ck_assert(warm_peer_ok(fd));
	ck_assert_int_eq(
	    warm_receive(peer, &hello, sizeof(hello), NULL, &n), WARM_GOT);
	ck_assert_uint_eq(hello.magic, WARM_MAGIC);
	ck_assert_uint_eq(hello.wish, _i == 0 ? WARM_BORROW : WARM_LEAVE);
	ck_assert_str_eq(hello.version, CCP_VERSION);
	ck_assert_str_eq(hello.id, ID);
	ck_assert_str_eq(hello.token, TOKEN);
	ck_assert_int_eq(
	    warm_receive(fd, &hello, sizeof(hello), NULL, &n), WARM_WAIT);
	aid_close(&peer);
	ck_assert_int_eq(
	    warm_receive(fd, &hello, sizeof(hello), NULL, &n), WARM_GONE);
	aid_close(&fd);
	aid_close(&listener);
}
END_TEST

START_TEST(a_call_that_nobody_takes)
{
	int listener = listen_here(), fds = aid_open_fds();
	struct warm_record r = a_record();

	r.keeper++; /* there is no such socket */
	ck_assert_int_eq(warm_call(env, &r, WARM_BORROW), -1);
	r.keeper--;
	aid_close(&listener); /* its keeper was killed */
	ck_assert_int_eq(warm_call(env, &r, WARM_BORROW), -1);
	ck_assert_int_eq(aid_open_fds(), fds - 1);
	memset(variable + strlen(variable), 'x', 200); /* does not fit */
	variable[strlen("XDG_RUNTIME_DIR=") + 200] = '\0';
	ck_assert_int_eq(warm_call(env, &r, WARM_BORROW), -1);
	ck_assert_int_eq(aid_open_fds(), fds - 1);
}
END_TEST

START_TEST(what_has_no_peer)
{
	ck_assert(!warm_peer_ok(-1));
	ck_assert(!warm_peer_ok(held[0]));
	ck_assert(warm_peer_ok(pair[0]));
}
END_TEST

static void
as_another_user(void)
{
	ck_assert_int_eq(seteuid(65534), 0);
	ck_assert(!warm_peer_ok(pair[0]));
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert(warm_peer_ok(pair[0]));
}

/* Who is root can be another one. */
START_TEST(a_peer_of_another_user)
{
	if (geteuid() == 0)
		aid_in_process(as_another_user);
}
END_TEST

static TCase *
peers(void)
{
	TCase *tc = tcase_create("peers");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_call_says_hello, 0, 2);
	tcase_add_test(tc, a_call_that_nobody_takes);
	tcase_add_test(tc, what_has_no_peer);
	tcase_add_test(tc, a_peer_of_another_user);
	return tc;
}

Suite *
suite_warm_wire(void)
{
	Suite *s = suite_create("warm_wire");
	TCase *tc = tcase_create("messages");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_message_and_descriptors);
	tcase_add_loop_test(tc, fewer_descriptors_than_may_come, 0, WARM_FDS);
	tcase_add_loop_test(tc, more_descriptors_than_may_come, 0, 10);
	tcase_add_test(tc, a_message_that_is_too_short);
	tcase_add_test(tc, a_message_that_is_too_long);
	tcase_add_test(tc, nothing_has_come_yet);
	tcase_add_test(tc, nobody_is_there);
	tcase_add_test(tc, there_is_no_room);
	tcase_add_test(tc, messages_are_small);
	tcase_add_test(tc, texts_that_end);
	suite_add_tcase(s, tc);
	suite_add_tcase(s, peers());
	return s;
}
