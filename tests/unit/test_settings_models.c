/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings_models.h"

#include <stdio.h>
#include <string.h>

#include "../../src/limits.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct buf words = BUF_INIT(LIMIT_SETTING_BYTES);
static char must[SETTINGS_MUST_BYTES];

static bool
read_text(const char *text)
{
	buf_clear(&words);
	memset(must, 'x', sizeof must);
	return settings_models_text(&words, text, must);
}

static void
forget(void)
{
	buf_free(&words);
}

static const struct {
	const char *text, *words;
} good[] = {
    {"", ""},
    {" ,\t\r\n, ", ""},
    {"fast=haiku", "fast=haiku"},
    {" a=b,c=d , e=f  g,\n", "a=b c=d e=f g"},
    {"us.anthropic/claude:1[1m]@x_y", "us.anthropic/claude:1[1m]@x_y"},
    {"x x x", "x x x"},
    {"sonnet=sonnet", "sonnet=sonnet"},
    {"sonnet=opus", "sonnet=opus"},
    {"opus haiku=opus", "opus haiku=opus"},
    {"a=b a", "a=b a"},
    {"{}", ""},
    {"[]", ""},
    {" {\"fast\": \"haiku\",\n\"b\":\"c\"} ", "fast=haiku b=c"},
    {"[\"one\", \"a/b:c\"]", "one a/b:c"},
    {"{\"\\u0061\":\"b\"}", "a=b"},
    {"1=2 2=3 3=4 4=5 5=6 6=7 7=8 8=9", "1=2 2=3 3=4 4=5 5=6 6=7 7=8 8=9"},
};

START_TEST(one_form_comes_of_all)
{
	ck_assert_msg(read_text(good[_i].text), "%s", must);
	ck_assert_str_eq(buf_str(&words), good[_i].words);
	/* That form is one of the forms it is read from. */
	ck_assert(read_text(good[_i].words));
	ck_assert_str_eq(buf_str(&words), good[_i].words);
}
END_TEST

#define NAMES                                                                  \
	"hold alias=name pairs and names, of at most 128 letters, digits and " \
	"._:@/[]-, which "
#define STEPS " to a model in at most 8 steps"

static const struct {
	const char *text, *must;
} bad[] = {
    {"fast=", NAMES "\"\" is not"},
    {"=haiku", NAMES "\"\" is not"},
    {"fast = haiku", NAMES "\"\" is not"},
    {"a=b=c", NAMES "\"b=c\" is not"},
    {"x,--help", NAMES "\"--help\" is not"},
    {"a=-p", NAMES "\"-p\" is not"},
    {"a;b", NAMES "\"a;b\" is not"},
    {"fast:haiku caf\xC3\xA9", NAMES "\"caf\xC3\xA9\" is not"},
    {"[\"a=b\"]", NAMES "\"a=b\" is not"},
    {"[\"a b\"]", NAMES "\"a b\" is not"},
    {"{\"a b\":\"c\"}", NAMES "\"a b\" is not"},
    {"{\"\":\"c\"}", NAMES "\"\" is not"},
    {"{\"a\":\"\"}", NAMES "\"\" is not"},
    {"{\"a\":1}", "hold only texts in quotes"},
    {"[\"a\",null]", "hold only texts in quotes"},
    {"[[\"a\"]]", "hold only texts in quotes"},
    {"{\"a\":\"b\"", "be valid JSON: unexpected end of the text"},
    {"[\"a\"] b", "be valid JSON: something follows the value"},
    {"a=b,c=d a=e", "not give \"a\" twice"},
    {"a=b a=b", "not give \"a\" twice"},
    {"{\"a\":\"b\",\"a\":\"b\"}", "not give \"a\" twice"},
    {"x a=b b=a", "lead from \"a\"" STEPS},
    {"opus=haiku haiku=opus", "lead from \"opus\"" STEPS},
    {"claude-opus-4-6=opus", "lead from \"claude-opus-4-6\"" STEPS},
    {"1=2 2=3 3=4 4=5 5=6 6=7 7=8 8=9 9=10", "lead from \"1\"" STEPS},
};

START_TEST(what_is_wrong_is_told)
{
	ck_assert(!read_text(bad[_i].text));
	ck_assert_str_eq(must, bad[_i].must);
}
END_TEST

START_TEST(messages_are_short)
{
	char text[2000];

	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	ck_assert(!read_text(text));
	ck_assert_str_eq(
	    must, NAMES "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" is not");
}
END_TEST

/* n times "aN", separated by commas. */
static const char *
numbered(size_t n, int width)
{
	static char text[16384];
	size_t i, len = 0;

	for (i = 0; i < n; i++)
		len += (size_t)snprintf(
		    text + len, sizeof text - len, "a%0*zu,", width, i);
	ck_assert_uint_lt(len, sizeof text);
	return text;
}

START_TEST(the_number_and_the_length_are_limited)
{
	ck_assert(read_text(numbered(LIMIT_MODELS, 3)));
	ck_assert(!read_text(numbered(LIMIT_MODELS + 1, 3)));
	ck_assert_str_eq(must, "not hold more than 256 models");
	/* 16 bytes each with the space, which the last has not */
	ck_assert(read_text(numbered(LIMIT_SETTING_BYTES / 16, 14)));
	ck_assert(!read_text(numbered(LIMIT_SETTING_BYTES / 16, 15)));
	ck_assert_str_eq(must, "not be longer than 4096 bytes");
}
END_TEST

START_TEST(json_must_be_an_object_or_an_array)
{
	cJSON *value = cJSON_Parse("\"a\"");

	buf_clear(&words);
	ck_assert(!settings_models_json(&words, value, must));
	ck_assert_str_eq(must, "be an object or an array");
	cJSON_Delete(value);
}
END_TEST

Suite *
suite_settings_models(void)
{
	Suite *s = suite_create("settings_models");
	TCase *t = tcase_create("settings_models");

	tcase_add_checked_fixture(t, NULL, forget);
	tcase_add_loop_test(t, one_form_comes_of_all, 0, COUNT(good));
	tcase_add_loop_test(t, what_is_wrong_is_told, 0, COUNT(bad));
	tcase_add_test(t, messages_are_short);
	tcase_add_test(t, the_number_and_the_length_are_limited);
	tcase_add_test(t, json_must_be_an_object_or_an_array);
	suite_add_tcase(s, t);
	return s;
}
