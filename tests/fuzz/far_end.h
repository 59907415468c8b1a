/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ends of pipes and sockets that the handler is not to know of.  None of
 * these waits.
 */
#ifndef CCP_TESTS_FUZZ_FAR_END_H
#define CCP_TESTS_FUZZ_FAR_END_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define FAR_BYTES   (64u << 20) /* for buffers */
#define FAR_LONGEST 100000      /* text of far_long_text() */

struct far_end {
	int fd;           /* -1: closed */
	struct buf queue; /* not yet written */
};

/* Initialises a buffer and puts n bytes of text between two others. */
void
far_long_text(struct buf *to, const char *before, size_t n, const char *behind);

void far_close_fd(int *fd);
void far_never_wait(int fd);
void far_close(struct far_end *e);
void far_say(struct far_end *e, const void *bytes, size_t len);

/* Writes what can be written; it is added to taken, unless that is NULL. */
void far_flush(struct far_end *e, struct buf *taken);

/* Reads what there is.  False: the other side has closed. */
bool far_read(int fd, struct buf *to);

#endif
