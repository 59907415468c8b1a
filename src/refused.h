/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connections that "ccp start" has no room for: each gets a 503 that it can
 * read.  Closing a socket at once while it holds unread bytes would reset it
 * and take the answer away (RFC 9112 9.6), so it stays for a moment.
 */
#ifndef CCP_REFUSED_H
#define CCP_REFUSED_H

#include <stddef.h>
#include <stdint.h>

#include "pollset.h"

#define REFUSED_MAX 16 /* lingering at once; the oldest goes first */

struct refused {
	int fds[REFUSED_MAX];
	int64_t deadlines[REFUSED_MAX];
	size_t n;
};

/* Answers conn with a 503, and takes it over. */
void refused_add(struct refused *r, int conn);
void refused_poll(const struct refused *r, struct pollset *ps);
void refused_step(struct refused *r, const struct pollset *ps);
void refused_close(struct refused *r);

#endif
