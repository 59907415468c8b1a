/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which session of Claude a request continues.
 *
 * A follow-up carries the whole conversation.  If its messages up to the last
 * answer are what a session holds up to its answer U, that session goes on
 * from U: itself if U is its head and nobody else works with it, else as a copy
 * (fork), so that regenerating, editing and parallel twins never meet.
 * Otherwise the conversation is told to a new session, in its true roles.
 *
 * An answer is remembered in two steps.  When Claude has given it, it is not
 * yet in the CLI's transcript: the record is put as pending, while the session
 * is claimed.  A follow-up that finds it so waits.  When the CLI has ended, the
 * record becomes valid.  A pending record whose claim is gone is worth nothing:
 * whoever made it was killed in between.
 *
 * A CLI that is killed may leave half a line at the end of its transcript, to
 * which the next one would append.  So a session is marked while a turn goes on
 * in it, and is only copied from then on if the mark stays.
 *
 * Where the store cannot be used everything is as if nothing was remembered.
 *
 * What the Node.js version of ccp remembered (session_place.h) leads to a
 * session, not to an answer in it.  That program knew no claims, and what it
 * broke off stayed there.  So its sessions are only copied, and only where the
 * last answer in one is the client's last.
 */
#ifndef CCP_SESSION_H
#define CCP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat_request.h"
#include "session_key.h"
#include "session_place.h"
#include "session_record.h"

enum session_plan {
	SESSION_NEW,    /* the conversation has no answer yet */
	SESSION_RESUME, /* go on with session id after its answer at */
	SESSION_FORK,   /* the same in a copy */
	SESSION_REPLAY, /* tell all of it to a new session */
	SESSION_LIVE,   /* a process that holds it goes on */
};

/* An answer that Claude has given and not yet saved, with what its record
 * needs. */
struct session_answer {
	char id[SESSION_ID_BYTES], at[SESSION_ID_BYTES];
	unsigned char digest[SESSION_DIGEST_BYTES]; /* of the conversation */
	char title[SESSION_TITLE_BYTES], system[SESSION_SYSTEM_BYTES];
	uint32_t turns;
};

struct session {
	enum session_plan plan;
	char id[SESSION_ID_BYTES], at[SESSION_ID_BYTES]; /* RESUME, FORK */
	size_t first; /* the first message that Claude does not know */

	/* Why the store was of no use, or that it was damaged: for the log;
	 * "" when all is well.  The caller empties it. */
	char trouble[256];

	/* internal */
	const struct session_place *place; /* these four are the caller's */
	const char *cwd, *key_name;
	const struct buf *body;
	int64_t wait_until, next_try; /* clock_ms() */
	size_t known;                 /* messages up to the last answer */
	bool behind;                  /* just one message follows that answer */
	char system[SESSION_SYSTEM_BYTES]; /* the request's system text */
	struct session_key key;            /* of all messages of the request */
	unsigned char context[SESSION_DIGEST_BYTES]; /* up to the last answer */
	unsigned char answer[SESSION_DIGEST_BYTES];  /* with the new answer */
	uint32_t turns;                              /* with the new answer */
	char title[SESSION_TITLE_BYTES];
	int claim;     /* descriptor, -1: none */
	bool pending;  /* a pending record is in the store */
	bool marked;   /* the session is marked as dirty */
	bool going_on; /* behind the answer: the mark stays as it is */
	bool lent;     /* who keeps the process has the claim */
};

/* What a conversation is held in, besides its messages. */
struct session_frame {
	const char *cwd;      /* Claude's directory, absolute */
	const char *key_name; /* of the API key */
	bool append; /* system texts are appended to Claude Code's own */
	const struct buf *body; /* the request as it came */
};

/* place: of the store, NULL: remember nothing.  It and the texts of the frame
 * stay valid while the session is open, the body until the plan is made. */
void session_open(struct session *s, const struct session_place *place,
    const struct session_frame *frame, const struct chat_request *r);

/* Makes the plan.  False: an answer is being saved, try again at
 * session_deadline(). */
bool session_find(struct session *s);
int64_t session_deadline(const struct session *s);

/* The plan becomes LIVE: a process that holds the context goes on, in session id
 * after its answer at ("": as a model it has neither).  Who keeps the process
 * has its claim. */
void session_live(struct session *s, const char *id, const char *at);

/* That process was of no use: the plan is to be made anew. */
void session_not_live(struct session *s);

/* Claude is about to be started as planned.  The plan may change from RESUME to
 * FORK. */
void session_start(struct session *s);

/* Claude does not have the session any more: the plan becomes REPLAY. */
void session_lost(struct session *s);

/* Claude has answered with text (not blank) in session id; uuid is that of its
 * last line. */
void session_answered(
    struct session *s, const char *id, const char *uuid, const char *text);

/* As a model it has answered with these parts (a text and calls): what the
 * conversation is from then on. */
void session_called(struct session *s, const struct chat_part *parts, size_t n);

/* Claude has ended in order: what it answered is saved, and what it did not
 * finish does no harm. */
void session_ended(struct session *s);

/* The claim goes to who keeps the process alive: a descriptor, -1 where there is
 * none.  *ret is what is left to be saved; false: nothing is.  The session is
 * over, as after session_close(). */
bool session_hand_over(
    struct session *s, int *ret_claim, struct session_answer *ret);

/* The answer is in the CLI's transcript: its record becomes valid.  going_on:
 * the next turn may be under way behind it, by another handler too. */
void
session_saved(const struct session_answer *a, const struct session_place *place,
    const char *cwd, const char *key_name, bool going_on);

/* Ends the claim.  Without session_ended() before, the turn came to nothing,
 * and nobody knows what is left of it. */
void session_close(struct session *s);

/* "new", "resumed", "forked", "replayed", "warm". */
const char *session_outcome(const struct session *s);

#endif
