/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "random.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "suites.h"

#define HEX "0123456789abcdef"

START_TEST(bytes_fill_exactly)
{
	unsigned char bytes[300];
	bool changed[300] = {false};
	size_t i;
	int round;

	for (round = 0; round < 64; round++) {
		memset(bytes, 0x5a, sizeof bytes);
		random_bytes(bytes + 10, 256);
		for (i = 0; i < sizeof bytes; i++)
			changed[i] |= bytes[i] != 0x5a;
	}
	for (i = 0; i < sizeof bytes; i++)
		ck_assert(changed[i] == (i >= 10 && i < 266));
	random_bytes(bytes, 0);
}
END_TEST

START_TEST(hex_is_two_digits_a_byte)
{
	char text[300], other[300];
	size_t n;

	for (n = 0; n <= 128; n++) {
		memset(text, '#', sizeof text);
		random_hex(text, n);
		ck_assert_uint_eq(strlen(text), 2 * n);
		ck_assert_uint_eq(strspn(text, HEX), 2 * n);
		ck_assert_int_eq(text[2 * n + 1], '#');
	}
	random_hex(other, 128);
	ck_assert_str_ne(text, other);
}
END_TEST

START_TEST(too_much_hex_aborts)
{
	char text[300];

	random_hex(text, 129);
}
END_TEST

START_TEST(uuids_have_their_form)
{
	static char seen[200][37];
	size_t i, k;

	for (i = 0; i < 200; i++) {
		random_uuid(seen[i]);
		ck_assert_uint_eq(strlen(seen[i]), 36);
		ck_assert_uint_eq(strspn(seen[i], HEX "-"), 36);
		for (k = 0; k < 36; k++)
			ck_assert((seen[i][k] == '-') ==
				  (k == 8 || k == 13 || k == 18 || k == 23));
		ck_assert_int_eq(seen[i][14], '4');
		ck_assert_ptr_nonnull(strchr("89ab", seen[i][19]));
		for (k = 0; k < i; k++)
			ck_assert_str_ne(seen[i], seen[k]);
	}
}
END_TEST

/* Every digit that may vary does. */
START_TEST(uuids_are_random_all_over)
{
	char first[37], next[37];
	bool varies[36] = {false};
	int i, k;

	random_uuid(first);
	for (i = 0; i < 200; i++) {
		random_uuid(next);
		for (k = 0; k < 36; k++)
			varies[k] |= next[k] != first[k];
	}
	for (k = 0; k < 36; k++)
		ck_assert(varies[k] == (first[k] != '-' && k != 14));
}
END_TEST

Suite *
suite_random(void)
{
	Suite *s = suite_create("random");
	TCase *t = tcase_create("random");

	tcase_add_test(t, bytes_fill_exactly);
	tcase_add_test(t, hex_is_two_digits_a_byte);
	tcase_add_test_raise_signal(t, too_much_hex_aborts, SIGABRT);
	tcase_add_test(t, uuids_have_their_form);
	tcase_add_test(t, uuids_are_random_all_over);
	suite_add_tcase(s, t);
	return s;
}
