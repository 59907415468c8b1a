/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nearest.h"

#include <stdbool.h>
#include <string.h>

#include "banned.h"

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * How many letters have to be put in, taken out, changed, or swapped with the
 * next one (optimal string alignment), in any case.  Row i of the usual matrix
 * needs the two before it.
 */
static size_t
distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_CHARS + 1] = {{0}};
	size_t la = strlen(a), lb = strlen(b), i, k;

	for (k = 0; k <= lb; k++)
		rows[0][k] = k;
	for (i = 1; i <= la; i++) {
		const size_t *before = rows[(i + 1) % 3],
			     *up = rows[(i - 1) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (k = 1; k <= lb; k++) {
			bool other = upper(a[i - 1]) != upper(b[k - 1]);

			row[k] = least(
			    up[k - 1] + other, least(up[k], row[k - 1]) + 1);
			if (i > 1 && k > 1 &&
			    upper(a[i - 1]) == upper(b[k - 2]) &&
			    upper(a[i - 2]) == upper(b[k - 1]))
				row[k] = least(row[k], before[k - 2] + 1);
		}
	}
	return rows[la % 3][lb];
}

void
nearest_open(struct nearest *n, const char *typed)
{
	*n = (struct nearest){.typed = typed, .best = 2 + strlen(typed) / 5};
}

void
nearest_try(struct nearest *n, const char *name)
{
	size_t d;

	if (strlen(n->typed) > NEAREST_CHARS || strlen(name) > NEAREST_CHARS)
		return;
	d = distance(n->typed, name);
	if (d < n->best) {
		n->best = d;
		n->found = name;
	}
}
