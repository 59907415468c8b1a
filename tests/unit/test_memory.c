/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../../src/memory.h"
#include "aid.h"
#include "suites.h"

#include "banned.h"

#ifdef CCP_LINUX
/* How much of all memory is to be had, in percent. */
static unsigned
percent_left(void)
{
	unsigned long long all = 0, left = 0, value;
	char name[64], line[256];
	FILE *f = fopen("/proc/meminfo", "re");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%63[^:]: %llu", name, &value) != 2)
			continue;
		if (strcmp(name, "MemTotal") == 0)
			all = value;
		if (strcmp(name, "MemAvailable") == 0)
			left = value;
	}
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_uint_gt(all, 0);
	ck_assert_uint_gt(left, 0);
	return (unsigned)(left * 100 / all);
}

/* Other programs take memory meanwhile, and give it back: one of many looks
 * sees no more than a percent of that. */
START_TEST(what_is_left_is_told)
{
	int64_t patience = 0;
	unsigned left;

	do {
		ck_assert(aid_patient(&patience));
		left = percent_left();
	} while (
	    memory_short(left > 1 ? left - 1 : 0) || !memory_short(left + 2));
}
END_TEST

START_TEST(more_than_all_is_never_left)
{
	ck_assert(memory_short(101));
}
END_TEST
#endif

START_TEST(nothing_is_always_left)
{
	ck_assert(!memory_short(0));
}
END_TEST

Suite *
suite_memory(void)
{
	Suite *s = suite_create("memory");
	TCase *tc = tcase_create("memory");

	tcase_add_test(tc, nothing_is_always_left);
#ifdef CCP_LINUX
	tcase_add_test(tc, what_is_left_is_told);
	tcase_add_test(tc, more_than_all_is_never_left);
#endif
	suite_add_tcase(s, tc);
	return s;
}
