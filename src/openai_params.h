/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The members of a chat request's body beside its messages.
 */
#ifndef CCP_OPENAI_PARAMS_H
#define CCP_OPENAI_PARAMS_H

#include <cjson/cJSON.h>

#include "api_error.h"
#include "chat_request.h"
#include "json_span.h"

/*
 * Checks every member of the object, whose text is raw, by one table and fills the fields of *r
 * that are not of messages.  *ret_messages is the member "messages" (an array
 * that is not empty) and lives as long as body.  0, or -1 with *err.
 */
int openai_params_read(const cJSON *body, struct json_span raw,
    struct chat_request *r, const cJSON **ret_messages, struct api_error *err);

#endif
