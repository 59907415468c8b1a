/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Turns of the stand-in that are not the usual answer.  Each is a turn
 * function of struct demo_mode: false when it was interrupted.  Texts, kinds
 * of error and the order of lines are those of the real CLI.
 */
#ifndef CCP_DEMO_FAULTS_H
#define CCP_DEMO_FAULTS_H

#include <stdbool.h>

#include "demo.h"

/* Answers of a special kind */
bool demo_fault_long(struct demo *d);       /* =N words */
bool demo_fault_thinking(struct demo *d);   /* thinking, two blocks of text */
bool demo_fault_transcript(struct demo *d); /* what it was told, as JSON */
bool demo_fault_context(struct demo *d);    /* what a model sees, as JSON */
bool demo_fault_max_tokens(struct demo *d); /* goes on unless stopped */
bool demo_fault_max_turns(struct demo *d);  /* =silent: without any text */
bool demo_fault_refusal(struct demo *d);
bool demo_fault_endless(struct demo *d); /* =command: begins one, too */
bool demo_fault_gate(struct demo *d);    /* =FILE that it waits for */

/* Errors of the API */
bool demo_fault_error(struct demo *d); /* =429, ..., =login, =too-long ... */
bool demo_fault_limit(struct demo *d); /* =SECONDS until the limit ends */
bool demo_fault_retry(struct demo *d); /* =MS of one announced wait */
bool demo_fault_broken_stream(struct demo *d);

bool demo_fault_fallback(struct demo *d); /* a whole message, no stream */

/* Faults of the program */
bool demo_fault_bad_json(struct demo *d);
bool demo_fault_die_midway(struct demo *d);
bool demo_fault_exit_silently(struct demo *d);
bool demo_fault_huge_line(struct demo *d); /* =MIB */
bool demo_fault_nul_bytes(struct demo *d);
bool demo_fault_partial_line(struct demo *d);
bool demo_fault_silent(struct demo *d);

#endif
