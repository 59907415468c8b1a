/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stand-in's stdout and stderr.
 */
#ifndef CCP_DEMO_OUT_H
#define CCP_DEMO_OUT_H

#include "buf.h"

/* Writes all of b to stdout and frees it.  A reader that is gone changes
 * nothing: the real CLI does not notice either. */
void demo_write(struct buf *b);

/* Says why on stderr and exits with 1, as the CLI does. */
_Noreturn void
demo_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
