/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Response heads and chunks as bytes (RFC 9112 4, 7.1).  Pure.
 */
#ifndef CCP_HTTP_RESPONSE_H
#define CCP_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "http_slice.h"

enum http_length {
	HTTP_LENGTH_NONE,    /* no body and no field: 1xx, 204 */
	HTTP_LENGTH_KNOWN,   /* Content-Length */
	HTTP_LENGTH_CHUNKED, /* HTTP/1.1 stream */
	HTTP_LENGTH_CLOSE,   /* HTTP/1.0 stream: the end of the connection */
};

struct http_response {
	int status;
	enum http_length length_kind;
	size_t length;    /* HTTP_LENGTH_KNOWN */
	bool keep_alive;  /* says Connection: keep-alive or close */
	const char *type; /* Content-Type, NULL: none */
	const char *more; /* further complete "Name: value\r\n" lines */
	int64_t date;     /* seconds since 1970 for Date */
};

/* Appends status line, Date, fields and the empty line. */
void http_response_head(struct buf *to, const struct http_response *r);

/* Appends one chunk of all the parts; nothing if they are empty (that would end
 * the body). */
void http_response_chunk(
    struct buf *to, const struct http_slice *parts, size_t nparts);
void http_response_last_chunk(struct buf *to);

/* "Not Found" for 404; "Unknown" for what has no name here. */
const char *http_reason(int status);

#endif
