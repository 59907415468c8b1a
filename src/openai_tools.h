/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parameters tools and functions of a chat request, and which of them the
 * model may call: tool_choice and function_call.
 */
#ifndef CCP_OPENAI_TOOLS_H
#define CCP_OPENAI_TOOLS_H

#include <cjson/cJSON.h>

#include "api_error.h"
#include "chat_request.h"
#include "json_span.h"

/*
 * Fills tools of *r, which has none yet; raw is the text of the list.  The list
 * is called name: "tools", or "functions", whose items are functions
 * themselves.  What is there after a failure is freed with the request.  0, or
 * -1 with *err.
 */
int openai_tools_read(const cJSON *list, struct json_span raw, const char *name,
    struct chat_request *r, struct api_error *err);

/* Fills choice and choice_tool of *r, whose tools are read.  Either may be
 * NULL: absent.  0, or -1 with *err. */
int openai_choice_read(const cJSON *tool_choice, const cJSON *function_call,
    struct chat_request *r, struct api_error *err);

#endif
