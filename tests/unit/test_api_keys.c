/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api_keys.h"

#include <stdio.h>
#include <string.h>

#include "../../src/limits.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* printf abc | sha256sum */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_UPPER                                                              \
	"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"

static struct buf lines = BUF_INIT(LIMIT_API_KEYS_BYTES);
static char must[SETTINGS_MUST_BYTES];
static struct api_key key;

static bool
read_text(const char *text)
{
	buf_clear(&lines);
	memset(must, 'x', sizeof must);
	return api_keys_text(&lines, text, must);
}

static void
forget(void)
{
	buf_free(&lines);
}

static bool
finds(const char *given)
{
	memset(&key, 'x', sizeof key);
	return api_keys_find(buf_str(&lines), given, strlen(given), &key);
}

START_TEST(none)
{
	ck_assert(read_text(""));
	ck_assert(read_text(" \n"));
	ck_assert(read_text("{}"));
	ck_assert_str_eq(buf_str(&lines), "");
	ck_assert(!finds(""));
	ck_assert(!finds("abc"));
}
END_TEST

START_TEST(keys_names_and_directories)
{
	ck_assert_msg(
	    read_text(
		"{\"abc\": \"one\", \"second key\": {\"name\": \"t-w_o.2\","
		" \"directory\": \"~/a b\"}, \"3\": {\"name\": \"x\"}}"),
	    "%s", must);
	ck_assert(finds("abc"));
	ck_assert_str_eq(key.name, "one");
	ck_assert_str_eq(key.directory, "");
	ck_assert(finds("second key"));
	ck_assert_str_eq(key.name, "t-w_o.2");
	ck_assert_str_eq(key.directory, "~/a b");
	ck_assert(finds("3"));
	ck_assert_str_eq(key.name, "x");
	ck_assert(!finds("ab"));
	ck_assert(!finds("abcd"));
	ck_assert(!finds("ABC"));
	ck_assert(!finds(""));
	ck_assert(!finds("one"));
	ck_assert(!finds(ABC));
	ck_assert(!finds("sha256:" ABC));
}
END_TEST

START_TEST(digests)
{
	static const char *const texts[] = {"{\"sha256:" ABC "\":\"one\"}",
	    "{\"SHA256:" ABC_UPPER "\":{\"name\":\"one\"}}"};
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		ck_assert_msg(read_text(texts[i]), "%s", must);
		ck_assert_str_eq(buf_str(&lines), ABC " one \n");
		ck_assert(finds("abc"));
		ck_assert_str_eq(key.name, "one");
		ck_assert(!finds("sha256:" ABC));
		ck_assert(!finds(ABC));
	}
}
END_TEST

/* Each digit of it counts: one that is another one opens nothing. */
START_TEST(every_digit_counts)
{
	char text[] = ABC " one \n";
	const size_t at = (size_t)_i;
	struct api_key found;

	ck_assert(api_keys_find(text, "abc", 3, &found));
	text[at] = text[at] == '0' ? '1' : '0';
	ck_assert(!api_keys_find(text, "abc", 3, &found));
}
END_TEST

/* openssl rand -hex 32 */
START_TEST(hexadecimal_digits_alone_are_a_key)
{
	ck_assert(read_text("{\"" ABC "\":\"one\"}"));
	ck_assert(finds(ABC));
	ck_assert(!finds("abc"));
}
END_TEST

START_TEST(no_line_holds_a_key)
{
	ck_assert(read_text("{\"my secret\":\"one\"}"));
	ck_assert_ptr_null(strstr(buf_str(&lines), "secret"));
}
END_TEST

START_TEST(in_order)
{
	const char *at;

	ck_assert(read_text("{\"a\":\"one\",\"b\":{\"name\":\"two\","
			    "\"directory\":\"/d\"}}"));
	at = buf_str(&lines);
	ck_assert(api_keys_next(&at, &key));
	ck_assert_str_eq(key.name, "one");
	ck_assert(api_keys_next(&at, &key));
	ck_assert_str_eq(key.name, "two");
	ck_assert_str_eq(key.directory, "/d");
	ck_assert(!api_keys_next(&at, &key));
}
END_TEST

