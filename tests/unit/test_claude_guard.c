/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every case runs in a process of its own, which is a subreaper where there
 * are such, and sweeps below itself only.  Time passes when the test says so.
 */
#include "claude_guard.h"

#include <sys/wait.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "aid.h"
#include "clock.h"
#include "fake_clock.h"
#include "proc_tree.h"
#include "signals.h"
#include "suites.h"

static struct claude_guard g;
static bool end_input; /* the guard asked for it */
static int to[2];      /* the process's stdin, in a way */
static int life[2];    /* open in it and in all that it starts */

static _Noreturn void
idle_for_ever(void)
{
	aid_idle(life[1]);
}

/* Starts a process as Claude would be started. */
static void
start(void (*body)(void))
{
	pid_t pid;

	memset(&g, 0, sizeof g);
	end_input = false;
	aid_pipe(to);
	aid_pipe(life);
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		(void)setpgid(0, 0);
		(void)close(to[1]);
		body();
		_exit(0);
	}
	(void)setpgid(pid, pid);
	aid_close(&to[0]);
	guard_open(&g, pid);
}

static void
step(bool idle)
{
	if (guard_step(&g, idle) == GUARD_END_INPUT) {
		end_input = true;
		aid_close(&to[1]);
	}
}

/* Steps until it is done, without time of the guard's passing. */
static void
await_done(void)
{
	int64_t patience = 0;

	while (g.phase != GUARD_DONE) {
		ck_assert_msg(
		    aid_patient(&patience), "still in phase %d", (int)g.phase);
		step(true);
	}
	ck_assert_int_eq(g.deadline, CLOCK_NEVER);
}

/* The time of this phase is up. */
static void
time_is_up(void)
{
	fake_clock_skip(g.deadline - clock_ms());
}

/* A phase lasts that long, and nothing happens in it by itself. */
static void
assert_lasts(enum guard_phase phase, int ms)
{
	ck_assert_int_eq(g.phase, phase);
	ck_assert_int_le(g.deadline, clock_ms() + ms);
	ck_assert_int_gt(g.deadline, clock_ms() + ms - 1000);
	step(false);
	ck_assert_int_eq(g.phase, phase);
}

static void
expect_nobody(void)
{
	aid_close(&life[1]);
	(void)aid_read_all(life[0]);
	ck_assert(g.ended);
	ck_assert_int_eq(kill(g.pid, 0), -1);
}

/* How it dies */

static void
leaves_at_once(void)
{
	_exit(3);
}

static void
by_itself(void)
{
	int64_t patience = 0;

	(void)proc_subreaper();
	start(leaves_at_once);
	while (!g.ended) {
		ck_assert(aid_patient(&patience));
		step(false);
	}
	ck_assert_int_eq(g.phase, GUARD_RUNNING);
	ck_assert_int_eq(g.deadline, CLOCK_NEVER);
	ck_assert_int_eq(WEXITSTATUS(g.status), 3);
	step(true);
	ck_assert_int_eq(g.phase, GUARD_RUNNING);
	guard_stop(&g, false);
	ck_assert_int_eq(g.phase, GUARD_SWEEPING);
	ck_assert_int_le(g.deadline, clock_ms()); /* so the loop turns */
	await_done();
	ck_assert_int_eq(WEXITSTATUS(g.status), 3);
	ck_assert(!end_input);
	expect_nobody();
}

/* Where SIGCHLD is caught nobody asks before it comes, and then at once. */
static void
with_sigchld(void)
{
	siginfo_t info;
	sigset_t child;

	(void)proc_subreaper();
	ck_assert_int_eq(signals_open(), 0);
	start(idle_for_ever);
	step(false); /* the first always asks */
	ck_assert(!g.ended);
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &child, NULL), 0);
	ck_assert_int_eq(kill(g.pid, SIGKILL), 0);
	ck_assert_int_eq(
	    waitid(P_PID, (id_t)g.pid, &info, WEXITED | WNOWAIT), 0);
	step(false);
	ck_assert(!g.ended);
	ck_assert_int_eq(sigprocmask(SIG_UNBLOCK, &child, NULL), 0);
	step(false);
	ck_assert(g.ended);
	ck_assert_int_eq(WTERMSIG(g.status), SIGKILL);
	guard_stop(&g, false);
	await_done();
	expect_nobody();
}

START_TEST(its_end_is_told_by_a_signal)
{
	aid_in_process(with_sigchld);
}
END_TEST

START_TEST(one_that_left_by_itself)
{
	aid_in_process(by_itself);
}
END_TEST

