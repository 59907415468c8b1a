/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings_check.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/limits.h"
#include "suites.h"

static struct buf room = BUF_INIT(16);
static char must[SETTINGS_MUST_BYTES];

static bool
check(const char *key, const char *text, struct setting_value *v)
{
	const struct setting *row = settings_find(key);

	ck_assert_ptr_nonnull(row);
	*v = (struct setting_value){.text = text};
	must[0] = '\0';
	return setting_check(row, v, &room, must);
}

static void
clear(void)
{
	buf_free(&room);
}

START_TEST(numbers)
{
	static const char *const bad[] = {"", "x", "-1", "1001", "0", "1.0",
	    " 1", "1 ", "1e3", "+1", "99999999999999999999"};
	struct setting_value v;
	size_t i;

	ck_assert(check("CLAUDE_MAX_TURNS", "0001000", &v));
	ck_assert_int_eq(v.number, 1000);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert(!check("CLAUDE_MAX_TURNS", bad[i], &v));
		ck_assert_str_eq(must, "be a number from 1 to 1000");
		ck_assert_str_eq(v.text, bad[i]);
	}
}
END_TEST

START_TEST(sizes_with_units)
{
	static const struct {
		const char *text;
		long bytes; /* 0: wrong */
	} sizes[] = {
	    {"1024", 1024},
	    {"1024b", 1024},
	    {"1k", 1024},
	    {"512kb", 512 * 1024},
	    {"10MB", 10 * 1024 * 1024},
	    {"10 mb", 10 * 1024 * 1024},
	    {"1g", 1024 * 1024 * 1024},
	    {"1gb", 1024 * 1024 * 1024},
	    {"1023", 0},
	    {"0", 0},
	    {"0gb", 0},
	    {"2gb", 0},
	    {"1025mb", 0},
	    {"9999999999gb", 0},
	    {"99999999999", 0},
	    {"", 0},
	    {"mb", 0},
	    {"1.5mb", 0},
	    {"-1mb", 0},
	    {"10mbit", 0},
	    {"10mb ", 0},
	};
	struct setting_value v;
	size_t i;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		ck_assert_msg(check("LOG_MAX_SIZE", sizes[i].text, &v) ==
				  (sizes[i].bytes > 0),
		    "%s", sizes[i].text);
		if (sizes[i].bytes > 0)
			ck_assert_int_eq(v.number, sizes[i].bytes);
		else
			ck_assert_str_eq(must,
			    "be a size from 1kb to 1024mb, as in 512kb or "
			    "10mb");
	}
}
END_TEST

START_TEST(choices_get_the_spelling_of_the_table)
{
	struct setting_value v;

	ck_assert(check("CLAUDE_PERMISSION_MODE", "ACCEPTedits", &v));
	ck_assert_str_eq(v.text, "acceptEdits");
	ck_assert(!check("CLAUDE_MODE", "agents", &v));
	ck_assert_str_eq(must, "be one of agent, model");
	ck_assert(!check("CLAUDE_MODE", "", &v));
}
END_TEST

START_TEST(structures_are_read)
{
	struct setting_value v;
	char *mine;

	ck_assert(check("MODELS", "a=b,\tc", &v));
	ck_assert_str_eq(v.text, "a=b c");
	/* room may be used again, and is as large as it has to be. */
	ck_assert(check("MODELS", "{\"x\": \"y\"}", &v));
	ck_assert_str_eq(v.text, "x=y");
	ck_assert(!check("MODELS", "{", &v));
	ck_assert_str_eq(v.text, "{");
	ck_assert(check("API_KEYS", "{\"secret\": \"laptop\"}", &v));
	ck_assert_ptr_nonnull(strstr(v.text, " !laptop \n"));
	ck_assert_ptr_null(strstr(v.text, "secret"));
	ck_assert(!check("API_KEYS", "secret", &v));
	ck_assert_ptr_null(strstr(must, "secret"));
	mine = malloc(LIMIT_SETTING_BYTES + 2);
	ck_assert_ptr_nonnull(mine);
	memset(mine, ',', LIMIT_SETTING_BYTES + 1);
	mine[LIMIT_SETTING_BYTES + 1] = '\0';
	mine[0] = 'a'; /* it is the result that may not be longer */
	ck_assert(check("MODELS", mine, &v));
	ck_assert_str_eq(v.text, "a");
	free(mine);
}
END_TEST

