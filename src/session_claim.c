/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_claim.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "limits.h"

#include "banned.h"

#define DIGITS 15 /* hexadecimal ones that fit into an off_t */

static off_t
place_of(const char *session)
{
	off_t place = 0;
	int digits = 0;

	for (; *session != '\0' && digits < DIGITS; session++) {
		int c = *session | 0x20;

		if (c >= '0' && c <= '9')
			place = place * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			place = place * 16 + (c - 'a' + 10);
		else
			continue;
		digits++;
	}
	return place;
}

/* Locks of the process would all end when it closes any descriptor of the file;
 * those of the open file description do not. */
#if defined(F_OFD_SETLK) && !defined(CCP_PORTABLE)

int
session_claim(const char *path, const char *session)
{
	struct flock lock = {.l_type = F_WRLCK,
	    .l_whence = SEEK_SET,
	    .l_start = place_of(session),
	    .l_len = 1};
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int error;

	if (fd == -1 || fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return fd;
	error = errno == EACCES ? EAGAIN : errno;
	(void)close(fd);
	errno = error;
	return -1;
}

#else /* there are whole files only */

#define NAME_BYTES 32

static int
lock_file(int dir, const char *name, int flags)
{
	int fd =
	    openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	int error;

	if (fd == -1 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	error = errno == EWOULDBLOCK ? EAGAIN : errno;
	(void)close(fd);
	errno = error;
	return -1;
}

/* Or was it removed before we had the lock, so that others lock another one? */
static bool
still_there(int dir, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 &&
	       fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool
is_old(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       time(NULL) - st.st_mtime > LIMIT_CLAIM_KEPT_S;
}

/* Removes what earlier claims have left: nobody else will.  For a moment it has
 * the lock, which must not be taken for a claim, so not of one that somebody may
 * be about to claim again. */
static void
tidy(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	DIR *entries = copy == -1 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (entries == NULL) {
		if (copy != -1)
			(void)close(copy);
		return;
	}
	while ((entry = readdir(entries)) != NULL) {
		if (entry->d_name[0] == '.' || !is_old(dir, entry->d_name))
			continue;
		fd = lock_file(dir, entry->d_name, 0);
		if (fd == -1)
			continue;
		if (still_there(dir, entry->d_name, fd))
			(void)unlinkat(dir, entry->d_name, 0);
		(void)close(fd);
	}
	(void)closedir(entries);
}

int
session_claim(const char *path, const char *session)
{
	CLEANUP_CLOSE int dir = -1;
	char name[NAME_BYTES];
	int fd, tries;

	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return -1;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir == -1)
		return -1;
	tidy(dir);
	(void)snprintf(
	    name, sizeof(name), "%llx", (unsigned long long)place_of(session));
	for (tries = 0; tries < LIMIT_FILE_GONE; tries++) {
		fd = lock_file(dir, name, O_CREAT);
		if (fd != -1)
			(void)futimens(fd, NULL); /* else removed sooner */
		if (fd == -1 || still_there(dir, name, fd))
			return fd;
		(void)close(fd);
	}
	errno = EAGAIN;
	return -1;
}

#endif
