/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An error as an OpenAI client understands it: an HTTP status and the four
 * members of the error object.
 */
#ifndef CCP_API_ERROR_H
#define CCP_API_ERROR_H

#include "buf.h"
#include "limits.h"

struct api_error {
	int status;
	const char *type; /* static text: "invalid_request_error", ... */
	const char *code; /* static text or NULL (null in JSON) */
	char param[96];   /* "" is null in JSON */
	char message[LIMIT_ERROR_TEXT_BYTES];
	long retry_after; /* seconds for Retry-After, 0: none */
};

/* Sets all but param and retry_after, which become empty. */
void api_error_set(struct api_error *e, int status, const char *type,
    const char *code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* A 400 of type invalid_request_error about one parameter. */
void api_error_param(struct api_error *e, const char *param, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* {"error":{"message":...,"type":...,"param":...,"code":...}} */
void api_error_json(struct buf *to, const struct api_error *e);

#endif
