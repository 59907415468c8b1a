/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What "ccp start" hears from a service manager and tells it: sd_listen_fds(3)
 * and sd_notify(3).  Without libsystemd nothing is heard, and nobody told.
 */
#ifndef CCP_CLI_NOTIFY_H
#define CCP_CLI_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "listener.h"

/* Takes the sockets over that have been handed to this process; none is no
 * failure.  The variables that tell of them are removed from the environment,
 * so that children do not take them for theirs. */
bool notify_sockets(struct listeners *l, char *err, size_t errlen);

/* It serves, again after a reload; status is for people. */
void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);

#endif
