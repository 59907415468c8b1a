/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

static enum fault fault;
static int fault_error;
static long fault_at, calls;

void
faults_set(enum fault what, int error, long at)
{
	fault = what;
	fault_error = error;
	fault_at = at;
	calls = 0;
}

long
faults_calls(void)
{
	return calls;
}

#ifdef __linux__

#include <sys/syscall.h>

bool
faults_work(void)
{
	long before = calls;

	(void)unlink("");
	return calls > before;
}

static void
die(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

/* Counts a call; true: it is to fail. */
static bool
fails(bool needs_room)
{
	if (++calls < fault_at || fault == FAULT_NONE)
		return false;
	switch (fault) {
	case FAULT_KILL:
		die();
		return false;
	case FAULT_FULL:
		errno = fault_error;
		return needs_room;
	case FAULT_STAYS:
		errno = fault_error;
		return true;
	case FAULT_ONCE:
		errno = fault_error;
		return calls == fault_at;
	default:
		return false;
	}
}

ssize_t
write(int fd, const void *bytes, size_t len)
{
	if (fd <= 2)
		return syscall(SYS_write, fd, bytes, len);
	if (fails(true))
		return -1;
	if (fault == FAULT_TORN && calls == fault_at) {
		(void)syscall(SYS_write, fd, bytes, len / 2);
		die();
	}
	return syscall(SYS_write, fd, bytes, len);
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return fails(true) ? -1 : syscall(SYS_pwrite64, fd, bytes, len, at);
}

int
fsync(int fd)
{
	return fails(true) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
ftruncate(int fd, off_t len)
{
	return fails(false) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

int
rename(const char *from, const char *to)
{
	return fails(false) ? -1
	                    : (int)syscall(SYS_renameat2, AT_FDCWD, from,
				  AT_FDCWD, to, 0);
}

int
unlink(const char *path)
{
	return fails(false) ? -1
	                    : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* Opening for reading changes nothing. */
int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if ((flags & O_ACCMODE) != O_RDONLY && fails((flags & O_CREAT) != 0))
		return -1;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#else

bool
faults_work(void)
{
	return false;
}

#endif
