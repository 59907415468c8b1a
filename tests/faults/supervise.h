/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a program of which every system call, and that of all it starts, waits
 * for our word first.
 */
#ifndef CCP_TEST_SUPERVISE_H
#define CCP_TEST_SUPERVISE_H

#include <sys/resource.h>

#include <stdbool.h>
#include <stddef.h>

#include "inject.h"

#define MOST_NAMES 4096
#define MOST_FDS   64

/* Which calls are counted. */
enum from {
	FROM_REQUEST, /* the program's, from its first read of descriptor 0 */
	FROM_MAIN,    /* the program's, from its first open of /dev/null */
	FROM_CHILD    /* its first child's, from its fork to its execve */
};

struct plan {
	enum from from;
	const struct fault *fault; /* NULL: calls are only counted */
	long at;                   /* the call that fails, from 1 */
	int control; /* nothing is counted before a byte comes; -1: at once */
	long most;   /* calls; with more it is killed as one that spins */
	int seconds; /* with more it is killed as one that hangs */
	char **argv;
};

enum end { END_ITSELF, END_SPINS, END_HANGS };

struct outcome {
	enum end end;
	int status; /* of wait() */
	struct rusage used;
	long calls; /* of the program, all of them */
	long counted;
	long injected;
	char first[512]; /* the first call that failed */
	long left;       /* descendants that were still there */
	long strays;     /* closes of what was not open */
	int nfds;        /* open when the program exited; -1: it was killed */
	char fds[MOST_FDS][128];
	const char *names[MOST_NAMES]; /* of the counted calls */
};

/* Descriptors 0 to 2 become the program's, and are closed here.  False with
 * errno: it cannot be done on this system. */
bool supervise(const struct plan *plan, struct outcome *ret);

#endif
