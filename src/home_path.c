/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "home_path.h"

#include <stdio.h>
#include <string.h>

#include "settings.h"

#include "banned.h"

const char *
home_path(char to[PATH_MAX], const char *text, char *const *env)
{
	const char *home = "";
	int n;

	if (strncmp(text, "~/", 2) == 0) {
		home = settings_getenv(env, "HOME");
		if (home == NULL || home[0] != '/')
			return "begins with ~/, but HOME is not set";
		text++;
	}
	n = snprintf(to, PATH_MAX, "%s%s", home, text);
	return n >= 0 && n < PATH_MAX ? NULL : "is too long a path";
}
