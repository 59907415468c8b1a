/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lock_wait.h"

#include <sys/file.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "aid.h"
#include "clock.h"
#include "suites.h"

#define WAIT_MS 100

static int fd;                       /* ours */
static int held;                     /* of another one, who has the lock */
static volatile sig_atomic_t alarms; /* the caller's that came */

static void
on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void
make(void)
{
	const struct sigaction counting = {.sa_handler = on_alarm};
	const char *path;

	(void)aid_make_dir();
	path = aid_make_file("file", "", 0600);
	fd = open(path, O_RDWR);
	held = open(path, O_RDWR);
	ck_assert_int_eq(flock(held, LOCK_EX), 0);
	alarms = 0;
	ck_assert_int_eq(sigaction(SIGALRM, &counting, NULL), 0);
}

static void
clean(void)
{
	(void)close(fd);
	(void)close(held);
	aid_remove_dir();
}

/* For how long. */
static int64_t
wait_in_vain(int ms)
{
	int64_t start = clock_ms();

	errno = 0;
	ck_assert(!lock_wait(fd, LOCK_EX, ms));
	ck_assert_int_eq(errno, EWOULDBLOCK);
	return clock_ms() - start;
}

static void
set_timer(int ms, int again_ms)
{
	const struct itimerval timer = {
	    .it_value = {ms / 1000, ms % 1000 * 1000},
	    .it_interval = {0, again_ms * 1000},
	};

	ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void
mask_alarm(int how)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	ck_assert_int_eq(sigprocmask(how, &set, NULL), 0);
}

static bool
alarm_is_pending(void)
{
	sigset_t set;

	ck_assert_int_eq(sigpending(&set), 0);
	return sigismember(&set, SIGALRM);
}

START_TEST(a_free_one_is_had_at_once)
{
	ck_assert_int_eq(flock(held, LOCK_UN), 0);
	ck_assert(lock_wait(fd, LOCK_EX, _i));
	ck_assert_int_eq(flock(held, LOCK_SH | LOCK_NB), -1);
}
END_TEST

START_TEST(without_time_nobody_waits)
{
	(void)wait_in_vain(0);
	(void)wait_in_vain(-1);
}
END_TEST

START_TEST(what_is_no_lock)
{
	ck_assert(!lock_wait(-1, LOCK_EX, WAIT_MS));
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

/* The kernel tells: a look now and then is not needed. */
START_TEST(it_is_had_when_it_is_given_back)
{
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		(void)poll(NULL, 0, 50);
		_exit(flock(held, LOCK_UN) == 0 ? 0 : 1);
	}
	ck_assert(lock_wait(fd, LOCK_EX, AID_PATIENCE_MS));
	ck_assert_int_eq(aid_wait(pid), 0);
	ck_assert_int_eq(alarms, 0);
}
END_TEST

/* Until it has gone, or is killed. */
static _Noreturn void
send_alarms_to(pid_t parent)
{
	while (getppid() == parent) {
		(void)kill(parent, SIGALRM);
		(void)poll(NULL, 0, 10);
	}
	_exit(0);
}

START_TEST(the_time_is_waited_whoever_sends_signals)
{
	pid_t parent = getpid(), pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		send_alarms_to(parent);
	ck_assert_int_ge(wait_in_vain(WAIT_MS), WAIT_MS - 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	(void)aid_wait(pid);
}
END_TEST

START_TEST(an_alarm_that_is_pending_stays)
{
	mask_alarm(SIG_BLOCK);
	ck_assert_int_eq(raise(SIGALRM), 0);
	ck_assert_int_ge(wait_in_vain(WAIT_MS), WAIT_MS - 1);
	ck_assert_int_eq(alarms, 0);
	ck_assert(alarm_is_pending());
	mask_alarm(SIG_UNBLOCK);
	ck_assert_int_eq(alarms, 1);
}
END_TEST

START_TEST(none_that_is_not_the_callers_stays)
{
	mask_alarm(SIG_BLOCK);
	(void)wait_in_vain(WAIT_MS);
	ck_assert(!alarm_is_pending());
}
END_TEST

START_TEST(a_timer_goes_on_meanwhile)
{
	struct itimerval left;
	int64_t waited;

	set_timer(3600 * 1000, 0);
	waited = wait_in_vain(WAIT_MS);
	ck_assert_int_eq(getitimer(ITIMER_REAL, &left), 0);
	ck_assert_int_le(
	    left.it_value.tv_sec * INT64_C(1000) + left.it_value.tv_usec / 1000,
	    3600 * 1000 - waited + 2);
	ck_assert_int_gt(left.it_value.tv_sec, 3500);
	ck_assert_int_eq(left.it_interval.tv_usec, 0);
	ck_assert_int_eq(alarms, 0);
}
END_TEST

/* Once, or again and again. */
START_TEST(an_alarm_that_is_due_meanwhile_comes_then)
{
	int64_t start = 0;

	set_timer(WAIT_MS / 4, _i);
	ck_assert_int_ge(wait_in_vain(WAIT_MS), WAIT_MS - 1);
	while (alarms <= _i && aid_patient(&start))
		continue;
	ck_assert_int_gt(alarms, _i);
	set_timer(0, 0);
}
END_TEST

Suite *
suite_lock_wait(void)
{
	Suite *s = suite_create("lock_wait");
	TCase *t = tcase_create("lock_wait");

	tcase_add_checked_fixture(t, make, clean);
	tcase_add_loop_test(t, a_free_one_is_had_at_once, -1, 2);
	tcase_add_test(t, without_time_nobody_waits);
	tcase_add_test(t, what_is_no_lock);
	tcase_add_test(t, it_is_had_when_it_is_given_back);
	tcase_add_test(t, the_time_is_waited_whoever_sends_signals);
	tcase_add_test(t, an_alarm_that_is_pending_stays);
	tcase_add_test(t, none_that_is_not_the_callers_stays);
	tcase_add_test(t, a_timer_goes_on_meanwhile);
	tcase_add_loop_test(t, an_alarm_that_is_due_meanwhile_comes_then, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
