/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lock_wait.h"

#include <sys/file.h>
#include <sys/time.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "banned.h"

#define AGAIN_MS 10 /* a signal that came just before the wait */

static volatile sig_atomic_t expired;

static void
on_alarm(int sig)
{
	(void)sig;
	expired = 1;
}

/* The alarms that were set before come later by as much as was waited. */
struct alarms {
	struct itimerval timer;
	struct sigaction action;
	sigset_t mask;
};

static void
set_alarms(struct alarms *before, int ms)
{
	struct itimerval timer = {
	    .it_value = {ms / 1000, ms % 1000 * 1000},
	    .it_interval = {0, AGAIN_MS * 1000},
	};
	struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART */
	sigset_t set;

	expired = 0;
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGALRM, &action, &before->action);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &set, &before->mask);
	(void)setitimer(ITIMER_REAL, &timer, &before->timer);
}

static void
restore_alarms(const struct alarms *before)
{
	struct itimerval off = {{0, 0}, {0, 0}};

	(void)setitimer(ITIMER_REAL, &off, NULL);
	(void)sigprocmask(SIG_SETMASK, &before->mask, NULL);
	(void)sigaction(SIGALRM, &before->action, NULL);
	(void)setitimer(ITIMER_REAL, &before->timer, NULL);
}

static bool
wait_for(int fd, int operation)
{
	while (flock(fd, operation) == -1) {
		if (errno != EINTR)
			return false;
		if (expired) {
			errno = EWOULDBLOCK;
			return false;
		}
	}
	return true;
}

bool
lock_wait(int fd, int operation, int ms)
{
	struct alarms before;
	bool taken;
	int error;

	if (flock(fd, operation | LOCK_NB) == 0)
		return true;
	if (errno != EWOULDBLOCK)
		return false;
	set_alarms(&before, ms);
	taken = wait_for(fd, operation);
	error = errno;
	restore_alarms(&before);
	errno = error;
	return taken;
}
