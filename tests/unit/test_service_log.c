/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "service.h"

#include <string.h>

#include "screen_text.h"

#include "suites.h"

static struct service_log l;

static void
setup(void)
{
	memset(&l, 0, sizeof(l));
}

START_TEST(lines_of_text)
{
	service_log_line(&l,
	    "2026-11-22T21:00:01.000Z ccp[7]: info: 1a POST /v1/x 200 9 ms", 0,
	    -1);
	service_log_line(
	    &l, "2026-11-22T21:00:00.000Z ccp[7]: error: the one", 0, -1);
	service_log_line(&l, "ccp[7]: warn: GET / is none", 0, -1);
	service_log_line(&l, "from elsewhere", 0, -1);
	ck_assert_str_eq(l.last.text, "POST /v1/x 200 9 ms");
	ck_assert_int_eq(l.last.when, 1795381201);
	ck_assert_uint_eq(l.nerrors, 1);
	ck_assert_str_eq(l.errors[0].text, "the one");
	ck_assert_int_eq(l.errors[0].when, 1795381200);
}
END_TEST

START_TEST(nothing_that_a_terminal_obeys)
{
	service_log_line(&l,
	    "{\"level\":\"error\",\"message\":\"a\\u001b[2J\\u009bm\\r\xC3\xA9"
	    "\\nb\"}",
	    1, -1);
	service_log_line(&l, "ccp[7]: error: a\x1b]0;b\x07\xff", 1, -1);
	service_log_line(&l,
	    "{\"level\":\"info\",\"method\":\"GET\",\"path\":\"/\\u001bc\","
	    "\"status\":404}",
	    1, -1);
	ck_assert_uint_eq(l.nerrors, 2);
	ck_assert_str_eq(l.errors[0].text, "a?[2J?m?\xC3\xA9");
	ck_assert_str_eq(l.errors[1].text, "a?]0;b??");
	ck_assert_str_eq(l.last.text, "GET /?c 404");
}
END_TEST

START_TEST(json_without_a_known_level_is_no_error)
{
	service_log_line(&l, "{\"message\":\"of another program\"}", 1, -1);
	service_log_line(&l, "{\"level\":3,\"message\":\"another\"}", 1, -1);
	service_log_line(&l, "{\"level\":\"fatal\",\"message\":\"a\"}", 1, -1);
	service_log_line(
	    &l, "{\"method\":\"GET\",\"path\":\"/\",\"status\":200}", 1, -1);
	ck_assert_uint_eq(l.nerrors, 0);
	ck_assert_str_eq(l.last.text, "");
	/* the journal knows it */
	service_log_line(&l, "{\"message\":\"ours\"}", 1, 3);
	ck_assert_uint_eq(l.nerrors, 1);
	ck_assert_str_eq(l.errors[0].text, "ours");
}
END_TEST

START_TEST(a_long_one_is_cut_between_characters)
{
	char line[2048] = "ccp[7]: error: ";
	size_t i, len = strlen(line);

	for (i = 0; i < 400; i++, len += 4)
		memcpy(line + len, "\xF0\x9F\x98\x80", 5);
	service_log_line(&l, line, 1, -1);
	ck_assert_uint_eq(
	    screen_text_width(l.errors[0].text), SERVICE_LINE_CHARACTERS);
	ck_assert_str_eq(l.errors[0].text + strlen(l.errors[0].text) - 7,
	    "\xF0\x9F\x98\x80...");
	/* more bytes than characters: not one character, for UTF-8 */
	memset(line + 15, 0x80, 2000);
	line[2015] = '\0';
	service_log_line(&l, line, 1, -1);
	ck_assert_uint_eq(
	    strspn(l.errors[1].text, "?"), sizeof(l.errors[1].text) - 1);
}
END_TEST

Suite *
suite_service_log(void)
{
	Suite *s = suite_create("service_log");
	TCase *t = tcase_create("service_log");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, lines_of_text);
	tcase_add_test(t, nothing_that_a_terminal_obeys);
	tcase_add_test(t, json_without_a_known_level_is_no_error);
	tcase_add_test(t, a_long_one_is_cut_between_characters);
	suite_add_tcase(s, t);
	return s;
}
