/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stand-in's stdin, line by line.
 */
#ifndef CCP_DEMO_INPUT_H
#define CCP_DEMO_INPUT_H

#include "demo.h"

/* The next line that is not a control request, parsed; waits for it.  NULL at
 * the end of stdin.  The caller deletes it. */
cJSON *demo_take(struct demo *d);

/* Waits, and obeys control requests meanwhile.  False if one of them was an
 * interrupt. */
bool demo_pause(struct demo *d, long ms);

/* Waits until each of d->asked has its answer, or stdin has ended.  False if
 * an interrupt came first. */
bool demo_await_answers(struct demo *d);

/* Is there a further line already, unread or waiting? */
bool demo_more_waiting(struct demo *d);

#endif
