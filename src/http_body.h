/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Message bodies (RFC 9112 6 and 7) as a pure decoder: bytes in, content out.
 */
#ifndef CCP_HTTP_BODY_H
#define CCP_HTTP_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "http_framing.h"

struct http_body {
	enum http_body_kind kind;
	int state;     /* internal: of the chunk grammar */
	uint64_t left; /* bytes of the body or of this chunk still to come */
	size_t line;   /* bytes of the chunk-size line or trailer so far */
	size_t digits; /* hex digits of the chunk size so far */
	size_t extensions; /* bytes of those of all chunks so far */
	size_t max;        /* most bytes of content */
	size_t total;      /* bytes of content so far */
};

#define HTTP_BODY_MORE 0
#define HTTP_BODY_DONE 1

/* 0, or 413 if the length announced is above max. */
int http_body_start(
    struct http_body *b, const struct http_framing *framing, size_t max);

/*
 * Decodes from in, appends content to out.  *ret_used is how much of in was
 * taken, never a byte behind the body.  HTTP_BODY_MORE, HTTP_BODY_DONE, or
 * the negated status: -400 (chunk grammar, bare LF, endless extensions), -413
 * (over max), -431 (trailers too long), -500 (out of memory).  Chunk extensions
 * and trailers are checked and dropped.  After DONE or a failure nothing more
 * is taken and the result stays the same.
 */
int http_body_step(struct http_body *b, const char *in, size_t len,
    size_t *ret_used, struct buf *out);

#endif