static void
reads_to_the_end(void)
{
	char c;

	while (read(to[0], &c, 1) > 0)
		continue;
	_exit(4);
}

static void
at_end_of_input(void)
{
	(void)proc_subreaper();
	start(reads_to_the_end);
	step(true);
	ck_assert_int_eq(g.phase, GUARD_RUNNING);
	guard_stop(&g, false);
	assert_lasts(GUARD_EXITING, LIMIT_STOP_EXIT_MS);
	aid_close(&to[1]);
	await_done();
	ck_assert(WIFEXITED(g.status));
	ck_assert_int_eq(WEXITSTATUS(g.status), 4);
	expect_nobody();
}

START_TEST(one_that_leaves_at_the_end_of_input)
{
	aid_in_process(at_end_of_input);
}
END_TEST

static void
interrupted(void)
{
	(void)proc_subreaper();
	start(reads_to_the_end);
	guard_stop(&g, true);
	assert_lasts(GUARD_INTERRUPTING, LIMIT_STOP_INTERRUPT_MS);
	ck_assert(!end_input);
	step(true); /* its turn is over */
	ck_assert(end_input);
	ck_assert_int_eq(g.phase, GUARD_EXITING);
	ck_assert_int_gt(g.deadline, clock_ms() + LIMIT_STOP_EXIT_MS - 1000);
	await_done();
	ck_assert_int_eq(WEXITSTATUS(g.status), 4);
	expect_nobody();
}

START_TEST(one_that_takes_an_interrupt)
{
	aid_in_process(interrupted);
}
END_TEST

static void
terminated(void)
{
	(void)proc_subreaper();
	start(idle_for_ever);
	aid_await_byte(life[0]);
	guard_stop(&g, true);
	step(false);
	ck_assert_int_eq(g.phase, GUARD_INTERRUPTING);
	time_is_up();
	step(false);
	ck_assert_int_eq(g.phase, GUARD_TERMINATING);
	ck_assert(end_input);
	await_done();
	ck_assert(WIFSIGNALED(g.status));
	ck_assert_int_eq(WTERMSIG(g.status), SIGTERM);
	expect_nobody();
}

START_TEST(one_that_needs_a_term)
{
	aid_in_process(terminated);
}
END_TEST

static void
ignores_term(void)
{
	(void)signal(SIGTERM, SIG_IGN);
	if (fork() != 0) /* one of its group does, too */
		aid_send_byte(life[1]);
	idle_for_ever();
}

static void
killed(void)
{
	(void)proc_subreaper();
	start(ignores_term);
	aid_await_byte(life[0]);
	aid_await_byte(life[0]);
	aid_await_byte(life[0]);
	guard_stop(&g, false);
	time_is_up();
	step(false);
	assert_lasts(GUARD_TERMINATING, LIMIT_STOP_TERM_MS);
	ck_assert(aid_alive(g.pid));
	time_is_up();
	step(false);
	ck_assert_int_eq(g.phase, GUARD_KILLING);
	ck_assert_int_le(g.deadline, clock_ms() + LIMIT_STOP_KILL_MS);
	await_done();
	ck_assert_int_eq(WTERMSIG(g.status), SIGKILL);
	expect_nobody();
}

START_TEST(one_that_needs_a_kill)
{
	aid_in_process(killed);
}
END_TEST

static void
terminated_at_once(void)
{
	(void)proc_subreaper();
	start(idle_for_ever);
	aid_await_byte(life[0]);
	guard_terminate(&g, false);
	ck_assert_int_eq(g.phase, GUARD_TERMINATING);
	ck_assert_int_gt(g.deadline, clock_ms() + LIMIT_STOP_TERM_MS - 1000);
	guard_stop(&g, true);
	guard_terminate(&g, false);
	await_done();
	ck_assert_int_eq(WTERMSIG(g.status), SIGTERM);
	expect_nobody();
	/* One that has left already gets no signal. */
	start(leaves_at_once);
	g.status = aid_wait(g.pid);
	g.ended = true;
	guard_terminate(&g, false);
	ck_assert_int_eq(g.phase, GUARD_SWEEPING);
	await_done();
	ck_assert_int_eq(WEXITSTATUS(g.status), 3);
}

START_TEST(one_that_is_terminated_at_once)
{
	aid_in_process(terminated_at_once);
}
END_TEST

static void
killed_at_once(void)
{
	(void)proc_subreaper();
	start(ignores_term);
	aid_await_byte(life[0]);
	aid_await_byte(life[0]);
	aid_await_byte(life[0]);
	guard_terminate(&g, true);
	ck_assert_int_eq(g.phase, GUARD_KILLING);
	await_done();
	ck_assert_int_eq(WTERMSIG(g.status), SIGKILL);
	expect_nobody();
}

