/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "programs.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "banned.h"

#ifndef CCP_LIBEXECDIR
#define CCP_LIBEXECDIR "/usr/local/libexec/ccp"
#endif

bool
program_executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

/* The path of the running program in to; false where it cannot be told. */
static bool
own_path(char to[PATH_MAX])
{
#ifdef __APPLE__
	char raw[PATH_MAX];
	uint32_t size = sizeof(raw);

	return _NSGetExecutablePath(raw, &size) == 0 &&
	       realpath(raw, to) != NULL;
#else
	ssize_t n = readlink("/proc/self/exe", to, PATH_MAX - 1);

	if (n <= 0)
		return false;
	to[n] = '\0';
	return true;
#endif
}

/* DIR/NAME if that can be run, else NULL. */
static char *
in_directory(const char *dir, size_t len, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%.*s/%s", (int)len, dir, name);

	if (n < 0 || (size_t)n >= sizeof(path) || !program_executable(path))
		return NULL;
	return strdup(path);
}

char *
program_of_ours(const char *name)
{
	char self[PATH_MAX], *found = NULL;
	const char *slash;

	if (own_path(self)) {
		slash = strrchr(self, '/');
		if (slash != NULL)
			found =
			    in_directory(self, (size_t)(slash - self), name);
	}
	if (found == NULL)
		found =
		    in_directory(CCP_LIBEXECDIR, strlen(CCP_LIBEXECDIR), name);
	return found;
}

char *
program_on_path(const char *name, const char *path)
{
	char *found = NULL;
	size_t len;

	while (found == NULL && *path != '\0') {
		len = strcspn(path, ":");
		/* Only absolute entries: the child runs elsewhere. */
		if (len > 0 && path[0] == '/')
			found = in_directory(path, len, name);
		path += len;
		path += *path == ':';
	}
	return found;
}
