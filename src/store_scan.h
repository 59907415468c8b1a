/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looking at values in an open store: at one, at a few, at all.
 */
#ifndef CCP_STORE_SCAN_H
#define CCP_STORE_SCAN_H

#include <gdbm.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store_value.h"

enum store_look {
	LOOK_WHOLE,
	LOOK_EXPIRED, /* and whole */
	LOOK_ABSENT,
	LOOK_DAMAGED, /* it is not what was stored */
	LOOK_FAILED,  /* GDBM says so: gdbm_last_errno() */
};

datum store_datum(const void *bytes, size_t len);

/* *ret_text is freed by the caller in any case; *v is in it. */
enum store_look store_look(GDBM_FILE db, datum key, int64_t now,
    struct store_value *v, char **ret_text);

/* False: not done, or done in part.  *ret_new: there was none with that key. */
bool store_replace(GDBM_FILE db, datum key, datum text, bool *ret_new);
bool store_remove(GDBM_FILE db, datum key);

/*
 * Looks at up to LIMIT_STORE_SWEEP keys that follow this one, and removes what
 * is expired.  WHOLE, DAMAGED or FAILED.
 *
 * Keys are digests and ids, so what follows one is chance, and no place needs
 * to be remembered; where it has just been written, most of it is in memory.
 */
enum store_look store_sweep(GDBM_FILE db, datum key, int64_t now);

/* One value in a walk, whole or expired; false ends it. */
typedef bool store_walk_visit(
    void *arg, datum key, const struct store_value *v, enum store_look seen);

/* All of them.  Keys of the file itself are left out. */
enum store_look
store_walk(GDBM_FILE db, int64_t now, store_walk_visit *visit, void *arg);

#endif