START_TEST(one_that_is_killed_at_once)
{
	aid_in_process(killed_at_once);
}
END_TEST

static void
twice(void)
{
	int64_t deadline;

	(void)proc_subreaper();
	start(idle_for_ever);
	aid_await_byte(life[0]);
	guard_stop(&g, false);
	deadline = g.deadline;
	fake_clock_skip(10);
	guard_stop(&g, true);
	guard_stop(&g, false);
	ck_assert_int_eq(g.phase, GUARD_EXITING);
	ck_assert_int_eq(g.deadline, deadline);
	time_is_up();
	await_done();
	guard_stop(&g, true);
	ck_assert_int_eq(g.phase, GUARD_DONE);
	step(false);
	ck_assert_int_eq(g.phase, GUARD_DONE);
	expect_nobody();
}

START_TEST(stopping_twice_changes_nothing)
{
	aid_in_process(twice);
}
END_TEST

/* What it leaves behind */

static void
leaves_a_session(void)
{
	if (fork() == 0) {
		(void)setsid();
		(void)signal(SIGTERM, SIG_IGN);
		idle_for_ever();
	}
	reads_to_the_end();
}

/* Whether it leaves on its own or is killed: what it started goes. */
static void
leftover(void)
{
	(void)proc_subreaper();
	start(leaves_a_session);
	aid_await_byte(life[0]);
	guard_stop(&g, false);
	aid_close(&to[1]);
	await_done();
	ck_assert_int_gt(g.give_up, clock_ms());
	expect_nobody();
}

START_TEST(a_session_left_behind_is_swept)
{
	aid_in_process(leftover);
}
END_TEST

#ifdef CCP_LINUX
static void
leftover_of_the_dead(void)
{
	int64_t patience = 0;

	ck_assert(proc_subreaper());
	start(leaves_a_session);
	aid_await_byte(life[0]);
	ck_assert_int_eq(kill(g.pid, SIGKILL), 0);
	while (!g.ended) {
		ck_assert(aid_patient(&patience));
		step(false);
	}
	guard_stop(&g, true);
	await_done();
	expect_nobody();
}

START_TEST(and_one_of_a_process_that_was_killed)
{
	aid_in_process(leftover_of_the_dead);
}
END_TEST
#endif

/* Where orphans do not come here: they are known by then, also those that
 * lost their parent between two phases. */

static int leave[2]; /* tells the process between to go */

static void
leaves_a_grandchild(void)
{
	(void)signal(SIGTERM, SIG_IGN);
	if (fork() == 0) {
		if (fork() == 0) {
			(void)setsid();
			idle_for_ever();
		}
		aid_await_byte(leave[0]);
		_exit(0);
	}
	(void)waitpid(-1, NULL, 0);
	idle_for_ever();
}

static void
known(void)
{
	ck_assert(!proc_orphans_come_here());
	aid_pipe(leave);
	start(leaves_a_grandchild);
	aid_await_byte(life[0]);
	guard_stop(&g, true);
	ck_assert_uint_eq(g.nknown, 2);
	aid_send_byte(leave[1]);
	aid_await_byte(life[0]); /* the one between is gone */
	time_is_up();
	step(false);
	ck_assert_int_eq(g.phase, GUARD_TERMINATING);
	ck_assert_uint_eq(g.nknown, 2);
	time_is_up();
	await_done();
	expect_nobody();
}

START_TEST(without_a_subreaper_they_are_known)
{
	aid_in_process(known);
}
END_TEST

static void
reaped_elsewhere(void)
{
	(void)proc_subreaper();
	start(leaves_at_once);
	(void)aid_wait(g.pid);
	step(true);
	ck_assert(g.ended);
	ck_assert_int_eq(g.status, 0);
	guard_stop(&g, false);
	await_done();
}

START_TEST(one_that_somebody_else_reaped)
{
	aid_in_process(reaped_elsewhere);
}
END_TEST

/* Several at once: what has lost its parent is nobody's in particular. */

static struct claude_guard first;
static int first_to[2], first_life[2];

/* The one that was started is put aside, and another one may be. */
static void
put_aside(void)
{
	first = g;
	memcpy(first_to, to, sizeof to);
	memcpy(first_life, life, sizeof life);
}

static void
leave_and_stay(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setsid();
		idle_for_ever();
	}
	idle_for_ever();
}

