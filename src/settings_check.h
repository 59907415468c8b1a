/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One value of one key: what it may be, for settings_load() and for whoever
 * wants to store it.
 */
#ifndef CCP_SETTINGS_CHECK_H
#define CCP_SETTINGS_CHECK_H

#include <cjson/cJSON.h>

#include <stdbool.h>

#include "buf.h"
#include "settings.h"

struct setting_value {
	const char *text;  /* never NULL */
	const cJSON *json; /* instead of it, where it is no scalar; or NULL */
	long number;     /* of SETTING_NUMBER and SETTING_SIZE, once checked */
	char digits[32]; /* room for text */
};

/* A member of the file, not checked yet: it is as valid as the member.  False
 * sets must. */
bool setting_of_json(const struct setting *row, const cJSON *member,
    struct setting_value *ret, char must[SETTINGS_MUST_BYTES]);

/*
 * Checks a value and brings it to the form that struct settings has: a choice
 * as the table spells it, MODELS and API_KEYS as their modules read them,
 * which then is in room (whatever was there is gone).  False sets must to the
 * rest of "KEY must ...", never with a secret in it; the value is as it was.
 */
bool setting_check(const struct setting *row, struct setting_value *v,
    struct buf *room, char must[SETTINGS_MUST_BYTES]);

/* What the row allows: "a number from 0 to 65535"; "" where it is any text. */
void
setting_allowed(const struct setting *row, char allowed[SETTINGS_MUST_BYTES]);

/* Is its field in struct settings a long? */
bool setting_is_number(const struct setting *row);

#endif
