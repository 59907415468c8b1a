/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json_twice.h"

#include <stdio.h>
#include <string.h>

#include "../../src/limits.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct buf where = BUF_INIT(1u << 20);

static void
forget(void)
{
	buf_free(&where);
}

static enum json_twice
look(const char *text)
{
	cJSON *root = cJSON_Parse(text);
	enum json_twice found;

	ck_assert_msg(root != NULL, "%.60s", text);
	buf_clear(&where);
	found = json_twice(root, &where);
	cJSON_Delete(root);
	return found;
}

START_TEST(given_once)
{
	static const char *const texts[] = {"1", "[]", "{}", "[{},{},[[]]]",
	    "{\"a\":{\"a\":{\"a\":[{\"a\":1},{\"a\":1}]}},\"b\":{\"a\":1}}",
	    "{\"a\":1,\"A\":1,\"\":1,\"a \":1}",
	    "{\"a\":\"a\",\"b\":\"a\",\"c\":[\"a\",\"a\"]}"};
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		ck_assert_int_eq(look(texts[i]), JSON_TWICE_NONE);
		ck_assert_uint_eq(where.len, 0);
	}
}
END_TEST

START_TEST(given_twice)
{
	static const struct {
		const char *text, *where;
	} rows[] = {
	    {"{\"a\":1,\"a\":1}", "a"},
	    {"{\"a\":1,\"\\u0061\":2}", "a"},
	    {"{\"\":1,\"\":2}", ""},
	    {"[1,{},{\"a\":null,\"b\":0,\"a\":{}}]", "[2].a"},
	    {"{\"m\":[{\"r\":1},{\"r\":1,\"x\":[[],[{\"k\":1,\"k\":1}]]}]}",
		"m[1].x[1][0].k"},
	    {"{\"a\":[],\"b\":{},\"c\":{\"d\":{\"e\":1,\"f\":1,\"e\":1}}}",
		"c.d.e"},
	    {"{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,"
	     "\"8\":1,\"9\":1,\"4\":1}",
		"4"},
	    {"[[[{\"a\":0}]],{\"b\":0,\"b\":0}]", "[1].b"},
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		ck_assert_msg(
		    look(rows[i].text) == JSON_TWICE_FOUND, "%s", rows[i].text);
		ck_assert_str_eq(buf_str(&where), rows[i].where);
	}
}
END_TEST

/* As many as a text may have, of names that are alike but for their end. */
START_TEST(many_names)
{
	struct buf text = BUF_INIT(32u << 20);
	char name[64];
	size_t i;

	buf_addch(&text, '{');
	for (i = 0; i < LIMIT_JSON_VALUES - 2; i++)
		buf_addf(&text, "\"%050zu\":0,", i * 7919 % 200003);
	buf_addstr(&text, "\"x\":0}");
	ck_assert_int_eq(look(buf_str(&text)), JSON_TWICE_NONE);
	(void)snprintf(name, sizeof name, "%050d", 7919);
	text.len -= strlen("\"x\":0}");
	buf_addf(&text, "\"%s\":0}", name);
	ck_assert_int_eq(look(buf_str(&text)), JSON_TWICE_FOUND);
	ck_assert_str_eq(buf_str(&where), name);
	buf_free(&text);
}
END_TEST

START_TEST(the_deepest)
{
	struct buf text = BUF_INIT(1u << 20);
	size_t i;

	for (i = 0; i < LIMIT_JSON_DEPTH - 1; i++)
		buf_addstr(&text, i % 2 == 0 ? "[" : "{\"a\":");
	buf_addstr(&text, "{\"b\":0,\"b\":0}");
	for (i = LIMIT_JSON_DEPTH - 1; i > 0; i--)
		buf_addch(&text, i % 2 == 1 ? ']' : '}');
	ck_assert_int_eq(look(buf_str(&text)), JSON_TWICE_FOUND);
	ck_assert_ptr_nonnull(strstr(buf_str(&where), "].a[0].b"));
	buf_free(&text);
}
END_TEST

Suite *
suite_json_twice(void)
{
	Suite *s = suite_create("json_twice");
	TCase *t = tcase_create("json_twice");

	tcase_add_checked_fixture(t, NULL, forget);
	tcase_set_timeout(t, 60); /* many_names, with a sanitizer */
	tcase_add_test(t, given_once);
	tcase_add_test(t, given_twice);
	tcase_add_test(t, many_names);
	tcase_add_test(t, the_deepest);
	suite_add_tcase(s, t);
	return s;
}
