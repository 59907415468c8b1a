/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "state_dir.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "private_dir.h"

#include "banned.h"

bool
state_dir_path(char *to, size_t len, char *const *env)
{
	const char *state = private_dir_variable(env, "XDG_STATE_HOME");
	const char *home = private_dir_variable(env, "HOME");
	int n;

	if (state == NULL && home == NULL) {
		errno = ENOENT;
		return false;
	}
	n = state != NULL ? snprintf(to, len, "%s/ccp", state)
	                  : snprintf(to, len, "%s/.local/state/ccp", home);
	if (n > 0 && (size_t)n < len)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

/* All that is above the last part.  What cannot be made is missed later. */
static void
make_parents(char *path)
{
	char *slash = path;

	while ((slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
}

int
state_dir_open(char *const *env, bool make)
{
	char path[PATH_MAX];
	int fd;

	if (!state_dir_path(path, sizeof(path), env))
		return -1;
	fd = private_dir_open(path, make);
	if (fd != -1 || errno != ENOENT || !make)
		return fd;
	make_parents(path);
	return private_dir_open(path, true);
}
