/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Model names: aliases, the list, and which names may reach Claude's argv.
 */
#ifndef CCP_MODEL_NAMES_H
#define CCP_MODEL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "limits.h"

#define MODELS_OF_OURS  3 /* aliases known without MODELS */
#define MODEL_NAMES_MAX (2 * (LIMIT_MODELS + MODELS_OF_OURS))

struct model {
	const char *name;
	const char *id; /* what it is an alias of; NULL: it is none */
};

/* Aliases and further names: those of MODELS first, so that they win. */
struct model_list {
	struct model models[LIMIT_MODELS + MODELS_OF_OURS];
	size_t n;
	char text[LIMIT_SETTING_BYTES + 1]; /* behind the pointers */
};

/* Reads MODELS in the form it has in struct settings: words NAME or
 * ALIAS=NAME with one space between.  No more than LIMIT_MODELS of them and
 * LIMIT_SETTING_BYTES are read. */
void model_list_read(struct model_list *l, const char *words);

/* What a name is an alias of; NULL if it is none, or of itself. */
const char *model_alias(const struct model_list *l, const char *name);

/* What the name stands for in the end, perhaps itself.  Aliases of aliases
 * count, up to LIMIT_MODEL_STEPS. */
const char *model_resolve(const struct model_list *l, const char *name);

/* The same with MODELS as it is in struct settings; malloc'ed, NULL when out of
 * memory. */
char *model_chosen(const char *words, const char *name);

/* Every name that GET /v1/models lists, each once: aliases, what they stand
 * for, further names.  Returns how many. */
size_t
model_names(const struct model_list *l, const char *names[MODEL_NAMES_MAX]);

/* Letters, digits and ._:@/[]- only, not a leading '-', 1 to
 * LIMIT_MODEL_BYTES bytes: it can never be read as a flag. */
bool model_name_valid(const char *name);

#endif
