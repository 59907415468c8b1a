/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inject.h"

#ifdef __linux__

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"

static const struct fault faults[] = {
    {"EINTR", EINTR, SCOPE_ANY, false},
    {"EAGAIN", EAGAIN, SCOPE_ANY, false},
    {"ENOMEM", ENOMEM, SCOPE_ANY, false},
    {"EMFILE", EMFILE, SCOPE_ANY, false},
    {"ENOSPC", ENOSPC, SCOPE_ANY, false},
    {"EIO", EIO, SCOPE_ANY, false},
    {"short-read", 0, SCOPE_READ, false},
    {"short-write", 0, SCOPE_WRITE, false},
    {"disk-full", ENOSPC, SCOPE_ROOM, true},
    {"no-descriptors", EMFILE, SCOPE_FD, true},
    {"no-memory", ENOMEM, SCOPE_MEMORY, true},
    {"disk-broken", EIO, SCOPE_DISK, true},
};

const struct fault *
fault_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(faults[i].name, name) == 0)
			return &faults[i];
	}
	return NULL;
}

/* --- the memory and the descriptors of the caller ----------------------- */

static bool
peek(int pid, unsigned long long at, void *to, size_t len)
{
	struct iovec here = {to, len};
	struct iovec there = {(void *)(unsigned long)at, len};

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)len;
}

static bool
poke(int pid, unsigned long long at, void *from, size_t len)
{
	struct iovec here = {from, len};
	struct iovec there = {(void *)(unsigned long)at, len};

	return process_vm_writev(pid, &here, 1, &there, 1, 0) == (ssize_t)len;
}

/* A page may be missing behind the text, so byte by byte. */
void
process_text(int pid, unsigned long long at, char *to, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size; i++) {
		if (!peek(pid, at + i, &to[i], 1) || to[i] == '\0')
			break;
	}
	to[i] = '\0';
}

/* A descriptor of the caller's, as one of ours; -1: it has none. */
static int
borrow(int pid, int fd)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	int copy =
	    process == -1 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0);

	if (process != -1)
		(void)close(process);
	return copy;
}

static bool
is_regular(int pid, int fd)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* --- a call that is cut short ------------------------------------------- */

static bool
ready(int fd, short events)
{
	struct pollfd one = {fd, events, 0};

	return poll(&one, 1, 0) == 1;
}

/* The buffer of a call, at least two bytes long; an array of them begins with
 * its first. */
static bool
buffer_of(const struct seccomp_notif *call, unsigned long long *ret)
{
	unsigned long long pair[2] = {call->data.args[1], call->data.args[2]};
	int nr = call->data.nr;

	if (nr == SYS_writev || nr == SYS_readv) {
		if (!peek(
			(int)call->pid, call->data.args[1], pair, sizeof(pair)))
			return false;
		/* One byte can be all of the first. */
		if (call->data.args[2] > 1)
			pair[1]++;
	}
	*ret = pair[0];
	return pair[1] > 1;
}

static ssize_t
read_one(const struct seccomp_notif *call, int fd, char *to)
{
	switch (call->data.nr) {
	case SYS_read:
	case SYS_readv:
		return read(fd, to, 1);
	case SYS_pread64:
		return pread(fd, to, 1, (off_t)call->data.args[3]);
	case SYS_recvfrom:
		return recv(fd, to, 1, (int)call->data.args[3]);
	default:
		return -1;
	}
}

static ssize_t
write_one(const struct seccomp_notif *call, int fd, const char *from)
{
	switch (call->data.nr) {
	case SYS_write:
	case SYS_writev:
		return write(fd, from, 1);
	case SYS_pwrite64:
		return pwrite(fd, from, 1, (off_t)call->data.args[3]);
	case SYS_sendto:
		return send(fd, from, 1, (int)call->data.args[3]);
	default:
		return -1;
	}
}

static bool
short_read(const struct seccomp_notif *call, int fd, unsigned long long at)
{
	char byte;

	/* It may be the end that is to be read, which has no byte. */
	return ready(fd, POLLIN) && read_one(call, fd, &byte) == 1 &&
	       poke((int)call->pid, at, &byte, 1);
}

static bool
short_write(const struct seccomp_notif *call, int fd, unsigned long long at)
{
	char byte;

	return peek((int)call->pid, at, &byte, 1) && ready(fd, POLLOUT) &&
	       write_one(call, fd, &byte) == 1;
}

static bool
cut_short(enum fault_scope scope, const struct seccomp_notif *call,
    struct seccomp_notif_resp *ret)
{
	unsigned long long at;
	bool done;
	int fd;

