/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where programs are: ccp's own, and those on a PATH.
 */
#ifndef CCP_PROGRAMS_H
#define CCP_PROGRAMS_H

#include <stdbool.h>

/* A regular file that may be executed. */
bool program_executable(const char *path);

/* The path of another program of ccp: beside the running one (the build tree),
 * else where it was installed.  malloc'ed; NULL where neither is
 * executable. */
char *program_of_ours(const char *name);

/* The first executable file of that name in a PATH-like list; malloc'ed, NULL
 * if there is none. */
char *program_on_path(const char *name, const char *path);

#endif
