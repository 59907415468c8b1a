/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tickets.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "limits.h"

#include "banned.h"

#define NAME_BYTES 64
#define PID_BYTES  32

int
tickets_open(int dir, const char *name, bool make)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	char path[NAME_BYTES];
	int fd;

	(void)snprintf(path, sizeof(path), "%s.queue", name);
	fd = openat(dir, path, flags);
	if (fd != -1 || errno != ENOENT || !make)
		return fd;
	if (mkdirat(dir, path, 0700) == -1 && errno != EEXIST)
		return -1;
	return openat(dir, path, flags);
}

static void
file_name(unsigned long number, char ret[NAME_BYTES])
{
	(void)snprintf(ret, NAME_BYTES, "%lu", number);
}

/* False if it is no ticket's. */
static bool
number_of(const char *file, unsigned long *ret)
{
	char *end;

	if (*file < '0' || *file > '9')
		return false;
	errno = 0;
	*ret = strtoul(file, &end, 10);
	return errno == 0 && *end == '\0' && *ret > 0;
}

static int
open_ticket(int queue, unsigned long number)
{
	char file[NAME_BYTES];

	file_name(number, file);
	return openat(queue, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

/* Asked with a lock that any number may have at once, so that who asks is not
 * taken for who waits. */
bool
tickets_held(int file)
{
	return flock(file, LOCK_SH | LOCK_NB) == -1;
}

enum ticket
tickets_look(int queue, unsigned long number)
{
	CLEANUP_CLOSE int fd = open_ticket(queue, number);

	if (fd == -1)
		return errno == ENOENT || errno == ELOOP ? TICKET_GONE
		                                         : TICKET_HELD;
	return tickets_held(fd) ? TICKET_HELD : TICKET_DROPPED;
}

static void
remove_ticket(int queue, unsigned long number)
{
	char file[NAME_BYTES];

	file_name(number, file);
	(void)unlinkat(queue, file, 0);
}

/* One that nobody holds any more is removed. */
static bool
held_or_gone(int queue, unsigned long number)
{
	enum ticket t = tickets_look(queue, number);

	if (t == TICKET_DROPPED)
		remove_ticket(queue, number);
	return t == TICKET_HELD;
}

/* Its numbers, from the first on. */
static DIR *
read_from_start(int queue)
{
	int fd = openat(queue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);

	if (d == NULL && fd != -1)
		(void)close(fd);
	return d;
}

/* False at the end, and with errno where it cannot be read to its end. */
static bool
next_number(DIR *d, unsigned long *ret)
{
	const struct dirent *entry;

	errno = 0;
	while ((entry = readdir(d)) != NULL) {
		if (number_of(entry->d_name, ret))
			return true;
		errno = 0;
	}
	return false;
}

/* Ends the reading; false with errno where it failed. */
static bool
read_to_end(DIR *d)
{
	int error = errno;

	(void)closedir(d);
	errno = error;
	return error == 0;
}

bool
tickets_count(int queue, unsigned long own, bool ask, struct tickets *ret)
{
	DIR *d = read_from_start(queue);
	unsigned long number;

	memset(ret, 0, sizeof(*ret));
	if (d == NULL)
		return false;
	while (next_number(d, &number)) {
		if (number == own || (ask && !held_or_gone(queue, number)))
			continue;
		ret->all++;
		if (ret->first == 0 || number < ret->first)
			ret->first = number;
		if (own != 0 && number > own)
			continue;
		ret->before++;
		if (number > ret->behind)
			ret->behind = number;
	}
	return read_to_end(d);
}

bool
tickets_nearest(
    int queue, unsigned long number, unsigned long done, unsigned long *ret)
{
	int left = LIMIT_TICKETS_NEAR;

	while (number > done && !held_or_gone(queue, number)) {
		if (--left == 0)
			return false;
		number--;
	}
	*ret = number > done ? number : 0;
	return true;
}

int
tickets_take(int queue, unsigned long number)
{
	char file[NAME_BYTES], pid[PID_BYTES];
	int fd, n, error;

	file_name(number, file);
	fd = openat(
	    queue, file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return -1;
	n = snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		/* Who cannot be woken looks by himself, only later. */
		if (ftruncate(fd, 0) == 0)
			(void)!pwrite(fd, pid, (size_t)n, 0);
		return fd;
	}
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

void
tickets_drop(int queue, unsigned long number, int held)
{
	remove_ticket(queue, number);
	(void)close(held);
}

/* The lowest number above that one; 0: there is none. */
static unsigned long
lowest_above(int queue, unsigned long above)
{
	DIR *d = read_from_start(queue);
	unsigned long number, lowest = 0;

	if (d == NULL)
		return 0;
	while (next_number(d, &number)) {
		if (number > above && (lowest == 0 || number < lowest))
			lowest = number;
	}
	(void)closedir(d);
	return lowest;
}

/* False: nobody waits with it, or nobody knows who.  The pid is there once the
 * ticket is locked, so it is read before the lock is tried: who has just made
 * his must not find it locked by who asks. */
static bool
wake(int queue, unsigned long number)
{
	CLEANUP_CLOSE int fd = open_ticket(queue, number);
	char text[PID_BYTES] = "";
	long pid;

	if (fd == -1 || pread(fd, text, sizeof(text) - 1, 0) <= 0 ||
	    !tickets_held(fd))
		return false;
	pid = strtol(text, NULL, 10);
	return pid > 1 && kill((pid_t)pid, SIGURG) == 0;
}

static bool
wake_near(int queue, unsigned long after)
{
	unsigned long number;

	for (number = after + 1; number <= after + LIMIT_TICKETS_NEAR;
	     number++) {
		if (wake(queue, number))
			return true;
	}
	return false;
}

void
tickets_wake(int queue, unsigned long after)
{
	unsigned long number = 0;

	if (after != 0 && wake_near(queue, after))
		return;
	do
		number = lowest_above(queue, number);
	while (number != 0 && !wake(queue, number));
}
