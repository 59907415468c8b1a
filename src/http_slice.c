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
