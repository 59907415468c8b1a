/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "request_times.h"

#include <inttypes.h>
#include <time.h>

#include "log.h"

#include "banned.h"

static int64_t began;

static int64_t
now_us(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
times_begin(void)
{
	began = now_us();
}

int64_t
times_now(void)
{
	return now_us() - began + 1;
}

void
times_mark(int64_t *t)
{
	if (*t == 0)
		*t = times_now();
}

void
times_log(const struct request_times *t, const char *id)
{
	if (t->told == 0)
		return;
	log_debug("%s microseconds since the handler began: head=%" PRId64
		  " told=%" PRId64 " word=%" PRId64 " out=%" PRId64,
	    id, t->head, t->told, t->word, t->out);
}
