/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_file.h"

#include <string.h>

#include "../../src/limits.h"
#include "aid.h"
#include "suites.h"

static char err[256];

static void
set_up(void)
{
	(void)aid_make_dir();
}

static void
read_ok(struct config_file *f, const char *text)
{
	ck_assert_msg(
	    config_file_read(
		f, aid_make_file("config.json", text, 0600), err, sizeof err),
	    "%s", err);
}

#define KEEP                                                                   \
	"{ \"x\" : 9007199254740993,\n\t\"PORT\": 1 , \"y\":[1e3, "            \
	"\"\\u00e9\"]}"

START_TEST(edits_touch_nothing_else)
{
	static const struct {
		const char *text, *key, *json, *want; /* json NULL: out */
	} edits[] = {
	    {KEEP, "PORT", "22",
		"{ \"x\" : 9007199254740993,\n\t\"PORT\": 22 , "
		"\"y\":[1e3, \"\\u00e9\"]}"},
	    {KEEP, "y", "{}",
		"{ \"x\" : 9007199254740993,\n\t\"PORT\": 1 , \"y\":{}}"},
	    {KEEP, "PORT", NULL,
		"{ \"x\" : 9007199254740993 , \"y\":[1e3, \"\\u00e9\"]}"},
	    {KEEP, "x", NULL, "{ \"PORT\": 1 , \"y\":[1e3, \"\\u00e9\"]}"},
	    {KEEP, "y", NULL, "{ \"x\" : 9007199254740993,\n\t\"PORT\": 1}"},
	    {KEEP, "z", "\"\"",
		"{ \"x\" : 9007199254740993,\n\t\"PORT\": 1 , "
		"\"y\":[1e3, \"\\u00e9\"] , \"z\": \"\"}"},
	    {"{}", "a", "1", "{\n  \"a\": 1\n}"},
	    {"{ }\n", "a", "1", "{\n  \"a\": 1\n}\n"},
	    {"{\n}\n", "a", "1", "{\n  \"a\": 1\n}\n"},
	    {"{\n\n}\n", "a", "1", "{\n  \"a\": 1\n\n}\n"},
	    {"{\"a\":1}", "b", "2", "{\"a\":1,\"b\": 2}"},
	    {"{\n  \"a\": 1\n}\n", "b", "2", "{\n  \"a\": 1,\n  \"b\": 2\n}\n"},
	    {"{\n  \"a\": 1\n}\n", "a", NULL, "{\n}\n"},
	    {"{\n  \"a\": 1,\n    \"b\": 2\n}\n", "a", NULL,
		"{\n  \"b\": 2\n}\n"},
	    /* Twice becomes once, and none. */
	    {"{\"a\":1,\"b\":0,\"a\":2}", "a", "3", "{\"a\":3,\"b\":0}"},
	    {"{\"a\":1,\"b\":0,\"a\":2}", "a", NULL, "{\"b\":0}"},
	    {"{\"a\":1,\"a\":2}", "a", NULL, "{}"},
	    /* A key is what it means, and only one of the root. */
	    {"{\"\\u0061\":1}", "a", "2", "{\"\\u0061\":2}"},
	    {"{\"b\":{\"a\":1}}", "a", "2", "{\"b\":{\"a\":1},\"a\": 2}"},
	    {"{\"b\":\"\\\"a\\\":\"}", "a", "2",
		"{\"b\":\"\\\"a\\\":\",\"a\": 2}"},
	    {" \n{\"a\":1} \n", "a", "2", " \n{\"a\":2} \n"},
	};
	struct buf to = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct config_file f;
	bool was;
	size_t i;

	for (i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		read_ok(&f, edits[i].text);
		buf_clear(&to);
		ck_assert(config_file_edit(
		    &to, &f, edits[i].key, edits[i].json, &was));
		ck_assert_str_eq(buf_str(&to), edits[i].want);
		ck_assert(was == (cJSON_GetObjectItemCaseSensitive(
				      f.root, edits[i].key) != NULL));
		config_file_free(&f);
	}
	buf_free(&to);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_empty)
{
	struct buf to = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct config_file f;
	bool was = true;

	ck_assert(config_file_read(&f, "/nowhere/config.json", err, 256));
	ck_assert_ptr_null(f.text);
	ck_assert(config_file_edit(&to, &f, "A", "1", &was));
	ck_assert(!was);
	ck_assert_str_eq(buf_str(&to), "{\n  \"A\": 1\n}\n");
	config_file_free(&f);
	buf_free(&to);
}
END_TEST

START_TEST(lines_are_of_members_of_the_root)
{
	struct config_file f;
	const cJSON *item;
	size_t want = 2;

	read_ok(&f, "{\n\"a\": {\"b\":\n1},\"b\": 1,\n\n"
		    "\"c\"\n:\n1}");
	item = f.root->child;
	ck_assert_uint_eq(config_file_line(&f, item), want);
	ck_assert_uint_eq(config_file_line(&f, item->next), 3);
	ck_assert_uint_eq(config_file_line(&f, item->next->next), 5);
	config_file_free(&f);
}
END_TEST

START_TEST(what_is_no_object_is_refused)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
	    {"", "config.json line 1: unexpected end of the text"},
	    {"[]", "config.json line 1: must be a JSON object"},
	    {"{\n\"a\": 1\n", "config.json line 3: unexpected end of the text"},
	    {"{\"a\": tru}", "config.json line 1: invalid literal"},
	};
	struct config_file f;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert(!config_file_read(&f,
		    aid_make_file("config.json", bad[i].text, 0600), err,
		    sizeof err));
		ck_assert_str_eq(err, bad[i].want);
		ck_assert_ptr_null(f.text);
	}
	ck_assert(!config_file_read(&f, aid_dir(), err, sizeof err));
	ck_assert_ptr_nonnull(strstr(err, "Is a directory"));
}
END_TEST

START_TEST(lax_is_whatever_others_may)
{
	ck_assert(!config_file_lax(aid_make_file("a", "", 0600)));
	ck_assert(config_file_lax(aid_make_file("a", "", 0604)));
	ck_assert(config_file_lax(aid_make_file("a", "", 0640)));
	ck_assert(!config_file_lax("/nowhere/a"));
}
END_TEST

Suite *
suite_config_file(void)
{
	Suite *s = suite_create("config_file");
	TCase *t = tcase_create("config_file");

	tcase_add_checked_fixture(t, set_up, aid_remove_dir);
	tcase_add_test(t, edits_touch_nothing_else);
	tcase_add_test(t, a_file_that_is_not_there_is_empty);
	tcase_add_test(t, lines_are_of_members_of_the_root);
	tcase_add_test(t, what_is_no_object_is_refused);
	tcase_add_test(t, lax_is_whatever_others_may);
	suite_add_tcase(s, t);
	return s;
}
