/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The private directory of a user's handlers, for what lives no longer than
 * the session: XDG_RUNTIME_DIR/ccp, or ccp-UID below the temporary directory
 * where that is unset.
 */
#ifndef CCP_RUNTIME_DIR_H
#define CCP_RUNTIME_DIR_H

#include <stdbool.h>
#include <stddef.h>

/* Its path.  False if that does not fit. */
bool runtime_dir_path(char *to, size_t len, char *const *env);

/*
 * Opens it, after creating it if need be.  A directory that is not ours
 * alone (another owner, a symbolic link, accessible to others) is refused with
 * EPERM.  Returns a descriptor, close-on-exec, or -1 with errno.
 */
int runtime_dir_open(char *const *env);

/* An empty directory in it, created if need be.  False with errno. */
bool runtime_dir_empty(char *to, size_t len, char *const *env);

#endif
