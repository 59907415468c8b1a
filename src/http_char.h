/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Character classes of HTTP and of URIs.  They never depend on the locale, as
 * those of <ctype.h> do.
 */
#ifndef CCP_HTTP_CHAR_H
#define CCP_HTTP_CHAR_H

#include <stdbool.h>
#include <stddef.h>

/* Bits, so that a set may be the union of several classes. */
#define HTTP_CHAR_TOKEN   1u  /* tchar (RFC 9110 5.6.2) */
#define HTTP_CHAR_TARGET  2u  /* visible ASCII but '#': a request target */
#define HTTP_CHAR_VALUE   4u  /* HTAB, SP, VCHAR, obs-text (RFC 9110 5.5) */
#define HTTP_CHAR_REGNAME 8u  /* unreserved, sub-delims (RFC 3986 2.2, 2.3) */
#define HTTP_CHAR_BLANK   16u /* HTAB, SP: OWS and BWS */
#define HTTP_CHAR_DIGIT   32u
#define HTTP_CHAR_HEX     64u

bool http_char_is(char c, unsigned set);

/* How many bytes at the start of text are of the set. */
size_t http_char_span(const char *text, size_t len, unsigned set);

/* The value of a hexadecimal digit. */
unsigned http_char_hex(char c);

/* ASCII upper case to lower case, all else unchanged. */
char http_char_lower(char c);

#endif
