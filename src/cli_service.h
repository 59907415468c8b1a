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
 * listens there from now on; of the system's, only how root moves it is told.
 * s: the configuration as it is now.  Lines for a person are added to said,
 * whether it worked or not.  True: it did, or there is no service of this
 * user's to move.
 */
bool service_follow(const struct settings *s, struct buf *said);

/* Prints "ccp service status", and returns its exit status. */
int service_show_status(
    const struct service_manager *m, struct service *s, bool json);

/* The JSON of a status that cannot be known.  manager may be NULL. */
void service_show_problem(const char *manager, const char *problem);

#define SERVICE_NOT_LISTENING 3
#define SERVICE_NOT_INSTALLED 4

#endif
