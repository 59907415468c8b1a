/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time as every deadline uses it: milliseconds of the monotonic clock.
 */
#ifndef CCP_CLOCK_H
#define CCP_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER INT64_MAX

int64_t clock_ms(void);

static inline int64_t
clock_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

#endif
