/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CCP_DEMO_RECORD: a file, a line for all that the stand-in is told.
 */
#ifndef CCP_DEMO_RECORD_H
#define CCP_DEMO_RECORD_H

#include "demo.h"

/* How it was called, as the first line. */
void demo_record_open(struct demo *d, char *const *argv, char *const *env);

/* It is ready to read. */
void demo_record_started(const struct demo *d);

/* What it has read. */
void demo_record_line(const struct demo *d, const char *line, size_t len);

#endif
