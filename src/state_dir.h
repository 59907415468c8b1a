/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The private directory for what is kept from day to day and is no
 * configuration: XDG_STATE_HOME/ccp, or ~/.local/state/ccp where that is
 * unset, on macOS too.
 */
#ifndef CCP_STATE_DIR_H
#define CCP_STATE_DIR_H

#include <stdbool.h>
#include <stddef.h>

/* Its path.  False with errno: ENOENT where neither XDG_STATE_HOME nor HOME is
 * an absolute path, ENAMETOOLONG. */
bool state_dir_path(char *to, size_t len, char *const *env);

/*
 * Opens it; it must be ours alone, see private_dir.h.  make: it is created if
 * need be, with all that is above it.  Returns a descriptor, close-on-exec, or
 * -1 with errno.
 */
int state_dir_open(char *const *env, bool make);

#endif
