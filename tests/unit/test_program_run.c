/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "program_run.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

#define PATIENCE  8000 /* milliseconds that nothing here takes */
#define ROOM      65536
#define SOON      300 /* for what shall not end by itself */
#define TEXT_SIZE 512

static char sh[] = "/bin/sh", dash_c[] = "-c";
static char path_variable[] = "PATH=/usr/bin:/bin";
static char own_variable[] = "OWN=of the test";
static char *const env[] = {path_variable, own_variable, NULL};

static struct buf out, err;
static struct program_result result;

static void
set_up(void)
{
	buf_init(&out, ROOM);
	buf_init(&err, ROOM);
	memset(&result, 0xff, sizeof result);
	(void)aid_make_dir();
}

static void
tear_down(void)
{
	buf_free(&out);
	buf_free(&err);
	aid_remove_dir();
}

static bool
run_for(int64_t ms, const char *script)
{
	char text[TEXT_SIZE];
	char *const argv[] = {sh, dash_c, text, NULL};
	int before = aid_open_fds();
	bool ok;

	(void)snprintf(
	    text, sizeof text, "cd '%s' || exit 99; %s", aid_dir(), script);
	ok = program_run(argv, env, ms, &out, &err, &result);
	ck_assert_int_eq(aid_open_fds(), before);
	return ok;
}

static bool
run(const char *script)
{
	return run_for(PATIENCE, script);
}

/* The pid that a script has written into a file of that name. */
static pid_t
pid_in(const char *name)
{
	char path[TEXT_SIZE];
	long pid = 0;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", aid_dir(), name);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%ld", &pid), 1);
	(void)fclose(f);
	ck_assert_int_gt(pid, 1);
	return (pid_t)pid;
}

static void
expect_gone(pid_t pid)
{
	int64_t start = 0;

	while (aid_alive(pid))
		ck_assert_msg(aid_patient(&start), "%ld is alive", (long)pid);
}

START_TEST(what_it_prints_is_taken_apart)
{
	ck_assert(run("echo one; echo two >&2; echo three"));
	ck_assert_str_eq(buf_str(&out), "one\nthree\n");
	ck_assert_str_eq(buf_str(&err), "two\n");
	ck_assert_int_eq(result.status, 0);
	ck_assert_int_eq(result.error, 0);
	ck_assert(!result.late);
	ck_assert(!result.too_much);
}
END_TEST

START_TEST(both_may_go_to_one_buffer)
{
	char text[] = "echo one; echo two >&2";
	char *const argv[] = {sh, dash_c, text, NULL};

	ck_assert(program_run(argv, env, PATIENCE, &out, &out, &result));
	ck_assert_uint_eq(out.len, strlen("one\ntwo\n"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "one\n"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "two\n"));
}
END_TEST

START_TEST(its_input_is_empty_and_its_environment_ours)
{
	ck_assert(run("cat; echo \"$OWN, $HOME.\""));
	ck_assert_str_eq(buf_str(&out), "of the test, .\n");
}
END_TEST

START_TEST(its_exit_status_is_told)
{
	ck_assert(!run("echo why >&2; exit 7"));
	ck_assert(WIFEXITED(result.status));
	ck_assert_int_eq(WEXITSTATUS(result.status), 7);
	ck_assert_str_eq(buf_str(&err), "why\n");
	ck_assert(!result.late);
	ck_assert(!run("kill -15 $$"));
	ck_assert(WIFSIGNALED(result.status));
	ck_assert_int_eq(WTERMSIG(result.status), SIGTERM);
	ck_assert(!result.late);
}
END_TEST

