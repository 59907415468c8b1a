/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "script.h"

#include <string.h>

#include "stage.h"

#define RECORD_END 0xFF

bool
script_next(struct script *s, struct script_record *ret)
{
	const uint8_t *end = memchr(s->at, RECORD_END, s->left);
	size_t len = end == NULL ? s->left : (size_t)(end - s->at);
	bool upper;

	*ret = (struct script_record){.arg = s->at + 1, .len = len - 1};
	if (len > 0) {
		upper = s->at[0] >= 'A' && s->at[0] <= 'Z';
		ret->what = s->at[0] | (upper ? 0x20 : 0);
		ret->more = upper && s->left > len + 1;
	}
	s->at += len + (end != NULL);
	s->left -= len + (end != NULL);
	return len > 0;
}

size_t
script_number(const uint8_t *arg, size_t len, size_t most)
{
	size_t n = 0;

	for (; len > 0 && *arg >= '0' && *arg <= '9'; arg++, len--) {
		n = 10 * n + *arg - '0';
		if (n > most)
			n = most;
	}
	return n;
}

bool
script_has_key(const struct script *s)
{
	const char *text = (const char *)s->at;
	static const char field[] = "Authorization: Bearer ";
	const size_t before = sizeof(field) - 1, n = strlen(STAGE_KEY);
	size_t i;

	for (i = 0; i + n <= s->left; i++) {
		if (memcmp(text + i, STAGE_KEY, n) == 0 &&
		    (i < before ||
			memcmp(text + i - before, field, before) != 0))
			return true;
	}
	return false;
}
