/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the programs of the benchmark share.
 */
#ifndef CCP_BENCH_H
#define CCP_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* By the monotonic clock. */
static inline int64_t
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static inline _Noreturn void
fail(const char *what)
{
	perror(what);
	exit(1);
}

#endif
