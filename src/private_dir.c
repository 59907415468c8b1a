/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "private_dir.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "settings.h"

#include "banned.h"

const char *
private_dir_variable(char *const *env, const char *name)
{
	const char *value = settings_getenv(env, name);

	return value != NULL && value[0] == '/' ? value : NULL;
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
private_dir_open(const char *path, bool make)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(path, flags), error;

	if (fd == -1 && errno == ENOENT && make) {
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			return -1;
		fd = open(path, flags);
	}
	if (fd == -1 || private(fd))
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}
