/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A file that many processes log to, and that is set aside when it has grown:
 * log, log.1 (the one before), log.2 ...
 *
 * Whoever writes holds the lock of the file itself, and looks, once it has it,
 * whether that file still has the name.  So each line is written whole and
 * once, the size is kept, and files are renamed while nobody writes.
 */
#ifndef CCP_LOG_FILE_H
#define CCP_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "limits.h"

#define LOG_FILE_MOST (LIMIT_LOG_FILES + 1)

struct log_file {
	char path[LIMIT_LOG_PATH_BYTES];
	long max_size;  /* bytes; a longer line has a file of its own */
	long max_files; /* that were set aside and are kept */
	int fd;         /* -1: not open */
	bool unlocked;  /* somebody keeps the lock for ever */
};

/* Nothing is opened before the first line.  False: the path is too long. */
bool log_file_init(
    struct log_file *f, const char *path, long max_size, long max_files);
void log_file_close(struct log_file *f);

/*
 * Adds a line, its end included.  The file (0600) and the directories (0700)
 * are created if need be.  False with errno: it is not in the file, though its
 * beginning may be (ENOSPC), in a line of its own.  Nothing is written where the path is a symbolic link (ELOOP) or no regular file (EINVAL).  Where
 * there is no lock to be had within LIMIT_LOG_LOCK_MS the line is written all
 * the same, and nothing set aside.
 */
bool log_file_write(struct log_file *f, const char *line, size_t len);

/* Is the open file, fd, that of the path, or one that was set aside? */
bool log_file_has(const struct log_file *f, int fd);

/* Opens what there is for reading, the newest first, as it is at one moment.
 * How many; 0 with errno where the newest cannot be read. */
size_t log_file_open_all(const char *path, int ret_fds[LOG_FILE_MOST]);

#endif