START_TEST(short_keys)
{
	const char *at;
	size_t i;

	ck_assert_msg(
	    read_text("{\"123456789012345\":\"a\",\"1234567890123456\":\"b\","
		      "\"\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\":"
		      "{\"name\":\"c\",\"directory\":\"~/x\"},"
		      "\"sha256:" ABC "\":\"d\"}"),
	    "%s", must);
	at = buf_str(&lines);
	for (i = 0; i < 4; i++) {
		ck_assert(api_keys_next(&at, &key));
		ck_assert_uint_eq(strlen(key.name), 1);
		ck_assert_int_eq(key.name[0], 'a' + (int)i);
		ck_assert_int_eq(key.weak, i == 0 || i == 2);
	}
	ck_assert(finds("123456789012345"));
	ck_assert_str_eq(key.name, "a");
	ck_assert(finds("abc"));
	ck_assert(!key.weak);
}
END_TEST

/* What is made of them is the same keys again, of which none is seen. */
START_TEST(as_digests)
{
	struct buf json = BUF_INIT(4096), before = BUF_INIT(4096);

	ck_assert(read_text("{}"));
	api_keys_digests(&json, buf_str(&lines));
	ck_assert_str_eq(buf_str(&json), "{}");
	buf_clear(&json);
	ck_assert(read_text("{\"abc\":\"one\",\"a long enough secret\":{"
			    "\"name\":\"two\",\"directory\":\"/a \\\"b\"}}"));
	buf_addstr(&before, strchr(buf_str(&lines), '\n'));
	api_keys_digests(&json, buf_str(&lines));
	ck_assert_ptr_eq(strstr(buf_str(&json), "{\"sha256:" ABC "\":\"one\","),
	    buf_str(&json));
	ck_assert_ptr_null(strstr(buf_str(&json), "secret"));
	ck_assert_msg(read_text(buf_str(&json)), "%s", must);
	ck_assert_str_eq(strchr(buf_str(&lines), '\n'), buf_str(&before));
	ck_assert(finds("abc") && strcmp(key.name, "one") == 0);
	ck_assert(finds("a long enough secret"));
	ck_assert_str_eq(key.directory, "/a \"b");
	buf_free(&json);
	buf_free(&before);
}
END_TEST

#define NAME63 "123456789012345678901234567890123456789012345678901234567890123"
#define A_NAME "have names of 1 to 63 letters, digits and ._- "
#define A_KEY                                                                  \
	"have keys that are not empty, without control characters and "        \
	"surrounding spaces "
#define A_DIR    "have directories that begin with / or ~/ "
#define A_DIGEST "have 64 hexadecimal digits behind sha256: "
#define TEXTS    "have texts in quotes for name and directory "

