/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * System calls by number: their names, and what they are for.  A name that
 * only some architectures have is left out on the others.
 */
#ifndef CCP_TEST_CALLS_H
#define CCP_TEST_CALLS_H

enum call_what {
	CALL_PLAIN = 0,
	/* Its man page knows no error, or it does not return. */
	CALL_SURE = 1,
	CALL_FD = 2,      /* the first argument is a descriptor */
	CALL_PATH = 4,    /* the first is a path */
	CALL_PATH_AT = 8, /* the second is, the first its directory */
	CALL_READS = 16,
	CALL_WRITES = 32,
	CALL_MAKES_FD = 64,
	CALL_MAKES_NAME = 128, /* in a directory: takes room on a disk */
	CALL_MEMORY = 256,     /* asks for memory */
	CALL_NAMES = 512       /* looks at or changes names */
};

struct call {
	long number;
	const char *name;
	unsigned what; /* enum call_what */
};

/* NULL: an unknown one. */
const struct call *call_find(long number);

#endif
