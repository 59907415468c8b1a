/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line at the end of a file that others append to as well, whoever was cut
 * short there before.
 */
#ifndef CCP_APPEND_LINE_H
#define CCP_APPEND_LINE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Adds a line, its end included, by one write to a regular file that was
 * opened with O_RDWR | O_APPEND and had that size just now.  Where the file
 * ends in the middle of a line a new one is begun first.
 *
 * False with errno: the line is not in the file, or only its beginning is
 * (ENOSPC).  locked: everybody else who writes waits, as a rule; then the
 * beginning is taken back, unless there are signs of one who has not waited.
 */
bool append_line(int fd, off_t size, const char *line, size_t len, bool locked);

#endif
