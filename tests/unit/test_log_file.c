/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log_file.h"

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

static struct log_file file;
static char path[256];

static void
make(void)
{
	(void)snprintf(path, sizeof path, "%s/log", aid_make_dir());
	file = (struct log_file){.fd = -1};
}

static void
clean(void)
{
	log_file_close(&file);
	aid_remove_dir();
}

static void
log_to(const char *name, long max_size, long max_files)
{
	(void)snprintf(path, sizeof path, "%s/%s", aid_dir(), name);
	ck_assert(log_file_init(&file, path, max_size, max_files));
}

static bool
put(const char *line)
{
	return log_file_write(&file, line, strlen(line));
}

/* The content of path, or of path.N; NULL: there is no such file. */
static const char *
content(int n)
{
	static char text[4096];
	char name[300];
	ssize_t got;
	int fd;

	(void)snprintf(name, sizeof name, n == 0 ? "%s" : "%s.%d", path, n);
	fd = open(name, O_RDONLY);
	if (fd == -1)
		return NULL;
	got = read(fd, text, sizeof text - 1);
	ck_assert_int_ge(got, 0);
	text[got] = '\0';
	(void)close(fd);
	return text;
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(name, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(directories_and_file_are_private)
{
	char dir[300];

	log_to("a/b/log", 1000, 1);
	ck_assert(put("one\n"));
	ck_assert(put("two\n"));
	ck_assert_str_eq(content(0), "one\ntwo\n");
	ck_assert_uint_eq(mode_of(path), 0600);
	(void)snprintf(dir, sizeof dir, "%s/a", aid_dir());
	ck_assert_uint_eq(mode_of(dir), 0700);
	(void)snprintf(dir, sizeof dir, "%s/a/b", aid_dir());
	ck_assert_uint_eq(mode_of(dir), 0700);
}
END_TEST

START_TEST(nothing_is_made_before_the_first_line)
{
	log_to("a/log", 1000, 1);
	ck_assert_ptr_null(content(0));
}
END_TEST

START_TEST(it_is_set_aside_when_the_next_line_does_not_fit)
{
	log_to("log", 8, 2);
	ck_assert(put("one\n"));
	ck_assert(put("two\n"));
	ck_assert_ptr_null(content(1));
	ck_assert(put("3\n"));
	ck_assert_str_eq(content(0), "3\n");
	ck_assert_str_eq(content(1), "one\ntwo\n");
	ck_assert(put("fourth\n"));
	ck_assert(put("fifth\n"));
	ck_assert_str_eq(content(0), "fifth\n");
	ck_assert_str_eq(content(1), "fourth\n");
	ck_assert_str_eq(content(2), "3\n");
	ck_assert_ptr_null(content(3));
	ck_assert(put("longer than a file may be\n"));
	ck_assert_str_eq(content(0), "longer than a file may be\n");
	ck_assert_str_eq(content(1), "fifth\n");
	ck_assert_str_eq(content(2), "fourth\n");
	ck_assert_ptr_null(content(3));
}
END_TEST

START_TEST(none_may_be_kept)
{
	log_to("log", 4, 0);
	ck_assert(put("one\n"));
	ck_assert(put("two\n"));
	ck_assert_str_eq(content(0), "two\n");
	ck_assert_ptr_null(content(1));
}
END_TEST

START_TEST(fewer_than_before_are_kept)
{
	log_to("log", 2, 5);
	ck_assert(put("1\n") && put("2\n") && put("3\n") && put("4\n"));
	ck_assert_str_eq(content(3), "1\n");
	log_file_close(&file);
	log_to("log", 2, 1);
	ck_assert(put("5\n"));
	ck_assert_str_eq(content(0), "5\n");
	ck_assert_str_eq(content(1), "4\n");
	ck_assert_ptr_null(content(2));
	ck_assert_ptr_null(content(3));
}
END_TEST

/* Another process has done it, or a person has. */
START_TEST(a_file_that_went_away_is_begun_anew)
{
	char other[300];

	log_to("log", 1000, 1);
	ck_assert(put("one\n"));
	(void)snprintf(other, sizeof other, "%s.1", path);
	ck_assert_int_eq(rename(path, other), 0);
	ck_assert(put("two\n"));
	ck_assert_str_eq(content(0), "two\n");
	ck_assert_str_eq(content(1), "one\n");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(put("three\n"));
	ck_assert_str_eq(content(0), "three\n");
}
END_TEST

START_TEST(what_is_no_file_of_its_own_is_refused)
{
	char other[300];

	log_to("link", 1000, 1);
	(void)snprintf(other, sizeof other, "%s/other", aid_dir());
	ck_assert_int_eq(symlink(other, path), 0);
	ck_assert(!put("one\n"));
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(access(other, F_OK), -1);
	log_to("fifo", 1000, 1);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert(!put("one\n"));
	log_to("", 1000, 1);
	ck_assert(!put("one\n"));
	ck_assert_int_eq(errno, EISDIR);
	ck_assert(log_file_init(&file, "/dev/null", 1000, 1));
	ck_assert(!put("one\n"));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(file.fd, -1);
}
END_TEST

/* The size limit of a process does what a full disk does: a short write. */
static bool
write_to_full_disk(void)
{
	struct rlimit most = {10, 10};

	(void)signal(SIGXFSZ, SIG_IGN);
	return setrlimit(RLIMIT_FSIZE, &most) == 0 && put("one\n") &&
	       !put("two-two\n") && errno == ENOSPC && put("2\n");
}

START_TEST(half_a_line_is_none)
{
	pid_t pid;

	log_to("log", 1000, 1);
	pid = fork();
	if (pid == 0)
		_exit(write_to_full_disk() ? 0 : 1);
	ck_assert_int_eq(aid_wait(pid), 0);
	ck_assert_str_eq(content(0), "one\n2\n");
}
END_TEST

/* Somebody who was stopped while he wrote, say: then the size can wait. */
START_TEST(a_lock_that_is_never_given_back)
{
	int fd;

	log_to("log", 4, 1);
	ck_assert(put("one\n"));
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert(put("two\n"));
	ck_assert(put("six\n"));
	ck_assert_str_eq(content(0), "one\ntwo\nsix\n");
	(void)close(fd);
}
END_TEST

/* Then what was written of it cannot be taken back. */
static bool
write_half_a_line(void)
{
	struct rlimit most = {10, 10};

	(void)signal(SIGXFSZ, SIG_IGN);
	return setrlimit(RLIMIT_FSIZE, &most) == 0 && put("one\n") &&
	       !put("two-two\n") && errno == ENOSPC && !put("2\n") &&
	       errno == EFBIG;
}

START_TEST(half_a_line_takes_no_other_one_with_it)
{
	pid_t pid;
	int fd;

	log_to("log", 1000, 1);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	pid = fork();
	if (pid == 0)
		_exit(write_half_a_line() ? 0 : 1);
	ck_assert_int_eq(aid_wait(pid), 0);
	(void)close(fd);
	ck_assert(put("three\n"));
	ck_assert(put("four\n"));
	ck_assert_str_eq(content(0), "one\ntwo-tw\nthree\nfour\n");
}
END_TEST

START_TEST(all_files_are_opened_the_newest_first)
{
	int fds[LOG_FILE_MOST];
	char first;
	size_t n, i;

	log_to("log", 2, 3);
	ck_assert_uint_eq(log_file_open_all(path, fds), 0);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert(put("1\n") && put("2\n") && put("3\n"));
	n = log_file_open_all(path, fds);
	ck_assert_uint_eq(n, 3);
	ck_assert(put("4\n")); /* nobody is locked out */
	for (i = 0; i < n; i++) {
		ck_assert_int_eq(read(fds[i], &first, 1), 1);
		ck_assert_int_eq(first, '3' - (int)i);
		(void)close(fds[i]);
	}
}
END_TEST

Suite *
suite_log_file(void)
{
	Suite *s = suite_create("log_file");
	TCase *t = tcase_create("log_file");

	tcase_add_checked_fixture(t, make, clean);
	tcase_add_test(t, directories_and_file_are_private);
	tcase_add_test(t, nothing_is_made_before_the_first_line);
	tcase_add_test(t, it_is_set_aside_when_the_next_line_does_not_fit);
	tcase_add_test(t, none_may_be_kept);
	tcase_add_test(t, fewer_than_before_are_kept);
	tcase_add_test(t, a_file_that_went_away_is_begun_anew);
	tcase_add_test(t, what_is_no_file_of_its_own_is_refused);
	tcase_add_test(t, half_a_line_is_none);
	tcase_add_test(t, a_lock_that_is_never_given_back);
	tcase_add_test(t, half_a_line_takes_no_other_one_with_it);
	tcase_add_test(t, all_files_are_opened_the_newest_first);
	suite_add_tcase(s, t);
	return s;
}
