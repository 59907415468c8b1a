/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A number of places that all processes of a user share, with a fair queue in
 * front of them, by flock(2) alone: a process that dies, however, gives back
 * its place and leaves the queue.
 *
 *   NAME.lock   held for a moment by whoever looks at the whole queue; says
 *               what the tickets' numbers are (ticket_numbers.h)
 *   NAME.queue  the tickets of those who wait (tickets.h)
 *   NAME.N      one file for each place, locked by its holder
 *
 * Who gives back a place wakes the first that waits, and so does who leaves the
 * queue without one; who has taken one does where another is free.  Only the
 * end of one that was killed has to be looked for: so who knows that he is the
 * first looks for places now and then, and each other one, seldom, at the
 * ticket right before his own, which costs the same however many there are.
 * So it is, too, with a place that only the next one knows of, where
 * processes do not agree on how many there are.
 */
#ifndef CCP_SLOTS_H
#define CCP_SLOTS_H

#include <stddef.h>
#include <stdint.h>

enum slots_result {
	SLOTS_TAKEN,
	SLOTS_WAIT,  /* try again at slots_next_try() */
	SLOTS_FULL,  /* the queue has no room either */
	SLOTS_ERROR, /* errno says why; it is in no queue then */
};

struct slots {
	int dir;              /* descriptor of the directory; not owned */
	const char *name;     /* static text */
	size_t places, queue; /* how many places, how many may wait; with no
	                       * queue nobody has to be asked who was first */
	int place;            /* held, or -1 */
	size_t which;         /* the number of the place that is held */
	int lock, waiting; /* NAME.lock and NAME.queue, or -1: not yet open */
	int ticket;        /* in the queue, or -1 */
	unsigned long number; /* of the ticket */
	unsigned long behind; /* the one right before it, when we last looked
	                       * at all; 0: none */
	unsigned locked_out;  /* how often in a row by who looks at the queue */
	unsigned woken;       /* signals_woken() when we last looked */
	int64_t next_try;     /* clock_ms(); CLOCK_NEVER when not waiting */
};

void slots_open(
    struct slots *s, int dir, const char *name, size_t places, size_t queue);

/* Tries to take a place; at once when it is free and nobody waits for it. */
enum slots_result slots_try(struct slots *s);

/* When to try again: in the past once it was woken (signals_fd() tells of that),
 * CLOCK_NEVER when not waiting. */
int64_t slots_next_try(const struct slots *s);

/* Gives the place back, or leaves the queue; whichever it is.  Until then its
 * files stay open, but for those of who waits for nothing (FULL, ERROR). */
void slots_release(struct slots *s);

#endif
