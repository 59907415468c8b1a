/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings_remarks.h"

#include <sys/stat.h>

#include <stdio.h>
#include <string.h>

#include "aid.h"
#include "suites.h"

static struct buf lines = BUF_INIT(65536);

static void
set_up(void)
{
	(void)aid_make_dir();
}

static void
tear_down(void)
{
	buf_free(&lines);
	aid_remove_dir();
}

START_TEST(nearest)
{
	static const struct {
		const char *typed, *want; /* NULL: none */
	} names[] = {
	    {"CLAUDE_MOD", "CLAUDE_MODE"},
	    {"claude_mode", "CLAUDE_MODE"},
	    {"CLAUDE_MODEE", "CLAUDE_MODE"},
	    {"claude-mode", "CLAUDE_MODE"},
	    {"PROT", "PORT"}, /* swapped */
	    {"OPRT", "PORT"},
	    {"APIKEY", "API_KEY"},
	    {"API_KEYZ", "API_KEY"}, /* the first of the nearest */
	    {"LOGLEVEL", "LOG_LEVEL"},
	    {"MODEL", "MODELS"},
	    {"CLAUDE_TIMEOUT", "CLAUDE_TIMEOUT_MS"},
	    {"TIMEOUT", NULL}, /* too far */
	    {"CLAUDE_PERMISION_MODES", "CLAUDE_PERMISSION_MODE"},
	    {"X", NULL},
	    {"", NULL},
	    {"PTRO", NULL},
	    {"TELEMETRY", NULL},
	    {"AVERYLONGNAMETHATISLIKENOTHINGINTHETABLEATALL", NULL},
	};
	const struct setting *row;
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		row = settings_nearest(names[i].typed);
		ck_assert_msg(
		    (row == NULL) == (names[i].want == NULL) &&
			(row == NULL || strcmp(row->name, names[i].want) == 0),
		    "%s: %s", names[i].typed, row == NULL ? "" : row->name);
	}
}
END_TEST

START_TEST(unknown_keys_are_told_with_their_line)
{
	settings_remarks(
	    aid_make_file("config.json",
		"{\n\"PORT\": 1,\n\"x\": {\"PROT\":\n1},\n"
		"\"CLAUDE_MOD\": 1, \"port\": 2,\n\"tele\\nmetry\": 0}",
		0644),
	    &lines);
	ck_assert_str_eq(buf_str(&lines),
	    "config.json line 3: unknown key x is ignored\n"
	    "config.json line 5: unknown key CLAUDE_MOD is ignored: did you "
	    "mean CLAUDE_MODE?\n"
	    "config.json line 5: unknown key port is ignored: did you mean "
	    "PORT?\n"
	    "config.json line 6: unknown key tele?metry is ignored\n");
}
END_TEST

START_TEST(a_secret_is_for_its_owner)
{
	const char *file;

	file = aid_make_file("config.json", "{\"API_KEY\": \"x\"}", 0600);
	settings_remarks(file, &lines);
	ck_assert_str_eq(buf_str(&lines), "");
	ck_assert_int_eq(chmod(file, 0640), 0);
	settings_remarks(file, &lines);
	ck_assert_ptr_nonnull(strstr(buf_str(&lines), "others can read "));
	buf_clear(&lines);
	file = aid_make_file("config.json", "{\"API_KEYS\": {}}", 0604);
	settings_remarks(file, &lines);
	ck_assert_ptr_nonnull(strstr(buf_str(&lines), "others can read "));
	buf_clear(&lines);
	file = aid_make_file("config.json",
	    "{\"PORT\": 1, \"API_KEY\": \"CCP_API_KEY\", \"API_KEYS\": \"\"}",
	    0644);
	settings_remarks(file, &lines);
	ck_assert_str_eq(buf_str(&lines), "");
}
END_TEST

START_TEST(what_cannot_be_read_has_no_remarks)
{
	char none[4200];

	(void)snprintf(none, sizeof none, "%s/none.json", aid_dir());
	settings_remarks(none, &lines);
	settings_remarks(
	    aid_make_file("config.json", "{\"x\": 1", 0600), &lines);
	ck_assert_str_eq(buf_str(&lines), "");
}
END_TEST

Suite *
suite_settings_remarks(void)
{
	Suite *s = suite_create("settings_remarks");
	TCase *t = tcase_create("settings_remarks");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, nearest);
	tcase_add_test(t, unknown_keys_are_told_with_their_line);
	tcase_add_test(t, a_secret_is_for_its_owner);
	tcase_add_test(t, what_cannot_be_read_has_no_remarks);
	suite_add_tcase(s, t);
	return s;
}
