/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP/1.x request heads by RFC 9112, as a pure pull parser: no I/O, no
 * allocation, slices into the caller's bytes.  Ambiguity is refused, never
 * guessed at.
 */
#ifndef CCP_HTTP_PARSE_H
#define CCP_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "limits.h"

struct http_slice {
	const char *at;
	size_t len;
};

struct http_field {
	struct http_slice name;
	struct http_slice value; /* without surrounding white space */
};

struct http_head {
	struct http_slice method;
	struct http_slice target; /* as sent */
	struct http_slice path; /* without query; authority form removed; "*" */
	struct http_slice query; /* behind '?', may be empty */
	int minor; /* HTTP/1.minor: 0, or 1 for every higher one */
	struct http_field fields[LIMIT_HEAD_FIELDS];
	size_t nfields;
};

#define HTTP_MORE 0

/*
 * Parses one request head at bytes.  seen: how many of these bytes an earlier
 * call that returned HTTP_MORE has already looked at (0 at first), so that a
 * head arriving byte by byte is not scanned again from its start.
 * Returns the length of the head with its empty line (> 0), HTTP_MORE, or the
 * negated status to answer: -400, -414, -431, -501, -505.  Leading empty
 * lines are skipped (RFC 9112 2.2).  A bare CR, obs-fold, white space before
 * the colon, control bytes are a 400 (RFC 9112 2.2, 5.1, 5.2).  What can be
 * refused early (no token at the first byte: TLS on this port) is.
 */
ssize_t http_parse_head(
    const char *bytes, size_t len, size_t seen, struct http_head *head);

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

bool http_slice_is(struct http_slice s, const char *text);
bool http_slice_is_nocase(struct http_slice s, const char *text);

/* Is token (lower case) an element of the comma-separated list in any field
 * of that name? */
bool http_field_has(
    const struct http_head *head, const char *name, const char *token);

#endif
