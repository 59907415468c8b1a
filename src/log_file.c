/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log_file.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "append_line.h"
#include "lock_wait.h"

#include "banned.h"

#define NAME_BYTES  (LIMIT_LOG_PATH_BYTES + 24)
#define OPEN_FLAGS  (O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
#define WRITE_FLAGS (O_RDWR | O_APPEND | O_CREAT | OPEN_FLAGS)

bool
log_file_init(
    struct log_file *f, const char *path, long max_size, long max_files)
{
	size_t len = strlen(path);

	*f = (struct log_file){
	    .max_size = max_size, .max_files = max_files, .fd = -1};
	if (len >= sizeof(f->path))
		return false;
	memcpy(f->path, path, len + 1);
	return true;
}

void
log_file_close(struct log_file *f)
{
	if (f->fd != -1)
		(void)close(f->fd);
	f->fd = -1;
}

/* --- opening ----------------------------------------------------------- */

static bool
make_directories(const char *path)
{
	char name[LIMIT_LOG_PATH_BYTES];
	size_t i;

	for (i = 1; path[i] != '\0'; i++) {
		if (path[i] != '/')
			continue;
		memcpy(name, path, i);
		name[i] = '\0';
		if (mkdir(name, 0700) == -1 && errno != EEXIST &&
		    access(name, F_OK) == -1)
			return false;
	}
	return true;
}

/* Never waits for the other end of a FIFO. */
static int
open_regular(const char *path, int flags)
{
	int fd = open(path, flags, 0600);
	struct stat st;

	if (fd == -1 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	(void)close(fd);
	errno = EINVAL;
	return -1;
}

static bool
ensure_open(struct log_file *f)
{
	if (f->fd != -1)
		return true;
	f->fd = open_regular(f->path, WRITE_FLAGS);
	if (f->fd == -1 && errno == ENOENT && make_directories(f->path))
		f->fd = open_regular(f->path, WRITE_FLAGS);
	return f->fd != -1;
}

/* Is the open file still the one of that name? */
static bool
is_current(int fd, const char *path, struct stat *ret)
{
	struct stat named;

	return fstat(fd, ret) == 0 && lstat(path, &named) == 0 &&
	       ret->st_dev == named.st_dev && ret->st_ino == named.st_ino;
}

/* --- setting aside ----------------------------------------------------- */

static void
name_of(char to[NAME_BYTES], const char *path, long i)
{
	(void)snprintf(to, NAME_BYTES, "%s.%ld", path, i);
}

/* The last step gives the name free: until then nobody else gets here.  Who is
 * killed in between leaves a gap in the numbers, and nothing is lost. */
static bool
set_aside(const struct log_file *f)
{
	char from[NAME_BYTES], to[NAME_BYTES];
	long i;

	/* There may have been more once. */
	for (i = LIMIT_LOG_FILES; i > 0 && i >= f->max_files; i--) {
		name_of(from, f->path, i);
		(void)unlink(from);
	}
	if (f->max_files == 0)
		return unlink(f->path) == 0;
	for (i = f->max_files - 1; i > 0; i--) {
		name_of(from, f->path, i);
		name_of(to, f->path, i + 1);
		(void)rename(from, to);
	}
	name_of(to, f->path, 1);
	return rename(f->path, to) == 0;
}

/* --- writing ----------------------------------------------------------- */

static bool
take_lock(struct log_file *f)
{
	if (!f->unlocked)
		f->unlocked = !lock_wait(f->fd, LOCK_EX, LIMIT_LOG_LOCK_MS);
	return !f->unlocked;
}

bool
log_file_write(struct log_file *f, const char *line, size_t len)
{
	struct stat st;
	bool locked, done;
	int tries, error;

	for (tries = 0; tries < LIMIT_LOG_GONE; tries++) {
		if (!ensure_open(f))
			return false;
		locked = take_lock(f);
		if (!is_current(f->fd, f->path, &st)) {
			log_file_close(f);
			continue;
		}
		if (locked && st.st_size > 0 &&
		    st.st_size + (off_t)len > (off_t)f->max_size) {
			if (set_aside(f)) {
				log_file_close(f);
				continue;
			}
			f->max_size = LONG_MAX; /* better long than lost */
		}
		done = append_line(f->fd, st.st_size, line, len, locked);
		error = errno;
		if (locked)
			(void)flock(f->fd, LOCK_UN);
		errno = error;
		return done;
	}
	errno = EWOULDBLOCK;
	return false;
}

/* --- comparing --------------------------------------------------------- */

/* Meanwhile a file can only move to a higher number, so it is not missed. */
bool
log_file_has(const struct log_file *f, int fd)
{
	char name[NAME_BYTES];
	struct stat st;
	long i;

	if (is_current(fd, f->path, &st))
		return true;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return false;
	for (i = 1; i <= LIMIT_LOG_FILES; i++) {
		name_of(name, f->path, i);
		if (is_current(fd, name, &st))
			return true;
	}
	return false;
}

/* --- reading ----------------------------------------------------------- */

/* The newest file, locked, so that nobody sets it aside now. */
static int
open_newest(const char *path)
{
	struct stat st;
	int fd, tries;

	for (tries = 0; tries < LIMIT_LOG_GONE; tries++) {
		fd = open_regular(path, O_RDONLY | OPEN_FLAGS);
		if (fd == -1 || !lock_wait(fd, LOCK_SH, LIMIT_LOG_LOCK_MS) ||
		    is_current(fd, path, &st))
			return fd;
		(void)close(fd);
	}
	errno = EWOULDBLOCK;
	return -1;
}

size_t
log_file_open_all(const char *path, int ret_fds[LOG_FILE_MOST])
{
	char name[NAME_BYTES];
	size_t n = 0;
	long i;

	ret_fds[0] = open_newest(path);
	if (ret_fds[0] == -1)
		return 0;
	for (n = 1, i = 1; i <= LIMIT_LOG_FILES; i++) {
		name_of(name, path, i);
		ret_fds[n] = open_regular(name, O_RDONLY | OPEN_FLAGS);
		if (ret_fds[n] != -1)
			n++;
	}
	(void)flock(ret_fds[0], LOCK_UN);
	return n;
}
