/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "append_line.h"

#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

static int fd;

static void
begin_with(const char *text)
{
	const char *path;

	(void)aid_make_dir();
	path = aid_make_file("file", text, 0600);
	fd = open(path, O_RDWR | O_APPEND);
	ck_assert_int_ne(fd, -1);
}

static void
clean(void)
{
	(void)close(fd);
	aid_remove_dir();
}

/* size: that the file had when it was looked at. */
static bool
add(off_t size, const char *line, bool locked)
{
	return append_line(fd, size, line, strlen(line), locked);
}

/* What a full disk does: no file grows beyond most, and a write takes as much
 * as there is room for. */
static bool
add_up_to(rlim_t most, off_t size, const char *line, bool locked)
{
	struct rlimit before, limit;
	bool added;
	int error;

	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = most;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	added = add(size, line, locked);
	error = errno;
	(void)setrlimit(RLIMIT_FSIZE, &before);
	errno = error;
	return added;
}

static void
holds(const char *want)
{
	char text[256];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	ck_assert_str_eq(text, want);
}

START_TEST(a_line_is_added)
{
	begin_with("");
	ck_assert(add(0, "one\n", _i == 1));
	ck_assert(add(4, "two\n", _i == 1));
	holds("one\ntwo\n");
}
END_TEST

START_TEST(half_a_line_is_ended_first)
{
	begin_with("half");
	ck_assert(add(4, "one\n", _i == 1));
	ck_assert(add(9, "two\n", _i == 1));
	holds("half\none\ntwo\n");
}
END_TEST

START_TEST(with_a_lock_half_a_line_is_taken_back)
{
	begin_with("one\n");
	ck_assert(!add_up_to(10, 4, "two-two\n", true));
	ck_assert_int_eq(errno, ENOSPC);
	holds("one\n");
	ck_assert(!add_up_to(10, 4, "two-two-two\n", false));
	ck_assert_int_eq(errno, ENOSPC);
	holds("one\ntwo-tw");
	ck_assert(!add_up_to(10, 10, "3\n", true));
	ck_assert_int_eq(errno, EFBIG);
	ck_assert(!add_up_to(12, 10, "33\n", true)); /* after an end of line */
	holds("one\ntwo-tw");
	ck_assert(add(10, "3\n", true));
	holds("one\ntwo-tw\n3\n");
}
END_TEST

/* Who does not get the lock writes all the same, and may do so after the size
 * was looked at. */
START_TEST(a_line_of_somebody_else_is_not_taken_back)
{
	begin_with("one\n");
	ck_assert(add(4, "foreign\n", false));
	ck_assert(!add_up_to(14, 4, "two\n", true));
	ck_assert_int_eq(errno, ENOSPC);
	holds("one\nforeign\ntw");
}
END_TEST

START_TEST(what_cannot_be_written)
{
	int good;

	begin_with("one\n");
	good = fd;
	fd = open("/dev/null", O_RDONLY);
	ck_assert(!add(0, "two\n", true));
	ck_assert_int_eq(errno, EBADF);
	(void)close(fd);
	fd = good;
	holds("one\n");
}
END_TEST

Suite *
suite_append_line(void)
{
	Suite *s = suite_create("append_line");
	TCase *t = tcase_create("append_line");

	tcase_add_checked_fixture(t, NULL, clean);
	tcase_add_loop_test(t, a_line_is_added, 0, 2);
	tcase_add_loop_test(t, half_a_line_is_ended_first, 0, 2);
	tcase_add_test(t, with_a_lock_half_a_line_is_taken_back);
	tcase_add_test(t, a_line_of_somebody_else_is_not_taken_back);
	tcase_add_test(t, what_cannot_be_written);
	suite_add_tcase(s, t);
	return s;
}
