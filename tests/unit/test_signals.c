/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

/* Each body runs in a process of its own: signals are the process's. */

static void
assert_seen(bool stop, bool hup, bool child)
{
	struct signals_seen seen;

	ck_assert(aid_readable(signals_fd()) == (stop || hup || child));
	seen = signals_take();
	ck_assert(seen.stop == stop);
	ck_assert(seen.hup == hup);
	ck_assert(seen.child == child);
	ck_assert(!aid_readable(signals_fd()));
}

static void
kinds(void)
{
	ck_assert_int_eq(signals_open(), 0);
	assert_seen(false, false, false);
	(void)raise(SIGTERM);
	assert_seen(true, false, false);
	(void)raise(SIGINT);
	assert_seen(true, false, false);
	(void)raise(SIGHUP);
	assert_seen(false, true, false);
	(void)raise(SIGCHLD);
	assert_seen(false, false, true);
	assert_seen(false, false, false);
	(void)raise(SIGTERM);
	(void)raise(SIGHUP);
	(void)raise(SIGINT);
	(void)raise(SIGHUP);
	(void)raise(SIGCHLD);
	assert_seen(true, true, true);
}

static void
blocked_before(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &all, NULL), 0);
	kinds();
}

START_TEST(what_was_blocked_is_told)
{
	aid_in_process(blocked_before);
}
END_TEST

START_TEST(each_signal_is_told_once)
{
	aid_in_process(kinds);
}
END_TEST

static void
a_child_ends(void)
{
	struct pollfd p;
	pid_t pid;
	int n;

	ck_assert_int_eq(signals_open(), 0);
	pid = fork();
	if (pid == 0)
		_exit(0);
	p.fd = signals_fd();
	p.events = POLLIN;
	do
		n = poll(&p, 1, AID_PATIENCE_MS);
	while (n == -1 && errno == EINTR);
	ck_assert_int_eq(n, 1);
	assert_seen(false, false, true);
	ck_assert_int_eq(aid_wait(pid), 0);
}

START_TEST(the_end_of_a_child_wakes_poll)
{
	aid_in_process(a_child_ends);
}
END_TEST

/* More than the pipe holds: none waits, and one look takes them all. */
static void
a_flood(void)
{
	int i, changed = 0;

	ck_assert_int_eq(signals_open(), 0);
	for (i = 0; i < 66000; i++) {
		errno = ENOTTY;
		(void)raise(SIGHUP);
		changed += errno != ENOTTY;
	}
	ck_assert_int_eq(changed, 0);
	assert_seen(false, true, false);
}

START_TEST(a_flood_does_not_block)
{
	aid_in_process(a_flood);
}
END_TEST

static void
a_broken_pipe(void)
{
	int fds[2];

	ck_assert_int_eq(signals_open(), 0);
	aid_pipe(fds);
	aid_close(&fds[0]);
	ck_assert_int_eq(write(fds[1], "x", 1), -1);
	ck_assert_int_eq(errno, EPIPE);
}

START_TEST(a_broken_pipe_is_an_error_only)
{
	aid_in_process(a_broken_pipe);
}
END_TEST

static void
under_nohup(void)
{
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	ck_assert_int_eq(signals_open(), 0);
	(void)raise(SIGHUP);
	assert_seen(false, false, false);
	(void)raise(SIGTERM);
	assert_seen(true, false, false);
}

START_TEST(nohup_is_respected)
{
	aid_in_process(under_nohup);
}
END_TEST

static void
not_inherited(void)
{
	int old = signals_fd();

	ck_assert_int_eq(old, -1);
	ck_assert_int_eq(signals_open(), 0);
	ck_assert_int_ge(signals_fd(), 0);
}

START_TEST(nothing_is_open_before)
{
	aid_in_process(not_inherited);
}
END_TEST

static void
assert_reset(void)
{
	struct sigaction sa;
	sigset_t all, now;
	int sig;

	(void)sigfillset(&all);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &all, NULL), 0);
	signals_reset();
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &now), 0);
	for (sig = 1; sig < NSIG; sig++) {
		if (sigaction(sig, NULL, &sa) == -1)
			continue; /* the C library's own */
		ck_assert_msg(sa.sa_handler == SIG_DFL, "signal %d", sig);
		ck_assert_msg(sigismember(&now, sig) != 1, "signal %d", sig);
	}
}

static void
reset(void)
{
	ck_assert_int_eq(signals_open(), 0);
	(void)signal(SIGUSR2, SIG_IGN);
	assert_reset();
}

START_TEST(reset_leaves_defaults)
{
	aid_in_process(reset);
}
END_TEST

static void
reset_settled(void)
{
	(void)signal(SIGUSR2, SIG_IGN);
#ifdef SIGRTMAX /* macOS has none */
	(void)signal(SIGRTMAX, SIG_IGN);
#endif
	ck_assert_int_eq(signals_open(), 0);
	signals_settled();
	signals_settled();
	assert_reset();
	/* What was the default is left alone. */
	(void)signal(SIGUSR1, SIG_IGN);
	signals_reset();
	ck_assert(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
}

START_TEST(reset_of_settled_ones_leaves_defaults)
{
	aid_in_process(reset_settled);
}
END_TEST

Suite *
suite_signals(void)
{
	Suite *s = suite_create("signals");
	TCase *t = tcase_create("signals");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, each_signal_is_told_once);
	tcase_add_test(t, what_was_blocked_is_told);
	tcase_add_test(t, the_end_of_a_child_wakes_poll);
	tcase_add_test(t, a_flood_does_not_block);
	tcase_add_test(t, a_broken_pipe_is_an_error_only);
	tcase_add_test(t, nohup_is_respected);
	tcase_add_test(t, nothing_is_open_before);
	tcase_add_test(t, reset_leaves_defaults);
	tcase_add_test(t, reset_of_settled_ones_leaves_defaults);
	suite_add_tcase(s, t);
	return s;
}
