/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one poll loop of a handler: the client, the signals, and whatever task
 * a request has left.  It serves one connection, request after request, and
 * returns when that is over and nothing that it started is left.
 */
#ifndef CCP_SERVE_H
#define CCP_SERVE_H

#include "api_error.h"
#include "keeper.h"
#include "settings.h"

/*
 * Answers every request with *why, the first one as a rule, and closes.
 */
int serve_refusal(int in, int out, const struct api_error *why);

/*
 * in and out are the connection (they may be the same descriptor).  settings
 * NULL: the configuration is broken, and every request is told so.  keeper:
 * where warm processes go; NULL: there are none.  Returns 0, or -1 with errno
 * when it could not even begin.
 */
int serve_connection(int in, int out, const struct settings *settings,
    char *const *env, struct keeper *keeper);

/* What is left of a handler behind its connection: until the keeper has nothing
 * to keep; TERM, INT and HUP see to that. */
void serve_keeper(struct keeper *keeper);

#endif