START_TEST(texts)
{
	struct setting_value v;

	ck_assert(check("CLAUDE_WORKING_DIR", "", &v));
	ck_assert(!check("HOST", "", &v));
	ck_assert_str_eq(must, "not be empty");
	ck_assert(!check("HOST", "a\tb", &v));
	ck_assert_str_eq(must, "not contain control characters");
	ck_assert(!check("HOST", "::1,999.1.1.1", &v));
	ck_assert_str_eq(must,
	    "be IP addresses, host names and unix:/absolute/path, separated by "
	    "commas, and \"999.1.1.1\" is none of them");
	ck_assert(!check("CORS_ORIGIN", "foo", &v));
	ck_assert(!check("ALLOWED_HOSTS", "@@ ??", &v));
	ck_assert(!check("CLAUDE_ENV", "a=b", &v));
	ck_assert(!check("DEFAULT_MODEL", "-x", &v));
	ck_assert_str_eq(must,
	    "hold only letters, digits and ._:@/[]-, a letter or digit first");
}
END_TEST

/* Every default is allowed, and every kind says what is. */
START_TEST(the_table_follows_its_own_rules)
{
	char allowed[SETTINGS_MUST_BYTES];
	const struct setting *row;
	struct setting_value v;

	for (row = settings_table; row->name != NULL; row++) {
		ck_assert_msg(
		    check(row->name, row->fallback, &v), "%s", row->name);
		setting_allowed(row, allowed);
		ck_assert_msg(row->kind == SETTING_TEXT || allowed[0] != '\0',
		    "%s", row->name);
		ck_assert_uint_lt(strlen(allowed), SETTINGS_MUST_BYTES - 4);
	}
}
END_TEST

START_TEST(members_of_the_file)
{
	static const struct {
		const char *key, *json, *text; /* text NULL: no scalar */
	} members[] = {
	    {"PORT", "8080", "8080"},
	    {"PORT", "-0", "0"},
	    {"PORT", "\"8080\"", "8080"},
	    {"API_KEY", "true", "true"},
	    {"API_KEY", "false", "false"},
	    {"MODELS", "{}", NULL},
	    {"MODELS", "[]", NULL},
	    {"API_KEYS", "{}", NULL},
	};
	static const struct {
		const char *key, *json;
	} bad[] = {{"PORT", "1.5"}, {"PORT", "1e300"}, {"PORT", "null"},
	    {"PORT", "[]"}, {"API_KEYS", "[]"}, {"HOST", "{}"}};
	struct setting_value v;
	cJSON *json;
	size_t i;

	for (i = 0; i < sizeof members / sizeof members[0]; i++) {
		json = cJSON_Parse(members[i].json);
		ck_assert(setting_of_json(
		    settings_find(members[i].key), json, &v, must));
		if (members[i].text != NULL)
			ck_assert_str_eq(v.text, members[i].text);
		else
			ck_assert_ptr_eq(v.json, json);
		cJSON_Delete(json);
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		json = cJSON_Parse(bad[i].json);
		ck_assert(!setting_of_json(
		    settings_find(bad[i].key), json, &v, must));
		ck_assert_str_eq(must, "be a text in quotes");
		cJSON_Delete(json);
	}
}
END_TEST

Suite *
suite_settings_check(void)
{
	Suite *s = suite_create("settings_check");
	TCase *t = tcase_create("settings_check");

	tcase_add_checked_fixture(t, NULL, clear);
	tcase_add_test(t, numbers);
	tcase_add_test(t, sizes_with_units);
	tcase_add_test(t, choices_get_the_spelling_of_the_table);
	tcase_add_test(t, structures_are_read);
	tcase_add_test(t, texts);
	tcase_add_test(t, the_table_follows_its_own_rules);
	tcase_add_test(t, members_of_the_file);
	suite_add_tcase(s, t);
	return s;
}
