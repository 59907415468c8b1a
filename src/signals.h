/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signals as something poll can wait for: each arriving one makes a byte
 * readable on a pipe of this process (the self-pipe trick).
 */
#ifndef CCP_SIGNALS_H
#define CCP_SIGNALS_H

#include <stdbool.h>

/* Catches SIGTERM, SIGINT, SIGHUP (unless it is ignored, as under nohup) and
 * SIGCHLD, ignores SIGPIPE.  0 or -1 with errno.  Once per process. */
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

/* For a child between fork and exec: default dispositions, nothing blocked.
 * Async-signal-safe. */
void signals_reset(void);

#endif
