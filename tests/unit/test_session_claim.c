/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_claim.h"

#include <sys/stat.h>

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

/* Each that has it finds itself alone, however often it changes hands. */
static void
take_turns(const char *mark)
{
	int i, fd, only;

	for (i = 0; i < 3000; i++) {
		fd = session_claim(path, A);
		if (fd == -1) {
			if (errno != EAGAIN)
				_exit(2);
			continue;
		}
		only = open(mark, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (only == -1 || unlink(mark) == -1)
			_exit(3);
		(void)close(only);
		(void)close(fd);
	}
	_exit(0);
}

START_TEST(never_two_have_it)
{
	char mark[PATH_MAX + 8];
	pid_t pids[6];
	size_t i;

	(void)snprintf(mark, sizeof(mark), "%s.mark", path);
	for (i = 0; i < 6; i++) {
		pids[i] = fork();
		ck_assert_int_ne(pids[i], -1);
		if (pids[i] == 0)
			take_turns(mark);
	}
	for (i = 0; i < 6; i++)
		ck_assert_int_eq(aid_wait(pids[i]), 0);
}
END_TEST

/* How many files there are in the directory path; 1 if it is a file itself. */
static size_t
files(void)
{
	const struct dirent *entry;
	struct stat st;
	size_t n = 0;
	DIR *dir;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 077, 0);
	if (!S_ISDIR(st.st_mode))
		return 1;
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

/* As if it had been claimed long ago, and has ended. */
static void
leave_old(const char *session)
{
	const struct timespec then[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	int fd = session_claim(path, session);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(futimens(fd, then), 0);
	aid_close(&fd);
}

START_TEST(those_that_ended_leave_nothing)
{
	int c;

	leave_old(A);
	leave_old(B);
	c = session_claim(path, C);
	ck_assert_int_ge(c, 0);
	ck_assert_uint_eq(files(), 1);
	is_taken(C);
	aid_close(&c);
}
END_TEST

/* Who tidies has its lock for a moment: that must not be just when somebody
 * claims it again. */
START_TEST(those_of_late_are_left_alone)
{
	struct stat st;
	int fd;

	leave_old(A);
	fd = session_claim(path, A); /* its time begins anew */
	aid_close(&fd);
	fd = session_claim(path, B);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(files(), S_ISDIR(st.st_mode) ? 2 : 1);
	aid_close(&fd);
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
	tcase_add_test(tc, never_two_have_it);
	tcase_add_test(tc, those_that_ended_leave_nothing);
	tcase_add_test(tc, those_of_late_are_left_alone);
	tcase_add_test(tc, without_a_file_there_is_none);
	suite_add_tcase(s, tc);
	return s;
}
