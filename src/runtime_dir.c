/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runtime_dir.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "private_dir.h"

#include "banned.h"

bool
runtime_dir_path(char *to, size_t len, char *const *env)
{
	const char *run = private_dir_variable(env, "XDG_RUNTIME_DIR");
	const char *tmp = private_dir_variable(env, "TMPDIR");
	int n;

	if (run != NULL)
		n = snprintf(to, len, "%s/ccp", run);
	else
		n = snprintf(to, len, "%s/ccp-%lu", tmp == NULL ? "/tmp" : tmp,
		    (unsigned long)getuid());
	return n > 0 && (size_t)n < len;
}

int
runtime_dir_open(char *const *env)
{
	char path[PATH_MAX];

	if (runtime_dir_path(path, sizeof(path), env))
		return private_dir_open(path, true);
	errno = ENAMETOOLONG;
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
