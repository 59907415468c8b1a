/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What other commands need of "ccp service".
 */
#ifndef CCP_CLI_SERVICE_H
#define CCP_CLI_SERVICE_H

#include <stdbool.h>

#include "buf.h"
#include "service.h"
#include "settings.h"

/*
 * After HOST or PORT of the configuration have changed: an installed service
 * listens there from now on.  s: the configuration as it is now.  Lines for a
 * person are added to said, whether it worked or not.  True: it did, or there
 * is no service of this user's to move.
 */
bool service_follow(const struct settings *s, struct buf *said);

/* Prints "ccp service status", and returns its exit status. */
int service_show_status(
    const struct service_manager *m, struct service *s, bool json);

#define SERVICE_NOT_LISTENING 3
#define SERVICE_NOT_INSTALLED 4

#endif
