/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Well-formed UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing
 * above U+10FFFF.
 */
#ifndef CCP_UTF8_H
#define CCP_UTF8_H

#include <stddef.h>

/* The number of bytes of the sequence at text (1 to 4), 0 if there is no
 * well-formed one. */
static inline size_t
utf8_sequence(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xBF; /* bounds of the second byte */
	size_t n, i;

	if (len == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xC2 || s[0] > 0xF4)
		return 0;
	n = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	if (len < n)
		return 0;
	if (s[0] == 0xE0)
		low = 0xA0;
	else if (s[0] == 0xED)
		high = 0x9F;
	else if (s[0] == 0xF0)
		low = 0x90;
	else if (s[0] == 0xF4)
		high = 0x8F;
	if (s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < n; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	}
	return n;
}

/* How many bytes at text, where no well-formed sequence is, stand for one
 * U+FFFD: the longest beginning of a sequence, or else one byte (Unicode 16,
 * 3.9, "Substitution of Maximal Subparts"; WHATWG Encoding does the same).
 * len: at least 1. */
static inline size_t
utf8_maximal_subpart(const char *text, size_t len)
{
	char whole[4];
	size_t n = 1, i;

	/* Is it a beginning?  Then it goes on with any byte of the kind. */
	while (n < 3 && n < len) {
		for (i = 0; i < sizeof(whole); i++)
			whole[i] = i <= n ? text[i] : '\x80';
		if (utf8_sequence(whole, sizeof(whole)) <= n + 1)
			break;
		n++;
	}
	return n;
}

#endif
