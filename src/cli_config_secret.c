/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp config set API_KEY -: the value as a line of the standard input, so that
 * it is in no history of a shell and in no list of processes.
 */
#include "cli_config.h"
#include "cli_say.h"

#include <sys/select.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "banned.h"

static volatile sig_atomic_t caught;

static void
remember(int number)
{
	caught = number;
}

/* Signals that would end us with a terminal that shows nothing. */
static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
#define NSIGNALS (sizeof(signals) / sizeof(signals[0]))

/* A byte of the input; a signal that is blocked outside comes in here or not
 * at all, so none is missed between a look at it and the wait. */
static ssize_t
read_byte(char *to, const sigset_t *mask)
{
	fd_set in;

	FD_ZERO(&in);
	FD_SET(STDIN_FILENO, &in);
	if (mask != NULL &&
	    pselect(STDIN_FILENO + 1, &in, NULL, NULL, NULL, mask) == -1)
		return -1;
	return read(STDIN_FILENO, to, 1);
}

/* False: the input has failed, or a signal has come.  mask: of the signals to
 * be let in while it waits, or NULL. */
static bool
read_line(struct buf *to, bool *ret_any, const sigset_t *mask)
{
	char c;
	ssize_t n;

	*ret_any = false;
	for (;;) {
		n = read_byte(&c, mask);
		if (n == -1 && errno == EINTR && caught == 0)
			continue;
		if (n == -1)
			return false;
		if (n == 0)
			return true;
		*ret_any = true;
		if (c == '\n')
			return true;
		buf_addch(to, c);
	}
}

static bool
read_unseen(const struct setting *row, struct buf *to, bool *ret_any)
{
	struct sigaction act = {.sa_handler = remember}, was[NSIGNALS];
	struct termios shown, hidden;
	sigset_t ours, before;
	bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0, ok;
	size_t i;

	if (!terminal)
		return read_line(to, ret_any, NULL);
	(void)sigemptyset(&ours);
	for (i = 0; i < NSIGNALS; i++)
		(void)sigaddset(&ours, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &ours, &before);
	for (i = 0; i < NSIGNALS; i++)
		(void)sigaction(signals[i], &act, &was[i]);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	(void)fprintf(stderr, "%s (not shown): ", row->name);
	ok = read_line(to, ret_any, &before);
	(void)fputc('\n', stderr);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	for (i = 0; i < NSIGNALS; i++)
		(void)sigaction(signals[i], &was[i], NULL);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (caught != 0)
		(void)raise(caught);
	return ok && caught == 0;
}

bool
config_read_secret(const struct setting *row, struct buf *to)
{
	const char *text;
	bool any;

	if (!read_unseen(row, to, &any)) {
		(void)cli_complain("%s: cannot be read from the standard "
				   "input",
		    row->name);
		return false;
	}
	if (!any) {
		(void)cli_complain(
		    "%s: the standard input has no line", row->name);
		return false;
	}
	text = buf_str(to);
	if (buf_ok(to) && strlen(text) == to->len)
		return true;
	(void)cli_complain(
	    "%s: the line is too long, or has a NUL in it", row->name);
	return false;
}
