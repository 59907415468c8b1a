/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lock_wait.h"

#include <sys/file.h>
#include <sys/time.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "clock.h"
#include "limits.h"

#include "banned.h"

#define SECOND 1000000

/* It is enough that flock() returns.  Whose alarm it was, the clock tells. */
static void
on_alarm(int sig)
{
	(void)sig;
}

/* Of the caller, to be given back. */
struct alarms {
	struct itimerval timer;
	struct sigaction action;
	sigset_t mask;
	bool pending;
	int64_t since; /* when the timer was stopped */
};

static void
set_alarms(int ms)
{
	const struct itimerval timer = {
	    .it_value = {ms / 1000, ms % 1000 * 1000},
	    .it_interval = {0, LIMIT_LOCK_AGAIN_MS * 1000},
	};
	struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART */

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGALRM, &action, NULL);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

/* An alarm of the caller's that is pending is taken off: it would be the first
 * to end a wait. */
static void
borrow_alarms(struct alarms *ret, int ms)
{
	const struct itimerval off = {{0, 0}, {0, 0}};
	sigset_t alarm, pending;

	(void)sigemptyset(&alarm);
	(void)sigaddset(&alarm, SIGALRM);
	(void)sigprocmask(SIG_BLOCK, &alarm, &ret->mask);
	(void)setitimer(ITIMER_REAL, &off, &ret->timer);
	ret->since = clock_ms();
	(void)sigemptyset(&pending);
	(void)sigpending(&pending);
	ret->pending = sigismember(&pending, SIGALRM) == 1;
	(void)sigaction(SIGALRM, NULL, &ret->action);
	set_alarms(ms);
	(void)sigprocmask(SIG_UNBLOCK, &alarm, NULL);
}

/* As if it had gone on; what it missed comes at once. */
static void
restart_timer(const struct alarms *was)
{
	struct itimerval timer = was->timer;
	int64_t left =
	    (int64_t)timer.it_value.tv_sec * SECOND + timer.it_value.tv_usec;

	if (left == 0)
		return; /* there was none */
	left -= (clock_ms() - was->since) * 1000;
	if (left < 1)
		left = 1;
	timer.it_value.tv_sec = (time_t)(left / SECOND);
	timer.it_value.tv_usec = (suseconds_t)(left % SECOND);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

static void
give_alarms_back(const struct alarms *was)
{
	const struct itimerval off = {{0, 0}, {0, 0}};
	sigset_t alarm;

	(void)setitimer(ITIMER_REAL, &off, NULL);
	(void)sigemptyset(&alarm);
	(void)sigaddset(&alarm, SIGALRM);
	(void)sigprocmask(SIG_BLOCK, &alarm, NULL);
	(void)sigaction(SIGALRM, &was->action, NULL);
	restart_timer(was);
	if (was->pending)
		(void)kill(getpid(), SIGALRM);
	(void)sigprocmask(SIG_SETMASK, &was->mask, NULL);
}

static bool
wait_until(int fd, int operation, int64_t until)
{
	while (flock(fd, operation) == -1) {
		if (errno != EINTR)
			return false;
		if (clock_ms() >= until) {
			errno = EWOULDBLOCK;
			return false;
		}
	}
	return true;
}

bool
lock_wait(int fd, int operation, int ms)
{
	int64_t until = clock_ms() + ms;
	struct alarms callers;
	bool taken;
	int error;

	if (flock(fd, operation | LOCK_NB) == 0)
		return true;
	/* EINTR: file systems over a network ask even then. */
	if ((errno != EWOULDBLOCK && errno != EINTR) || ms <= 0)
		return false;
	borrow_alarms(&callers, ms);
	taken = wait_until(fd, operation, until);
	error = errno;
	give_alarms_back(&callers);
	errno = error;
	return taken;
}
