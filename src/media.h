/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Images and files as clients send them: data: URLs and base64, and what the
 * bytes are.  Pure.
 */
#ifndef CCP_MEDIA_H
#define CCP_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of a data: URL; at is not NUL-terminated. */
struct media_piece {
	const char *at;
	size_t len;
};

/* Is it a URL of that scheme ("data", "https"), in any case? */
bool media_is_url(const char *text, const char *scheme);

/* "data:TYPE;...;base64,DATA" (RFC 2397): sets the type, without parameters
 * and perhaps empty, and the data; false if it is no such URL. */
bool media_data_url(
    const char *url, struct media_piece *ret_type, const char **ret_data);

/* An https URL with a host, of characters that may stand in one. */
bool media_https_url(const char *url);

/* The text in base64 (RFC 4648) without its white space and with its padding,
 * and how many bytes it stands for; NULL if it is not base64, or *ret_len is
 * SIZE_MAX when out of memory.  The caller frees it. */
char *media_base64(const char *text, size_t *ret_len);

/* What the first bytes of that base64 say: "image/png", "image/jpeg",
 * "image/gif", "image/webp", "application/pdf"; NULL: something else. */
const char *media_type(const char *base64, size_t len);

/* The bytes of that base64 as text; NULL if they are not UTF-8 or have a NUL
 * in them, or when out of memory.  The caller frees it. */
char *media_text(const char *base64, size_t len);

#endif
