/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Starts the Claude process of a chat request.
 */
#ifndef CCP_CHAT_LAUNCH_H
#define CCP_CHAT_LAUNCH_H

#include "chat_request.h"
#include "claude.h"
#include "exchange.h"

/* In the directory and session of from.  NULL sets *e, and is in the log.  The
 * caller frees the process once it is stopped. */
struct claude *
chat_launch(const struct exchange *x, const struct chat_request *r,
    const struct claude_origin *from, struct api_error *e);

#endif
