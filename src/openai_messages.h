/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The member "messages" of a chat request: roles and content.
 */
#ifndef CCP_OPENAI_MESSAGES_H
#define CCP_OPENAI_MESSAGES_H

#include <cjson/cJSON.h>

#include "api_error.h"
#include "chat_request.h"

/*
 * Fills system and messages of *r; what is there after a failure is freed with
 * the request.  Texts of system and developer messages are joined in order:
 * a line end between parts of one message, a blank line between messages.
 * 0, or -1 with *err.
 */
int openai_messages_read(
    const cJSON *messages, struct chat_request *r, struct api_error *err);

#endif
