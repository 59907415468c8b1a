/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signals as something poll can wait for: each arriving one makes a byte
 * readable on a pipe of this process (the self-pipe trick).
 */
#ifndef CCP_SIGNALS_H
#define CCP_SIGNALS_H

#include <stdbool.h>

/* Catches SIGTERM, SIGINT, SIGHUP (unless it is ignored, as under nohup),
 * SIGCHLD and SIGURG, which are unblocked, ignores SIGPIPE.  0 or -1 with errno.
 * Once per process. */
int signals_open(void);

/* Readable when a signal came; level-triggered until signals_take(). */
int signals_fd(void);

struct signals_seen {
	bool stop;  /* TERM or INT */
	bool hup;   /* HUP */
	bool child; /* CHLD */
};

/* What came since the last call. */
struct signals_seen signals_take(void);

/* How often another process has woken this one with SIGURG (tickets.h). */
unsigned signals_woken(void);

/* How often SIGCHLD has come; another number each time where nothing catches it,
 * so that who looks at his children when it changes looks always. */
unsigned signals_children(void);

/* For a child between fork and exec: default dispositions, nothing blocked.
 * Async-signal-safe. */
void signals_reset(void);

/* For who starts many children and changes no disposition from now on: notes
 * which signals have one that is not the default, and signals_reset() leaves
 * the others alone: 60 system calls less for each child. */
void signals_settled(void);

#endif
