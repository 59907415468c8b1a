/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stop_filter.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "suites.h"

#include "banned.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct filter_case {
	const char *stops[3];
	const char *text, *passed;
	bool hit;
} cases[] = {
    {{NULL}, "all of it", "all of it", false},
    {{"END"}, "before END behind", "before ", true},
    {{"END"}, "END", "", true},
    {{"END"}, "EN and EE and E", "EN and EE and E", false},
    {{"END"}, "EEND", "E", true},
    {{"END"}, "ENEND!", "EN", true},
    {{"aab"}, "aaaab", "aa", true},
    {{"abab"}, "aabaabab", "aaba", true},
    {{"two", "one"}, "one two", "", true},
    {{"one two three", "two"}, "one two four", "one ", true},
    {{"\n\n"}, "a\nb\n\nc", "a\nb", true},
    {{"\xC3\xBC"}, "\xC3\xBD\xC3\xBC", "\xC3\xBD", true},
    {{"x"}, "", "", false},
};

/* Pieces of that many bytes: what passes is always the same, and nothing of a
 * sequence passes before it is known to be none. */
static void
check_split(const struct filter_case *c, size_t size)
{
	char *stops[3], texts[3][32], piece[64];
	struct buf pass = BUF_INIT(256);
	struct stop_filter f;
	size_t n, at;

	for (n = 0; n < COUNT(stops) && c->stops[n] != NULL; n++) {
		(void)snprintf(texts[n], sizeof(texts[n]), "%s", c->stops[n]);
		stops[n] = texts[n];
	}
	stop_filter_open(&f, stops, n);
	for (at = 0; at < strlen(c->text); at += size) {
		(void)snprintf(
		    piece, sizeof(piece), "%.*s", (int)size, c->text + at);
		ck_assert(stop_filter_add(&f, piece, &pass));
		ck_assert_msg(strncmp(c->passed, buf_str(&pass), pass.len) == 0,
		    "%s passed in pieces of %zu", buf_str(&pass), size);
	}
	ck_assert(stop_filter_end(&f, &pass));
	ck_assert_str_eq(buf_str(&pass), c->passed);
	ck_assert_int_eq(f.hit, c->hit);
	stop_filter_close(&f);
	buf_free(&pass);
}

START_TEST(texts_end_before_a_sequence)
{
	size_t size;

	for (size = 1; size < 20; size++)
		check_split(&cases[_i], size);
}
END_TEST

/* What cannot be the beginning of a sequence is told at once. */
START_TEST(nothing_is_held_for_long)
{
	char stop[] = "END";
	char *stops[] = {stop};
	struct buf pass = BUF_INIT(256);
	struct stop_filter f;

	stop_filter_open(&f, stops, 1);
	ck_assert(stop_filter_add(&f, "text EN", &pass));
	ck_assert_str_eq(buf_str(&pass), "text ");
	ck_assert(stop_filter_add(&f, "Z", &pass));
	ck_assert_str_eq(buf_str(&pass), "text ENZ");
	stop_filter_close(&f);
	buf_free(&pass);
}
END_TEST

Suite *
suite_stop_filter(void)
{
	Suite *s = suite_create("stop_filter");
	TCase *tc = tcase_create("core");

	tcase_add_loop_test(
	    tc, texts_end_before_a_sequence, 0, (int)COUNT(cases));
	tcase_add_test(tc, nothing_is_held_for_long);
	suite_add_tcase(s, tc);
	return s;
}
