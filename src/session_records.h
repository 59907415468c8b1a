/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The records of a session, got from the store and put there.  For session.c
 * alone.  Whatever is wrong with the store is noted in s->trouble; then nothing
 * was got, or put.
 */
#ifndef CCP_SESSION_RECORDS_H
#define CCP_SESSION_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "session.h"

int64_t session_now(void); /* seconds since 1970 */

/* Was the store of use?  Notes it, with errno, if not. */
bool session_usable(struct session *s, enum store_result result);

/* The store is held between these; create: it is made if need be. */
bool session_begin(struct session *s, struct session_store **ret, bool create);
void session_end(struct session *s, struct session_store *st);

/* Of the context of the request. */
bool session_get_context(
    struct session *s, struct session_store *st, struct session_context *ret);

/* Of a session.  The caller clears the state, in any case. */
bool session_get_state(struct session *s, struct session_store *st,
    const char *id, struct session_state *ret);

/* The answer, as it is in the session. */
bool
session_put_context(struct session *s, struct session_store *st, bool pending);

/* The answer is the session's head now. */
bool session_put_head(struct session *s, struct session_store *st);

/* A turn goes on behind the head.  The CLI may keep the turn's system text
 * whatever becomes of the turn. */
bool session_put_dirty(struct session *s, struct session_store *st, bool dirty);

#endif
