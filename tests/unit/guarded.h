/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes that end where readable memory ends: one read behind them is a
 * crash, in every build.
 */
#ifndef CCP_TESTS_GUARDED_H
#define CCP_TESTS_GUARDED_H

#include <stddef.h>

struct guarded {
	char *map;
	size_t room;
	size_t page;
};

/* Room for texts of up to max bytes. */
void guarded_open(struct guarded *g, size_t max);
void guarded_close(struct guarded *g);

/* A copy of text; the one before it is gone. */
const char *guarded_copy(struct guarded *g, const char *text, size_t len);

#endif
