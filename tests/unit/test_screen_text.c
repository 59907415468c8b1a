/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "screen_text.h"

#include "suites.h"

static struct buf out = BUF_INIT(64);

START_TEST(nothing_that_a_terminal_obeys)
{
	screen_text_add(
	    &out, "a\x1b[m\n\x7f \xC2\x9B \xC3\xA9 \xff\xC3 \xE2\x82\xAC");
	ck_assert_str_eq(buf_str(&out), "a?[m?? ? \xC3\xA9 ?? \xE2\x82\xAC");
	buf_clear(&out);
	screen_text_add(&out,
	    "\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xAE\xE2\x80\xAF"
	    "\xE2\x81\xA5\xE2\x81\xA6\xE2\x81\xA9\xE2\x81\xAA");
	ck_assert_str_eq(buf_str(&out),
	    "\xE2\x80\xA7??\xE2\x80\xAF\xE2\x81\xA5??\xE2\x81\xAA");
	buf_free(&out);
}
END_TEST

START_TEST(width_is_in_characters)
{
	ck_assert_uint_eq(screen_text_width(""), 0);
	ck_assert_uint_eq(screen_text_width("abc"), 3);
	ck_assert_uint_eq(screen_text_width("\xC3\xA9\xE2\x82\xAC"), 2);
}
END_TEST

START_TEST(cut_says_that_it_is_cut)
{
	screen_text_cut(&out, "abcdef", 6);
	ck_assert_str_eq(buf_str(&out), "abcdef");
	buf_clear(&out);
	screen_text_cut(&out, "abcdefg", 6);
	ck_assert_str_eq(buf_str(&out), "abc...");
	buf_clear(&out);
	screen_text_cut(&out, "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9z", 4);
	ck_assert_str_eq(buf_str(&out), "\xC3\xA9...");
	buf_free(&out);
}
END_TEST

START_TEST(cut_front_keeps_the_end)
{
	screen_text_cut_front(&out, "abcdef", 6);
	ck_assert_str_eq(buf_str(&out), "abcdef");
	buf_clear(&out);
	screen_text_cut_front(&out, "abcdefg", 6);
	ck_assert_str_eq(buf_str(&out), "...efg");
	buf_clear(&out);
	screen_text_cut_front(&out, "z\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA8", 4);
	ck_assert_str_eq(buf_str(&out), "...\xC3\xA8");
	buf_clear(&out);
	screen_text_cut_front(&out, "abcdef", 3);
	ck_assert_str_eq(buf_str(&out), "...");
	buf_free(&out);
}
END_TEST

Suite *
suite_screen_text(void)
{
	Suite *s = suite_create("screen_text");
	TCase *t = tcase_create("screen_text");

	tcase_add_test(t, nothing_that_a_terminal_obeys);
	tcase_add_test(t, width_is_in_characters);
	tcase_add_test(t, cut_says_that_it_is_cut);
	tcase_add_test(t, cut_front_keeps_the_end);
	suite_add_tcase(s, t);
	return s;
}
