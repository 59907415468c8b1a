/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lock file beside a store, and its mark: its first line says that the
 * file beside it is ours to put aside when it is damaged, and never was
 * anything else.
 */
#ifndef CCP_STORE_LOCK_H
#define CCP_STORE_LOCK_H

enum store_mark {
	STORE_MARK_NONE, /* no such file, or an empty one */
	STORE_MARK_OURS,
	STORE_MARK_OTHER, /* it is somebody else's file */
	STORE_MARK_ERROR, /* errno */
};

/* Looks at the file, and leaves it as it is. */
enum store_mark store_lock_mark(const char *path);

/*
 * Creates (0600) and marks it if need be, and waits for its lock, at most ms
 * milliseconds.  Returns a descriptor, close-on-exec, whose closing unlocks
 * it, or -1 with errno: EWOULDBLOCK where the time was over, EEXIST for
 * somebody else's file.
 */
int store_lock_take(const char *path, int ms);

#endif
