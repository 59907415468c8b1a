/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_claim.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

#include "banned.h"

#define A "0d3ae5d0-9b0e-4c0a-8f3b-1c2d3e4f5a6b"
#define B "1d3ae5d0-9b0e-4c0a-8f3b-1c2d3e4f5a6b"
#define C "0d3ae5d0-9b0e-4c1a-8f3b-1c2d3e4f5a6b"

static char path[PATH_MAX];

static void
set_up(void)
{
	(void)snprintf(path, sizeof(path), "%s/claims", aid_make_dir());
}

static void
is_taken(const char *session)
{
	errno = 0;
	ck_assert_int_eq(session_claim(path, session), -1);
	ck_assert_int_eq(errno, EAGAIN);
}

START_TEST(only_one_has_it)
{
	int a = session_claim(path, A);

	ck_assert_int_ge(a, 0);
	is_taken(A);
	aid_close(&a);
	a = session_claim(path, A);
	ck_assert_int_ge(a, 0);
	aid_close(&a);
}
END_TEST

START_TEST(others_are_others)
{
	int a = session_claim(path, A), b = session_claim(path, B),
	    c = session_claim(path, C);

	ck_assert_int_ge(a, 0);
	ck_assert_int_ge(b, 0);
	ck_assert_int_ge(c, 0);
	/* the end of one is not that of another */
	aid_close(&b);
	is_taken(A);
	is_taken(C);
	aid_close(&a);
	aid_close(&c);
}
END_TEST

START_TEST(it_ends_with_its_process)
{
	int fds[2], fd;
	pid_t pid;

	aid_pipe(fds);
	pid = fork();
	if (pid == 0) {
		if (session_claim(path, A) >= 0)
			aid_idle(fds[1]);
		_exit(1);
	}
	aid_await_byte(fds[0]);
	is_taken(A);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	(void)aid_wait(pid);
	fd = session_claim(path, A);
	ck_assert_int_ge(fd, 0);
	aid_close(&fd);
	aid_close(&fds[0]);
	aid_close(&fds[1]);
}
END_TEST

START_TEST(without_a_file_there_is_none)
{
	errno = 0;
	ck_assert_int_eq(session_claim("/nonexistent/claims", A), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

Suite *
suite_session_claim(void)
{
	Suite *s = suite_create("session_claim");
	TCase *tc = tcase_create("core");

	tcase_add_checked_fixture(tc, set_up, aid_remove_dir);
	tcase_add_test(tc, only_one_has_it);
	tcase_add_test(tc, others_are_others);
	tcase_add_test(tc, it_ends_with_its_process);
	tcase_add_test(tc, without_a_file_there_is_none);
	suite_add_tcase(s, tc);
	return s;
}
