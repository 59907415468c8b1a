/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stand-in's stdin and stdout: lines in, lines out.
 */
#ifndef CCP_DEMO_IO_H
#define CCP_DEMO_IO_H

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

/* Writes all of b to stdout and frees it.  A reader that is gone changes
 * nothing: the real CLI does not notice either. */
void demo_write(struct buf *b);

/* Says why on stderr and exits with 1, as the CLI does. */
_Noreturn void
demo_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* CCP_DEMO_RECORD: how it was called, as the first line of that file. */
void demo_record_open(struct demo *d, char *const *argv, char *const *env);

/* Another line of it: it is ready to read. */
void demo_record_started(const struct demo *d);

#endif
