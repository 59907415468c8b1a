/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parameter response_format of a chat request.
 */
#ifndef CCP_OPENAI_FORMAT_H
#define CCP_OPENAI_FORMAT_H

#include <cjson/cJSON.h>

#include "api_error.h"
#include "chat_request.h"
#include "json_span.h"

/* Fills format and schema of *r; raw is the text of the parameter.  0, or -1
 * with *err. */
int openai_format_read(const cJSON *format, struct json_span raw,
    struct chat_request *r, struct api_error *err);

#endif
