/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes of config.json.  Each makes a new file beside the old one, which
 * takes its name, so that whoever reads sees the one or the other; a symbolic
 * link is followed, and stays.  Who changes it holds a lock meanwhile on a file
 * beside it (the one that the link leads to) with ".lock" behind its name.
 *
 * Each reads the file anew, under the lock, and writes it with mode 0600; its
 * directory is made with mode 0700 if it is missing.  A file that is not a
 * JSON object is refused.  False sets err to a sentence for a person, and the
 * file is as it was.
 */
#ifndef CCP_CONFIG_CHANGE_H
#define CCP_CONFIG_CHANGE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define CONFIG_CHANGE_ERR_BYTES (PATH_MAX + 256) /* room for every sentence */

/* json: the value, a valid JSON text in one line. */
bool config_change_set(const char *path, const char *key, const char *json,
    char *err, size_t errlen);

/* *ret_was: whether the key was there. */
bool config_change_remove(
    const char *path, const char *key, bool *ret_was, char *err, size_t errlen);

/* The whole text, whatever the old one is, unless that is not any more as
 * before (NULL: there was none).  text: a JSON object, or it is refused. */
bool config_change_replace(const char *path, const char *before,
    const char *text, char *err, size_t errlen);

#endif
