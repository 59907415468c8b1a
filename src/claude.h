/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A Claude process in two halves, because it outlives a request and may
 * outlive its connection:
 *
 *   transport: its stdin, stdout and stderr, their buffers, and the state of
 *              the conversation.  It can be lent to another handler.
 *   guard:     pid, stop, reap.  It stays with the handler that started it.
 *
 * Nothing here waits.  The owner adds it to a poll set, lets it do its I/O and
 * takes its events until there is none.
 */
#ifndef CCP_CLAUDE_H
#define CCP_CLAUDE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "child.h"
#include "claude_args.h"
#include "claude_event.h"
#include "io.h"
#include "pollset.h"

struct claude_transport {
	struct io_end in, out, err; /* fd -1: closed */
	struct buf queue; /* lines for stdin that may be written now */
	struct buf held;  /* lines that wait for acknowledgements, see below */
	size_t acks;      /* results still to come for history lines */
	struct buf line;  /* stdout, not yet parsed */
	size_t scanned;   /* bytes of line without a line end */
	struct buf tail;  /* the end of stderr, for the log */
	char fingerprint[65];
	char session[64];   /* S, "" until known */
	char last_uuid[64]; /* U, uuid of the last assistant line */
	bool busy;          /* a turn is under way */
	int64_t heard;      /* clock_ms() of the last output */
};

enum claude_guard_phase {
	GUARD_RUNNING,
	GUARD_INTERRUPTING, /* interrupt sent: lets the CLI end its commands */
	GUARD_EXITING,      /* stdin closed, it may leave by itself */
	GUARD_TERMINATING,  /* TERM sent */
	GUARD_KILLING,      /* KILL sent */
	GUARD_SWEEPING,     /* it has ended; what it started is killed */
	GUARD_DONE,
};

struct claude_guard {
	pid_t pid;
	int status; /* of waitpid(2), once it has ended */
	bool ended;
	enum claude_guard_phase phase;
	int64_t deadline; /* of the phase */
};

struct claude {
	struct claude_transport transport;
	struct claude_guard guard;
};

/* Starts it.  NULL sets *ret.  The caller frees it once it is stopped. */
struct claude *
claude_start(const struct claude_launch *launch, struct child_error *ret);
void claude_free(struct claude *c);

/*
 * Says a conversation: initialize, the history in its true roles, the last
 * user message, which starts the turn.  A history user line is acknowledged
 * by an empty result before the next line may be written, else the CLI loses
 * the order (measured); this is seen to here.  False when out of memory.
 */
bool claude_say(struct claude *c, const struct chat_request *r, bool append,
    const char *model);

void claude_poll(const struct claude *c, struct pollset *ps, bool read_output);

/* Does its I/O and the next phase of a stop. */
void claude_step(struct claude *c, const struct pollset *ps);

/* Takes the next event (the caller clears it), false when there is none. */
bool claude_next(struct claude *c, struct claude_event *ret);

/* No more events will come: stdout has ended and every line is taken. */
bool claude_silent(const struct claude *c);

/* Begins to stop it: a finished turn is let go (stdin closed), one under way
 * is interrupted first.  Calling it again changes nothing. */
void claude_stop(struct claude *c);

/* Ended, reaped, and nothing that it started is left. */
bool claude_stopped(const struct claude *c);

#endif
