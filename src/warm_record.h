/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The warm processes of a user: a record for each in the directory "warm" of
 * the runtime directory (0700, files 0600), where handlers find each other's.
 *
 *   ID        the record, lines of NAME VALUE, locked (flock) by its keeper as
 *             long as the process is to be had; one that nobody holds is what a
 *             killed keeper left, and is removed by who finds it
 *   PID.sock  on which the keeper of that pid listens (warm_wire.h)
 *   PID.new   a record that the keeper of that pid is writing
 */
#ifndef CCP_WARM_RECORD_H
#define CCP_WARM_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "session_record.h"
#include "warm_key.h"

#define WARM_ID_BYTES    17 /* 8 random bytes in hex, and a NUL */
#define WARM_TOKEN_BYTES 33 /* 16 random bytes in hex, and a NUL */

struct warm_record {
	char id[WARM_ID_BYTES];
	char token[WARM_TOKEN_BYTES]; /* who knows it could read the record */
	char key[WARM_KEY_BYTES];
	long keeper, claude;              /* pids */
	int64_t since;                    /* milliseconds since 1970 */
	bool model;                       /* Claude is a model, else an agent */
	bool spare;                       /* it was told nothing yet */
	char session[SESSION_ID_BYTES];   /* "": it has none */
	char name[LIMIT_MODEL_BYTES + 1]; /* of its model */
};

/* The path of the directory.  False if that does not fit. */
bool warm_dir_path(char *to, size_t len, char *const *env);

/* Opens it, after creating it if make is set; -1 with errno. */
int warm_dir_open(char *const *env, bool make);

/* Writes the record (its id and token are made here).  Returns the descriptor
 * that holds it, or -1 with errno. */
int warm_record_put(int dir, struct warm_record *r);

/* Removes the record, and closes held. */
void warm_record_remove(int dir, const char *id, int held);

/* The records whose keepers live, the oldest first; at most max.  key: only
 * those; NULL: all, and what killed keepers have left besides is removed.
 * Returns how many were written to ret. */
size_t
warm_record_list(int dir, const char *key, struct warm_record *ret, size_t max);

/* Whether a session is held warm by one of n records. */
bool
warm_record_has(const struct warm_record *r, size_t n, const char *session);

#endif
