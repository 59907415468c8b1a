/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sessions in a store, read for "ccp session".
 */
#ifndef CCP_CLI_SESSIONS_H
#define CCP_CLI_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session_record.h"
#include "session_store.h"

struct listed_session {
	struct session_state state;
	int64_t expires;
	bool warm; /* a process of Claude waits for what follows in it */
};

struct listed_context {
	char uuid[SESSION_ID_BYTES];
	bool pending;
	int64_t expires;
	char key[SESSION_KEY_BYTES];
	size_t keylen;
};

struct sessions {
	struct listed_session *all; /* the last used first */
	size_t n;
	size_t legacy; /* conversations of the Node.js version */
	bool out_of_memory;
};

enum store_result
sessions_load(struct sessions *ret, struct session_store *st, int64_t now);
void sessions_free(struct sessions *s);

/* Which of them are warm. */
void sessions_mark_warm(struct sessions *s, char *const *env);

/* How many characters of an id tell all of them apart; 8 at least. */
size_t sessions_id_chars(const struct sessions *s);

/* The session whose id begins so; NULL: *ret_many tells whether there are
 * several, or none. */
const struct listed_session *
sessions_find(const struct sessions *s, const char *prefix, bool *ret_many);

/* What leads to one session. */
struct contexts {
	const char *session;
	struct listed_context *all;
	size_t n;
	bool out_of_memory;
};

enum store_result contexts_load(struct contexts *ret, struct session_store *st,
    const char *session, int64_t now);
void contexts_free(struct contexts *c);

#endif
