/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Starts the Claude process of a chat request.
 */
#ifndef CCP_CHAT_LAUNCH_H
#define CCP_CHAT_LAUNCH_H

#include "claude.h"
#include "exchange.h"
#include "openai_request.h"
#include "session.h"

/* In directory cwd.  NULL sets *e, and is in the log.  The caller frees the
 * process once it is stopped. */
struct claude *chat_launch(const struct exchange *x, const char *cwd,
    const struct chat_request *r, const struct session *s, struct api_error *e);

#endif
