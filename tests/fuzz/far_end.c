/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "far_end.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "require.h"

void
far_long_text(struct buf *to, const char *before, size_t n, const char *behind)
{
	static char filling[FAR_LONGEST];

	REQUIRE(n <= sizeof(filling));
	memset(filling, 'x', n);
	buf_init(to, FAR_BYTES);
	buf_addstr(to, before);
	buf_add(to, filling, n);
	buf_addstr(to, behind);
	REQUIRE(buf_ok(to));
}

void
far_close_fd(int *fd)
{
	if (*fd >= 0)
		REQUIRE(close(*fd) == 0);
	*fd = -1;
}

void
far_never_wait(int fd)
{
	REQUIRE(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
}

void
far_close(struct far_end *e)
{
	far_close_fd(&e->fd);
	buf_clear(&e->queue);
}

void
far_flush(struct far_end *e, struct buf *taken)
{
	ssize_t n;

	while (e->fd >= 0 && e->queue.len > 0) {
		n = write(e->fd, buf_str(&e->queue), e->queue.len);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1) { /* nobody reads it any more */
			buf_clear(&e->queue);
			return;
		}
		if (taken != NULL)
			REQUIRE(buf_add(taken, buf_str(&e->queue), (size_t)n));
		buf_consume(&e->queue, (size_t)n);
	}
}

void
far_say(struct far_end *e, const void *bytes, size_t len)
{
	if (e->fd >= 0)
		REQUIRE(buf_add(&e->queue, bytes, len));
}

bool
far_read(int fd, struct buf *to)
{
	char some[16384];
	ssize_t n;

	while ((n = read(fd, some, sizeof(some))) > 0)
		REQUIRE(buf_add(to, some, (size_t)n));
	return n == -1 && errno == EAGAIN;
}
