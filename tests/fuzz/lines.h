/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads what Claude was told on its stdin, and ends the run where a line is
 * none that the CLI takes.
 */
#ifndef CCP_TESTS_FUZZ_LINES_H
#define CCP_TESTS_FUZZ_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

/* The texts of a role, in order; they live as long as the lines. */
struct told {
	const char **texts;
	size_t n;
};

struct lines {
	cJSON **all; /* each line */
	size_t n;
	const cJSON *initialize; /* NULL: there is none */
	size_t queries;          /* user lines that start a turn */
	size_t history;          /* those that do not */
	size_t other;            /* interrupts, answers to the CLI */
	size_t media, calls, results;
	struct told user, assistant; /* without the blanks at their ends */
};

/* Only whole lines; freed with lines_free(). */
void lines_read(struct lines *l, const char *text, size_t len);
void lines_free(struct lines *l);

#endif
