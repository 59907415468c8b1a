/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * config.json as it stands, and as it would with one key changed: what is not
 * meant stays letter by letter, with order, unknown keys, numbers and white
 * space.
 */
#ifndef CCP_CONFIG_FILE_H
#define CCP_CONFIG_FILE_H

#include <cjson/cJSON.h>

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct config_file {
	char *text;  /* NULL: there is no file */
	cJSON *root; /* the same, an object; NULL: there is no file */
	size_t len;
};

/* A file that does not exist is a success without a text.  False sets err to a
 * sentence for a person: "config.json line 3: a value was expected".  The
 * caller frees it with config_file_free() after a success. */
bool config_file_read(
    struct config_file *ret, const char *path, char *err, size_t errlen);
void config_file_free(struct config_file *f);

/* The line in which the key of a member of the root stands, from 1. */
size_t config_file_line(const struct config_file *f, const cJSON *member);

/* Whether users other than the owner may read the file. */
bool config_file_lax(const char *path);

/* The last part of the path, for messages. */
const char *config_file_base(const char *path);

/* Adds the text of the file with the value of the key put in, or the key taken
 * out where json is NULL; once even if it was there twice.  All else is as it
 * was.  json: a valid JSON text in one line. */
bool config_file_edit(struct buf *to, const struct config_file *f,
    const char *key, const char *json, bool *ret_was);

#endif
