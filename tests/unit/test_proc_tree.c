/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "proc_tree.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <pthread.h>
#include <sys/prctl.h>
#endif

#include "aid.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A process that does nothing until it is killed; the pipe's writing end is
 * open in it and in what it starts. */
static int life[2];

static _Noreturn void
idle(void)
{
	aid_idle(life[1]);
}

/* Starts a process that runs before() and then is idle. */
static pid_t
start(void (*before)(void))
{
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		if (before != NULL)
			before();
		idle();
	}
	return pid;
}

/* Everybody who is idle has said so. */
static void
await_idle(int n)
{
	while (n-- > 0)
		aid_await_byte(life[0]);
}

static void
with_a_child(void)
{
	(void)start(NULL);
}

static bool
contains(const pid_t *pids, size_t n, pid_t pid)
{
	size_t i, found = 0;

	for (i = 0; i < n; i++)
		found += pids[i] == pid;
	ck_assert_uint_le(found, 1);
	return found == 1;
}

static void
sweep_all(const pid_t *spare, size_t n)
{
	int64_t patience = 0;

	while (proc_sweep(spare, n) > 0)
		ck_assert_msg(aid_patient(&patience), "never swept");
}

static void
expect_nobody(void)
{
	aid_close(&life[1]);
	aid_expect_end(life[0]);
}

static void
descendants(void)
{
	pid_t child, pids[64];
	size_t n;

	aid_pipe(life);
	ck_assert_uint_eq(proc_descendants(getpid(), pids, COUNT(pids)), 0);
	child = start(with_a_child);
	await_idle(2);
	n = proc_descendants(getpid(), pids, COUNT(pids));
	ck_assert_uint_eq(n, 2);
	ck_assert(contains(pids, n, child));
	ck_assert(!contains(pids, n, getpid()));
	ck_assert_uint_eq(proc_descendants(child, pids, COUNT(pids)), 1);
	ck_assert(!contains(pids, 1, child));
	ck_assert_uint_eq(proc_descendants(pids[0], pids, COUNT(pids)), 0);
	ck_assert_uint_eq(proc_descendants(getpid(), pids, 1), 1);
	ck_assert_uint_eq(proc_descendants(getpid(), pids, 0), 0);
	sweep_all(NULL, 0);
}

START_TEST(descendants_at_every_depth)
{
	aid_in_process(descendants);
}
END_TEST

static void
nothing_to_sweep(void)
{
	ck_assert_uint_eq(proc_sweep(NULL, 0), 0);
}

START_TEST(nobody_to_sweep)
{
	aid_in_process(nothing_to_sweep);
}
END_TEST

static void
a_family(void)
{
	pid_t child;

	aid_pipe(life);
	child = start(with_a_child);
	await_idle(2);
	/* A stopped process cannot react; KILL ends it all the same. */
	ck_assert_int_eq(kill(child, SIGSTOP), 0);
	sweep_all(NULL, 0);
	expect_nobody();
	ck_assert_int_eq(kill(child, 0), -1); /* reaped, too */
	ck_assert_uint_eq(proc_sweep(NULL, 0), 0);
}

START_TEST(children_and_theirs_are_swept)
{
	aid_in_process(a_family);
}
END_TEST

#ifdef CCP_LINUX

static void
in_a_session(void)
{
	ck_assert_int_ne(setsid(), -1);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
}

/* What Claude's Bash tool does to "nohup command &". */
static pid_t
leave_behind(void)
{
	pid_t middle = fork();

	ck_assert_int_ne(middle, -1);
	if (middle == 0) {
		(void)start(in_a_session);
		_exit(0);
	}
	return middle;
}

static void
orphan(void)
{
	ck_assert(!proc_orphans_come_here());
	ck_assert(proc_subreaper());
	ck_assert(proc_orphans_come_here());
	aid_pipe(life);
	ck_assert_int_eq(aid_wait(leave_behind()), 0);
	await_idle(1);
	sweep_all(NULL, 0);
	expect_nobody();
}

START_TEST(an_orphan_in_a_session_of_its_own_is_swept)
{
	aid_in_process(orphan);
}
END_TEST

/* An orphan that left its parent a zombie: both are there to be found. */
static void
zombie(void)
{
	pid_t middle;
	int64_t patience = 0;

	ck_assert(proc_subreaper());
	aid_pipe(life);
	middle = leave_behind();
	await_idle(1);
	while (aid_alive(middle))
		ck_assert(aid_patient(&patience));
	sweep_all(NULL, 0);
	expect_nobody();
	ck_assert_int_eq(kill(middle, 0), -1);
}