static const struct {
	const char *text, *must;
} bad[] = {
    {"SECRET", "be valid JSON: a value was expected"},
    {"[\"SECRET\"]", "be a JSON object of keys and names"},
    {"\"SECRET\"", "be a JSON object of keys and names"},
    {"{\"SECRET\":1}", "have a name or an object for each key (key 1)"},
    {"{\"a\":\"b\",\"SECRET\":null}",
	"have a name or an object for each key (key 2)"},
    {"{\"SECRET\":\"\"}", A_NAME "(key 1)"},
    {"{\"SECRET\":\"SEC RET\"}", A_NAME "(key 1)"},
    {"{\"SECRET\":\"caf\xC3\xA9\"}", A_NAME "(key 1)"},
    {"{\"SECRET\":\"x" NAME63 "\"}", A_NAME "(key 1)"},
    {"{\"\":\"b\"}", A_KEY "(key 1)"},
    {"{\" SECRET\":\"b\"}", A_KEY "(key 1)"},
    {"{\"SECRET \":\"b\"}", A_KEY "(key 1)"},
    {"{\"SEC\\nRET\":\"b\"}", A_KEY "(key 1)"},
    {"{\"CCP_API_KEY\":\"b\"}",
	"not have the default of API_KEY, which everybody knows (key 1)"},
    {"{\"sha256:35ae3acef6be1e0ee3b3cb98e3d4e8e1d4cd4f0b2f0e9f0e1f\":\"b\"}",
	A_DIGEST "(key 1)"},
    {"{\"sha256:" ABC "0\":\"b\"}", A_DIGEST "(key 1)"},
    {"{\"sha256:g" NAME63 "\":\"b\"}", A_DIGEST "(key 1)"},
    {"{\"SECRET\":\"b\",\"SECRET\":\"c\"}", "not have a key twice (key 2)"},
    {"{\"abc\":\"b\",\"sha256:" ABC "\":\"c\"}",
	"not have a key twice (key 2)"},
    {"{\"a\":\"b\",\"SECRET\":{\"name\":\"b\"}}",
	"not have a name twice (key 2)"},
    {"{\"SECRET\":{}}", "have a name for each key (key 1)"},
    {"{\"SECRET\":{\"directory\":\"/d\"}}", "have a name for each key (key 1)"},
    {"{\"SECRET\":{\"name\":1}}", TEXTS "(key 1)"},
    {"{\"SECRET\":{\"name\":\"b\",\"directory\":\"\"}}", TEXTS "(key 1)"},
    {"{\"SECRET\":{\"name\":\"b\",\"directory\":null}}", TEXTS "(key 1)"},
    {"{\"SECRET\":{\"name\":\"b\",\"name\":\"c\"}}",
	"not say a thing twice (key 1)"},
    {"{\"SECRET\":{\"name\":\"b\",\"dir\":\"/d\"}}",
	"have nothing but name and directory for a key (key 1)"},
    {"{\"SECRET\":{\"name\":\"b\",\"directory\":\"d\"}}", A_DIR "(key 1)"},
    {"{\"SECRET\":{\"name\":\"b\",\"directory\":\"~d\"}}", A_DIR "(key 1)"},
    {"{\"SECRET\":{\"name\":\"b\",\"directory\":\"/d\\n\"}}", A_DIR "(key 1)"},
};

START_TEST(refused)
{
	ck_assert_msg(!read_text(bad[_i].text), "%s", bad[_i].text);
	ck_assert_str_eq(must, bad[_i].must);
}
END_TEST

START_TEST(the_longest_name)
{
	ck_assert(read_text("{\"a\":\"" NAME63 "\"}"));
	ck_assert(finds("a"));
	ck_assert_str_eq(key.name, NAME63);
}
END_TEST

START_TEST(not_more_than_the_limit)
{
	struct buf text = BUF_INIT(1u << 20);
	int n, more;

	for (more = 0; more < 2; more++) {
		buf_clear(&text);
		for (n = 0; n < LIMIT_KEYS + more; n++)
			buf_addf(&text, "%s\"k%d\":\"n%d\"", n == 0 ? "{" : ",",
			    n, n);
		buf_addch(&text, '}');
		ck_assert_int_eq(read_text(buf_str(&text)), more == 0);
	}
	ck_assert_str_eq(must, "not have more than 64 keys");
	buf_free(&text);
}
END_TEST

START_TEST(the_same_key)
{
	ck_assert(api_key_same("abc", 3, "abc"));
	ck_assert(api_key_same("abcd", 3, "abc"));
	ck_assert(!api_key_same("abc", 2, "abc"));
	ck_assert(!api_key_same("abcd", 4, "abc"));
	ck_assert(!api_key_same("", 0, "abc"));
	ck_assert(!api_key_same("abc\0d", 5, "abc"));
}
END_TEST

Suite *
suite_api_keys(void)
{
	Suite *s = suite_create("api_keys");
	TCase *t = tcase_create("api_keys");

	tcase_add_checked_fixture(t, NULL, forget);
	tcase_add_test(t, none);
	tcase_add_test(t, keys_names_and_directories);
	tcase_add_test(t, digests);
	tcase_add_loop_test(t, every_digit_counts, 0, 64);
	tcase_add_test(t, hexadecimal_digits_alone_are_a_key);
	tcase_add_test(t, no_line_holds_a_key);
	tcase_add_test(t, in_order);
	tcase_add_test(t, short_keys);
	tcase_add_test(t, as_digests);
	tcase_add_loop_test(t, refused, 0, (int)COUNT(bad));
	tcase_add_test(t, the_longest_name);
	tcase_add_test(t, not_more_than_the_limit);
	tcase_add_test(t, the_same_key);
	suite_add_tcase(s, t);
	return s;
}
