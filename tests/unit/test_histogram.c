/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "histogram.h"

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

#include "suites.h"

static struct histogram h;

static void
tear_down(void)
{
	histogram_free(&h);
}

static void
add(int64_t number, int times)
{
	while (times-- > 0)
		ck_assert(histogram_add(&h, number));
}

START_TEST(small_numbers_are_exact)
{
	int64_t i;

	ck_assert_int_eq(histogram_median(&h), -1);
	for (i = 0; i < HISTOGRAM_EXACT; i++) {
		histogram_free(&h);
		add(i, 1);
		ck_assert_int_eq(histogram_median(&h), i);
	}
	histogram_free(&h);
	add(5, 1);
	add(9, 1);
	ck_assert_int_eq(histogram_median(&h), 5);
	add(9, 1);
	ck_assert_int_eq(histogram_median(&h), 9);
	add(1, 3);
	ck_assert_int_eq(histogram_median(&h), 1);
}
END_TEST

START_TEST(great_ones_are_within_2_percent)
{
	int64_t i, got;

	for (i = 1; i < INT32_MAX; i += 1 + i / 97) {
		histogram_free(&h);
		add(i, 1);
		got = histogram_median(&h);
		ck_assert_msg(llabs(got - i) * 50 <= i, "%lld as %lld",
		    (long long)i, (long long)got);
	}
}
END_TEST

START_TEST(none_is_too_great)
{
	add(INT64_MAX, 1);
	ck_assert_int_gt(histogram_median(&h), INT32_MAX);
	add(INT64_MIN, 2);
	ck_assert_int_eq(histogram_median(&h), 0);
}
END_TEST

START_TEST(the_middle_of_many)
{
	int64_t i, got;

	for (i = 0; i < 100000; i++) /* 7919 is prime: each number once */
		add((i * 7919) % 100000, 1);
	ck_assert_uint_eq(h.n, 100000);
	got = histogram_median(&h);
	ck_assert_int_ge(got, 49000);
	ck_assert_int_le(got, 51000);
	add(250, 100002);
	got = histogram_median(&h);
	ck_assert_int_ge(got, 245);
	ck_assert_int_le(got, 255);
}
END_TEST

Suite *
suite_histogram(void)
{
	Suite *s = suite_create("histogram");
	TCase *tc = tcase_create("histogram");

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_test(tc, small_numbers_are_exact);
	tcase_add_test(tc, great_ones_are_within_2_percent);
	tcase_add_test(tc, none_is_too_great);
	tcase_add_test(tc, the_middle_of_many);
	suite_add_tcase(s, tc);
	return s;
}
