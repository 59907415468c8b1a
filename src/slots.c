/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "slots.h"

#include <sys/file.h>

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
#include "signals.h"
#include "ticket_numbers.h"
#include "tickets.h"

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
	s->which = 0;
	s->lock = -1;
	s->waiting = -1;
	s->ticket = -1;
	s->number = 0;
	s->behind = 0;
	s->locked_out = 0;
	s->woken = 0;
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

/* NAME.lock, not locked by that; -1 with errno. */
static int
open_lock(struct slots *s)
{
	char file[NAME_BYTES];

	if (s->lock == -1) {
		(void)snprintf(file, sizeof(file), "%s.lock", s->name);
		s->lock = open_file(s, file);
	}
	return s->lock;
}

static int
open_queue(struct slots *s, bool make)
{
	if (s->waiting == -1)
		s->waiting = tickets_open(s->dir, s->name, make);
	return s->waiting;
}

static void
close_files(struct slots *s)
{
	int error = errno;

	if (s->lock != -1)
		(void)close(s->lock);
	if (s->waiting != -1)
		(void)close(s->waiting);
	s->lock = s->waiting = -1;
	errno = error;
}

/* Locks the queue.  False with errno, EWOULDBLOCK where somebody else looks at it
 * just now. */
static bool
lock_queue(struct slots *s)
{
	int fd = open_lock(s);

	if (fd == -1 || lock(fd))
		return fd != -1;
	errno = EWOULDBLOCK;
	return false;
}

static void
unlock_queue(const struct slots *s)
{
	int error = errno;

	(void)flock(s->lock, LOCK_UN);
	errno = error;
}

/* Reads the whole queue: of those before us one is asked, the nearest, as it will
 * itself not go before its own nearest.  All are asked only where the dead
 * among them count.  The queue's lock is held. */
static bool
count_queue(const struct slots *s, int queue, struct tickets *t)
{
	unsigned long own = s->ticket == -1 ? 0 : s->number;

	if (!tickets_count(queue, own, false, t))
		return false;
	if ((t->behind == 0 || tickets_look(queue, t->behind) == TICKET_HELD) &&
	    (s->ticket != -1 || t->all < s->queue))
		return true;
	return tickets_count(queue, own, true, t);
}

/* What the numbers say of those before us, and a few looks.  False: too little
 * for that. */
static bool
guess_queue(const struct slots *s, int queue, const struct ticket_numbers *n,
    struct tickets *t)
{
	unsigned long before = s->ticket == -1 ? n->last : s->number - 1;

	memset(t, 0, sizeof(*t));
	t->all = n->last - n->done;
	if (n->last == 0 || (s->ticket == -1 && t->all >= s->queue) ||
	    !tickets_nearest(queue, before, n->done, &t->behind))
		return false;
	t->before = t->behind != 0;
	return true;
}

/* Looks at the queue, which is locked, and notes what that shows: the next one
 * looks at less. */
static bool
read_queue(const struct slots *s, int queue, const struct ticket_numbers *n,
    struct tickets *t)
{
	unsigned long done = s->ticket == -1 ? n->last : s->number - 1;

	if (!guess_queue(s, queue, n, t) && !count_queue(s, queue, t))
		return false;
	if (t->before > 0)
		done = t->first == 0 ? 0 : t->first - 1;
	if (done > n->done)
		ticket_numbers_done(s->lock, done);
	return true;
}

static bool
nobody_waits(const struct ticket_numbers *n)
{
	return n->last != 0 && n->last == n->done;
}

/* Whoever comes first now has a reason to look. */
static void
wake_next(struct slots *s)
{
	struct ticket_numbers n;

	if (s->queue == 0)
		return;
	ticket_numbers_read(open_lock(s), &n);
	if (!nobody_waits(&n) && open_queue(s, false) != -1)
		tickets_wake(s->waiting, n.done);
}

static void
drop_ticket(struct slots *s)
{
	s->next_try = CLOCK_NEVER;
	if (s->ticket == -1)
		return;
	tickets_drop(open_queue(s, false), s->number, s->ticket);
	s->ticket = -1;
}

static void
leave_queue(struct slots *s)
{
	bool waited = s->ticket != -1;

	drop_ticket(s);
	if (waited)
		wake_next(s);
}

static int
open_place(const struct slots *s, size_t number)
{
	char file[NAME_BYTES];

	(void)snprintf(file, sizeof(file), "%s.%zu", s->name, number);
	return open_file(s, file);
}

/* Takes a free place, if there is one.  Where it begins to look is of no
 * matter, so not all begin at the same. */
