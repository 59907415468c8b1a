/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which of some names was probably meant by one that was mistyped.
 */
#ifndef CCP_NEAREST_H
#define CCP_NEAREST_H

#include <stddef.h>

/* A longer name is like none. */
#define NEAREST_CHARS 40

struct nearest {
	const char *typed;
	const char *found; /* the first of the nearest; NULL: none is near */
	size_t best;
};

void nearest_open(struct nearest *n, const char *typed);

/* name, which stays the caller's: at most NEAREST_CHARS.  Case is nothing. */
void nearest_try(struct nearest *n, const char *name);

#endif
