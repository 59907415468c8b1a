/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pollset.h"

#include <sys/resource.h>
#include <sys/time.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "aid.h"
#include "clock.h"
#include "suites.h"

static struct pollset ps;
static int fds[2];

static void
set_up(void)
{
	pollset_reset(&ps);
	aid_pipe(fds);
}

START_TEST(an_empty_set_waits_for_its_deadline)
{
	pollset_until(&ps, clock_ms() - 5);
	ck_assert_int_eq(pollset_wait(&ps), 0);
	pollset_until(&ps, 0);
	ck_assert_int_eq(pollset_wait(&ps), 0);
	ck_assert_int_eq(pollset_got(&ps, fds[0]), 0);
	ck_assert(!pollset_has(&ps, fds[0]));
}
END_TEST

START_TEST(the_earliest_deadline_counts)
{
	int64_t now = clock_ms();

	ck_assert_int_eq(ps.deadline, CLOCK_NEVER);
	pollset_until(&ps, now + 600000);
	pollset_until(&ps, now + 20);
	pollset_until(&ps, CLOCK_NEVER);
	pollset_until(&ps, now + 700000);
	ck_assert_int_eq(ps.deadline, now + 20);
	ck_assert_int_eq(pollset_wait(&ps), 0);
	ck_assert_int_ge(clock_ms(), now + 20); /* or the loop would spin */
}
END_TEST

START_TEST(events_are_told_by_descriptor)
{
	pollset_want(&ps, fds[0], POLLIN);
	pollset_want(&ps, fds[1], POLLOUT);
	ck_assert_int_eq(pollset_wait(&ps), 0);
	ck_assert_int_eq(pollset_got(&ps, fds[0]), 0);
	ck_assert_int_eq(pollset_got(&ps, fds[1]), POLLOUT);
	aid_send_byte(fds[1]);
	ck_assert_int_eq(pollset_wait(&ps), 0);
	ck_assert_int_eq(pollset_got(&ps, fds[0]), POLLIN);
	aid_close(&fds[1]);
	ck_assert_int_eq(pollset_wait(&ps), 0);
	ck_assert(pollset_got(&ps, fds[0]) & POLLHUP);
	ck_assert_int_eq(pollset_got(&ps, 999), 0);
}
END_TEST

START_TEST(one_descriptor_has_one_row)
{
	pollset_want(&ps, fds[0], POLLIN);
	pollset_want(&ps, fds[0], 0);
	pollset_want(&ps, fds[0], POLLPRI);
	ck_assert_uint_eq(ps.n, 1);
	ck_assert_int_eq(ps.fds[0].events, POLLIN | POLLPRI);
	ck_assert(pollset_has(&ps, fds[0]));
	ck_assert(!pollset_has(&ps, fds[1]));
}
END_TEST

START_TEST(no_descriptor_is_no_row)
{
	pollset_want(&ps, -1, POLLIN);
	ck_assert_uint_eq(ps.n, 0);
	ck_assert(!pollset_has(&ps, -1));
	ck_assert_int_eq(pollset_got(&ps, -1), 0);
}
END_TEST

START_TEST(a_closed_descriptor_is_told)
{
	pollset_want(&ps, fds[0], POLLIN);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(pollset_wait(&ps), 0);
	ck_assert_int_eq(pollset_got(&ps, fds[0]), POLLNVAL);
}
END_TEST

START_TEST(reset_forgets)
{
	pollset_want(&ps, fds[1], POLLOUT);
	pollset_until(&ps, 1);
	ck_assert_int_eq(pollset_wait(&ps), 0);
	pollset_reset(&ps);
	ck_assert_uint_eq(ps.n, 0);
	ck_assert_int_eq(ps.deadline, CLOCK_NEVER);
	ck_assert_int_eq(pollset_got(&ps, fds[1]), 0);
	/* Nothing of a wait before stands in a new row. */
	pollset_want(&ps, fds[1], POLLOUT);
	ck_assert_int_eq(pollset_got(&ps, fds[1]), 0);
}
END_TEST

static void
nothing(int sig)
{
	(void)sig;
}

START_TEST(a_signal_ends_the_wait)
{
	struct sigaction sa = {.sa_handler = nothing, .sa_flags = SA_RESTART};
	/* Again and again, in case one comes before poll waits. */
	struct itimerval soon = {{0, 10000}, {0, 10000}};

	ck_assert_int_eq(sigaction(SIGALRM, &sa, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	pollset_want(&ps, fds[0], POLLIN);
	ps.fds[0].revents = POLLIN;             /* of an earlier turn */
	ck_assert_int_eq(pollset_wait(&ps), 0); /* no deadline at all */
	ck_assert_int_eq(pollset_got(&ps, fds[0]), 0);
}
END_TEST

START_TEST(a_failure_is_told)
{
	struct rlimit limit, before;

	pollset_want(&ps, fds[0], POLLIN);
	pollset_want(&ps, fds[1], POLLOUT);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = 1;
	ps.fds[1].revents = POLLOUT; /* of an earlier turn */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(pollset_wait(&ps), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(pollset_got(&ps, fds[1]), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
}
END_TEST

START_TEST(as_many_as_there_is_room_for)
{
	int fd;

	for (fd = 100; fd < 100 + LIMIT_POLL_FDS; fd++)
		pollset_want(&ps, fd, POLLIN);
	pollset_want(&ps, 100, POLLOUT);
	ck_assert_uint_eq(ps.n, LIMIT_POLL_FDS);
}
END_TEST

START_TEST(one_more_aborts)
{
	int fd;

	for (fd = 100; fd <= 100 + LIMIT_POLL_FDS; fd++)
		pollset_want(&ps, fd, POLLIN);
}
END_TEST

Suite *
suite_pollset(void)
{
	Suite *s = suite_create("pollset");
	TCase *t = tcase_create("pollset");

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, an_empty_set_waits_for_its_deadline);
	tcase_add_test(t, the_earliest_deadline_counts);
	tcase_add_test(t, events_are_told_by_descriptor);
	tcase_add_test(t, one_descriptor_has_one_row);
	tcase_add_test(t, no_descriptor_is_no_row);
	tcase_add_test(t, a_closed_descriptor_is_told);
	tcase_add_test(t, reset_forgets);
	tcase_add_test(t, a_signal_ends_the_wait);
	tcase_add_test(t, a_failure_is_told);
	tcase_add_test(t, as_many_as_there_is_room_for);
	tcase_add_test_raise_signal(t, one_more_aborts, SIGABRT);
	suite_add_tcase(s, t);
	return s;
}
