/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "slots.h"

#include <sys/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "limits.h"

#include "banned.h"

#define NAME_BYTES 64

void
slots_open(
    struct slots *s, int dir, const char *name, size_t places, size_t queue)
{
	s->dir = dir;
	s->name = name;
	s->places = places;
	s->queue = queue;
	s->place = -1;
	s->ticket = -1;
	s->number = 0;
	s->next_try = CLOCK_NEVER;
}

static int
open_file(const struct slots *s, const char *file)
{
	return openat(
	    s->dir, file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Locks fd without waiting. */
static bool
lock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* A descriptor that holds the lock of the queue; -1 with errno, EWOULDBLOCK
 * where somebody else looks at it just now. */
static int
lock_queue(const struct slots *s)
{
	char file[NAME_BYTES];
	int fd;

	(void)snprintf(file, sizeof(file), "%s.lock", s->name);
	fd = open_file(s, file);
	if (fd == -1 || lock(fd))
		return fd;
	(void)close(fd);
	errno = EWOULDBLOCK;
	return -1;
}

/* The number of a ticket's file name; false if it is another file. */
static bool
ticket_number(const struct slots *s, const char *file, unsigned long *ret)
{
	size_t len = strlen(s->name);
	char *end;

	if (strncmp(file, s->name, len) != 0 ||
	    strncmp(file + len, ".q.", 3) != 0)
		return false;
	errno = 0;
	*ret = strtoul(file + len + 3, &end, 10);
	return errno == 0 && *end == '\0' && end != file + len + 3;
}

/* Is somebody still waiting with it?  One that nobody holds is removed. */
static bool
alive(const struct slots *s, const char *file)
{
	CLEANUP_CLOSE int fd =
	    openat(s->dir, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd == -1)
		return false;
	if (!lock(fd))
		return true;
	(void)unlinkat(s->dir, file, 0);
	return false;
}

struct queue {
	size_t before;     /* waiting with a lower number than ours */
	size_t all;        /* waiting, but for us */
	unsigned long top; /* highest number */
};

/* Looks at the queue; its lock is held. */
static bool
read_queue(const struct slots *s, struct queue *q)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	unsigned long number;

	if (dir == NULL) {
		if (fd != -1)
			(void)close(fd);
		return false;
	}
	memset(q, 0, sizeof(*q));
	while ((entry = readdir(dir)) != NULL) {
		if (!ticket_number(s, entry->d_name, &number) ||
		    (s->ticket != -1 && number == s->number) ||
		    !alive(s, entry->d_name))
			continue;
		q->all++;
		q->before += number < s->number;
		if (number > q->top)
			q->top = number;
	}
	(void)closedir(dir);
	return true;
}

static void
ticket_name(const struct slots *s, char file[NAME_BYTES])
{
	(void)snprintf(file, NAME_BYTES, "%s.q.%lu", s->name, s->number);
}

/* Joins the queue at its end; its lock is held. */
static bool
join(struct slots *s, const struct queue *q)
{
	char file[NAME_BYTES];

	s->number = q->top + 1;
	ticket_name(s, file);
	s->ticket = open_file(s, file);
	return s->ticket != -1 && lock(s->ticket);
}

static void
leave_queue(struct slots *s)
{
	char file[NAME_BYTES];

	s->next_try = CLOCK_NEVER;
	if (s->ticket == -1)
		return;
	ticket_name(s, file);
	(void)unlinkat(s->dir, file, 0);
	(void)close(s->ticket);
	s->ticket = -1;
}

/* Takes a free place, if there is one.  Where it begins to look is of no
 * matter, so not all begin at the same. */
static bool
take(struct slots *s)
{
	size_t first = (size_t)getpid() % s->places, i;
	char file[NAME_BYTES];
	int fd;

	for (i = 0; i < s->places; i++) {
		(void)snprintf(file, sizeof(file), "%s.%zu", s->name,
		    (first + i) % s->places);
		fd = open_file(s, file);
		if (fd == -1)
			continue;
		if (lock(fd)) {
			s->place = fd;
			return true;
		}
		(void)close(fd);
	}
	return false;
}

static enum slots_result
wait_more(struct slots *s, int64_t ms)
{
	s->next_try = clock_ms() + ms;
	return SLOTS_WAIT;
}

static enum slots_result
try_queue(struct slots *s)
{
	CLEANUP_CLOSE int guard = lock_queue(s);
	struct queue q;

	if (guard == -1)
		return errno == EWOULDBLOCK ? wait_more(s, LIMIT_SLOTS_LOCK_MS)
		                            : SLOTS_ERROR;
	if (!read_queue(s, &q))
		return SLOTS_ERROR;
	if ((s->ticket == -1 ? q.all : q.before) == 0 && take(s)) {
		leave_queue(s);
		return SLOTS_TAKEN;
	}
	if (s->ticket != -1)
		return wait_more(s, LIMIT_SLOTS_RETRY_MS);
	if (q.all >= s->queue)
		return SLOTS_FULL;
	return join(s, &q) ? wait_more(s, LIMIT_SLOTS_RETRY_MS) : SLOTS_ERROR;
}

enum slots_result
slots_try(struct slots *s)
{
	if (s->queue > 0)
		return try_queue(s);
	if (take(s))
		return SLOTS_TAKEN;
	return faccessat(s->dir, ".", W_OK, 0) == 0 ? SLOTS_FULL : SLOTS_ERROR;
}

void
slots_release(struct slots *s)
{
	leave_queue(s);
	if (s->place != -1)
		(void)close(s->place);
	s->place = -1;
}
