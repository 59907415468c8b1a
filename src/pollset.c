/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pollset.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "clock.h"

#include "banned.h"

void
pollset_reset(struct pollset *ps)
{
	ps->n = 0;
	ps->deadline = CLOCK_NEVER;
}

void
pollset_want(struct pollset *ps, int fd, short events)
{
	nfds_t i;

	if (fd < 0)
		return;
	for (i = 0; i < ps->n; i++) {
		if (ps->fds[i].fd == fd) {
			ps->fds[i].events |= events;
			return;
		}
	}
	if (ps->n == LIMIT_POLL_FDS)
		abort();
	ps->fds[ps->n].fd = fd;
	ps->fds[ps->n].events = events;
	ps->fds[ps->n].revents = 0;
	ps->n++;
}

void
pollset_until(struct pollset *ps, int64_t deadline)
{
	ps->deadline = clock_earlier(ps->deadline, deadline);
}

static int
milliseconds_left(int64_t deadline)
{
	int64_t left;

	if (deadline == CLOCK_NEVER)
		return -1;
	left = deadline - clock_ms();
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int
pollset_wait(struct pollset *ps)
{
	nfds_t i;

	if (poll(ps->fds, ps->n, milliseconds_left(ps->deadline)) >= 0)
		return 0;
	/* A signal: its byte is on the self-pipe, the next turn sees it. */
	for (i = 0; i < ps->n; i++)
		ps->fds[i].revents = 0;
	return errno == EINTR || errno == EAGAIN ? 0 : -1;
}

bool
pollset_has(const struct pollset *ps, int fd)
{
	nfds_t i;

	for (i = 0; i < ps->n; i++) {
		if (ps->fds[i].fd == fd)
			return true;
	}
	return false;
}

short
pollset_got(const struct pollset *ps, int fd)
{
	nfds_t i;

	for (i = 0; i < ps->n; i++) {
		if (ps->fds[i].fd == fd)
			return ps->fds[i].revents;
	}
	return 0;
}
