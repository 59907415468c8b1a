/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leave to run a Claude process: at most CLAUDE_MAX_PROCESSES of them run at
 * once over all handlers of the user, and at most as many as there are cores
 * that they may use start up at once (a start is CPU alone; twenty at a time
 * took 14 to 22 s on two cores).  Processes that wait, and spare ones, count for neither.
 */
#ifndef CCP_CLAUDE_PLACE_H
#define CCP_CLAUDE_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "api_error.h"
#include "settings.h"
#include "slots.h"

struct claude_place {
	int dir;   /* the runtime directory, -1: there is none */
	int error; /* then: the errno */
	struct slots running, starting;
	int64_t give_up; /* clock_ms() when waiting is over */
};

enum place_result { PLACE_TAKEN, PLACE_WAIT, PLACE_REFUSED };

void
place_open(struct claude_place *p, const struct settings *s, char *const *env);

/* Tries to get a place to run and, with starts, one to start up: who goes on in
 * a process that is there already needs none.  REFUSED sets *e (503 with
 * Retry-After).  Where the runtime directory cannot be used, TAKEN and *ret_error
 * its errno: a limit that cannot be kept is no reason to refuse service. */
enum place_result place_try(
    struct claude_place *p, bool starts, struct api_error *e, int *ret_error);

/* When to try again; CLOCK_NEVER when not waiting. */
int64_t place_deadline(const struct claude_place *p);

/* It was worth waiting: the time for it begins anew. */
void place_wait_on(struct claude_place *p);

/* Claude has started: the next one may. */
void place_started(struct claude_place *p);

/* Claude has ended, or nobody wants it any more.  Nothing happens to one with
 * dir -1, opened or not. */
void place_close(struct claude_place *p);

#endif
