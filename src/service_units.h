/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * systemd's unit files of ccp.
 */
#ifndef CCP_SERVICE_UNITS_H
#define CCP_SERVICE_UNITS_H

#include "service.h"

#define UNIT_SOCKET    "ccp.socket"
#define UNIT_SERVICE   "ccp@.service"
#define UNIT_INSTANCES "ccp@*"
#define UNIT_OLD       "ccp.service" /* of the Node.js version */

#define SYSTEMCTL(s, ...)                                                      \
	SERVICE_RUN(                                                           \
	    s, "systemctl", (s)->system ? "--system" : "--user", __VA_ARGS__)

/* Where a unit of ours is; malloc'ed, NULL: out of memory. */
char *unit_path(const struct service *s, const char *name);

/* Both, from the templates; service_undo() takes it back. */
bool units_write(struct service *s);

/* Other addresses in the socket unit, which otherwise stays as it is.  One
 * that a package has brought is copied. */
bool units_move(struct service *s);

/* With the directories that are empty then. */
bool units_remove(struct service *s);

/* Adds a line for what "systemctl edit" has changed. */
void units_tell_overrides(struct service *s);

/* A variable of the installed unit's, malloc'ed; NULL: it has none. */
char *unit_variable(struct service *s, const char *name);

/* One that systemd hands to all units, malloc'ed, as systemctl writes it;
 * NULL: there is none. */
char *unit_inherited(struct service *s, const char *name);

/* The first program of the unit of a connection, malloc'ed; NULL: there is no
 * such unit. */
char *unit_program(struct service *s);

#endif
