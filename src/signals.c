/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "io.h"

#include "banned.h"

static const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
#define NCAUGHT (sizeof(caught) / sizeof(caught[0]))

static int self_pipe[2] = {-1, -1};
static volatile sig_atomic_t came[NCAUGHT];

static void
on_signal(int sig)
{
	int error = errno;
	size_t i;

	for (i = 0; i < NCAUGHT; i++) {
		if (caught[i] == sig)
			came[i] = 1;
	}
	/* A full pipe is fine: it is readable already. */
	if (write(self_pipe[1], "", 1) == -1)
		errno = error;
	errno = error;
}

int
signals_open(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sigaction hup;
	size_t i;

	if (sigaction(SIGHUP, NULL, &hup) == -1)
		return -1;
	if (io_pipe(self_pipe) == -1)
		return -1;
	(void)io_end_own(self_pipe[0]);
	(void)io_end_own(self_pipe[1]);
	(void)sigemptyset(&sa.sa_mask);
	for (i = 0; i < NCAUGHT; i++) {
		if (sigaction(caught[i], &sa, NULL) == -1)
			return -1;
	}
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

	/* Bytes first: a signal in between is seen now or at the next turn. */
	while (read(self_pipe[0], drain, sizeof(drain)) > 0)
		continue;
	seen.stop = take(0);
	seen.stop |= take(1);
	seen.hup = take(2);
	seen.child = take(3);
	return seen;
}

void
signals_reset(void)
{
	struct sigaction sa = {.sa_handler = SIG_DFL};
	sigset_t none;
	int sig;

	(void)sigemptyset(&sa.sa_mask);
	for (sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &sa, NULL); /* KILL and STOP refuse */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
