/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The property list of ccp's launchd agent.
 */
#ifndef CCP_SERVICE_PLIST_H
#define CCP_SERVICE_PLIST_H

#include "service.h"

/* Where it is, and where the agent's log goes; malloc'ed, NULL: out of
 * memory. */
char *plist_path(const struct service *s);
char *plist_log_path(const struct service *s);

/* From the template; service_undo() takes it back. */
bool plist_write(struct service *s);

/* Other addresses in the installed one, which otherwise stays as it is. */
bool plist_move(struct service *s);

/* The first string behind what the installed one has of this text; malloc'ed,
 * NULL: there is none. */
char *plist_read(struct service *s, const char *behind);
void plist_read_addresses(struct service *s, struct service_state *ret);

/* Does this one run the Node.js version, or another "ccp start"? */
bool plist_is_original(const char *path);

#endif
