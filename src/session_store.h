/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small table on disk that all handlers of a user share: keys and values of
 * bytes, each value with its expiry.  The only user of GDBM.
 *
 * The file is a cache that can be rebuilt, never the only copy of anything: on
 * any sign of damage it is renamed to NAME.bad and an empty one takes its
 * place.  A system call that fails is no such sign before the file was opened
 * anew and it has failed again.  NAME.lock is locked (flock) from store_begin() to store_end(), never
 * longer than it takes; GDBM's own lock never waits, and its reorganising
 * replaces the file that it is on, hence a file of its own that is never
 * removed.
 */
#ifndef CCP_SESSION_STORE_H
#define CCP_SESSION_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

struct session_store; /* open and locked */

enum store_result {
	STORE_OK,
	STORE_ABSENT,   /* no such key, or expired */
	STORE_BUSY,     /* not locked within LIMIT_STORE_LOCK_MS */
	STORE_FOREIGN,  /* the file is not ours; it was not touched */
	STORE_UNUSABLE, /* errno says why: directory, disk, memory */
};

/*
 * A file at path that is neither a store, nor one that was (PATH.lock says so),
 * is STORE_FOREIGN: it is not touched, and nothing is made beside it.
 *
 * Locks and opens path.  create: it is made (0600) if need be, and opened for
 * writing at once, so that its end costs an fsync; otherwise a file that does not
 * exist is STORE_ABSENT and nothing is made.  Waits up to
 * LIMIT_STORE_LOCK_MS; of all else in a handler only the log waits like this,
 * see log_file.h.  STORE_OK sets *ret, which the caller hands to store_end().
 */
enum store_result
store_begin(struct session_store **ret, const char *path, bool create);

/* False: the system could not write all of it, and it was put aside. */
bool store_end(struct session_store *st);

/* A damaged file was put aside since store_begin(): for the log, once.  NULL:
 * none was; else static text that says what was wrong.  Several operations may
 * go on with the empty file before somebody asks. */
const char *store_healed(const struct session_store *st);

/* Keys have 1 to LIMIT_STORE_KEY_BYTES bytes, the first of which is not 0.  A
 * file that turns out to be damaged while something is looked for is replaced,
 * and the answer is that of an empty one. */

/* Appends the value to *ret.  now: seconds since 1970, for the expiry. */
enum store_result store_get(struct session_store *st, const void *key,
    size_t keylen, int64_t now, struct buf *ret);

/* Puts or replaces.  A new key also has a few expired values removed that are
 * come across (LIMIT_STORE_SWEEP are looked at). */
enum store_result store_put(struct session_store *st, const void *key,
    size_t keylen, const void *value, size_t len, int64_t expires, int64_t now);

enum store_result
store_delete(struct session_store *st, const void *key, size_t keylen);

/* One value that is whole and not expired.  It may not use the store. */
typedef bool store_visit(void *arg, const void *key, size_t keylen,
    const void *value, size_t len, int64_t expires);

/* Calls each() for all of them, in no order, until it returns false. */
enum store_result
store_each(struct session_store *st, int64_t now, store_visit *each, void *arg);

/* Keeps those for which keep() is true, and nothing else, and gives the room
 * back to the file system: a new file takes the place of the old one, all at
 * once.  keep NULL: all.  *ret_removed counts. */
enum store_result store_filter(struct session_store *st, int64_t now,
    store_visit *keep, void *arg, size_t *ret_removed);

/* Removes everything that is expired, by store_filter(). */
enum store_result
store_prune(struct session_store *st, int64_t now, size_t *ret_removed);

#endif
