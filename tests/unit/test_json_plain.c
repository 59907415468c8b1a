/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json_plain.h"

#include <stdlib.h>
#include <string.h>

#include "suites.h"

#define LONGEST 40

static size_t
one_by_one(const unsigned char *text, size_t len, unsigned char stop)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] == '"' || text[i] == '\\' ||
		    (text[i] & stop) != 0)
			break;
	}
	return i;
}

/* In memory that ends there, so that a sanitizer sees who reads on. */
static void
check(const unsigned char *text, size_t len)
{
	char *copy = malloc(len + (len == 0));

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	ck_assert_uint_eq(
	    json_plain_run(copy, len, 0), one_by_one(text, len, 0));
	ck_assert_uint_eq(
	    json_plain_run(copy, len, 0x80), one_by_one(text, len, 0x80));
	free(copy);
}

START_TEST(every_byte_at_every_place)
{
	unsigned char text[LONGEST];
	size_t len, at;
	int byte;

	for (len = 0; len <= LONGEST; len++) {
		for (at = 0; at < len; at++) {
			for (byte = 0; byte < 256; byte++) {
				memset(text, 'x', sizeof(text));
				text[at] = (unsigned char)byte;
				check(text, len);
			}
		}
		memset(text, 0x7f, sizeof(text));
		check(text, len);
	}
}
END_TEST

/* Behind a byte that it finds the sum may carry: that must not be seen. */
START_TEST(two_bytes_next_to_each_other)
{
	unsigned char text[16];
	size_t at;
	int pair;

	for (pair = 0; pair < 65536; pair++) {
		for (at = 0; at < 9; at++) {
			memset(text, '~', sizeof(text));
			text[at] = (unsigned char)(pair / 256);
			text[at + 1] = (unsigned char)(pair % 256);
			check(text, sizeof(text));
		}
	}
}
END_TEST

Suite *
suite_json_plain(void)
{
	Suite *s = suite_create("json_plain");
	TCase *t = tcase_create("json_plain");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, every_byte_at_every_place);
	tcase_add_test(t, two_bytes_next_to_each_other);
	suite_add_tcase(s, t);
	return s;
}
