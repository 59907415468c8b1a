/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "io.h"

#include "banned.h"

static const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGURG};
#define NCAUGHT (sizeof(caught) / sizeof(caught[0]))

static int self_pipe[2] = {-1, -1};
static volatile sig_atomic_t came[NCAUGHT];
static volatile sig_atomic_t woken, children;
static volatile sig_atomic_t written; /* there may be bytes in the pipe */

/* Those that are not the default; -1: nobody has looked. */
static int changed[NSIG], nchanged = -1;

static void
on_signal(int sig)
{
	int error = errno;
	size_t i;

	for (i = 0; i < NCAUGHT; i++) {
		if (caught[i] == sig)
			came[i] = 1;
	}
	if (sig == SIGURG)
		woken = (int)((unsigned)woken + 1);
	if (sig == SIGCHLD)
		children = (int)((unsigned)children + 1);
	/* A full pipe is fine: it is readable already. */
	if (write(self_pipe[1], "", 1) == -1)
		errno = error;
	written = 1;
	errno = error;
}

int
signals_open(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sigaction hup;
	sigset_t ours;
	size_t i;

	if (sigaction(SIGHUP, NULL, &hup) == -1)
		return -1;
	if (io_pipe(self_pipe) == -1)
		return -1;
	/* Nobody may wait at it, a signal handler least of all. */
	if (io_end_own(self_pipe[0]).kind != IO_OWN ||
	    io_end_own(self_pipe[1]).kind != IO_OWN)
		return -1;
	(void)sigemptyset(&sa.sa_mask);
	(void)sigemptyset(&ours);
	for (i = 0; i < NCAUGHT; i++) {
		(void)sigaddset(&ours, caught[i]);
		if (sigaction(caught[i], &sa, NULL) == -1)
			return -1;
	}
	/* Whoever started us may have left them blocked. */
	if (sigprocmask(SIG_UNBLOCK, &ours, NULL) == -1)
		return -1;
	if (hup.sa_handler == SIG_IGN) /* nohup */
		(void)sigaction(SIGHUP, &hup, NULL);
	sa.sa_handler = SIG_IGN;
	return sigaction(SIGPIPE, &sa, NULL);
}

int
signals_fd(void)
{
	return self_pipe[0];
}

static bool
take(size_t i)
{
	/* Cleared only when it was seen: one that comes in between stays. */
	if (came[i] == 0)
		return false;
	came[i] = 0;
	return true;
}

struct signals_seen
signals_take(void)
{
	struct signals_seen seen = {false, false, false};
	char drain[64];

	if (written == 0)
		return seen;
	/* Bytes first: a signal in between is seen now or at the next turn. */
	written = 0;
	while (read(self_pipe[0], drain, sizeof(drain)) > 0)
		continue;
	seen.stop = take(0);
	seen.stop |= take(1);
	seen.hup = take(2);
	seen.child = take(3);
	return seen;
}

unsigned
signals_woken(void)
{
	return (unsigned)woken;
}

unsigned
signals_children(void)
{
	if (self_pipe[0] == -1)
		children = (int)((unsigned)children + 1);
	return (unsigned)children;
}

void
signals_settled(void)
{
	struct sigaction now;
	int sig;

	nchanged = 0;
	for (sig = 1; sig < NSIG; sig++) {
		if (sigaction(sig, NULL, &now) == 0 &&
		    now.sa_handler != SIG_DFL)
			changed[nchanged++] = sig;
	}
}

void
signals_reset(void)
{
	struct sigaction sa = {.sa_handler = SIG_DFL};
	sigset_t none;
	int sig, i;

	(void)sigemptyset(&sa.sa_mask);
	for (i = 0; i < nchanged; i++)
		(void)sigaction(changed[i], &sa, NULL);
	for (sig = 1; nchanged == -1 && sig < NSIG; sig++)
		(void)sigaction(sig, &sa, NULL); /* KILL and STOP refuse */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
