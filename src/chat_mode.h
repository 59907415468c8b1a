/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is Claude an agent, which works in a directory of this machine with its own
 * tools, or a model, which has the client's tools and nothing of its own?
 */
#ifndef CCP_CHAT_MODE_H
#define CCP_CHAT_MODE_H

#include <stdbool.h>

#include "chat_request.h"
#include "exchange.h"

/*
 * The header X-CCP-Mode, else the end of the model's name (":model", ":agent",
 * which is taken off), else what the request needs (tools, a form of the
 * answer), else CLAUDE_MODE.  For an agent the request's tools and format are
 * taken away: it was forced to be one.  False sets *e (400).
 */
bool chat_mode_find(const struct exchange *x, struct chat_request *r,
    bool *ret_model, struct api_error *e);

#endif
