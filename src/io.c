/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"

#include "banned.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* the process ignores SIGPIPE, too */
#endif

/* macOS lets a send wait for room whatever MSG_DONTWAIT says. */
#ifdef CCP_LINUX
#define SEND_MAY_WAIT false
#else
#define SEND_MAY_WAIT true
#endif

void
io_keep_std(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

void
io_hang_up(void)
{
	(void)shutdown(STDIN_FILENO, SHUT_RDWR); /* of a pipe nobody minds */
	(void)shutdown(STDOUT_FILENO, SHUT_RDWR);
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	io_keep_std();
}

static bool
set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags != -1 && ((flags & O_NONBLOCK) != 0 ||
				  fcntl(fd, F_SETFL, flags | O_NONBLOCK) != -1);
}

struct io_end
io_end_of(int fd)
{
	struct io_end end = {.fd = fd, .kind = IO_SHARED};
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISSOCK(st.st_mode))
		return end;
	end.kind = IO_SOCKET;
	if (SEND_MAY_WAIT)
		(void)set_nonblocking(fd);
	return end;
}

struct io_end
io_end_own(int fd)
{
	struct io_end end = {.fd = fd, .kind = IO_OWN};

	if (!set_nonblocking(fd))
		end.kind = IO_SHARED;
	return end;
}

static ssize_t
outcome(ssize_t n)
{
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return IO_AGAIN;
	return IO_FAILED;
}

ssize_t
io_read(const struct io_end *end, void *to, size_t len)
{
	if (end->kind == IO_SOCKET)
		return outcome(recv(end->fd, to, len, MSG_DONTWAIT));
	return outcome(read(end->fd, to, len));
}

ssize_t
io_write(const struct io_end *end, const void *from, size_t len)
{
	if (end->kind == IO_SOCKET)
		return outcome(
		    send(end->fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL));
	if (end->kind == IO_SHARED && len > PIPE_BUF)
		len = PIPE_BUF;
	return outcome(write(end->fd, from, len));
}

void
io_no_delay(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void
io_small_buffer(int fd, int bytes)
{
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

#ifdef CCP_LINUX

int
io_pipe(int ret_fds[2])
{
	return pipe2(ret_fds, O_CLOEXEC);
}

#else

static int
set_cloexec(const int fds[2])
{
	if (fcntl(fds[0], F_SETFD, FD_CLOEXEC) == -1 ||
	    fcntl(fds[1], F_SETFD, FD_CLOEXEC) == -1)
		return -1;
	return 0;
}

int
io_pipe(int ret_fds[2])
{
	int fds[2], error;

	/* Single-threaded, so nothing can fork between these calls. */
	if (pipe(fds) == -1)
		return -1;
	if (set_cloexec(fds) == -1) {
		error = errno;
		(void)close(fds[0]);
		(void)close(fds[1]);
		errno = error;
		return -1;
	}
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}

#endif

bool
io_write_all(int fd, const void *from, size_t len)
{
	const char *at = from;
	ssize_t n;

	for (; len > 0; at += n, len -= (size_t)n) {
		do {
			n = write(fd, at, len);
		} while (n == -1 && errno == EINTR);
		if (n == -1)
			return false;
	}
	return true;
}

/* Fills to with up to len bytes; how many there were, or -1. */
static ssize_t
read_all(int fd, char *to, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = read(fd, to + have, len - have);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

ssize_t
io_read_start(const char *path, char *to, size_t size)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return -1;
	n = read(fd, to, size - 1);
	to[n > 0 ? n : 0] = '\0';
	return n;
}

char *
io_read_file(const char *path, size_t max, size_t *ret_len)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	CLEANUP_FREE char *text = NULL;
	struct stat st;
	ssize_t n;
	char *result;

	if (fd == -1 || fstat(fd, &st) == -1)
		return NULL;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return NULL;
	}
	text = malloc(max + 2);
	if (text == NULL)
		return NULL;
	n = read_all(fd, text, max + 1);
	if (n == -1)
		return NULL;
	if ((size_t)n > max) {
		errno = EFBIG;
		return NULL;
	}
	text[n] = '\0';
	*ret_len = (size_t)n;
	result = text;
	text = NULL;
	return result;
}
