/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json_unwrap.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "suites.h"

#include "banned.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const struct {
	const char *text, *value;
} cases[] = {
    {"{\"value\":5}", "5"},
    {"{ \"value\" : 5 }", "5"},
    {"{\"value\":[1,{\"a\":{}},\"}\"]}\n", "[1,{\"a\":{}},\"}\"]"},
    {"{\"value\":{\"value\":{\"value\":1}}}", "{\"value\":{\"value\":1}}"},
    {"{\"value\":\"a:b} }\"}", "\"a:b} }\""},
    {"{\"value\":null}", "null"},
    {"{\"value\":{}}", "{}"},
    {"{\"value\":{ } }", "{ }"},
    {"{\"value\":\"\xC3\xBC\"}", "\"\xC3\xBC\""},
};

static void
check_split(const char *text, const char *value, size_t size)
{
	struct buf pass = BUF_INIT(256);
	struct json_unwrap u;
	char piece[64];
	const char *got;
	size_t at;

	json_unwrap_open(&u);
	for (at = 0; at < strlen(text); at += size) {
		(void)snprintf(
		    piece, sizeof(piece), "%.*s", (int)size, text + at);
		ck_assert(json_unwrap_add(&u, piece, &pass));
	}
	got = buf_str(&pass);
	ck_assert_str_eq(got + strspn(got, " "), value);
	json_unwrap_close(&u);
	buf_free(&pass);
}

START_TEST(the_value_passes)
{
	size_t size;

	for (size = 1; size < 30; size++)
		check_split(cases[_i].text, cases[_i].value, size);
}
END_TEST

START_TEST(it_passes_as_it_comes)
{
	struct buf pass = BUF_INIT(256);
	struct json_unwrap u;

	json_unwrap_open(&u);
	ck_assert(json_unwrap_add(&u, "{\"value\":[1,", &pass));
	ck_assert_str_eq(buf_str(&pass), "[1,");
	ck_assert(json_unwrap_add(&u, "{\"a\":2}", &pass));
	ck_assert_str_eq(buf_str(&pass), "[1,{\"a\":2");
	ck_assert(json_unwrap_add(&u, ",3", &pass));
	ck_assert_str_eq(buf_str(&pass), "[1,{\"a\":2},3");
	json_unwrap_close(&u);
	buf_free(&pass);
}
END_TEST

Suite *
suite_json_unwrap(void)
{
	Suite *s = suite_create("json_unwrap");
	TCase *tc = tcase_create("core");

	tcase_add_loop_test(tc, the_value_passes, 0, (int)COUNT(cases));
	tcase_add_test(tc, it_passes_as_it_comes);
	suite_add_tcase(s, tc);
	return s;
}
