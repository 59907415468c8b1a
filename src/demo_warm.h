/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the stand-in misbehaves in a process that goes on behind its first turn.
 */
#ifndef CCP_DEMO_WARM_H
#define CCP_DEMO_WARM_H

#include "demo.h"

/* "second=die", "hang", "compact" or "error": instead of the second
 * turn and all that follow.  "second=summarize": compacts behind the answer of
 * each. */
void demo_warm_second(struct demo *d, const char *arg);

/* "after=die" or "speak": LIMIT_DEMO_AFTER_MS behind a turn, if nothing
 * was told to it until then. */
void demo_warm_after(struct demo *d, const char *arg);

/* At the beginning of each turn, behind its answer, at its end. */
void demo_warm_begin(struct demo *d);
void demo_warm_answered(struct demo *d);
void demo_warm_end(struct demo *d);

#endif
