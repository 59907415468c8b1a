/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "clock.h"
#include "fake_clock.h"
#include "suites.h"

static char folder[] = "/tmp/ccp-place-XXXXXX";
static char variable[64];
static char *env[] = {variable, NULL};
static struct settings one = {.claude_max_processes = 1};
static struct claude_place first, second;

static void
set_up(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(variable, sizeof variable, "XDG_RUNTIME_DIR=%s", folder);
	place_open(&first, &one, env);
	place_open(&second, &one, env);
}

static void
tear_down(void)
{
	char command[128];

	place_close(&first);
	place_close(&second);
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

static enum place_result
try(struct claude_place *p, struct api_error *e)
{
	enum place_result r;
	int error;

	fake_clock_skip(LIMIT_SLOTS_FIRST_MS);
	r = place_try(p, true, e, &error);
	ck_assert_int_eq(error, 0);
	return r;
}

START_TEST(one_waits_for_the_other)
{
	struct api_error e;

	ck_assert_int_eq(try(&first, &e), PLACE_TAKEN);
	ck_assert_int_eq(try(&second, &e), PLACE_WAIT);
	ck_assert_int_ne(place_deadline(&second), CLOCK_NEVER);
	place_close(&first);
	ck_assert_int_eq(try(&second, &e), PLACE_TAKEN);
	ck_assert_int_eq(place_deadline(&second), CLOCK_NEVER);
}
END_TEST

START_TEST(waiting_has_an_end)
{
	struct api_error e;

	ck_assert_int_eq(try(&first, &e), PLACE_TAKEN);
	ck_assert_int_eq(try(&second, &e), PLACE_WAIT);
	fake_clock_skip(LIMIT_QUEUE_MS);
	ck_assert_int_eq(try(&second, &e), PLACE_REFUSED);
	ck_assert_int_eq(e.status, 503);
	ck_assert_int_gt(e.retry_after, 0);
}
END_TEST

START_TEST(who_waits_for_its_own_waits_on)
{
	struct api_error e;
	int i;

	ck_assert_int_eq(try(&first, &e), PLACE_TAKEN);
	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(try(&second, &e), PLACE_WAIT);
		fake_clock_skip(LIMIT_QUEUE_MS / 2);
		place_wait_on(&second);
	}
	fake_clock_skip(LIMIT_QUEUE_MS);
	ck_assert_int_eq(try(&second, &e), PLACE_REFUSED);
}
END_TEST

START_TEST(without_a_directory_nobody_waits)
{
	struct claude_place none;
	struct api_error e;
	int error = 0;

	(void)snprintf(
	    variable, sizeof variable, "XDG_RUNTIME_DIR=%s/no/such", folder);
	place_open(&none, &one, env);
	ck_assert_int_eq(place_try(&none, true, &e, &error), PLACE_TAKEN);
	ck_assert_int_ne(error, 0);
	place_close(&none);
}
END_TEST

Suite *
suite_claude_place(void)
{
	Suite *s = suite_create("claude_place");
	TCase *t = tcase_create("places");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, one_waits_for_the_other);
	tcase_add_test(t, waiting_has_an_end);
	tcase_add_test(t, who_waits_for_its_own_waits_on);
	tcase_add_test(t, without_a_directory_nobody_waits);
	suite_add_tcase(s, t);
	return s;
}
