/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nearest.h"

#include "suites.h"

static const char *
nearest(const char *typed)
{
	static const char *const names[] = {
	    "start", "config", "service", "session", "test", NULL};
	struct nearest n;
	size_t i;

	nearest_open(&n, typed);
	for (i = 0; names[i] != NULL; i++)
		nearest_try(&n, names[i]);
	return n.found == NULL ? "(none)" : n.found;
}

START_TEST(one_letter_is_missing_wrong_or_swapped)
{
	ck_assert_str_eq(nearest("config"), "config");
	ck_assert_str_eq(nearest("confg"), "config");
	ck_assert_str_eq(nearest("cnofig"), "config");
	ck_assert_str_eq(nearest("Konfig"), "config");
	ck_assert_str_eq(nearest("SESSIONS"), "session");
	ck_assert_str_eq(nearest("tset"), "test");
}
END_TEST

START_TEST(far_from_all)
{
	ck_assert_str_eq(nearest(""), "(none)");
	ck_assert_str_eq(nearest("stop"), "(none)");
	ck_assert_str_eq(
	    nearest("a-name-of-more-than-forty-characters-confi"), "(none)");
}
END_TEST

START_TEST(a_long_name_is_not_looked_at)
{
	struct nearest n;

	nearest_open(&n, "a-name-of-exactly-forty-characters-12345");
	nearest_try(&n, "a-name-of-exactly-forty-characters-123456");
	ck_assert_ptr_null(n.found);
	nearest_try(&n, "a-name-of-exactly-forty-characters-1234x");
	ck_assert_ptr_nonnull(n.found);
}
END_TEST

Suite *
suite_nearest(void)
{
	Suite *s = suite_create("nearest");
	TCase *t = tcase_create("nearest");

	tcase_add_test(t, one_letter_is_missing_wrong_or_swapped);
	tcase_add_test(t, far_from_all);
	tcase_add_test(t, a_long_name_is_not_looked_at);
	suite_add_tcase(s, t);
	return s;
}
