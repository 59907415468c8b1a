/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sessions on the standard output.  Texts in them come from clients: nothing
 * that a terminal would obey is written.
 */
#ifndef CCP_CLI_SESSION_SHOW_H
#define CCP_CLI_SESSION_SHOW_H

#include <stdint.h>

#include "cli_sessions.h"

/* home: is shown as ~; may be NULL. */
void show_table(const struct sessions *s, int64_t now, const char *home);
void show_session(
    const struct listed_session *one, const struct contexts *c, int64_t now);

void show_json_list(const struct sessions *s);
void
show_json_session(const struct listed_session *one, const struct contexts *c);

#endif
