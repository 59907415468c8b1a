/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is no mistake in config.json, and still not what its owner wanted.
 * Requests are answered all the same, so it is for "ccp start" and the
 * commands of a person to say.
 */
#ifndef CCP_SETTINGS_REMARKS_H
#define CCP_SETTINGS_REMARKS_H

#include <stdbool.h>

#include "buf.h"
#include "settings.h"

/* The row whose name a person has probably meant; NULL: none is like it. */
const struct setting *settings_nearest(const char *name);

/* Can others read a file that has a key of the API in it, the well-known one
 * apart? */
bool settings_exposed(const char *file);

/* Adds a line for each key of the API that can be guessed.  Not for the
 * well-known one, which is another matter, nor for those that API_KEYS has as
 * digests. */
void settings_weak_keys(const struct settings *s, struct buf *lines);

/*
 * Adds a line for each key that is none ("config.json line 4: unknown key
 * CLAUDE_MOD is ignored: did you mean CLAUDE_MODE?"), and one where others may
 * read a file with keys of the API in it.  Nothing of a file that cannot be
 * read: settings_load() says why.
 */
void settings_remarks(const char *file, struct buf *lines);

#endif
