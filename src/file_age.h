/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is a file still the one it was?  A tool that replaces it makes another inode;
 * an editor may write into it, within the same second and to the same size.
 */
#ifndef CCP_FILE_AGE_H
#define CCP_FILE_AGE_H

#include <sys/stat.h>

#include <stdbool.h>

/* Of its last change, the nanoseconds within its second st_mtime. */
static inline long
file_age_ns(const struct stat *st)
{
#ifdef __APPLE__
	return st->st_mtimespec.tv_nsec;
#else
	return st->st_mtim.tv_nsec;
#endif
}

static inline bool
file_age_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size && a->st_mtime == b->st_mtime &&
	       file_age_ns(a) == file_age_ns(b);
}

#endif
