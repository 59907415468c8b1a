/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "usage_sum.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../src/limits.h"
#include "suites.h"

#define NOON 1795348800000 /* 2026-11-22T12:00:00Z */
#define HOUR INT64_C(3600000)

static struct usage_sum sum;

static void
set_zone(const char *zone)
{
	ck_assert_int_eq(setenv("TZ", zone, 1), 0);
	tzset();
}

static void
set_up(void)
{
	set_zone("UTC0");
	sum = (struct usage_sum)USAGE_SUM_BY(0);
}

static void
tear_down(void)
{
	ck_assert(!sum.out_of_memory);
	usage_sum_free(&sum);
}

static void
add(int64_t when_ms, const char *model, const char *key)
{
	struct request_record r = {.when_ms = when_ms,
	    .status = 200,
	    .prompt_tokens = 10,
	    .cached_tokens = 4,
	    .cache_write_tokens = 3,
	    .completion_tokens = 2,
	    .cost_usd = 0.5,
	    .first_byte_ms = 7};

	(void)snprintf(r.model, sizeof(r.model), "%s", model);
	(void)snprintf(r.key_name, sizeof(r.key_name), "%s", key);
	usage_sum_add(&sum, &r);
}

static void
assert_group(size_t i, const char *day, const char *model, const char *key,
    int64_t requests)
{
	ck_assert_uint_lt(i, sum.n);
	ck_assert_str_eq(sum.groups[i]->day, day);
	ck_assert_str_eq(sum.groups[i]->model, model);
	ck_assert_str_eq(sum.groups[i]->key, key);
	ck_assert_int_eq(sum.groups[i]->requests, requests);
}

START_TEST(all_in_one)
{
	const struct usage_group *g;

	add(NOON, "a", "x");
	add(NOON + 48 * HOUR, "b", "y");
	ck_assert_uint_eq(sum.n, 1);
	assert_group(0, "", "", "", 2);
	g = sum.groups[0];
	ck_assert_int_eq(g->prompt_tokens, 20);
	ck_assert_int_eq(g->cached_tokens, 8);
	ck_assert_int_eq(g->cache_write_tokens, 6);
	ck_assert_int_eq(g->completion_tokens, 4);
	ck_assert_int_eq(usage_tokens(g), 24);
	ck_assert_int_eq(g->errors, 0);
	ck_assert(fabs(g->cost_usd - 1) < 1e-9);
	ck_assert(fabs(usage_cache_share(g) - 0.4) < 1e-9);
	ck_assert_int_eq(histogram_median(&g->first_ms), 7);
}
END_TEST

START_TEST(by_each)
{
	sum.by = USAGE_BY_DAY | USAGE_BY_MODEL | USAGE_BY_KEY;
	add(NOON, "b", "x");
	add(NOON, "a", "y");
	add(NOON - 24 * HOUR, "b", "");
	add(NOON, "b", "x");
	add(NOON, "a", "x");
	ck_assert_uint_eq(sum.n, 4);
	assert_group(0, "2026-11-21", "b", "", 1);
	assert_group(1, "2026-11-22", "a", "x", 1);
	assert_group(2, "2026-11-22", "a", "y", 1);
	assert_group(3, "2026-11-22", "b", "x", 2);
	usage_sum_free(&sum);
	sum.by = USAGE_BY_KEY;
	add(NOON, "b", "x");
	add(NOON, "a", "x");
	ck_assert_uint_eq(sum.n, 1);
	assert_group(0, "", "", "x", 2);
}
END_TEST

/* A day of 25 hours, and one of 23: when Berlin's clocks are changed. */
START_TEST(days_are_local)
{
	int64_t october = 1792879200000; /* 2026-10-25T00:00+02:00 */
	int64_t march = 1774738800000;   /* 2026-03-29T00:00+01:00 */

	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	sum.by = USAGE_BY_DAY;
	add(march - 1, "", "");
	add(march, "", "");
	add(march + 23 * HOUR - 1, "", "");
	add(march + 23 * HOUR, "", "");
	add(october - 1, "", "");
	add(october + 25 * HOUR - 1, "", "");
	add(october, "", "");
	add(october + 25 * HOUR, "", "");
	ck_assert_uint_eq(sum.n, 6);
	assert_group(0, "2026-03-28", "", "", 1);
	assert_group(1, "2026-03-29", "", "", 2);
	assert_group(2, "2026-03-30", "", "", 1);
	assert_group(3, "2026-10-24", "", "", 1);
	assert_group(4, "2026-10-25", "", "", 2);
	assert_group(5, "2026-10-26", "", "", 1);
}
END_TEST

START_TEST(errors)
{
	struct request_record r = {.when_ms = NOON, .first_byte_ms = 100};
	static const int statuses[] = {200, 400, 500, 0, 204, 399};
	size_t i;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		r.status = statuses[i];
		usage_sum_add(&sum, &r);
	}
	ck_assert_int_eq(sum.groups[0]->errors, 2);
	/* In the middle of a stream. */
	r.status = 200;
	r.first_byte_ms = 100000;
	(void)snprintf(r.error, sizeof(r.error), "overloaded");
	for (i = 0; i < 10; i++)
		usage_sum_add(&sum, &r);
	ck_assert_int_eq(sum.groups[0]->errors, 12);
	/* How fast an error came says nothing. */
	ck_assert_uint_eq(sum.groups[0]->first_ms.n, 4);
	/* Nor does what never came. */
	r.error[0] = '\0';
	r.first_byte_ms = -1;
	usage_sum_add(&sum, &r);
	ck_assert_uint_eq(sum.groups[0]->first_ms.n, 4);
	ck_assert(usage_cache_share(sum.groups[0]) < 0);
}
END_TEST

START_TEST(too_many_groups)
{
	char model[32];
	int i, round;

	sum.by = USAGE_BY_MODEL | USAGE_BY_KEY;
	for (round = 0; round < 2; round++) {
		for (i = 0; i < LIMIT_USAGE_GROUPS + 500; i++) {
			(void)snprintf(model, sizeof(model), "m%05d", i);
			add(NOON, model, "k");
		}
	}
	ck_assert_uint_eq(sum.n, LIMIT_USAGE_GROUPS + 1);
	assert_group(0, "", USAGE_OTHERS, USAGE_OTHERS, 1000);
	assert_group(1, "", "m00000", "k", 2);
	assert_group(LIMIT_USAGE_GROUPS, "", "m09999", "k", 2);
}
END_TEST

Suite *
suite_usage_sum(void)
{
	Suite *s = suite_create("usage_sum");
	TCase *tc = tcase_create("usage_sum");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, all_in_one);
	tcase_add_test(tc, by_each);
	tcase_add_test(tc, days_are_local);
	tcase_add_test(tc, errors);
	tcase_add_test(tc, too_many_groups);
	suite_add_tcase(s, tc);
	return s;
}
