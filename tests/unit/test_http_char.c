/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_char.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "http_slice.h"
#include "suites.h"

static unsigned
class_of(int c)
{
	bool alpha = c < 128 && isalpha(c), digit = c < 128 && isdigit(c);
	unsigned set = 0;

	if (alpha || digit || (c != 0 && strchr("!#$%&'*+-.^_`|~", c)))
		set |= HTTP_CHAR_TOKEN;
	if (c > 0x20 && c < 0x7f && c != '#')
		set |= HTTP_CHAR_TARGET;
	if (c == '\t' || (c >= 0x20 && c != 0x7f))
		set |= HTTP_CHAR_VALUE;
	if (alpha || digit || (c != 0 && strchr("-._~!$&'()*+,;=", c)))
		set |= HTTP_CHAR_REGNAME;
	if (c == ' ' || c == '\t')
		set |= HTTP_CHAR_BLANK;
	if (digit)
		set |= HTTP_CHAR_DIGIT;
	if (c < 128 && isxdigit(c))
		set |= HTTP_CHAR_HEX;
	return set;
}

START_TEST(the_table_of_characters_is_right)
{
	unsigned set;
	int c;

	for (c = 0; c < 256; c++) {
		for (set = 1; set <= HTTP_CHAR_HEX; set <<= 1)
			ck_assert_msg(http_char_is((char)c, set) ==
					  ((class_of(c) & set) != 0),
			    "byte %d, class %u", c, set);
		ck_assert_int_eq((unsigned char)http_char_lower((char)c),
		    c < 128 ? tolower(c) : c);
		if (class_of(c) & HTTP_CHAR_HEX)
			ck_assert_uint_eq(http_char_hex((char)c),
			    strtoul((char[]){(char)c, '\0'}, NULL, 16));
	}
	ck_assert_uint_eq(http_char_span("aB1 x", 5, HTTP_CHAR_TOKEN), 3);
	ck_assert_uint_eq(http_char_span("aB1", 2, HTTP_CHAR_TOKEN), 2);
	ck_assert_uint_eq(http_char_span("", 0, HTTP_CHAR_TOKEN), 0);
}
END_TEST

static void
assert_slice(struct http_slice s, const char *want)
{
	ck_assert_msg(
	    http_slice_is(s, want), "%.*s is not %s", (int)s.len, s.at, want);
}

START_TEST(slices)
{
	struct http_slice s = http_slice("\t ab, c ", 8);

	ck_assert_uint_eq(http_slice_find(s, ","), 4);
	ck_assert_uint_eq(http_slice_find(s, "cb"), 3);
	ck_assert_uint_eq(http_slice_find(s, "x"), 8);
	ck_assert_uint_eq(http_slice_find(http_slice("\0a", 2), "a"), 1);
	assert_slice(http_slice_trim(s), "ab, c");
	assert_slice(http_slice_trim(http_slice(" \t", 2)), "");
	assert_slice(http_slice_first(s, 3), "\t a");
	assert_slice(http_slice_behind(s, 3), "b, c ");
	ck_assert(!http_slice_is(s, "\t ab, c"));
	ck_assert(http_slice_is_nocase(http_slice("aB-1", 4), "Ab-1"));
	ck_assert(!http_slice_is_nocase(http_slice("a@", 2), "a`"));
	ck_assert(!http_slice_is_nocase(http_slice("ab", 2), "abc"));
}
END_TEST

static const char *
decoded(const char *text, size_t size)
{
	static char to[64];

	memset(to, 'x', sizeof to);
	if (!http_percent_decode(http_slice(text, strlen(text)), to, size))
		return NULL;
	return to;
}

START_TEST(percent_encoding_is_decoded)
{
	static const char *const malformed[] = {
	    "%", "a%", "%2", "%2g", "%g2", "%%41", "%00", "a%00b", "% 41"};
	size_t i;

	ck_assert_str_eq(decoded("", 1), "");
	ck_assert_str_eq(decoded("a/b:c", 6), "a/b:c");
	ck_assert_str_eq(decoded("a%2Fb%2fc%3A", 64), "a/b/c:");
	ck_assert_str_eq(decoded("%25%C3%A9+", 64), "%\xC3\xA9+");
	ck_assert_str_eq(decoded("%2541", 64), "%41"); /* once */
	ck_assert_ptr_null(decoded("a/b:c", 5));
	ck_assert_ptr_null(decoded("%41%41", 2));
	ck_assert_ptr_null(decoded("", 0));
	for (i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		ck_assert_msg(
		    decoded(malformed[i], 64) == NULL, "%s", malformed[i]);
}
END_TEST

Suite *
suite_http_char(void)
{
	Suite *suite = suite_create("http_char");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, the_table_of_characters_is_right);
	tcase_add_test(tc, slices);
	tcase_add_test(tc, percent_encoding_is_decoded);
	suite_add_tcase(suite, tc);
	return suite;
}
