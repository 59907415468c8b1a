/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake_clock.h"

#include <time.h>

#include "clock.h"

static int64_t skipped, stopped;

int64_t
clock_ms(void)
{
	struct timespec now;

	if (stopped != 0)
		return stopped + skipped;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + skipped;
}

void
fake_clock_stop(void)
{
	stopped = clock_ms() - skipped;
}

void
fake_clock_skip(int64_t ms)
{
	skipped += ms;
}
