/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What ccp usage has found and is to show.
 */
#ifndef CCP_CLI_USAGE_H
#define CCP_CLI_USAGE_H

#include <limits.h>
#include <stddef.h>

#include "ledger.h"
#include "usage_sum.h"

#define USAGE_SUMS 3

struct usage_report {
	char since[USAGE_DAY_BYTES]; /* a day; "": of all time */
	char directory[PATH_MAX];    /* of the ledger */
	struct ledger_reading reading;
	struct usage_sum total;            /* one group, or none */
	struct usage_sum sums[USAGE_SUMS]; /* by what was asked for */
	size_t n;                          /* of them */
};

#endif
