/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Model names: aliases, the list, and which names may reach Claude's argv.
 */
#ifndef CCP_MODEL_NAMES_H
#define CCP_MODEL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Every name that GET /v1/models lists: aliases, then what they stand for. */
const char *const *model_names(size_t *ret_n);

/* What an alias stands for, or the name itself. */
const char *model_resolve(const char *name);

/* Letters, digits and ._:@/[]- only, not a leading '-', 1 to
 * LIMIT_MODEL_BYTES bytes: it can never be read as a flag. */
bool model_name_valid(const char *name);

#endif
