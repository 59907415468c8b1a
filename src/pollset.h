/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one turn of the poll loop waits for.  Each object adds its descriptors
 * and its next deadline, the loop waits once, each object looks up what came.
 */
#ifndef CCP_POLLSET_H
#define CCP_POLLSET_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "limits.h"

struct pollset {
	struct pollfd fds[LIMIT_POLL_FDS];
	nfds_t n;
	int64_t deadline; /* clock_ms() value, CLOCK_NEVER: none */
};

void pollset_reset(struct pollset *ps);

/* Adds events to what is wanted of fd; a negative fd is ignored.  More than
 * LIMIT_POLL_FDS descriptors are a programmer's error (abort). */
void pollset_want(struct pollset *ps, int fd, short events);
void pollset_until(struct pollset *ps, int64_t deadline);

/* Waits for an event, a signal or the deadline.  0, or -1 with errno (never
 * EINTR). */
int pollset_wait(struct pollset *ps);

/* Was fd waited for? */
bool pollset_has(const struct pollset *ps, int fd);

/* What came for fd; 0 if nothing or not in the set. */
short pollset_got(const struct pollset *ps, int fd);

#endif
