/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_lock.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "limits.h"
#include "lock_wait.h"

#include "banned.h"

static const char mark[] = "ccp session store\n";
#define MARK_BYTES (sizeof(mark) - 1)

static enum store_mark
read_mark(int fd)
{
	char text[MARK_BYTES];
	ssize_t n = pread(fd, text, sizeof(text), 0);

	if (n == -1)
		return errno == EISDIR ? STORE_MARK_OTHER : STORE_MARK_ERROR;
	if (n == 0)
		return STORE_MARK_NONE;
	return n == (ssize_t)sizeof(text) &&
	               memcmp(text, mark, sizeof(text)) == 0
	           ? STORE_MARK_OURS
	           : STORE_MARK_OTHER;
}

/* Never waits for the other end of a FIFO. */
static int
open_file(const char *path, int flags)
{
	return open(
	    path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
}

enum store_mark
store_lock_mark(const char *path)
{
	int fd = open_file(path, O_RDONLY);
	enum store_mark found;
	int error;

	if (fd == -1)
		return errno == ENOENT ? STORE_MARK_NONE : STORE_MARK_ERROR;
	found = read_mark(fd);
	error = errno;
	(void)close(fd);
	errno = error;
	return found;
}

/* Or was it removed while we waited, so that others lock another one? */
static bool
still_there(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && lstat(path, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool
write_mark(int fd)
{
	ssize_t n = pwrite(fd, mark, MARK_BYTES, 0);

	if (n == (ssize_t)MARK_BYTES)
		return fsync(fd) == 0;
	if (n != -1)
		errno = ENOSPC;
	return false;
}

static bool
ensure_mark(int fd)
{
	int error;

	switch (read_mark(fd)) {
	case STORE_MARK_OURS:
		return true;
	case STORE_MARK_OTHER:
		errno = EEXIST;
		return false;
	case STORE_MARK_ERROR:
		return false;
	case STORE_MARK_NONE:
		break;
	}
	if (write_mark(fd))
		return true;
	/* Half a mark would be somebody else's. */
	error = errno;
	errno = ftruncate(fd, 0) == 0 ? error : EIO;
	return false;
}

static int
fail(int fd)
{
	int error = errno;

	(void)close(fd);
	errno = error;
	return -1;
}

int
store_lock_take(const char *path, int ms)
{
	int fd, tries;

	for (tries = 0; tries < LIMIT_FILE_GONE; tries++) {
		fd = open_file(path, O_RDWR | O_CREAT);
		if (fd == -1)
			return -1;
		if (!lock_wait(fd, LOCK_EX, ms))
			return fail(fd);
		if (still_there(fd, path))
			return ensure_mark(fd) ? fd : fail(fd);
		(void)close(fd);
	}
	errno = EWOULDBLOCK;
	return -1;
}
