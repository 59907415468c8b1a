/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Claude says and how it ends, as far as a run has to act on it: its
 * session, its warm process, its end.  For chat_run.c alone.
 */
#ifndef CCP_CHAT_RUN_EVENTS_H
#define CCP_CHAT_RUN_EVENTS_H

#include <stdbool.h>

#include "chat_run.h"

/* Logs what the store has to say, and tells the client what became of the
 * session. */
void run_tell_session(struct chat_run *r);

/* Has it failed at the session, and not at its work?  Then nobody has seen
 * anything of it yet. */
bool run_session_failed(const struct chat_run *r);

/* Claude goes on where it was kept, and has not begun with an answer: whatever
 * becomes of it a new process can take its place, unseen. */
bool run_may_go_cold(const struct chat_run *r);
void run_go_cold(struct chat_run *r, const char *why);

/* All events that have come.  What they have the client told is held back. */
void run_take_events(struct chat_run *r);

/* Lets the client have it. */
void run_let_out(const struct chat_run *r);

/* Claude ended without a result. */
void run_ended(struct chat_run *r);

/* With Claude's end (stdin was closed, or TERM sent) its answer is saved. */
void run_settle_session(struct chat_run *r);

/* Behind the answer: what the process holds is what the client has, so the next
 * request may go on there.  True: it is not the run's any more. */
bool run_left_to_next(struct chat_run *r);

#endif
