/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "histogram.h"

#include <stddef.h>
#include <stdlib.h>

#include "banned.h"

#define RANGES_BITS 5
#define RANGES      (1u << RANGES_BITS)
#define EXACT_BITS  6
#define GREATEST    ((INT64_C(1) << (EXACT_BITS + HISTOGRAM_ROWS)) - 1)

_Static_assert(HISTOGRAM_EXACT == 1 << EXACT_BITS, "as many as it says");

static unsigned
row_size(unsigned row)
{
	return row == 0 ? HISTOGRAM_EXACT : RANGES;
}

/* Where a number is counted. */
static void
place(uint64_t number, unsigned *ret_row, unsigned *ret_range)
{
	unsigned row = 0;

	while (number >> row >= HISTOGRAM_EXACT)
		row++;
	/* Of six bits that are left the first is set. */
	*ret_row = row;
	*ret_range = (unsigned)(number >> row);
	if (row > 0)
		*ret_range -= RANGES;
}

/* The middle of a range. */
static int64_t
number_of(unsigned row, unsigned range)
{
	int64_t low = row == 0 ? range : (int64_t)(range + RANGES) << row;

	return low + (((INT64_C(1) << row) - 1) / 2);
}

bool
histogram_add(struct histogram *h, int64_t number)
{
	unsigned row, range;

	if (number < 0)
		number = 0;
	if (number > GREATEST)
		number = GREATEST;
	place((uint64_t)number, &row, &range);
	if (h->rows[row] == NULL)
		h->rows[row] = calloc(row_size(row), sizeof(*h->rows[row]));
	if (h->rows[row] == NULL)
		return false;
	h->rows[row][range]++;
	h->n++;
	return true;
}

int64_t
histogram_median(const struct histogram *h)
{
	uint64_t before = 0, wanted = h->n == 0 ? 0 : (h->n - 1) / 2;
	unsigned row, range;

	for (row = 0; row <= HISTOGRAM_ROWS; row++) {
		if (h->rows[row] == NULL)
			continue;
		for (range = 0; range < row_size(row); range++) {
			before += h->rows[row][range];
			if (before > wanted)
				return number_of(row, range);
		}
	}
	return -1;
}

void
histogram_free(struct histogram *h)
{
	unsigned row;

	for (row = 0; row <= HISTOGRAM_ROWS; row++)
		free(h->rows[row]);
	*h = (struct histogram){0};
}
