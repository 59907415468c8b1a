/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Settings that are lists of words, separated by commas or spaces: addresses,
 * host names, web origins, names of variables.
 */
#ifndef CCP_SETTINGS_WORDS_H
#define CCP_SETTINGS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "settings.h"

struct setting_words {
	const char *allowed; /* what the words may be */
	const char *alone;   /* what the whole may be instead; or NULL */
	bool (*valid)(const char *word, size_t len);
};

/*
 * They refuse what can mean nothing; what could but should not, such as a name
 * that does not exist, passes.
 */
extern const struct setting_words settings_addresses; /* HOST */
extern const struct setting_words settings_hosts;     /* ALLOWED_HOSTS */
extern const struct setting_words settings_origins;   /* CORS_ORIGIN */
extern const struct setting_words settings_variables; /* CLAUDE_ENV */

/* The next word of a list, which is not NUL-terminated; *at moves on, behind
 * it.  NULL at the end. */
const char *settings_next_word(const char **at, size_t *ret_len);

/* Is it an address, in brackets or not, rather than a name?  As the listener
 * reads it, so that 127.1 and 0x7f.1 are too. */
bool settings_word_is_address(const char *word, size_t len);

/* False sets must to the rest of "KEY must ...". */
bool settings_words_check(const struct setting_words *words, const char *text,
    char must[SETTINGS_MUST_BYTES]);

#endif
