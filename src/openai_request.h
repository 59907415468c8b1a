/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The JSON body of POST /v1/chat/completions as a validated request.
 */
#ifndef CCP_OPENAI_REQUEST_H
#define CCP_OPENAI_REQUEST_H

#include <stddef.h>

#include "api_error.h"
#include "chat_request.h"

/*
 * Parses and validates len bytes.  NULL sets *err (400 with param, 500 when
 * out of memory).  The caller frees the result (chat_request_free).  Unknown
 * keys are tolerated; wrong types are not.  What cannot be honoured yet and
 * would change the answer is refused by name.
 */
struct chat_request *
openai_request_parse(const char *body, size_t len, struct api_error *err);

#endif
