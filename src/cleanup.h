/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Locals that free themselves at the end of their scope (gcc and clang
 * cleanup attribute).  To hand such a value on, copy it and set the local to
 * NULL (or -1).
 */
#ifndef CCP_CLEANUP_H
#define CCP_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void
cleanup_free_ptr(void *ptr)
{
	free(*(void **)ptr);
}

static inline void
cleanup_close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define CLEANUP_FREE  __attribute__((cleanup(cleanup_free_ptr)))
#define CLEANUP_CLOSE __attribute__((cleanup(cleanup_close_fd)))
#define CLEANUP_BUF   __attribute__((cleanup(buf_free)))

#endif
