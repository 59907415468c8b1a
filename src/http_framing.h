/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the fields of a request head say: lookups, and the framing of its body
 * and its connection.  Pure.
 */
#ifndef CCP_HTTP_FRAMING_H
#define CCP_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http_parse.h"

enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED };

struct http_framing {
	enum http_body_kind kind;
	uint64_t length;      /* HTTP_BODY_LENGTH */
	bool keep_alive;      /* the client wants it and the version has it */
	bool expect_continue; /* Expect: 100-continue, HTTP/1.1 */
};

/*
 * How the body is framed (RFC 9112 6.3) and what Connection says.  0 or the
 * status to answer: 400 (Transfer-Encoding together with Content-Length,
 * differing or malformed or repeated Content-Length, Transfer-Encoding in
 * HTTP/1.0, chunked not last or twice, no or two Host fields in HTTP/1.1, bad
 * Host), 501 (another transfer coding), 417 (another expectation).  The
 * connection must be closed after any of them.
 */
int http_framing(const struct http_head *head, struct http_framing *ret);

/* The only field of that name (case-insensitive), or NULL; *ret_count, which
 * may be NULL, is how many there are. */
const struct http_field *
http_field(const struct http_head *head, const char *name, size_t *ret_count);

/* Is token (lower case) an element of the comma-separated list in any field
 * of that name? */
bool http_field_has(
    const struct http_head *head, const char *name, const char *token);

/* Whom the request is for: the authority of its target if it has one, else
 * the Host field (RFC 9112 3.2.2); empty without either. */
struct http_slice http_host(const struct http_head *head);

#endif
