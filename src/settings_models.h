/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MODELS as people write it, checked and brought to the one form that
 * model_names.h reads.  People write alias=name pairs and names, separated by
 * commas or white space; or an object of JSON, {"alias": "name"}; or an array,
 * ["name"].
 */
#ifndef CCP_SETTINGS_MODELS_H
#define CCP_SETTINGS_MODELS_H

#include <cjson/cJSON.h>

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "settings.h"

/* Adds the words to an empty buffer.  False sets must to the rest of a
 * sentence, "MODELS must ...". */
bool settings_models_text(
    struct buf *words, const char *text, char must[SETTINGS_MUST_BYTES]);

/* The same of an object or an array. */
bool settings_models_json(
    struct buf *words, const cJSON *value, char must[SETTINGS_MUST_BYTES]);

#endif
