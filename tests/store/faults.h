/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Faults in what a process does to files.  The functions that change files are
 * defined here in the place of the C library's, for libgdbm too, since the
 * dynamic linker takes a program's own first.  Linux only: elsewhere nothing
 * is counted, and nothing fails.
 */
#ifndef CCP_TESTS_FAULTS_H
#define CCP_TESTS_FAULTS_H

#include <stdbool.h>

enum fault {
	FAULT_NONE,  /* only count */
	FAULT_KILL,  /* the process is killed before the call */
	FAULT_TORN,  /* it is killed after half of what is written */
	FAULT_ONCE,  /* this call fails */
	FAULT_FULL,  /* this one and all later ones that need room */
	FAULT_STAYS, /* this one and all later ones */
};

/* From the at-th call on, counted from 1. */
void faults_set(enum fault what, int error, long at);

/* How many calls there were since. */
long faults_calls(void);

/* Do calls get here at all? */
bool faults_work(void);

#endif
