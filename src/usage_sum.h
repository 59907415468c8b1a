/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests summed up in groups: by the day of their end (in local time, as
 * people count days), by model, by key, or by several of these.  Memory grows
 * with the groups, not with the requests.
 */
#ifndef CCP_USAGE_SUM_H
#define CCP_USAGE_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "histogram.h"
#include "request_record.h"

enum usage_by { USAGE_BY_DAY = 1, USAGE_BY_MODEL = 2, USAGE_BY_KEY = 4 };

#define USAGE_OTHERS    "(others)" /* see LIMIT_USAGE_GROUPS */
#define USAGE_DAY_BYTES 16

struct usage_group {
	/* "" where it is not by these */
	char day[USAGE_DAY_BYTES]; /* 2026-11-22 */
	char model[sizeof(((struct request_record *)NULL)->model)];
	char key[sizeof(((struct request_record *)NULL)->key_name)];
	int64_t requests, errors;
	int64_t prompt_tokens, cached_tokens, cache_write_tokens,
	    completion_tokens;
	double cost_usd;
	struct histogram first_ms; /* of requests that were answered */
};

struct usage_sum {
	unsigned by;                 /* of enum usage_by, or'ed; 0: one group */
	struct usage_group **groups; /* by day, model, key */
	size_t n;
	bool out_of_memory; /* something is missing */
	/* internal */
	size_t room;
	struct usage_group *last;
	int64_t day_begins, day_ends; /* ms, of the day that was last asked */
	char day[USAGE_DAY_BYTES];
};

#define USAGE_SUM_BY(by_)                                                      \
	{                                                                      \
		.by = (by_)                                                    \
	}

void usage_sum_add(struct usage_sum *s, const struct request_record *r);
void usage_sum_free(struct usage_sum *s);

/* Local midnight in Unix milliseconds, days before or after a day's; tm_mday
 * may be out of its month. */
int64_t usage_midnight_ms(const struct tm *day, int days_later);

/* Input and output. */
int64_t usage_tokens(const struct usage_group *g);

/* The part of the input that came from the cache, 0 to 1; -1: no input. */
double usage_cache_share(const struct usage_group *g);

#endif
