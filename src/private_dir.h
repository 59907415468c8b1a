/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Directories that are one user's alone.
 */
#ifndef CCP_PRIVATE_DIR_H
#define CCP_PRIVATE_DIR_H

#include <stdbool.h>

/* The value of a variable that names a directory; NULL where it is unset or
 * no absolute path, which the rules for XDG's variables ask to ignore. */
const char *private_dir_variable(char *const *env, const char *name);

/*
 * Opens a directory; one that is not ours alone (another owner, a symbolic
 * link, accessible to others) is refused with EPERM.  make: it is created if
 * need be, though not what is above it.  Returns a descriptor, close-on-exec,
 * or -1 with errno.
 */
int private_dir_open(const char *path, bool make);

#endif
