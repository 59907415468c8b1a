/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/limits.h"
#include "suites.h"

static struct model_list list;

static const char *
resolve(const char *models, const char *name)
{
	char *chosen = model_chosen(models, name);
	const char *id;

	model_list_read(&list, models);
	id = model_resolve(&list, name);
	ck_assert_str_eq(chosen, id);
	free(chosen);
	return id;
}

START_TEST(aliases)
{
	ck_assert_str_eq(resolve("", "sonnet"), "claude-sonnet-4-5-20250929");
	ck_assert_str_eq(resolve("", "opus"), "claude-opus-4-6");
	ck_assert_str_eq(resolve("", "haiku"), "claude-haiku-4-5-20251001");
	ck_assert_str_eq(resolve("", "claude-opus-4-6"), "claude-opus-4-6");
	ck_assert_str_eq(resolve("", "gpt-x"), "gpt-x");
	ck_assert_str_eq(resolve("", "Sonnet"), "Sonnet");
	ck_assert_str_eq(resolve("", ""), "");
}
END_TEST

START_TEST(aliases_of_one_s_own)
{
	static const char models[] = "fast=haiku big=x/y:1 opus=opus bare "
				     "sonnet=claude-sonnet-9 faster=fast";

	ck_assert_str_eq(resolve(models, "fast"), "claude-haiku-4-5-20251001");
	ck_assert_str_eq(
	    resolve(models, "faster"), "claude-haiku-4-5-20251001");
	ck_assert_str_eq(resolve(models, "big"), "x/y:1");
	ck_assert_str_eq(resolve(models, "sonnet"), "claude-sonnet-9");
	ck_assert_str_eq(resolve(models, "opus"), "opus"); /* the CLI's own */
	ck_assert_str_eq(resolve(models, "bare"), "bare");
	ck_assert_str_eq(resolve(models, "fas"), "fas");
	ck_assert_str_eq(resolve(models, "x/y:1"), "x/y:1");
	/* A name in the list is no alias, and takes none away. */
	ck_assert_str_eq(resolve("opus", "opus"), "claude-opus-4-6");
}
END_TEST

/* What settings_load() refuses still ends here. */
START_TEST(steps_are_limited)
{
	resolve("a=b b=a", "a");
	ck_assert_str_eq(
	    resolve("1=2 2=3 3=4 4=5 5=6 6=7 7=8 8=9 9=10", "1"), "9");
	ck_assert_str_eq(model_alias(&list, "9"), "10");
	ck_assert_ptr_null(model_alias(&list, "10"));
	resolve("a=a", "a");
	ck_assert_ptr_null(model_alias(&list, "a"));
}
END_TEST

static void
assert_names(const char *models, const char *wanted)
{
	const char *names[MODEL_NAMES_MAX];
	char got[1024] = "";
	size_t n, i;

	model_list_read(&list, models);
	n = model_names(&list, names);
	for (i = 0; i < n; i++) {
		size_t len = strlen(got);

		(void)snprintf(got + len, sizeof got - len, "%s%s",
		    i > 0 ? " " : "", names[i]);
	}
	ck_assert_str_eq(got, wanted);
}

START_TEST(the_list)
{
	assert_names("",
	    "sonnet opus haiku claude-sonnet-4-5-20250929 claude-opus-4-6 "
	    "claude-haiku-4-5-20251001");
	assert_names("x fast=haiku sonnet=s haiku claude-opus-4-6 x y",
	    "fast sonnet opus haiku claude-haiku-4-5-20251001 s "
	    "claude-opus-4-6 x y");
	assert_names("opus=opus",
	    "opus sonnet haiku claude-sonnet-4-5-20250929 "
	    "claude-haiku-4-5-20251001");
}
END_TEST

START_TEST(more_words_than_there_is_room_for)
{
	const char *names[MODEL_NAMES_MAX];
	char words[2 * LIMIT_SETTING_BYTES];
	size_t i;

	for (i = 0; i < sizeof words; i += 2)
		memcpy(words + i, "a ", 2);
	words[sizeof words - 1] = '\0';
	model_list_read(&list, words);
	ck_assert_uint_eq(list.n, LIMIT_MODELS + 3);
	ck_assert_uint_eq(model_names(&list, names), 7);
	memset(words, 'a', sizeof words - 1);
	model_list_read(&list, words);
	ck_assert_uint_eq(list.n, 1 + 3);
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
	tcase_add_test(t, aliases_of_one_s_own);
	tcase_add_test(t, steps_are_limited);
	tcase_add_test(t, the_list);
	tcase_add_test(t, more_words_than_there_is_room_for);
	tcase_add_test(t, valid_names);
	tcase_add_test(t, length_is_limited);
	suite_add_tcase(s, t);
	return s;
}