START_TEST(zombies_are_reaped_and_orphans_behind_them_swept)
{
	aid_in_process(zombie);
}
END_TEST

/* 0 means that nobody is left: never returned in the round that found
 * somebody who could have forked meanwhile. */
static void
last_round(void)
{
	pid_t pid;
	int64_t patience = 0;
	int i;

	ck_assert(proc_subreaper());
	for (i = 0; i < 20; i++) {
		aid_pipe(life);
		pid = leave_behind();
		patience = 0;
		while (aid_alive(pid))
			ck_assert(aid_patient(&patience));
		sweep_all(NULL, 0);
		aid_close(&life[1]);
		(void)aid_read_all(life[0]); /* ends: nobody holds it */
	}
}

START_TEST(zero_means_nobody)
{
	aid_in_process(last_round);
}
END_TEST

static void
spared(void)
{
	pid_t keep[2], lose, before[16], after[16];
	size_t n;

	ck_assert(proc_subreaper());
	aid_pipe(life);
	keep[0] = start(with_a_child);
	keep[1] = start(NULL);
	await_idle(3);
	n = proc_descendants(getpid(), before, COUNT(before));
	ck_assert_uint_eq(n, 3);
	lose = start(with_a_child);
	await_idle(2);
	ck_assert_int_eq(aid_wait(leave_behind()), 0);
	await_idle(1);
	sweep_all(keep, 2);
	ck_assert_int_eq(kill(lose, 0), -1);
	ck_assert_uint_eq(proc_descendants(getpid(), after, COUNT(after)), n);
	while (n-- > 0) {
		ck_assert(contains(after, 3, before[n]));
		ck_assert(aid_alive(before[n]));
	}
	ck_assert_uint_eq(proc_sweep(keep, 2), 0);
	sweep_all(keep, 1);
	ck_assert(aid_alive(keep[0]));
	ck_assert_int_eq(kill(keep[1], 0), -1);
	sweep_all(NULL, 0);
	expect_nobody();
}

START_TEST(spared_processes_and_theirs_live)
{
	aid_in_process(spared);
}
END_TEST

#endif

#ifdef __linux__

/* /proc/PID/stat puts the name, unescaped, before the parent. */
static void
with_an_odd_name(void)
{
	(void)prctl(PR_SET_NAME, "x) S 1 (y) Z 2");
	with_a_child();
}

static void
odd_names(void)
{
	pid_t pids[16], odd;
	size_t n;

	aid_pipe(life);
	odd = start(with_an_odd_name);
	await_idle(2);
	n = proc_descendants(getpid(), pids, COUNT(pids));
	ck_assert_uint_eq(n, 2);
	ck_assert(contains(pids, n, odd));
	ck_assert_uint_eq(proc_descendants(odd, pids, COUNT(pids)), 1);
	sweep_all(NULL, 0);
	expect_nobody();
}

START_TEST(names_may_hold_anything)
{
	aid_in_process(odd_names);
}
END_TEST

/* It stays: the child of one that has ended goes to another. */
static void *
fork_here(void *unused)
{
	(void)start(NULL);
	(void)pause();
	return unused;
}

static void
with_threads(void)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, fork_here, NULL), 0);
}

/* Each thread has children of its own. */
static void
threads(void)
{
	pid_t pids[16], many;

	aid_pipe(life);
	many = start(with_threads);
	await_idle(2);
	ck_assert_uint_eq(proc_descendants(many, pids, COUNT(pids)), 1);
	ck_assert_uint_eq(proc_descendants(getpid(), pids, COUNT(pids)), 2);
	sweep_all(NULL, 0);
	expect_nobody();
}

START_TEST(children_of_threads_are_found)
{
	aid_in_process(threads);
}
END_TEST

#endif

Suite *
suite_proc_tree(void)
{
	Suite *s = suite_create("proc_tree");
	TCase *t = tcase_create("proc_tree");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, descendants_at_every_depth);
	tcase_add_test(t, nobody_to_sweep);
	tcase_add_test(t, children_and_theirs_are_swept);
#ifdef CCP_LINUX
	tcase_add_test(t, an_orphan_in_a_session_of_its_own_is_swept);
	tcase_add_test(t, zombies_are_reaped_and_orphans_behind_them_swept);
	tcase_add_test(t, zero_means_nobody);
	tcase_add_test(t, spared_processes_and_theirs_live);
#endif
#ifdef __linux__
	tcase_add_test(t, names_may_hold_anything);
	tcase_add_test(t, children_of_threads_are_found);
#endif
	suite_add_tcase(s, t);
	return s;
}
