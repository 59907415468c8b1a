/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is alive in one store, copied into a new one.
 */
#ifndef CCP_STORE_COPY_H
#define CCP_STORE_COPY_H

#include <gdbm.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session_store.h"
#include "store_scan.h"

struct store_copy {
	GDBM_FILE from;
	int64_t now;
	store_visit *keep; /* NULL: all */
	void *arg;
	/* Results. */
	size_t removed;       /* values that were left out */
	enum store_look seen; /* DAMAGED or FAILED: why it has ended early */
	int error;            /* why the new one could not be written; 0 */
	/* Internal. */
	GDBM_FILE to;
	bool twice; /* a key was there two times: damage */
};

/* For store_file_make(); arg is a struct store_copy. */
bool store_copy(void *arg, GDBM_FILE db);

#endif
