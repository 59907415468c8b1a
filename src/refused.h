/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connections that "ccp start" cannot serve: each gets an answer that it can
 * read.  Closing a socket at once while it holds unread bytes would reset it
 * and take the answer away (RFC 9112 9.6), so it stays for a moment.
 */
#ifndef CCP_REFUSED_H
#define CCP_REFUSED_H

#include <stddef.h>
#include <stdint.h>

#include "api_error.h"
#include "pollset.h"

#define REFUSED_MAX 16 /* lingering at once; the oldest goes first */

struct refused {
	int fds[REFUSED_MAX];
	int64_t deadlines[REFUSED_MAX];
	size_t n;
};

/* Answers conn with that error, logs it, and takes conn over. */
void refused_add(struct refused *r, int conn, const struct api_error *why);
void refused_poll(const struct refused *r, struct pollset *ps);
void refused_step(struct refused *r, const struct pollset *ps);
void refused_close(struct refused *r);

#endif
