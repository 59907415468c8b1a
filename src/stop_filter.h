/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ends a text that comes in pieces before the first of some sequences, which
 * may lie across pieces.  What could be the beginning of one is held back until
 * it is known.  Pure.
 */
#ifndef CCP_STOP_FILTER_H
#define CCP_STOP_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct stop_filter {
	char *const *stops; /* the caller's; none of them empty */
	size_t nstops;
	struct buf held; /* may be the beginning of one */
	bool hit;        /* one has come: nothing more passes */
};

void stop_filter_open(struct stop_filter *f, char *const *stops, size_t nstops);
void stop_filter_close(struct stop_filter *f);

/* Takes a piece of text, appends to *pass what may be told.  False: out of
 * memory. */
bool stop_filter_add(struct stop_filter *f, const char *text, struct buf *pass);

/* The text has ended: what was held back was none. */
bool stop_filter_end(struct stop_filter *f, struct buf *pass);

#endif
