/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runtime_dir.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "settings.h"

#include "banned.h"

/* An absolute value of a variable, or NULL. */
static const char *
directory_of(char *const *env, const char *name)
{
	const char *value = settings_getenv(env, name);

	return value != NULL && value[0] == '/' ? value : NULL;
}

bool
runtime_dir_path(char *to, size_t len, char *const *env)
{
	const char *run = directory_of(env, "XDG_RUNTIME_DIR");
	const char *tmp = directory_of(env, "TMPDIR");
	int n;

	if (run != NULL)
		n = snprintf(to, len, "%s/ccp", run);
	else
		n = snprintf(to, len, "%s/ccp-%lu", tmp == NULL ? "/tmp" : tmp,
		    (unsigned long)getuid());
	return n > 0 && (size_t)n < len;
}

/* Ours, and nobody else's. */
static bool private(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return false;
	if (st.st_uid == getuid() && (st.st_mode & 077) == 0)
		return true;
	errno = EPERM;
	return false;
}

int
runtime_dir_open(char *const *env)
{
	char path[PATH_MAX];
	int fd, error;

	if (!runtime_dir_path(path, sizeof(path), env)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || private(fd))
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

bool
runtime_dir_empty(char *to, size_t len, char *const *env)
{
	int fd = runtime_dir_open(env);
	bool ok;

	if (fd == -1)
		return false;
	ok = mkdirat(fd, "empty", 0500) == 0 || errno == EEXIST;
	(void)close(fd);
	if (!ok || !runtime_dir_path(to, len, env))
		return false;
	if (strlen(to) + sizeof("/empty") > len) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(to + strlen(to), "/empty", sizeof("/empty"));
	return true;
}
