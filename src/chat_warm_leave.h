/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What becomes of a run's process behind its answer, and the spare process for
 * the conversation that comes next.
 */
#ifndef CCP_CHAT_WARM_LEAVE_H
#define CCP_CHAT_WARM_LEAVE_H

#include <stdbool.h>

#include "chat_warm.h"

/*
 * Leaves the process to the next request: the answer is whole, and the session
 * knows it.  parked: it ended with calls, whose results the process waits for.
 * cost_usd: of all its turns.  False: it cannot be, and is still the caller's.
 */
bool chat_warm_leave(struct chat_warm *w, struct claude *c, struct session *s,
    bool parked, double cost_usd);

/* The same, but for nobody to go on in it: a borrowed one is ended by its keeper,
 * in order, so that its answer is saved. */
bool chat_warm_send_home(
    struct chat_warm *w, struct claude *c, struct session *s, double cost_usd);

/* Starts a spare process like the run's for the next conversation, unless there
 * is one. */
void chat_warm_spare(struct chat_warm *w);

#endif
