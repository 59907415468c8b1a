/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A Claude process.  It outlives a request and may outlive its connection, so
 * it is two things: a transport, which can be lent to another handler, and a
 * guard, which stays with the handler that started it.
 *
 * Nothing here waits.  The owner adds it to a poll set, lets it do its I/O and
 * takes its events until there is none.
 */
#ifndef CCP_CLAUDE_H
#define CCP_CLAUDE_H

#include <stdbool.h>

#include "child.h"
#include "claude_args.h"
#include "claude_guard.h"
#include "claude_transport.h"
#include "pollset.h"

struct claude {
	struct claude_transport transport;
	struct claude_guard guard; /* of a borrowed one: its phase alone */
	int lease; /* owned: to the keeper it is borrowed from; -1: it is ours */
	bool over; /* the lease is */
};

/* Starts it.  NULL sets *ret.  The caller frees it once it is stopped. */
struct claude *
claude_start(const struct claude_launch *launch, struct child_error *ret);

/* One that another handler keeps, who has lent its descriptors (stdin, stdout,
 * stderr) over lease; takes all four over.  To stop it is to end the lease: its
 * keeper ends the process.  NULL when out of memory; then they are closed. */
struct claude *claude_borrow(const int fds[3], int lease);

/* A process that was not stopped is killed, without its sweep. */
void claude_free(struct claude *c);

void claude_poll(const struct claude *c, struct pollset *ps, bool read_output);

/* Does its I/O and what is due of a stop. */
void claude_step(struct claude *c, const struct pollset *ps);

/* Takes the next event (the caller clears it, before the next call of any of
 * these), false when there is none, and always false once it is being
 * stopped. */
bool claude_next(struct claude *c, struct claude_event *ret);

/* It has said all that it will ever say, and its exit status and last words on
 * stderr are there, if they came within LIMIT_CLAUDE_GRACE_MS. */
bool claude_over(const struct claude *c);

/* Is it alive and idle, and silent but for what a CLI says behind a turn?  Takes
 * all of its events. */
bool claude_rests(struct claude *c);

/* Begins to stop it: a finished turn is let go (stdin closed), one under way
 * is interrupted first.  Calling it again changes nothing. */
void claude_stop(struct claude *c);

/* The same for one whose answer was cut off at the client's maximum.  It is
 * about to have the model go on, and takes an interrupt only when it gets to
 * read stdin, often too late; TERM is in time (measured), and no tool runs.
 * One that waits for the client's tools would tell the model that their calls
 * were interrupted, and have it go on (measured, CLI 2.1.330): it is killed. */
void claude_cut(struct claude *c);

/* By KILL, for a model of which nobody knows whether it waits for tools. */
void claude_kill(struct claude *c);

/* Ended, reaped, and nothing that it started is left. */
bool claude_stopped(const struct claude *c);

#endif