START_TEST(what_cannot_be_started_is_told)
{
	char missing[] = "/nonexistent/program";
	char *const argv[] = {missing, NULL};
	int before = aid_open_fds();

	ck_assert(!program_run(argv, env, PATIENCE, &out, &err, &result));
	ck_assert_int_eq(result.error, ENOENT);
	ck_assert(!result.late);
	ck_assert_uint_eq(out.len + err.len, 0);
	ck_assert_int_eq(aid_open_fds(), before);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* A shell runs "sleep" as a child: killing it alone would leave that. */
START_TEST(late_it_is_killed_with_its_group)
{
	ck_assert(!run_for(
	    SOON, "echo began; sleep 60 & echo $! >other; echo $$ >own; wait"));
	ck_assert(result.late);
	ck_assert_int_eq(result.error, 0);
	ck_assert(WIFSIGNALED(result.status));
	ck_assert_int_eq(WTERMSIG(result.status), SIGKILL);
	ck_assert_str_eq(buf_str(&out), "began\n");
	ck_assert(!aid_alive(pid_in("own")));
	expect_gone(pid_in("other"));
}
END_TEST

START_TEST(late_it_is_killed_though_it_ignores_signals)
{
	ck_assert(!run_for(SOON,
	    "trap '' TERM INT HUP; exec >&- 2>&-; echo $$ >own; sleep 60; "
	    "sleep 60"));
	ck_assert(result.late);
	ck_assert(!aid_alive(pid_in("own")));
}
END_TEST

/* 300 kB: more than a pipe holds, so the rest must have been read. */
START_TEST(too_much_is_cut_and_does_not_stop_it)
{
	buf_free(&out);
	buf_init(&out, 10);
	ck_assert(run("echo 0123456789abcdef; head -c 300000 /dev/zero; "
		      "echo whole >&2"));
	ck_assert(result.too_much);
	ck_assert_str_eq(buf_str(&out), "0123456789");
	ck_assert_str_eq(buf_str(&err), "whole\n");
}
END_TEST

START_TEST(as_much_as_there_is_room_for_is_not_too_much)
{
	buf_free(&out);
	buf_init(&out, 10);
	ck_assert(run("printf 0123456789"));
	ck_assert(!result.too_much);
	ck_assert_str_eq(buf_str(&out), "0123456789");
}
END_TEST

/* A program may have ended before the first byte of it was read: often
 * enough that one of many is such. */
START_TEST(what_it_wrote_last_is_not_lost)
{
	int i;

	for (i = 0; i < 50; i++) {
		buf_clear(&out);
		ck_assert(
		    run("exec dd if=/dev/zero bs=60000 count=1 2>/dev/null"));
		ck_assert_uint_eq(out.len, 60000);
	}
}
END_TEST

START_TEST(it_may_close_its_pipes_and_go_on)
{
	ck_assert(
	    !run("echo first; exec >&- 2>&-; sleep 0.2; echo $$ >own; exit 3"));
	ck_assert_str_eq(buf_str(&out), "first\n");
	ck_assert_int_eq(WEXITSTATUS(result.status), 3);
	ck_assert(!result.late);
	ck_assert(!aid_alive(pid_in("own")));
}
END_TEST

/* What stays in the background holds both pipes. */
START_TEST(a_grandchild_is_not_waited_for)
{
	pid_t other;

	ck_assert(run("sleep 60 & echo $! >other; echo done"));
	ck_assert(!result.late);
	ck_assert_str_eq(buf_str(&out), "done\n");
	other = pid_in("other");
	ck_assert(aid_alive(other));
	(void)kill(other, SIGKILL);
}
END_TEST

START_TEST(a_grandchild_that_writes_on_is_not_either)
{
	ck_assert(run("yes & echo $! >other; sleep 0.1"));
	ck_assert(!result.late);
	/* Its pipe is closed. */
	expect_gone(pid_in("other"));
}
END_TEST

Suite *
suite_program_run(void)
{
	Suite *s = suite_create("program_run");
	TCase *t = tcase_create("program_run");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_it_prints_is_taken_apart);
	tcase_add_test(t, both_may_go_to_one_buffer);
	tcase_add_test(t, its_input_is_empty_and_its_environment_ours);
	tcase_add_test(t, its_exit_status_is_told);
	tcase_add_test(t, what_cannot_be_started_is_told);
	tcase_add_test(t, late_it_is_killed_with_its_group);
	tcase_add_test(t, late_it_is_killed_though_it_ignores_signals);
	tcase_add_test(t, too_much_is_cut_and_does_not_stop_it);
	tcase_add_test(t, as_much_as_there_is_room_for_is_not_too_much);
	tcase_add_test(t, what_it_wrote_last_is_not_lost);
	tcase_add_test(t, it_may_close_its_pipes_and_go_on);
	tcase_add_test(t, a_grandchild_is_not_waited_for);
	tcase_add_test(t, a_grandchild_that_writes_on_is_not_either);
	suite_add_tcase(s, t);
	return s;
}
