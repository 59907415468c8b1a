/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model_names.h"

#include <string.h>

#include "../../src/limits.h"
#include "suites.h"

START_TEST(aliases)
{
	ck_assert_str_eq(model_resolve("sonnet"), "claude-sonnet-4-5-20250929");
	ck_assert_str_eq(model_resolve("opus"), "claude-opus-4-6");
	ck_assert_str_eq(model_resolve("haiku"), "claude-haiku-4-5-20251001");
	ck_assert_str_eq(model_resolve("claude-opus-4-6"), "claude-opus-4-6");
	ck_assert_str_eq(model_resolve("gpt-x"), "gpt-x");
	ck_assert_str_eq(model_resolve("Sonnet"), "Sonnet");
}
END_TEST

/* Every listed name can be used, and what an alias stands for is listed. */
START_TEST(the_list)
{
	size_t n, i, j, found;
	const char *const *names = model_names(&n);

	ck_assert_uint_eq(n, 6);
	for (i = 0; i < n; i++) {
		ck_assert(model_name_valid(names[i]));
		found = 0;
		for (j = 0; j < n; j++)
			found += strcmp(names[j], model_resolve(names[i])) == 0;
		ck_assert_uint_eq(found, 1);
	}
}
END_TEST

START_TEST(valid_names)
{
	static const char *const valid[] = {"a", "claude-opus-4-6", "x[1m]",
	    "arn:aws:bedrock:us-east-1:123:profile/us.x-v1:0",
	    "claude-opus-4-6@20250101", "a_b.c", "[", ".", "9"};
	static const char *const invalid[] = {"", "-", "--help", "-p", "a b",
	    "a\n", "a\"", "a;b", "a$b", "a\\b", "a=b", "a,b", "\xC3\xA9",
	    "a\x7F", " a", "a%"};
	size_t i;

	for (i = 0; i < sizeof valid / sizeof valid[0]; i++)
		ck_assert_msg(model_name_valid(valid[i]), "%s", valid[i]);
	for (i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
		ck_assert_msg(!model_name_valid(invalid[i]), "%s", invalid[i]);
}
END_TEST

START_TEST(length_is_limited)
{
	char name[LIMIT_MODEL_BYTES + 2];

	memset(name, 'm', sizeof name);
	name[LIMIT_MODEL_BYTES + 1] = '\0';
	ck_assert(!model_name_valid(name));
	name[LIMIT_MODEL_BYTES] = '\0';
	ck_assert(model_name_valid(name));
}
END_TEST

Suite *
suite_model_names(void)
{
	Suite *s = suite_create("model_names");
	TCase *t = tcase_create("model_names");

	tcase_add_test(t, aliases);
	tcase_add_test(t, the_list);
	tcase_add_test(t, valid_names);
	tcase_add_test(t, length_is_limited);
	suite_add_tcase(s, t);
	return s;
}
