/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A turn of the stand-in, step by step.  Functions that take time return
 * false when an interrupt has come.
 */
#ifndef CCP_DEMO_TURN_H
#define CCP_DEMO_TURN_H

#include <stdbool.h>

#include "demo.h"

/* An API call begins: status, message_start. */
void demo_turn_begin(struct demo *d);

/* One whole block of text (or of thinking), a delta per word. */
bool demo_turn_text(struct demo *d, int index, const char *text);
bool demo_turn_think(struct demo *d, int index, const char *text);

/* The start and the deltas of a text block that stays open. */
void demo_turn_open(struct demo *d, int index);
bool demo_turn_words(struct demo *d, int index, const char *text);

/* A block of tool_use, up to its stop; input as JSON text. */
void demo_turn_use(struct demo *d, int index, const char *id, const char *name,
    const char *input);

/* message_delta, message_stop. */
void demo_turn_end(struct demo *d, const char *stop_reason);

/* The result of a turn that went well. */
void demo_turn_success(struct demo *d, const char *stop_reason);

/* A result with is_error: the synthetic line, then the result. */
void demo_turn_error(struct demo *d, int status, const char *error,
    const char *text, const char *terminal);

/* The text that was open when an interrupt came, as far as it was said. */
void demo_turn_cut(struct demo *d);

/* Where the mode wants them: lines of types that a reader does not know, of a
 * sub-agent, and empty ones; none of them is part of the answer. */
void demo_turn_noise(const struct demo *d);

#endif
