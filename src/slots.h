/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A number of places that all processes of a user share, with a fair queue in
 * front of them, by flock(2) alone: a process that dies, however, gives back
 * its place and leaves the queue.
 *
 *   NAME.lock   held for a moment by whoever looks at the queue
 *   NAME.q.N    one file for each that waits, locked by it; the lowest N goes
 *               first; one that nobody holds any more is removed
 *   NAME.N      one file for each place, locked by its holder
 */
#ifndef CCP_SLOTS_H
#define CCP_SLOTS_H

#include <stddef.h>
#include <stdint.h>

enum slots_result {
	SLOTS_TAKEN,
	SLOTS_WAIT,  /* try again at next_try */
	SLOTS_FULL,  /* the queue has no room either */
	SLOTS_ERROR, /* errno says why */
};

struct slots {
	int dir;              /* descriptor of the directory; not owned */
	const char *name;     /* static text */
	size_t places, queue; /* how many places, how many may wait; with no
	                       * queue nobody has to be asked who was first */
	int place;            /* held, or -1 */
	int ticket;           /* in the queue, or -1 */
	unsigned long number; /* of the ticket */
	int64_t next_try;     /* clock_ms(); CLOCK_NEVER when not waiting */
};

void slots_open(
    struct slots *s, int dir, const char *name, size_t places, size_t queue);

/* Tries to take a place; at once when it is free and nobody waits for it. */
enum slots_result slots_try(struct slots *s);

/* Gives the place back, or leaves the queue; whichever it is. */
void slots_release(struct slots *s);

#endif
