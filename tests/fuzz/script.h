/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The records of a script (stage.h).
 */
#ifndef CCP_TESTS_FUZZ_SCRIPT_H
#define CCP_TESTS_FUZZ_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct script { /* what is left of it */
	const uint8_t *at;
	size_t left;
};

struct script_record {
	uint8_t what; /* in lower case */
	bool more;    /* the next one happens at the same time */
	const uint8_t *arg;
	size_t len;
};

/* Takes the next record, of which there is one; false: it is empty. */
bool script_next(struct script *s, struct script_record *ret);

/* The decimal number that an argument begins with, or most. */
size_t script_number(const uint8_t *arg, size_t len, size_t most);

/* Does it have the key where a path or Claude's words may be? */
bool script_has_key(const struct script *s);

#endif
