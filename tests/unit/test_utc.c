/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "utc.h"

#include <stdbool.h>
#include <string.h>

#include "suites.h"

static bool
same_as_libc(int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm got, want;

	return utc_date(seconds, &got) && gmtime_r(&t, &want) != NULL &&
	       got.tm_year == want.tm_year && got.tm_mon == want.tm_mon &&
	       got.tm_mday == want.tm_mday && got.tm_wday == want.tm_wday &&
	       got.tm_hour == want.tm_hour && got.tm_min == want.tm_min &&
	       got.tm_sec == want.tm_sec &&
	       seconds / 86400 ==
	           utc_days(got.tm_year + 1900, got.tm_mon + 1, got.tm_mday);
}

/* Eight thousand years: at the beginning of a day, at its end, or within. */
START_TEST(every_day_is_the_one_of_the_c_library)
{
	int64_t day, second;

	for (day = 0; day < 2932897; day++) {
		second = day % 3 == 0 ? 0 : day % 3 == 1 ? 86399 : day % 86400;
		if (!same_as_libc(day * 86400 + second))
			ck_abort_msg("day %lld", (long long)day);
	}
}
END_TEST

START_TEST(other_times_are_refused)
{
	static const int64_t times[] = {-1, INT64_MIN, 253402300800, INT64_MAX};
	struct tm got, none;
	size_t i;

	memset(&none, 0, sizeof(none));
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		memset(&got, 1, sizeof(got));
		ck_assert(!utc_date(times[i], &got));
		ck_assert_int_eq(memcmp(&got, &none, sizeof(none)), 0);
	}
	ck_assert(utc_date(253402300799, &got));
	ck_assert_int_eq(got.tm_year, 9999 - 1900);
}
END_TEST

Suite *
suite_utc(void)
{
	Suite *s = suite_create("utc");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, every_day_is_the_one_of_the_c_library);
	tcase_add_test(tc, other_times_are_refused);
	suite_add_tcase(s, tc);
	return s;
}
