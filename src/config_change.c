/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_change.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "config_file.h"
#include "io.h"
#include "json_text.h"
#include "limits.h"
#include "lock_wait.h"

#include "banned.h"

#define LINKS  16 /* symbolic links that are followed */
#define SUFFIX 8  /* room for ".lock" and ".new" */

struct change {
	const char *path;
	char target[PATH_MAX]; /* where the symbolic links lead to */
	int lock;
	char *err;
	size_t errlen;
};

static bool
cannot_write(const struct change *c)
{
	(void)snprintf(
	    c->err, c->errlen, "cannot write %s: %s", c->path, strerror(errno));
	return false;
}

/* Where the last part of a path leads to, be there a file or not. */
static bool
follow(char path[PATH_MAX])
{
	char to[PATH_MAX], *slash;
	size_t dir;
	ssize_t n;
	int i;

	for (i = 0; i < LINKS; i++) {
		n = readlink(path, to, sizeof to - 1);
		if (n == -1)
			return true;
		to[n] = '\0';
		slash = strrchr(path, '/');
		dir = to[0] == '/' || slash == NULL
		          ? 0
		          : (size_t)(slash - path) + 1;
		if (dir + (size_t)n >= PATH_MAX) {
			errno = ENAMETOOLONG;
			return false;
		}
		memcpy(path + dir, to, (size_t)n + 1);
	}
	errno = ELOOP;
	return false;
}

/* The directory that a file is in. */
static void
directory_of(char dir[PATH_MAX], const char *file)
{
	char *slash;

	(void)snprintf(dir, PATH_MAX, "%s", file);
	slash = strrchr(dir, '/');
	if (slash != NULL)
		slash[slash == dir] = '\0';
	else
		(void)snprintf(dir, PATH_MAX, ".");
}

/* What root makes in a user's directory is that user's, who could not use it
 * otherwise.  fd: it has just been made. */
static bool
give(int fd, const char *file)
{
	char dir[PATH_MAX];
	struct stat st;

	directory_of(dir, file);
	if (geteuid() != 0 || stat(dir, &st) == -1 || st.st_uid == 0)
		return true;
	return fchown(fd, st.st_uid, st.st_gid) == 0;
}

static bool
make_directory(const char *path)
{
	CLEANUP_CLOSE int fd = -1;
	char dir[PATH_MAX];

	directory_of(dir, path);
	if (mkdir(dir, 0700) == -1)
		return errno == EEXIST;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd != -1 && give(fd, dir);
}

static int
open_lock(const char *file)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(file, flags | O_CREAT | O_EXCL, 0600);

	if (fd == -1)
		return errno == EEXIST ? open(file, flags) : -1;
	if (give(fd, file))
		return fd;
	(void)close(fd);
	return -1;
}

/* Of the file itself, which the links of several users may lead to.  Others
 * hold it for milliseconds only, unless they are stopped. */
static bool
lock(struct change *c)
{
	char file[PATH_MAX + SUFFIX];

	(void)snprintf(file, sizeof file, "%s.lock", c->target);
	c->lock = open_lock(file);
	if (c->lock == -1)
		return cannot_write(c);
	if (lock_wait(c->lock, LOCK_EX, LIMIT_CONFIG_LOCK_MS))
		return true;
	if (errno != EWOULDBLOCK)
		return cannot_write(c);
	(void)snprintf(c->err, c->errlen,
	    "%s has been held by another process for too long", file);
	return false;
}

static bool
begin(struct change *c, const char *path, char *err, size_t errlen)
{
	*c = (struct change){
	    .path = path, .lock = -1, .err = err, .errlen = errlen};
	if (strlen(path) + SUFFIX >= sizeof c->target) {
		errno = ENAMETOOLONG;
		return cannot_write(c);
	}
	(void)snprintf(c->target, sizeof c->target, "%s", path);
	if (!follow(c->target) || !make_directory(path))
		return cannot_write(c);
	return lock(c);
}

static void
end(struct change *c)
{
	if (c->lock != -1)
		(void)close(c->lock);
}

/* So that the name is on the disk too; a file system that cannot is none of
 * ours to blame. */
static void
sync_directory(const char *file)
{
	CLEANUP_CLOSE int fd = -1;
	char dir[PATH_MAX];

	directory_of(dir, file);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1)
		(void)fsync(fd);
}

/* One name serves all, as the lock is held: what a killed one has left behind
 * does not stay. */
static bool
write_new(const struct change *c, const char *text, size_t len)
{
	char file[PATH_MAX + SUFFIX];
	int fd, error;
	bool ok;

	(void)snprintf(file, sizeof file, "%s.new", c->target);
	if (unlink(file) == -1 && errno != ENOENT)
		return false;
	fd = open(
	    file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return false;
	ok = io_write_all(fd, text, len) && give(fd, file) && fsync(fd) == 0;
	error = errno;
	if (close(fd) == -1 && ok) {
		ok = false;
		error = errno;
	}
	if (ok && rename(file, c->target) == 0) {
		sync_directory(c->target);
		return true;
	}
	if (ok)
		error = errno;
	(void)unlink(file);
	errno = error;
	return false;
}

/* text: valid JSON. */
static bool
is_object(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '{';
}

/* What could not be read again is not written. */
static bool
store(const struct change *c, const char *text, size_t len)
{
	struct json_text_error e;

	if (!json_text_check(text, len, &e)) {
		(void)snprintf(c->err, c->errlen, "not written: line %zu: %s",
		    e.line, e.what);
		return false;
	}
	if (!is_object(text)) {
		(void)snprintf(
		    c->err, c->errlen, "not written: must be a JSON object");
		return false;
	}
	return write_new(c, text, len) || cannot_write(c);
}

/* --- changes ----------------------------------------------------------- */

/* json NULL: it goes. */
static bool
change_member(
    const struct change *c, const char *key, const char *json, bool *ret_was)
{
	CLEANUP_BUF struct buf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct config_file f;
	bool ok;

	if (!config_file_read(&f, c->path, c->err, c->errlen))
		return false;
	ok = config_file_edit(&text, &f, key, json, ret_was);
	config_file_free(&f);
	if (json == NULL && !*ret_was)
		return true;
	if (ok)
		return store(c, buf_str(&text), text.len);
	errno = EFBIG;
	return cannot_write(c);
}

bool
config_change_set(const char *path, const char *key, const char *json,
    char *err, size_t errlen)
{
	struct change c;
	bool was, ok = begin(&c, path, err, errlen) &&
	               change_member(&c, key, json, &was);

	end(&c);
	return ok;
}

bool
config_change_remove(
    const char *path, const char *key, bool *ret_was, char *err, size_t errlen)
{
	struct change c;
	bool ok = begin(&c, path, err, errlen);

	*ret_was = false;
	ok = ok && change_member(&c, key, NULL, ret_was);
	end(&c);
	return ok;
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool
config_change_replace(const char *path, const char *before, const char *text,
    char *err, size_t errlen)
{
	CLEANUP_FREE char *now = NULL;
	struct change c;
	size_t len;
	bool ok = begin(&c, path, err, errlen);

	if (ok) {
		now = io_read_file(path, LIMIT_CONFIG_BYTES, &len);
		ok = (now != NULL || errno == ENOENT) && same(now, before);
		if (!ok)
			(void)snprintf(err, errlen,
			    "%s has been changed in the meantime", path);
	}
	ok = ok && store(&c, text, strlen(text));
	end(&c);
	return ok;
}
