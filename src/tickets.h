/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The queue in front of places (slots.h): a directory with a file for each
 * process that waits.  Its name is a number, and the lowest goes first; it is
 * locked by who waits, and holds his pid, so that he can be woken with SIGURG.
 * The kernel drops the lock with the process, so nobody who has died is waited
 * for; SIGURG is ignored by whoever does not expect it, should a pid be of
 * another namespace.
 */
#ifndef CCP_TICKETS_H
#define CCP_TICKETS_H

#include <stdbool.h>
#include <stddef.h>

/* The directory NAME.queue in dir, made if asked for.  Returns a descriptor, or
 * -1 with errno: ENOENT where nobody has ever waited. */
int tickets_open(int dir, const char *name, bool make);

enum ticket { TICKET_HELD, TICKET_DROPPED, TICKET_GONE };

/* Does somebody wait with it?  Where nothing can be known of it, without
 * descriptors for one, it is HELD. */
enum ticket tickets_look(int queue, unsigned long number);

/* Has somebody locked the file? */
bool tickets_held(int file);

struct tickets {
	size_t before;        /* tickets before one's own */
	size_t all;           /* but for one's own */
	unsigned long behind; /* the number right before it; 0: none */
	unsigned long first;  /* the lowest of all; 0: none */
};

/* Counts them; own is one's own number, 0: none, so that all come before.  With
 * ask only those that somebody waits with, and the others are removed: that
 * takes three calls for each, and is for who holds the lock of the queue.
 * False: the directory cannot be read. */
bool tickets_count(int queue, unsigned long own, bool ask, struct tickets *ret);

/* The same without reading the directory: the highest number, up to that one and
 * above done, that somebody waits with; 0: none.  Tickets of the dead are
 * removed.  False where only far ones are left to ask. */
bool tickets_nearest(
    int queue, unsigned long number, unsigned long done, unsigned long *ret);

/* Makes one that this process waits with, and returns the descriptor that holds
 * it; -1 with errno. */
int tickets_take(int queue, unsigned long number);

/* Gives it back, and ends its descriptor. */
void tickets_drop(int queue, unsigned long number, int held);

/* Wakes who waits with the lowest number, if anybody does.  after: a number up to
 * which nobody waits any more, or 0: the few right above it are tried before the
 * directory is read, which takes the longer the more there wait. */
void tickets_wake(int queue, unsigned long after);

#endif
