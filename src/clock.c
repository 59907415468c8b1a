/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clock.h"

#include <stdlib.h>
#include <time.h>

#include "banned.h"

int64_t
clock_ms(void)
{
	struct timespec now;

	/* POSIX systems have the monotonic clock; without it no deadline of
	 * ours would mean anything. */
	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		abort();
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
