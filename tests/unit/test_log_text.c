/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log_text.h"

#include <string.h>

#include "suites.h"

static char memory[64];

/* What one of the functions makes of a text, in at most size bytes. */
static const char *
made(void (*add)(struct log_text *, const char *), const char *text,
    size_t size, bool *ret_full)
{
	struct log_text t = {.to = memory, .size = size};

	memset(memory, '?', sizeof memory);
	add(&t, text);
	ck_assert_uint_le(t.len, size);
	ck_assert_int_eq(memory[size], '?');
	memory[t.len] = '\0';
	if (ret_full != NULL)
		*ret_full = t.full;
	return memory;
}

static void
same(void (*add)(struct log_text *, const char *), const char *text,
    const char *want)
{
	bool full;

	ck_assert_str_eq(made(add, text, sizeof memory - 1, &full), want);
	ck_assert(!full);
}

START_TEST(plain_text_is_one_line)
{
	same(log_text_plain, "", "");
	same(log_text_plain, "a \"b\" \\ c", "a \"b\" \\ c");
	same(log_text_plain, "a\nb\r\t\x1b\x7f", "a\\x0Ab\\x0D\\x09\\x1B\\x7F");
	same(log_text_plain, "\xC3\xA9\xE2\x82\xAC", "\xC3\xA9\xE2\x82\xAC");
	same(log_text_plain, "\xC2\x9B|\xFF|\xE2\x82",
	    "\\xC2\\x9B|\\xFF|\\xE2\\x82");
}
END_TEST

START_TEST(json_text_is_json)
{
	same(log_text_json, "", "");
	same(log_text_json, "a\"b\\c/", "a\\\"b\\\\c/");
	same(log_text_json, "\n\x01\x7f", "\\u000A\\u0001\\u007F");
	same(log_text_json, "\xC2\x9B", "\\u009B");
	same(log_text_json, "\xC3\xA9\xF0\x9F\x98\x80",
	    "\xC3\xA9\xF0\x9F\x98\x80");
	/* Not UTF-8, a surrogate, and a sequence that is cut */
	same(log_text_json, "\xFF|\xED\xA0\x80|\xE2",
	    "\xEF\xBF\xBD|\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD|\xEF\xBF\xBD");
}
END_TEST

START_TEST(nothing_is_cut_in_two)
{
	bool full;

	ck_assert_str_eq(made(log_text_plain, "ab\ncd", 5, &full), "ab");
	ck_assert(full);
	ck_assert_str_eq(made(log_text_plain, "ab\ncd", 6, NULL), "ab\\x0A");
	ck_assert_str_eq(made(log_text_plain, "a\xE2\x82\xAC", 3, NULL), "a");
	ck_assert_str_eq(made(log_text_json, "ab\"c", 3, &full), "ab");
	ck_assert(full);
	ck_assert_str_eq(made(log_text_json, "a\xFF", 3, NULL), "a");
	ck_assert_str_eq(made(log_text_json, "a\x01", 6, NULL), "a");
	ck_assert_str_eq(made(log_text_add, "abc", 2, &full), "");
	ck_assert(full);
	ck_assert_str_eq(made(log_text_plain, "abcd", 4, &full), "abcd");
	ck_assert(!full);
}
END_TEST

/* What is behind a part that was left out would look as if it were not. */
START_TEST(once_full_nothing_is_added)
{
	struct log_text t = {.to = memory, .size = 4};

	log_text_add(&t, "ab");
	log_text_addf(&t, "%d", 345);
	ck_assert(t.full);
	log_text_add(&t, "c");
	ck_assert_uint_eq(t.len, 2);
}
END_TEST

Suite *
suite_log_text(void)
{
	Suite *s = suite_create("log_text");
	TCase *t = tcase_create("log_text");

	tcase_add_test(t, plain_text_is_one_line);
	tcase_add_test(t, json_text_is_json);
	tcase_add_test(t, nothing_is_cut_in_two);
	tcase_add_test(t, once_full_nothing_is_added);
	suite_add_tcase(s, t);
	return s;
}
