/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one poll loop of a handler: the client, the signals, and whatever task
 * a request has left.  It serves one connection, request after request, and
 * returns when that is over and nothing that it started is left.
 */
#ifndef CCP_SERVE_H
#define CCP_SERVE_H

#include "api_error.h"
#include "settings.h"

/*
 * Answers every request with *why, the first one as a rule, and closes.
 */
int serve_refusal(int in, int out, const struct api_error *why);

/*
 * in and out are the connection (they may be the same descriptor).  settings
 * NULL: the configuration is broken, and every request is told so.  Returns 0,
 * or -1 with errno when it could not even begin.
 */
int serve_connection(
    int in, int out, const struct settings *settings, char *const *env);

#endif
