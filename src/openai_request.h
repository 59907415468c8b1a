/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The JSON body of POST /v1/chat/completions as a validated request.
 */
#ifndef CCP_OPENAI_REQUEST_H
#define CCP_OPENAI_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "api_error.h"

enum chat_role { CHAT_USER, CHAT_ASSISTANT };
enum chat_part_kind {
	CHAT_TEXT,
	CHAT_IMAGE,    /* media is an image type */
	CHAT_DOCUMENT, /* media is application/pdf or text/plain */
};

struct chat_part {
	enum chat_part_kind kind;
	/* TEXT: valid UTF-8, never empty or only white space.  Else base64,
	 * except for text/plain, which is as it is; where media is NULL the
	 * https URL of an image. */
	char *text;
	char *media; /* NULL: text, or a URL */
	char *name;  /* DOCUMENT: its file name, or NULL */
};

struct chat_message {
	enum chat_role role;
	struct chat_part *parts;
	size_t nparts; /* at least 1 */
};

struct chat_request {
	char *model;  /* as sent; NULL where there is none */
	char *system; /* all system and developer texts, a blank line between
	               * messages; NULL: none */
	struct chat_message *messages; /* in order, empty ones dropped */
	size_t nmessages;              /* at least 1; the last is the user's */
	bool stream;
	bool include_usage; /* stream_options.include_usage */
	long max_tokens; /* max_completion_tokens, else max_tokens; 0: none */
};

/*
 * Parses and validates len bytes.  NULL sets *err (400 with param, 500 when
 * out of memory).  The caller frees the result.  Unknown keys are tolerated;
 * wrong types are not.  What cannot be honoured yet and would change the
 * answer is refused by name.
 */
struct chat_request *
openai_request_parse(const char *body, size_t len, struct api_error *err);
void chat_request_free(struct chat_request *r);

/* Takes message i out of the request. */
void chat_request_drop(struct chat_request *r, size_t i);

#endif
