/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A part of somebody else's bytes.  Not a C string.
 */
#ifndef CCP_HTTP_SLICE_H
#define CCP_HTTP_SLICE_H

#include <stdbool.h>
#include <stddef.h>

struct http_slice {
	const char *at;
	size_t len;
};

static inline struct http_slice
http_slice(const char *at, size_t len)
{
	return (struct http_slice){.at = at, .len = len};
}

/* The first n bytes, and those behind them; n <= s.len. */
static inline struct http_slice
http_slice_first(struct http_slice s, size_t n)
{
	return http_slice(s.at, n);
}

static inline struct http_slice
http_slice_behind(struct http_slice s, size_t n)
{
	return http_slice(s.at + n, s.len - n);
}

/* How many bytes stand before the first one of chars; all without one. */
size_t http_slice_find(struct http_slice s, const char *chars);

/* Without white space (SP, HTAB) at both ends. */
struct http_slice http_slice_trim(struct http_slice s);

bool http_slice_is(struct http_slice s, const char *text);
bool http_slice_is_nocase(struct http_slice s, const char *text);

/* Without percent-encoding (RFC 3986 2.1), as a C string.  False, with *to
 * undefined, where an escape is malformed or a NUL, or size bytes are too
 * few. */
bool http_percent_decode(struct http_slice s, char *to, size_t size);

#endif