/* It and what is below it live, until it is stopped itself. */
static void
stop_the_first(void)
{
	g = first;
	memcpy(to, first_to, sizeof to);
	memcpy(life, first_life, sizeof life);
	ck_assert(!aid_readable(life[0])); /* no end */
	ck_assert(aid_alive(g.pid));
	guard_stop(&g, false);
	ck_assert(!g.resting);
	time_is_up();
	await_done();
	expect_nobody();
}

/* They say that they are there. */
static void
await_idle(int n)
{
	while (n-- > 0)
		aid_await_byte(life[0]);
}

/* The other one is looked at. */
static void
swap(void)
{
	struct claude_guard other = first;
	int fds[4] = {first_to[0], first_to[1], first_life[0], first_life[1]};

	put_aside();
	g = other;
	memcpy(to, fds, sizeof to);
	memcpy(life, fds + 2, sizeof life);
}

/* One of two that rest is stopped; it has left a session behind, which on Linux
 * nobody but a sweep finds. */
static void
rests(void)
{
	(void)proc_subreaper();
	start(leaves_a_session);
	await_idle(1);
	guard_rest(&g, true);
	guard_rest(&g, true);
	ck_assert(g.resting);
	aid_close(&life[1]); /* the next one does not hold it */
	put_aside();
	start(leave_and_stay);
	await_idle(2);
	guard_rest(&g, true);
	swap();
#ifdef CCP_LINUX
	ck_assert_int_eq(kill(g.pid, SIGKILL), 0);
	g.status = aid_wait(g.pid);
	g.ended = true;
#endif
	guard_stop(&g, false);
	aid_close(&to[1]);
	await_done();
	(void)aid_read_all(life[0]);
	stop_the_first();
}

START_TEST(a_sweep_spares_those_that_rest)
{
	aid_in_process(rests);
}
END_TEST

#ifdef CCP_LINUX
static void
rests_no_more(void)
{
	(void)proc_subreaper();
	start(leave_and_stay);
	await_idle(2);
	guard_rest(&g, true);
	guard_rest(&g, false); /* it has a turn again */
	ck_assert(!g.resting);
	put_aside();
	start(leaves_at_once);
	guard_stop(&g, false);
	aid_close(&to[1]);
	await_done(); /* without a sweep */
	stop_the_first();
}

START_TEST(nor_does_it_sweep_while_another_works)
{
	aid_in_process(rests_no_more);
}
END_TEST
#endif

/* One more than there is room for does not rest: then nothing is swept. */
static void
too_many(void)
{
	struct claude_guard all[LIMIT_WARM_KEPT + 1];
	size_t i;

	for (i = 0; i <= LIMIT_WARM_KEPT; i++) {
		guard_open(&all[i], (pid_t)(1000000000 + i));
		guard_rest(&all[i], true);
		ck_assert_int_eq(all[i].resting, i < LIMIT_WARM_KEPT);
	}
	guard_rest(&all[LIMIT_WARM_KEPT], false);
	guard_rest(&all[3], false);
	ck_assert(!all[3].resting);
	guard_rest(&all[LIMIT_WARM_KEPT], true);
	ck_assert(all[LIMIT_WARM_KEPT].resting);
	guard_rest(&all[3], true);
	ck_assert(!all[3].resting);
}

START_TEST(more_than_can_rest)
{
	aid_in_process(too_many);
}
END_TEST

Suite *
suite_claude_guard(void)
{
	Suite *s = suite_create("claude_guard");
	TCase *t = tcase_create("claude_guard");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, its_end_is_told_by_a_signal);
	tcase_add_test(t, one_that_left_by_itself);
	tcase_add_test(t, one_that_leaves_at_the_end_of_input);
	tcase_add_test(t, one_that_takes_an_interrupt);
	tcase_add_test(t, one_that_needs_a_term);
	tcase_add_test(t, one_that_needs_a_kill);
	tcase_add_test(t, one_that_is_terminated_at_once);
	tcase_add_test(t, one_that_is_killed_at_once);
	tcase_add_test(t, stopping_twice_changes_nothing);
	tcase_add_test(t, a_session_left_behind_is_swept);
#ifdef CCP_LINUX
	tcase_add_test(t, and_one_of_a_process_that_was_killed);
#endif
	tcase_add_test(t, without_a_subreaper_they_are_known);
	tcase_add_test(t, one_that_somebody_else_reaped);
	tcase_add_test(t, a_sweep_spares_those_that_rest);
#ifdef CCP_LINUX
	tcase_add_test(t, nor_does_it_sweep_while_another_works);
#endif
	tcase_add_test(t, more_than_can_rest);
	suite_add_tcase(s, t);
	return s;
}
