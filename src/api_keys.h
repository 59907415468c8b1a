/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * API_KEYS: further keys, each with a name and perhaps a directory.  People
 * write a JSON object, {KEY: NAME} or {KEY: {"name": NAME, "directory": DIR}},
 * where KEY is the key itself or "sha256:" and the SHA-256 of it in hex.  What
 * becomes of it holds the digests only, as lines HEX NAME DIR; a "!" before the
 * name says that the key was seen, and is a short one.
 */
#ifndef CCP_API_KEYS_H
#define CCP_API_KEYS_H

#include <cjson/cJSON.h>

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "limits.h"
#include "settings.h"

struct api_key {
	char name[LIMIT_KEY_NAME_BYTES + 1];
	char directory[LIMIT_SETTING_BYTES + 1]; /* "": none */
	bool weak; /* fewer than LIMIT_GOOD_KEY characters */
};

/* Adds the lines to an empty buffer.  False sets must to the rest of a
 * sentence, "API_KEYS must ...", which tells nothing of a key or a name (which
 * may be a key, where somebody has mistaken the one for the other). */
bool api_keys_text(
    struct buf *lines, const char *text, char must[SETTINGS_MUST_BYTES]);

/* The same of an object. */
bool api_keys_json(
    struct buf *lines, const cJSON *value, char must[SETTINGS_MUST_BYTES]);

/* The key of the next of the lines at *at, which moves on; false at the end. */
bool api_keys_next(const char **at, struct api_key *ret);

/* Appends the lines as a JSON object with digests in place of the keys. */
void api_keys_digests(struct buf *json, const char *lines);

/* Has a key fewer than LIMIT_GOOD_KEY characters, so that it can be guessed? */
bool api_key_weak(const char *key);

/* Which of the lines is of the key that was given.  The time this takes does
 * not depend on it.  False: of none; *ret is undefined. */
bool api_keys_find(
    const char *lines, const char *given, size_t len, struct api_key *ret);

/* Are the two the same?  The time this takes tells nothing of key. */
bool api_key_same(const char *given, size_t len, const char *key);

#endif
