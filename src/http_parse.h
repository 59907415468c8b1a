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
#include <sys/types.h>

#include "http_slice.h"
#include "limits.h"

struct http_field {
	struct http_slice name;
	struct http_slice value; /* without surrounding white space */
};

struct http_head {
	struct http_slice method;
	struct http_slice target;    /* as sent */
	struct http_slice authority; /* of "http://authority/path", or empty */
	struct http_slice path;      /* without authority and query; or "*" */
	struct http_slice query;     /* behind '?', may be empty */
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
 * the colon, control bytes are a 400 (RFC 9112 2.2, 5.1, 5.2).  A first byte
 * that begins no token (TLS on this port) is refused at once, all else when
 * its line is complete, so that the result does not depend on how the bytes
 * were split.
 */
ssize_t http_parse_head(
    const char *bytes, size_t len, size_t seen, struct http_head *head);

/* uri-host [ ":" port ] (RFC 9110 7.2), which may be empty.  An IPv6 address
 * is in brackets; user information is an error (RFC 9110 4.2.4). */
bool http_host_valid(struct http_slice host);

#endif