static bool
take(struct slots *s)
{
	size_t first = (size_t)getpid() % s->places, i;
	int fd;

	for (i = 0; i < s->places; i++) {
		s->which = (first + i) % s->places;
		fd = open_place(s, s->which);
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

static bool
is_taken(const struct slots *s, size_t number)
{
	CLEANUP_CLOSE int fd = open_place(s, number);

	return fd != -1 && tickets_held(fd);
}

/* Is there no place but our own that the next one could take?  Where there are
 * many to ask, it is left to him. */
static bool
all_are_taken(const struct slots *s)
{
	size_t i;

	if (s->places > LIMIT_SLOTS_ASKED)
		return false;
	for (i = 0; i < s->places; i++) {
		if (i != s->which && !is_taken(s, i))
			return false;
	}
	return true;
}

static enum slots_result
wait_ms(struct slots *s, int64_t ms)
{
	s->next_try = clock_ms() + ms;
	return SLOTS_WAIT;
}

/* Somebody else looks just now.  A crowd gives way more and more. */
static enum slots_result
wait_for_lock(struct slots *s)
{
	int64_t ms = (int64_t)LIMIT_SLOTS_LOCK_MS << s->locked_out;

	if (s->locked_out < LIMIT_SLOTS_LOCKED)
		s->locked_out++;
	return wait_ms(s, ms);
}

/* Nobody waits any more up to the ticket that it has got its place with. */
static void
note_served(struct slots *s)
{
	ticket_numbers_done(open_lock(s), s->number);
}

/* With a ticket and nobody before us: who gives back a place wakes us, but for
 * one that is killed.  The next one has been woken by nobody where two places
 * were given back before we took one: so they are looked at, and once our
 * ticket is gone, as who gives one back from then on wakes him and not us.
 * For one that is killed until then he looks a second later. */
static enum slots_result
take_or_wait(struct slots *s)
{
	if (!take(s))
		return wait_ms(s, LIMIT_SLOTS_FIRST_MS);
	note_served(s);
	drop_ticket(s);
	if (!all_are_taken(s))
		wake_next(s);
	return SLOTS_TAKEN;
}

/* Takes its place in the queue, whose lock is held, with a number above all that
 * ever were: so what is known of one stays true when the queue was empty
 * meanwhile. */
static bool
join(struct slots *s, unsigned long last)
{
	int queue = open_queue(s, true);

	s->number = last + 1;
	ticket_numbers_given(s->lock, s->number);
	if (queue != -1)
		s->ticket = tickets_take(queue, s->number);
	return s->ticket != -1;
}

/* Nobody has ever waited: ENOENT. */
static bool
look_at_queue(
    struct slots *s, const struct ticket_numbers *n, struct tickets *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (s->ticket == -1 && nobody_waits(n))
		return true;
	if (open_queue(s, false) == -1)
		return errno == ENOENT;
	return read_queue(s, s->waiting, n, ret);
}

/* With the lock of the queue. */
static enum slots_result
try_locked(struct slots *s)
{
	struct ticket_numbers n;
	struct tickets t;

	ticket_numbers_read(s->lock, &n);
	if (!look_at_queue(s, &n, &t))
		return SLOTS_ERROR;
	s->behind = t.behind;
	if (s->ticket != -1)
		return t.before == 0 ? take_or_wait(s)
		                     : wait_ms(s, LIMIT_SLOTS_BEHIND_MS);
	if (t.before == 0 && take(s))
		return SLOTS_TAKEN;
	if (t.all >= s->queue)
		return SLOTS_FULL;
	/* They begin again: what is said to be done may be of other ones. */
	if (n.last == 0)
		ticket_numbers_done(s->lock, t.first == 0 ? 0 : t.first - 1);
	if (n.last < t.behind)
		n.last = t.behind;
	return join(s, n.last) ? SLOTS_WAIT : SLOTS_ERROR;
}

/* With a look at the queue that nobody else has at the same time. */
static enum slots_result
try_queue(struct slots *s)
{
	enum slots_result r;

	if (!lock_queue(s))
		return errno == EWOULDBLOCK ? wait_for_lock(s) : SLOTS_ERROR;
	s->locked_out = 0;
	r = try_locked(s);
	unlock_queue(s);
	return r;
}

/* The one right before us waits no more: another one? */
static bool
find_behind(struct slots *s, int queue)
{
	struct ticket_numbers n;

	if (open_lock(s) == -1)
		return false;
	ticket_numbers_read(s->lock, &n);
	return tickets_nearest(queue, s->behind, n.done, &s->behind);
}

/* With a ticket: nobody comes before us any more, so as long as the one right
 * before us waits so do we; and who is the first needs no look at the rest. */
static enum slots_result
try_ticket(struct slots *s)
{
	int queue;

	if (s->behind == 0)
		return take_or_wait(s);
	queue = open_queue(s, false);
	/* Without descriptors nothing can be known of it. */
	if (queue == -1 ? errno == EMFILE || errno == ENFILE
			: tickets_look(queue, s->behind) == TICKET_HELD)
		return wait_ms(s, LIMIT_SLOTS_BEHIND_MS);
	if (queue == -1 || !find_behind(s, queue))
		return try_queue(s);
	return s->behind == 0 ? take_or_wait(s)
	                      : wait_ms(s, LIMIT_SLOTS_BEHIND_MS);
}

static enum slots_result
try_fairly(struct slots *s)
{
	enum slots_result r = SLOTS_WAIT;
	int error;

	s->woken = signals_woken();
	s->next_try = CLOCK_NEVER;
	if (s->ticket == -1)
		r = try_queue(s);
	/* Who left before he could see our ticket did not wake us. */
	if (s->ticket != -1)
		r = try_ticket(s);
	if (r == SLOTS_ERROR) { /* nobody must wait for who does not wait */
		error = errno;
		leave_queue(s);
		errno = error;
	}
	return r;
}

enum slots_result
slots_try(struct slots *s)
{
	enum slots_result r;

	if (s->queue > 0) {
		r = try_fairly(s);
		if (r == SLOTS_FULL || r == SLOTS_ERROR)
			close_files(s);
		return r;
	}
	if (take(s))
		return SLOTS_TAKEN;
	return faccessat(s->dir, ".", W_OK, 0) == 0 ? SLOTS_FULL : SLOTS_ERROR;
}

int64_t
slots_next_try(const struct slots *s)
{
	if (s->ticket != -1 && s->woken != signals_woken())
		return 0;
	return s->next_try;
}

void
slots_release(struct slots *s)
{
	leave_queue(s);
	if (s->place != -1) {
		(void)close(s->place);
		s->place = -1;
		wake_next(s);
	}
	close_files(s);
}
