/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "slots.h"

#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "suites.h"

static char folder[] = "/tmp/ccp-slots-XXXXXX";
static int dir = -1;

static void
set_up(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(dir, -1);
}

/* How many files there are whose names begin so; removes them if asked. */
static int
files(const char *prefix, bool away)
{
	DIR *d = opendir(folder);
	const struct dirent *e;
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' ||
		    strncmp(e->d_name, prefix, strlen(prefix)) != 0)
			continue;
		n++;
		if (away)
			(void)unlinkat(dir, e->d_name, 0);
	}
	(void)closedir(d);
	return n;
}

static void
tear_down(void)
{
	(void)files("", true);
	(void)rmdir(folder);
	(void)close(dir);
}

START_TEST(places_are_taken_and_given_back)
{
	struct slots a, b, c;

	slots_open(&a, dir, "t", 2, 5);
	slots_open(&b, dir, "t", 2, 5);
	slots_open(&c, dir, "t", 2, 5);
	ck_assert_int_eq(slots_try(&a), SLOTS_TAKEN);
	ck_assert(a.next_try == CLOCK_NEVER);
	ck_assert_int_eq(slots_try(&b), SLOTS_TAKEN);
	ck_assert_int_eq(slots_try(&c), SLOTS_WAIT);
	ck_assert(c.next_try != CLOCK_NEVER);
	slots_release(&a);
	ck_assert_int_eq(slots_try(&c), SLOTS_TAKEN);
	ck_assert_int_eq(files("t.q.", false), 0);
	slots_release(&b);
	slots_release(&c);
}
END_TEST

START_TEST(who_came_first_goes_first)
{
	struct slots holder, w[3], late;
	int i, k;

	slots_open(&holder, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	for (i = 0; i < 3; i++) {
		slots_open(&w[i], dir, "t", 1, 5);
		ck_assert_int_eq(slots_try(&w[i]), SLOTS_WAIT);
	}
	slots_release(&holder);
	/* Free, but somebody waits for it. */
	slots_open(&late, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&late), SLOTS_WAIT);
	for (i = 0; i < 3; i++) {
		for (k = i + 1; k < 3; k++)
			ck_assert_int_eq(slots_try(&w[k]), SLOTS_WAIT);
		ck_assert_int_eq(slots_try(&late), SLOTS_WAIT);
		ck_assert_int_eq(slots_try(&w[i]), SLOTS_TAKEN);
		slots_release(&w[i]);
	}
	ck_assert_int_eq(slots_try(&late), SLOTS_TAKEN);
	slots_release(&late);
}
END_TEST

START_TEST(a_full_queue_refuses)
{
	struct slots holder, a, b;

	slots_open(&holder, dir, "t", 1, 1);
	slots_open(&a, dir, "t", 1, 1);
	slots_open(&b, dir, "t", 1, 1);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	ck_assert_int_eq(slots_try(&a), SLOTS_WAIT);
	ck_assert_int_eq(slots_try(&b), SLOTS_FULL);
	slots_release(&a); /* it leaves */
	ck_assert_int_eq(files("t.q.", false), 0);
	ck_assert_int_eq(slots_try(&b), SLOTS_WAIT);
	slots_release(&b);
	slots_release(&holder);
}
END_TEST

START_TEST(without_a_queue_nobody_waits)
{
	struct slots a, b, c;

	slots_open(&a, dir, "t", 2, 0);
	slots_open(&b, dir, "t", 2, 0);
	slots_open(&c, dir, "t", 2, 0);
	ck_assert_int_eq(slots_try(&a), SLOTS_TAKEN);
	ck_assert_int_eq(slots_try(&b), SLOTS_TAKEN);
	ck_assert_int_eq(slots_try(&c), SLOTS_FULL);
	ck_assert_int_eq(files("t.q", false), 0);
	slots_release(&b);
	ck_assert_int_eq(slots_try(&c), SLOTS_TAKEN);
	slots_release(&a);
	slots_release(&c);
}
END_TEST

/* A process that takes what it gets and says so, then waits to be killed. */
static pid_t
other(enum slots_result want)
{
	int said[2];
	pid_t pid;
	struct slots s;
	char c = 'x';

	ck_assert_int_eq(pipe(said), 0);
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		slots_open(&s, dir, "t", 1, 5);
		c = slots_try(&s) == want ? 'y' : 'n';
		if (write(said[1], &c, 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	ck_assert_int_eq(read(said[0], &c, 1), 1);
	ck_assert_int_eq(c, 'y');
	(void)close(said[0]);
	(void)close(said[1]);
	return pid;
}

static void
end(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(the_dead_hold_nothing)
{
	pid_t holder = other(SLOTS_TAKEN), waiter = other(SLOTS_WAIT);
	struct slots s;

	slots_open(&s, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&s), SLOTS_WAIT);
	end(holder);
	/* The one before us lives and has not looked yet. */
	ck_assert_int_eq(slots_try(&s), SLOTS_WAIT);
	end(waiter);
	ck_assert_int_eq(slots_try(&s), SLOTS_TAKEN);
	ck_assert_int_eq(files("t.q.", false), 0);
	slots_release(&s);
}
END_TEST

START_TEST(foreign_files_are_left_alone)
{
	static const char *const names[] = {
	    "t.q.", "t.q.x", "t.q.1x", "t.queue", "u.q.1"};
	struct slots s;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fd = openat(dir, names[i], O_CREAT | O_WRONLY, 0600);
		ck_assert_int_ne(fd, -1);
		(void)close(fd);
	}
	slots_open(&s, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&s), SLOTS_TAKEN);
	slots_release(&s);
	ck_assert_int_eq(files("t.q", false), 4);
	ck_assert_int_eq(files("u.q.1", false), 1);
}
END_TEST

START_TEST(a_directory_that_is_gone_is_an_error)
{
	struct slots s;

	slots_open(&s, -1, "t", 1, 5);
	ck_assert_int_eq(slots_try(&s), SLOTS_ERROR);
	slots_release(&s);
	slots_open(&s, -1, "t", 1, 0);
	ck_assert_int_eq(slots_try(&s), SLOTS_ERROR);
	slots_release(&s);
}
END_TEST

Suite *
suite_slots(void)
{
	Suite *s = suite_create("slots");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, places_are_taken_and_given_back);
	tcase_add_test(tc, who_came_first_goes_first);
	tcase_add_test(tc, a_full_queue_refuses);
	tcase_add_test(tc, without_a_queue_nobody_waits);
	tcase_add_test(tc, the_dead_hold_nothing);
	tcase_add_test(tc, foreign_files_are_left_alone);
	tcase_add_test(tc, a_directory_that_is_gone_is_an_error);
	suite_add_tcase(s, tc);
	return s;
}
