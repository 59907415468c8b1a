/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often which whole number came, in little memory whatever the count: small
 * numbers each for itself, greater ones in ranges of 1/32 of a power of two.
 * So a quantile of it is within 2 % of the true one.  Pure.
 */
#ifndef CCP_HISTOGRAM_H
#define CCP_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#define HISTOGRAM_EXACT 64 /* numbers below are exact */
#define HISTOGRAM_ROWS  27 /* of 32 ranges, up to 2^31 */

/* All zero is an empty one. */
struct histogram {
	uint64_t n;
	uint32_t *rows[HISTOGRAM_ROWS + 1]; /* the first has the exact ones */
};

/* Counts a number; negative ones as 0, too great ones as the greatest.  False:
 * out of memory, nothing is counted. */
bool histogram_add(struct histogram *h, int64_t number);

/* The number in the middle, of two the lower one; -1 where there is none. */
int64_t histogram_median(const struct histogram *h);

void histogram_free(struct histogram *h);

#endif
