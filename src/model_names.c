/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model_names.h"

#include <string.h>

#include "limits.h"

#include "banned.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SONNET       "claude-sonnet-4-5-20250929"
#define OPUS         "claude-opus-4-6"
#define HAIKU        "claude-haiku-4-5-20251001"

static const struct {
	const char *alias, *name;
} aliases[] = {
    {"sonnet", SONNET},
    {"opus", OPUS},
    {"haiku", HAIKU},
};

static const char *const names[] = {
    "sonnet", "opus", "haiku", SONNET, OPUS, HAIKU};

const char *const *
model_names(size_t *ret_n)
{
	*ret_n = COUNT(names);
	return names;
}

const char *
model_resolve(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(aliases); i++) {
		if (strcmp(aliases[i].alias, name) == 0)
			return aliases[i].name;
	}
	return name;
}

bool
model_name_valid(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._:@/[]-";
	size_t len = strlen(name);

	return len >= 1 && len <= LIMIT_MODEL_BYTES && name[0] != '-' &&
	       strspn(name, allowed) == len;
}
