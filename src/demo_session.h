/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session of the stand-in: what it is resumed from, and what is kept of it.
 *
 * As in the real CLI a line is written a little after it came, in the end, or
 * when TERM comes; KILL loses what was not written yet.
 */
#ifndef CCP_DEMO_SESSION_H
#define CCP_DEMO_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

struct demo;

struct demo_session {
	/* The command line */
	const char *resume; /* --resume, or NULL; likewise: */
	const char *at;     /* --resume-session-at */
	const char *wanted; /* --session-id */
	bool fork;
	bool unkept; /* --no-session-persistence */

	char id[37];
	char *path;       /* of the transcript; NULL: nothing is kept */
	char last[64];    /* uuid of the newest line, "" before the first */
	bool unanswered;  /* it is the user's, of a turn that was aborted */
	long save_ms;     /* from a line to its being written */
	struct buf lines; /* that are not written yet */
	int64_t due;      /* when they will be; 0: never */
};

/* Finds the session that the command line speaks of, and what was said in it.
 * False if what is to be resumed is not there, and *why; ends the program if
 * the options make no sense or the id is taken. */
bool demo_session_begin(struct demo *d, struct buf *why);

/* A line of the conversation; message as JSON text. */
void demo_session_add(struct demo *d, const char *type, const char *uuid,
    const char *message, bool api_error);

/* So many of the ms (-1: any number) until lines are due. */
int demo_session_wait(const struct demo *d, int ms);

/* Writes the lines that are due; all of them at the end. */
void demo_session_write_due(struct demo *d);
void demo_session_end(struct demo *d);

#endif
