/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The GDBM file of a session store: opening, making and putting aside.  Who
 * calls this holds the store's lock, but for store_file_ours().
 *
 * Nothing here is told GDBM's function for fatal errors: with one, GDBM calls
 * it and then exit(); without, it returns its errors.
 */
#ifndef CCP_STORE_FILE_H
#define CCP_STORE_FILE_H

#include <gdbm.h>

#include <stdbool.h>

enum store_file_result {
	STORE_FILE_OPEN,
	STORE_FILE_ABSENT,
	STORE_FILE_DAMAGED, /* or it never was a store */
	STORE_FILE_ODD,     /* a directory, a device: nothing to put aside */
	STORE_FILE_ERROR,   /* errno: the system does not let us */
};

/* On OPEN the caller hands *ret to gdbm_close(). */
enum store_file_result
store_file_open(GDBM_FILE *ret, const char *path, bool writer);

/* Is it a store by its content?  Another process may be writing it. */
bool store_file_ours(const char *path);

/* An empty store at path, which is replaced if it exists.  spare: another name
 * in the same directory, for as long as it is being made.  fill (or NULL) puts
 * something into it before it gets its name.  False: errno, and at path all is
 * as it was. */
bool store_file_make(const char *path, const char *spare,
    bool (*fill)(void *arg, GDBM_FILE db), void *arg);

/* What was written to it is on disk. */
bool store_file_sync(const char *path);

/* A key that belongs to the file and not to its user. */
bool store_file_internal(datum key);

/* The errno behind the last failure of db. */
int store_file_errno(GDBM_FILE db);

#endif
