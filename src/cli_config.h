/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp config, in parts: what its sub-commands share.
 */
#ifndef CCP_CLI_CONFIG_H
#define CCP_CLI_CONFIG_H

#include <stdbool.h>

#include "buf.h"
#include "settings.h"
#include "settings_check.h"

#define CONFIG_VALUE_SHOWN 64 /* characters of a wrong value in a message */

struct config_job {
	char *path;      /* of config.json */
	const char *key; /* as it was typed; NULL: none was */
	bool json;
	bool reveal; /* a secret, as it is */
};

/* The sub-commands return the exit status; what is wrong has been said. */
int config_list(const struct config_job *j);
int config_get(const struct config_job *j);
int config_help(const struct config_job *j);
int config_edit(const struct config_job *j);

/* argv: the words of the value.  asks: "-" alone is none, but asks for one. */
int config_set(const struct config_job *j, int argc, char **argv, bool asks);

/* A key that is none goes too, if it is in the file. */
int config_reset(const struct config_job *j);

/* A JSON value of the command's output, which is freed. */
int config_print_json(cJSON *value);

/* The row of a key as a person types it; NULL: there is none, which has been
 * said. */
const struct setting *config_row(const char *key);

bool config_is(const struct setting *row, const char *name);

/* Says so, and which key may be meant. */
void config_complain_key(const char *key);

/* A checked value for the screen: of secrets no more than tells them apart. */
void config_add_value(
    struct buf *to, const struct setting *row, const struct setting_value *v);

/* Adds the next line of the standard input, which is not shown where that is a
 * terminal.  False where there is none, which has been said. */
bool config_read_secret(const struct setting *row, struct buf *to);

/* Says each remark (settings_remarks.h) on the standard error output. */
void config_say_remarks(const char *path);

/* What only matters when a value is stored: whether directories and programs
 * that it names are there.  v: as it was checked.  False sets err to a
 * sentence. */
bool config_check_place(const struct setting *row,
    const struct setting_value *v, char *err, size_t errlen);

/* Says which of these keys can be guessed; api_keys: lines, see api_keys.h. */
void config_say_weak_keys(const char *api_key, const char *api_keys);

/* Says each line on the standard error output. */
void config_complain_lines(const struct buf *lines);

/* Says what there is to say of a value that has just been stored. */
void config_say_weak(const struct setting *row, const char *path);

/* HOST and PORT are read by what listens, and not for each connection: an
 * installed service is moved.  False: it could not be, which has been said. */
bool config_is_place(const struct setting *row);
bool config_place_changed(const struct config_job *j);

#endif
