/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "warm_wire.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "version.h"

#include "banned.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is ignored in every handler */
#endif

bool
warm_peer_ok(int fd)
{
#ifdef SO_PEERCRED
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	       who.uid == geteuid();
#else
	uid_t uid;
	gid_t gid;

	return getpeereid(fd, &uid, &gid) == 0 && uid == geteuid();
#endif
}

static bool
address_of(struct sockaddr_un *to, char *const *env, long keeper)
{
	char path[PATH_MAX];
	int n;

	if (!warm_dir_path(path, sizeof(path), env))
		return false;
	memset(to, 0, sizeof(*to));
	to->sun_family = AF_UNIX;
	n = snprintf(to->sun_path, sizeof(to->sun_path), "%.*s/%ld.sock",
	    (int)sizeof(to->sun_path), path, keeper);
	return n > 0 && (size_t)n < sizeof(to->sun_path);
}

static bool
connect_to(int fd, char *const *env, long keeper)
{
	struct sockaddr_un address;

	return fd != -1 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	       io_end_own(fd).fd == fd && address_of(&address, env, keeper) &&
	       connect(fd, (const struct sockaddr *)&address,
		   sizeof(address)) == 0 &&
	       warm_peer_ok(fd);
}

int
warm_call(char *const *env, const struct warm_record *r, enum warm_wish wish)
{
	struct warm_hello hello = {.magic = WARM_MAGIC, .wish = wish};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	_Static_assert(sizeof(CCP_VERSION) <= sizeof(hello.version),
	    "who asks would be of another version for ever");
	(void)snprintf(hello.version, sizeof(hello.version), "%s", CCP_VERSION);
	memcpy(hello.id, r->id, sizeof(hello.id));
	memcpy(hello.token, r->token, sizeof(hello.token));
	if (connect_to(fd, env, r->keeper) &&
	    warm_send(fd, &hello, sizeof(hello), NULL, 0))
		return fd;
	if (fd != -1)
		(void)close(fd);
	return -1;
}

union control {
	struct cmsghdr header; /* for its alignment */
	char room[CMSG_SPACE(WARM_FDS * sizeof(int))];
};

bool
warm_send(int fd, const void *message, size_t len, const int *fds, size_t n)
{
	union {
		const void *in;
		void *out;
	} same = {.in = message}; /* it is only read */
	struct iovec io = {.iov_base = same.out, .iov_len = len};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};
	union control control;
	struct cmsghdr *header;
	ssize_t sent;

	if (n > 0) {
		memset(&control, 0, sizeof(control));
		m.msg_control = control.room;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		header = &control.header; /* CMSG_FIRSTHDR: there is room */
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(header), fds, n * sizeof(int));
	}
	do
		sent = sendmsg(fd, &m, MSG_NOSIGNAL);
	while (sent == -1 && errno == EINTR);
	return sent == (ssize_t)len;
}

/* For its alignment there may be room for more of them than are wanted: all
 * that came are ours. */
#define MOST_FDS (sizeof(union control) / sizeof(int))

/* The descriptors of a message, or none at all where they are too many. */
static bool
take_fds(struct msghdr *m, int *fds, size_t *n)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(m);
	size_t got = 0, i;
	int all[MOST_FDS];

	if (header != NULL && header->cmsg_level == SOL_SOCKET &&
	    header->cmsg_type == SCM_RIGHTS) {
		got = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (got > MOST_FDS)
			got = MOST_FDS;
		memcpy(all, CMSG_DATA(header), got * sizeof(int));
	}
	for (i = 0; i < got; i++)
		(void)fcntl(all[i], F_SETFD, FD_CLOEXEC);
	if (got <= *n && (m->msg_flags & (MSG_CTRUNC | MSG_TRUNC)) == 0) {
		if (got > 0)
			memcpy(fds, all, got * sizeof(int));
		*n = got;
		return true;
	}
	for (i = 0; i < got; i++)
		(void)close(all[i]);
	return false;
}

enum warm_result
warm_receive(int fd, void *message, size_t len, int *fds, size_t *n)
{
	struct iovec io = {.iov_base = message, .iov_len = len};
	union control control;
	struct msghdr m = {.msg_iov = &io,
	    .msg_iovlen = 1,
	    .msg_control = control.room,
	    .msg_controllen = sizeof(control.room)};
	ssize_t got;

	do
		got = recvmsg(fd, &m, 0);
	while (got == -1 && errno == EINTR);
	if (got == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return WARM_WAIT;
	if (got == -1)
		return WARM_GONE;
	if (!take_fds(&m, fds, n))
		return WARM_GONE;
	if (got == (ssize_t)len)
		return WARM_GOT;
	while (*n > 0)
		(void)close(fds[--*n]);
	return WARM_GONE;
}

bool
warm_text_ok(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}
