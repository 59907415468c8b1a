/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local_socket.h"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"
#include "limits.h"

#include "banned.h"

/* Two that start at once must not take each other's socket, which is bound
 * but does not listen yet, for one left behind.  Whoever keeps the lock for
 * longer is none of ours, and not waited for.  Closing it unlocks; -1 where
 * that cannot be had. */
static int
lock_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
	int fd, i;

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path) + 1, path);
	fd = open(dir, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	for (i = 0; fd != -1 && i < LIMIT_SOCKET_LOCK_ROUNDS; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			break;
		(void)poll(NULL, 0, LIMIT_SOCKET_LOCK_MS);
	}
	return fd;
}

static int
new_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd != -1)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

/* Anything but a refusal means that the file is somebody's. */
static bool
abandoned(const struct sockaddr_un *sun)
{
	CLEANUP_CLOSE int fd = new_socket();

	if (fd == -1)
		return false;
	(void)io_end_own(fd); /* a full backlog is no reason to wait */
	return connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == -1 &&
	       errno == ECONNREFUSED;
}

/* Removes what a killed program has left; false with the reason. */
static bool
make_way(const struct sockaddr_un *sun, char *err, size_t errlen)
{
	const char *path = sun->sun_path, *why = NULL;
	struct stat st;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return true;
		why = strerror(errno);
	} else if (!S_ISSOCK(st.st_mode)) {
		why = "there is a file that is no socket";
	} else if (st.st_uid != geteuid()) {
		why = "there is a socket of another user";
	} else if (!abandoned(sun)) {
		why = "it is in use: is ccp running already?";
	} else if (unlink(path) == -1 && errno != ENOENT) {
		why = strerror(errno);
	}
	if (why != NULL)
		(void)snprintf(
		    err, errlen, "cannot listen on unix:%s: %s", path, why);
	return why == NULL;
}

/* -1 with errno. */
static int
bind_to(const struct sockaddr_un *sun, struct local_socket *ret)
{
	int fd = new_socket(), error = 0;
	struct stat st;
	mode_t mask;

	if (fd == -1)
		return -1;
	mask = umask(0177);
	if (bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) == -1 ||
	    listen(fd, LIMIT_LISTEN_BACKLOG) == -1 ||
	    lstat(sun->sun_path, &st) == -1)
		error = errno;
	(void)umask(mask);
	if (error != 0) {
		(void)close(fd);
		errno = error;
		return -1;
	}
	*ret = (struct local_socket){.dev = st.st_dev, .ino = st.st_ino};
	return fd;
}

static int
replace(const struct sockaddr_un *sun, struct local_socket *ret, char *err,
    size_t errlen)
{
	const char *path = sun->sun_path;
	CLEANUP_CLOSE int lock = lock_directory(path);
	int fd;

	(void)lock; /* held to the end */
	if (!make_way(sun, err, errlen))
		return -1;
	fd = bind_to(sun, ret);
	if (fd == -1)
		(void)snprintf(err, errlen, "cannot listen on unix:%s: %s",
		    path, strerror(errno));
	return fd;
}

int
local_socket_open(
    const char *path, struct local_socket *ret, char *err, size_t errlen)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	if (path[0] != '/' || strlen(path) >= sizeof(sun.sun_path)) {
		(void)snprintf(err, errlen,
		    "unix:%s must be an absolute path of at most %zu bytes",
		    path, sizeof(sun.sun_path) - 1);
		return -1;
	}
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	return replace(&sun, ret, err, errlen);
}

void
local_socket_remove(const char *path, const struct local_socket *s)
{
	struct stat st;

	if (lstat(path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino)
		(void)unlink(path);
}