	if (!buffer_of(call, &at))
		return false;
	fd = borrow((int)call->pid, (int)call->data.args[0]);
	if (fd == -1)
		return false;
	done = scope == SCOPE_READ ? short_read(call, fd, at)
	                           : short_write(call, fd, at);
	(void)close(fd);
	if (done)
		ret->val = 1;
	return done;
}

/* --- a call that fails --------------------------------------------------- */

static int
open_flags(const struct seccomp_notif *call)
{
#ifdef SYS_open
	if (call->data.nr == SYS_open)
		return (int)call->data.args[1];
#endif
	return call->data.nr == SYS_openat ? (int)call->data.args[2] : 0;
}

static bool
dups(const struct seccomp_notif *call)
{
	return call->data.nr == SYS_fcntl &&
	       (call->data.args[1] == F_DUPFD ||
		   call->data.args[1] == F_DUPFD_CLOEXEC);
}

static bool
in_scope(enum fault_scope scope, const struct seccomp_notif *call,
    const struct call *known)
{
	unsigned what = known == NULL ? CALL_PLAIN : known->what;
	int fd = (int)call->data.args[0];

	switch (scope) {
	case SCOPE_ANY:
		return true;
	case SCOPE_READ:
		return (what & CALL_READS) != 0;
	case SCOPE_WRITE:
		return (what & CALL_WRITES) != 0;
	case SCOPE_FD:
		return (what & CALL_MAKES_FD) != 0 || dups(call);
	case SCOPE_MEMORY:
		return (what & CALL_MEMORY) != 0;
	case SCOPE_ROOM:
		return (what & CALL_MAKES_NAME) != 0 ||
		       (open_flags(call) & O_CREAT) != 0 ||
		       ((what & CALL_WRITES) != 0 &&
			   is_regular((int)call->pid, fd));
	case SCOPE_DISK:
		return (what & CALL_NAMES) != 0 ||
		       ((what & (CALL_READS | CALL_WRITES)) != 0 &&
			   is_regular((int)call->pid, fd));
	}
	return false;
}

/*
 * Whatever close() says, the descriptor is free (close(2)).  What stands in
 * its place here holds nothing open.
 */
static void
empty_descriptor(int listener, const struct seccomp_notif *call)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct seccomp_notif_addfd add = {
	    .id = call->id,
	    .flags = SECCOMP_ADDFD_FLAG_SETFD,
	    .srcfd = (unsigned)null,
	    .newfd = (unsigned)call->data.args[0],
	    .newfd_flags = O_CLOEXEC,
	};

	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	(void)close(null);
}

bool
fault_inject(const struct fault *f, int listener,
    const struct seccomp_notif *call, struct seccomp_notif_resp *ret)
{
	const struct call *known = call_find(call->data.nr);

	if (known != NULL && (known->what & CALL_SURE) != 0)
		return false;
	if (!in_scope(f->scope, call, known))
		return false;
	if (f->error == 0)
		return cut_short(f->scope, call, ret);
	if (call->data.nr == SYS_close)
		empty_descriptor(listener, call);
	/* This one fails by telling an end below the one that was asked for;
	 * the C library takes 0 as "unknown" and asks again. */
	if (call->data.nr == SYS_brk)
		ret->val = 0;
	else
		ret->error = -f->error;
	return true;
}

void
call_describe(const struct seccomp_notif *call, char *to, size_t size)
{
	const struct call *known = call_find(call->data.nr);
	unsigned what = known == NULL ? CALL_PLAIN : known->what;
	char path[256] = "", link[64];
	ssize_t n = 0;

	if ((what & CALL_PATH) != 0)
		process_text(
		    (int)call->pid, call->data.args[0], path, sizeof(path));
	if ((what & CALL_PATH_AT) != 0)
		process_text(
		    (int)call->pid, call->data.args[1], path, sizeof(path));
	if ((what & CALL_FD) != 0 || (what & CALL_PATH_AT && path[0] == '\0')) {
		(void)snprintf(link, sizeof(link), "/proc/%d/fd/%d",
		    (int)call->pid, (int)call->data.args[0]);
		n = readlink(link, path, sizeof(path) - 1);
		path[n > 0 ? n : 0] = '\0';
	}
	if (known == NULL)
		(void)snprintf(to, size, "%d", call->data.nr);
	else
		(void)snprintf(to, size, "%s%s%s", known->name,
		    path[0] == '\0' ? "" : " ", path);
}

#endif
