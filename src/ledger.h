/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ledger of usage: a line for each request, in the file
 * usage-YYYY-MM.jsonl of the state directory, by the month of the request's
 * end in UTC, so that all processes of all time zones agree on it.  Files are
 * only appended to and never removed.
 *
 * Any number of processes may write at once: a line is one write to the end.  A
 * line that is cut short (its writer was killed, the disk is full) loses
 * itself and no other: the next one begins on a line of its own, and should
 * two writers meet there, the reader finds the second behind the first.
 */
#ifndef CCP_LEDGER_H
#define CCP_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "request_record.h"

/* Adds a request; what of it is kept, ledger_line.h says.  0, or -1 with errno
 * (EPERM: the directory or file is not ours alone, ENOSPC, ...). */
int ledger_add(const struct request_record *r, char *const *env);

#define LEDGER_NAME_BYTES 32

struct ledger_reading {
	int64_t records; /* visited */
	int64_t damaged; /* lines or parts of such, passed over */
	int64_t earlier; /* not visited: before the time that was asked for */
	size_t files;    /* read, or passed over as too early */
	char failed[LEDGER_NAME_BYTES]; /* the file, "": the directory */
};

typedef void ledger_visit(void *arg, const struct request_record *r);

/*
 * Visits what ended at since_ms or later, in no certain order.  Memory does not
 * grow with the ledger.  No directory is as good as an empty one.  0, or -1
 * with errno where a file cannot be read.  *ret says what was found.
 */
int ledger_read(char *const *env, int64_t since_ms, ledger_visit *visit,
    void *arg, struct ledger_reading *ret);

#endif
