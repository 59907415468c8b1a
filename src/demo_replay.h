/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stand-in's mode "replay=FILE": the lines of FILE in place of its own.
 * They are written as the real CLI writes them: one run for each line of the
 * history, and nothing that depends on an answer of its parent before that
 * answer is there.
 */
#ifndef CCP_DEMO_REPLAY_H
#define CCP_DEMO_REPLAY_H

#include <stdbool.h>

#include "demo.h"

void demo_replay_open(struct demo *d, const char *file);
void demo_replay_close(struct demo *d);

/* Up to the next result, for a line of the history.  False, and nothing is
 * written, where nothing is to be replayed. */
bool demo_replay_acknowledge(struct demo *d);

/* All the rest.  False if it was interrupted. */
bool demo_replay_turn(struct demo *d);

#endif
