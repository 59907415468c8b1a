/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The path of a file as the configuration has it, in which ~/ is the home directory.
 */
#ifndef CCP_HOME_PATH_H
#define CCP_HOME_PATH_H

#include <limits.h>

/* "~/..." begins with HOME, all else is as it stands.  NULL, or why
 * there is no such path: the rest of a sentence, "SESSION_FILE ...". */
const char *home_path(char to[PATH_MAX], const char *text, char *const *env);

#endif
