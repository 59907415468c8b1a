/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_version.h"

#include <errno.h>
#include <stdlib.h>

#include "banned.h"

#define NUMBERS 3

/* Three numbers with dots between them; anything may follow the last. */
static bool
parse(const char *version, unsigned long ret[NUMBERS])
{
	char *end;
	int i;

	for (i = 0; i < NUMBERS; i++) {
		if (*version < '0' || *version > '9')
			return false;
		errno = 0;
		ret[i] = strtoul(version, &end, 10);
		if (errno != 0)
			return false;
		if (i < NUMBERS - 1 && *end++ != '.')
			return false;
		version = end;
	}
	return true;
}

bool
claude_version_older(const char *version, const char *than)
{
	unsigned long a[NUMBERS], b[NUMBERS];
	int i;

	if (!parse(version, a) || !parse(than, b))
		return false;
	for (i = 0; i < NUMBERS; i++) {
		if (a[i] != b[i])
			return a[i] < b[i];
	}
	return false;
}
