/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a request's first word spends its time, to the microsecond: what is
 * ccp's own of it disappears beside the time Claude takes, so that it can only
 * be seen from within.  At the level debug one line tells it (ccp-handler(8)).
 */
#ifndef CCP_REQUEST_TIMES_H
#define CCP_REQUEST_TIMES_H

#include <stdint.h>

/* Each is times_now(), or 0: not yet. */
struct request_times {
	int64_t head;  /* the request's head was there */
	int64_t told;  /* Claude runs and was told what there is to answer */
	int64_t heard; /* what Claude has said was about to be read */
	int64_t word;  /* the same, when its first word was in it */
	int64_t out;   /* that was handed to the client's socket */
};

/* main() has begun: an acceptor's time is not known here. */
void times_begin(void);

/* Microseconds since then, by the monotonic clock; at least 1. */
int64_t times_now(void);

/* Sets *t, unless it is set. */
void times_mark(int64_t *t);

/* The line, if Claude was told anything. */
void times_log(const struct request_times *t, const char *id);

#endif
