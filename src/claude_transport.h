/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lines to and from a Claude process: stdin, stdout, stderr, their
 * buffers, and the state of the conversation they carry.  It knows nothing of
 * the process itself (claude_guard.h), so it can be lent to another handler.
 *
 * Nothing here waits.
 */
#ifndef CCP_CLAUDE_TRANSPORT_H
#define CCP_CLAUDE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "chat_request.h"
#include "claude_calls.h"
#include "claude_delta.h"
#include "claude_event.h"
#include "claude_lines.h"
#include "io.h"
#include "pollset.h"

struct claude_transport {
	struct io_end in, out, err; /* owned; fd -1: closed */
	struct buf queue;           /* for stdin, not yet written */
	struct buf line;            /* from stdout, not yet taken */
	size_t scanned; /* bytes of line known to hold no line end */
	struct claude_stencil word; /* of its lines */
	struct buf tail;            /* the end of stderr, for the log */

	/* The conversation being said; kept by the caller until the turn's
	 * first event. */
	const struct chat_request *saying;
	const char *saying_model;
	/* Its tools are served to the CLI; kept by the caller until the process
	 * is stopped.  NULL: none are. */
	const struct chat_request *tools;
	size_t said;       /* messages written, or known before */
	bool awaiting_ack; /* of a history user line */

	char fingerprint[65];
	char session[64];          /* S, "" until known */
	char last_uuid[64];        /* U, the uuid of the last assistant line */
	bool busy;                 /* a turn is under way */
	struct claude_calls calls; /* of its message under way */
	bool parked;    /* the turn waits for their results, nobody listens */
	int64_t heard;  /* clock_ms() of the last output, or of not reading */
	int64_t tick;   /* clock_ms() of the last output */
	unsigned reads; /* in that millisecond, of words and nothing else */
	bool unheard;   /* no line has ended since the last one */
	int64_t ended;  /* clock_ms() when stdout did, CLOCK_NEVER */
	const char *broken; /* static text: why nothing more can be read */
};

/* Takes over three descriptors. */
void transport_open(struct claude_transport *t, int in, int out, int err,
    const char *fingerprint);
void transport_close(struct claude_transport *t);

/*
 * Says a conversation from its message first on (Claude knows those before):
 * with in an initialize request unless there is nothing in it, the history in
 * its true roles, the last user message, which starts the turn.  Each history user line is
 * acknowledged by an empty result before the next line is written, else the CLI
 * loses their order (measured).  r and model stay valid until the turn begins
 * (the transport is busy), r with tools until the process is stopped.
 */
void transport_say(struct claude_transport *t, const struct chat_request *r,
    size_t first, const struct claude_initialize *with, const char *model);
/* Goes on in a process that holds the conversation up to message first. */
void transport_go_on(struct claude_transport *t, const struct chat_request *r,
    size_t first, bool tools);

/* Its output is left alone until then, clock_ms(): where words come faster than
 * anybody can see them, a read for each takes longer than all else that is done
 * with it.  0: it is not.  What is no word does not count and ends the rest, as
 * somebody may wait for what follows; it may itself be late by a millisecond. */
int64_t transport_rests_until(const struct claude_transport *t);

/* The turn waits for the results of tools, which may come much later. */
void transport_park(struct claude_transport *t);

/* Tells them, in the order of the calls; see claude_calls_answerable(). */
void transport_unpark(struct claude_transport *t, const struct chat_request *r,
    const struct chat_message *results);

/* Is it idle, or parked, with nothing left to say? */
bool transport_rested(const struct claude_transport *t);

/* And can it go on at once: nothing is unread, every call has been asked for? */
bool transport_ready(const struct claude_transport *t);

void transport_interrupt(struct claude_transport *t);
void transport_end_input(struct claude_transport *t);

/* Nothing more is expected from stdout, whoever may still hold it. */
void transport_end_output(struct claude_transport *t);

/* read_output false: leave stdout alone, its reader has enough to do. */
void transport_poll(
    const struct claude_transport *t, struct pollset *ps, bool read_output);
void transport_step(struct claude_transport *t, const struct pollset *ps);

/* Takes the next event (the caller clears it, before the next call of any of
 * these), false when there is none.  A control request of the CLI has been
 * answered by then, with an error; or it was for the client's tools, and is none
 * that the caller has to know of. */
bool transport_next(struct claude_transport *t, struct claude_event *ret);

/* stdout has ended (or broke) and every line is taken. */
bool transport_silent(const struct claude_transport *t);

#endif
