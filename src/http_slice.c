/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_slice.h"

#include <string.h>

#include "http_char.h"

#include "banned.h"

size_t
http_slice_find(struct http_slice s, const char *chars)
{
	size_t n = 0;

	while (n < s.len && memchr(chars, s.at[n], strlen(chars)) == NULL)
		n++;
	return n;
}

struct http_slice
http_slice_trim(struct http_slice s)
{
	s = http_slice_behind(s, http_char_span(s.at, s.len, HTTP_CHAR_BLANK));
	while (s.len > 0 && http_char_is(s.at[s.len - 1], HTTP_CHAR_BLANK))
		s.len--;
	return s;
}

bool
http_slice_is(struct http_slice s, const char *text)
{
	return strlen(text) == s.len && memcmp(s.at, text, s.len) == 0;
}

bool
http_slice_is_nocase(struct http_slice s, const char *text)
{
	size_t i;

	if (strlen(text) != s.len)
		return false;
	for (i = 0; i < s.len; i++) {
		if (http_char_lower(s.at[i]) != http_char_lower(text[i]))
			return false;
	}
	return true;
}

/* Takes one byte off the front of s; '\0' where none can be taken. */
static char
decode_byte(struct http_slice *s)
{
	size_t len = 1;
	char c = s->at[0];

	if (c == '%') {
		len = 3;
		if (s->len < len ||
		    http_char_span(s->at + 1, 2, HTTP_CHAR_HEX) < 2)
			return '\0';
		c = (char)(http_char_hex(s->at[1]) << 4 |
			   http_char_hex(s->at[2]));
	}
	*s = http_slice_behind(*s, len);
	return c;
}

bool
http_percent_decode(struct http_slice s, char *to, size_t size)
{
	for (; s.len > 0 && size > 1; size--) {
		*to = decode_byte(&s);
		if (*to++ == '\0')
			return false;
	}
	if (s.len > 0 || size == 0)
		return false;
	*to = '\0';
	return true;
}
