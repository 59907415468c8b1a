/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json_text.h"

#include <cjson/cJSON.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/limits.h"
#include "suites.h"
#include "utf8.h"

static const char *const good[] = {
    "{}",
    "[]",
    "null",
    "true",
    "false",
    " \t\r\n[ 1 , -2 ] \n",
    "0",
    "-0",
    "-0.0e-0",
    "1E+2",
    "1e308",
    "-1.7976931348623157e308",
    "0e999",
    "1e-999",
    "123456789012345678901234567890",
    "\"\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uABCD\"",
    "\"\\ud83d\\ude00\"",
    "\"\\uDBFF\\uDFFF\"",
    "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF\"",
    "\"\x7F\xE2\x80\xA8\"",
    "{\"a\":{\"b\":[{},[],\"\",{\"c\":null}]},\"a\":1}",
    "{\"\":0}",
};

static const struct {
	const char *text;
	const char *what;
	size_t offset, line;
} bad[] = {
    {"", "unexpected end of the text", 0, 1},
    {" \n ", "unexpected end of the text", 3, 2},
    {"[", "unexpected end of the text", 1, 1},
    {"[1", "unexpected end of the text", 2, 1},
    {"[1,", "unexpected end of the text", 3, 1},
    {"{\"a\"", "unexpected end of the text", 4, 1},
    {"{\"a\":", "unexpected end of the text", 5, 1},
    {"\"a", "unexpected end of the text", 2, 1},
    {"\"a\\", "unexpected end of the text", 3, 1},
    {"-", "unexpected end of the text", 1, 1},
    {"1.", "unexpected end of the text", 2, 1},
    {"1e", "unexpected end of the text", 2, 1},
    {"[1,]", "a value was expected", 3, 1},
    {"[,1]", "a value was expected", 1, 1},
    {"]", "a value was expected", 0, 1},
    {"[}", "a value was expected", 1, 1},
    {"+1", "a value was expected", 0, 1},
    {".5", "a value was expected", 0, 1},
    {"'a'", "a value was expected", 0, 1},
    {"NaN", "a value was expected", 0, 1},
    {"/**/1", "a value was expected", 0, 1},
    {"\f1", "a value was expected", 0, 1},
    {"{\"a\":}", "a value was expected", 5, 1},
    {"{,}", "a key in quotes was expected", 1, 1},
    {"{a:1}", "a key in quotes was expected", 1, 1},
    {"{\"a\":1,}", "a key in quotes was expected", 7, 1},
    {"{1:1}", "a key in quotes was expected", 1, 1},
    {"{\"a\" 1}", "':' was expected", 5, 1},
    {"{\"a\",1}", "':' was expected", 4, 1},
    {"[1 2]", "a comma or closing bracket was expected", 3, 1},
    {"[1}", "a comma or closing bracket was expected", 2, 1},
    {"{\"a\":1]", "a comma or closing bracket was expected", 6, 1},
    {"{\"a\":1 \"b\":2}", "a comma or closing bracket was expected", 7, 1},
    {"[01]", "a comma or closing bracket was expected", 2, 1},
    {"[0x1]", "a comma or closing bracket was expected", 2, 1},
    {"01", "something follows the value", 1, 1},
    {"{}\n{}", "something follows the value", 3, 2},
    {"1,", "something follows the value", 1, 1},
    {"nullx", "something follows the value", 4, 1},
    {"nul", "invalid literal", 0, 1},
    {"[True]", "a value was expected", 1, 1},
    {"[tRue]", "invalid literal", 1, 1},
    {"[1.x]", "a digit is missing in a number", 3, 1},
    {"[-a]", "a digit is missing in a number", 2, 1},
    {"[1e+]", "a digit is missing in a number", 4, 1},
    {"[1e999]", "number out of range", 1, 1},
    {"-1.8e308", "number out of range", 0, 1},
    {"\"\\u0000\"", "\\u0000 in a string", 1, 1},
    {"{\"a\\u0000\":1}", "\\u0000 in a string", 3, 1},
    {"\"\\ud83d\"", "unpaired surrogate in a string", 1, 1},
    {"\"\\ud83dx\"", "unpaired surrogate in a string", 1, 1},
    {"\"\\ud83d\\n\"", "unpaired surrogate in a string", 1, 1},
    {"\"\\ud83d\\u0041\"", "unpaired surrogate in a string", 1, 1},
    {"\"\\ud83d\\ud83d\"", "unpaired surrogate in a string", 1, 1},
    {"\"\\ude00\"", "unpaired surrogate in a string", 1, 1},
    {"\"\\u12\"", "invalid \\u escape", 1, 1},
    {"\"\\u12g4\"", "invalid \\u escape", 1, 1},
    {"\"\\u", "invalid \\u escape", 1, 1},
    {"\"\\x41\"", "invalid escape in a string", 1, 1},
    {"\"\\'\"", "invalid escape in a string", 1, 1},
    {"\"a\tb\"", "control character in a string", 2, 1},
    {"\"a\nb\"", "control character in a string", 2, 1},
    {"\"\x1F\"", "control character in a string", 1, 1},
    {"\xEF\xBB\xBF{}", "byte order mark", 0, 1},
    {"\"\xFF\"", "invalid UTF-8", 1, 1},
    {"\"\xC3\"", "invalid UTF-8", 1, 1},
    {"\"\xC0\xAF\"", "invalid UTF-8", 1, 1},
    {"\"\xED\xA0\x80\"", "invalid UTF-8", 1, 1},
    {"\"\xF4\x90\x80\x80\"", "invalid UTF-8", 1, 1},
    {"{\n\"a\": 1,\n\"b\" 2}", "':' was expected", 14, 3},
    {"[\r\n\"\xE9\"]", "invalid UTF-8", 4, 2},
};

static void
assert_good(const char *text, size_t len)
{
	struct json_text_error e = {0};
	bool ok = json_text_check(text, len, &e);
	cJSON *root;

	ck_assert_msg(ok, "%.40s: %s at %zu", text, e.what, e.offset);
	root = cJSON_ParseWithLengthOpts(text, len, NULL, false);
	ck_assert_msg(root != NULL, "cJSON refuses %.40s", text);
	cJSON_Delete(root);
}

static void
assert_bad(const char *text, size_t len, const char *what, size_t offset)
{
	struct json_text_error e = {0};

	ck_assert_msg(!json_text_check(text, len, &e), "%.40s", text);
	ck_assert_str_eq(e.what, what);
	ck_assert_uint_eq(e.offset, offset);
}

START_TEST(good_texts)
{
	assert_good(good[_i], strlen(good[_i]));
}
END_TEST

/* The text lies in memory of its exact size, for the address sanitizer. */
START_TEST(bad_texts)
{
	size_t len = strlen(bad[_i].text);
	char *copy = malloc(len + 1);
	struct json_text_error e;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy + 1, bad[_i].text, len);
	ck_assert(!json_text_check(copy + 1, len, &e));
	ck_assert_str_eq(e.what, bad[_i].what);
	ck_assert_uint_eq(e.offset, bad[_i].offset);
	ck_assert_uint_eq(e.line, bad[_i].line);
	free(copy);
}
END_TEST

START_TEST(raw_nul_is_refused)
{
	assert_bad("\"a\0b\"", 5, "NUL byte in a string", 2);
	assert_bad("{}\0", 3, "something follows the value", 2);
	assert_bad("\0", 1, "a value was expected", 0);
}
END_TEST

/* Strings are scanned eight bytes at a time: every byte value is judged alike
 * wherever it stands. */
START_TEST(every_byte_at_every_place)
{
	char text[44];
	int c, at;
	bool ok, want;
	struct json_text_error e;

	for (c = 0; c < 256; c++) {
		want = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
		for (at = 1; at < 41; at++) {
			memset(text, 'x', sizeof text);
			text[0] = text[42] = '"';
			text[at] = (char)c;
			ok = json_text_check(text, 43, &e);
			ck_assert_msg(ok == want, "byte %d at %d", c, at);
			if (!ok && c != '"')
				ck_assert_uint_eq(e.offset, (size_t)at);
			if (c == '"')
				ck_assert_uint_eq(e.offset, (size_t)at + 1);
		}
	}
}
END_TEST

static char *
repeat(const char *head, const char *unit, size_t n, const char *tail,
    size_t *ret_len)
{
	struct buf b = BUF_INIT(1u << 24);
	size_t i;

	buf_addstr(&b, head);
	for (i = 0; i < n; i++)
		buf_addstr(&b, unit);
	buf_addstr(&b, tail);
	*ret_len = b.len;
	return buf_steal(&b);
}

START_TEST(depth_is_limited)
{
	size_t len, i;
	char *text;

	for (i = 0; i < 2; i++) {
		const char *open = i == 0 ? "[" : "{\"k\":";
		size_t width = strlen(open);

		text = repeat("", open, LIMIT_JSON_DEPTH + 1, "", &len);
		assert_bad(
		    text, len, "nested too deeply", LIMIT_JSON_DEPTH * width);
		/* not the depth but the end is what is wrong here */
		assert_bad(text, len - width, "unexpected end of the text",
		    len - width);
		free(text);
	}
	text = repeat("[", "[],{},", 1000, "0]", &len);
	assert_good(text, len);
	free(text);
}
END_TEST

/* Arrays and objects in turn: the kind of each level is remembered. */
START_TEST(brackets_match_at_every_depth)
{
	char text[LIMIT_JSON_DEPTH * 8] = "";
	char close[LIMIT_JSON_DEPTH + 1];
	size_t i, at = 0;

	for (i = 0; i < LIMIT_JSON_DEPTH; i++) {
		bool object = i % 3 == 1;
		const char *open = object ? "{\"k\":" : "[";

		memcpy(text + at, open, strlen(open));
		at += strlen(open);
		close[LIMIT_JSON_DEPTH - 1 - i] = object ? '}' : ']';
	}
	text[at++] = '1';
	memcpy(text + at, close, LIMIT_JSON_DEPTH);
	assert_good(text, at + LIMIT_JSON_DEPTH);
	for (i = 0; i < LIMIT_JSON_DEPTH; i++) {
		text[at + i] ^= ']' ^ '}';
		assert_bad(text, at + LIMIT_JSON_DEPTH,
		    "a comma or closing bracket was expected", at + i);
		text[at + i] ^= ']' ^ '}';
	}
}
END_TEST

START_TEST(values_are_counted)
{
	size_t len;
	char *text = repeat("[", "0,", LIMIT_JSON_VALUES - 2, "0]", &len);

	assert_good(text, len); /* the array itself is one */
	free(text);
	text = repeat("[", "0,", LIMIT_JSON_VALUES - 1, "0]", &len);
	assert_bad(text, len, "too many values", len - 2);
	free(text);
}
END_TEST

START_TEST(keys_are_limited_strings_are_not)
{
	size_t len;
	char *text = repeat("{\"", "k", LIMIT_JSON_KEY_BYTES, "\":1}", &len);

	assert_good(text, len);
	free(text);
	text = repeat("{\"", "k", LIMIT_JSON_KEY_BYTES + 1, "\":1}", &len);
	assert_bad(text, len, "key too long", 2);
	free(text);
	text = repeat("{\"k\":\"", "k", 3000000, "\"}", &len);
	assert_good(text, len);
	free(text);
}
END_TEST

/* As long as they are then: U+FFFD takes three bytes. */
START_TEST(repaired_keys_are_limited)
{
	struct json_text_error e;
	char *made, *text;
	size_t len, n;

	for (n = LIMIT_JSON_KEY_BYTES / 3; n <= LIMIT_JSON_KEY_BYTES / 3 + 1;
	     n++) {
		struct buf longer = BUF_INIT(1u << 20);

		made = repeat("{\"", "\xFF", n, "\":1}", &len);
		text = made;
		ck_assert_int_eq(json_text_repair(&text, &len, &longer, &e),
		    3 * n <= LIMIT_JSON_KEY_BYTES);
		if (3 * n <= LIMIT_JSON_KEY_BYTES)
			ck_assert(json_text_check(text, len, &e));
		else
			ck_assert_str_eq(e.what, "key too long");
		buf_free(&longer);
		free(made);
	}
}
END_TEST

START_TEST(numbers_are_limited)
{
	size_t len;
	char *text = repeat("[", "1", LIMIT_JSON_NUMBER_BYTES, "]", &len);

	assert_good(text, len);
	free(text);
	text = repeat("[", "1", LIMIT_JSON_NUMBER_BYTES + 1, "]", &len);
	assert_bad(text, len, "number too long", 1);
	free(text);
	text = repeat("[0.", "1", 100000, "e5]", &len);
	assert_bad(text, len, "number too long", 1);
	free(text);
}
END_TEST

#define FFFD "\xEF\xBF\xBD"
#define REPAIR(from_, to_)                                                     \
	{                                                                      \
		(from_), sizeof(from_) - 1, (to_)                              \
	}

static const struct {
	const char *from;
	size_t len;
	const char *to;
} repairs[] = {
    REPAIR("\"\\u0000\"", "\"\\ufffd\""),
    REPAIR("{\"\\u0000\":1}", "{\"\\ufffd\":1}"),
    REPAIR("\"\\ud83dx\"", "\"\\ufffdx\""),
    REPAIR("\"\\ud83d\\u0041\"", "\"\\ufffd\\u0041\""),
    REPAIR("\"\\ud83d\\ud83d\\ude00\"", "\"\\ufffd\\ud83d\\ude00\""),
    REPAIR("\"\\uDE00\\uD83D\"", "\"\\ufffd\\ufffd\""),
    REPAIR("\"a\0b\"", "\"a" FFFD "b\""),
    REPAIR("\"\xFF\xC3\xA9\xC3\"", "\"" FFFD "\xC3\xA9" FFFD "\""),
    /* cut off: one; a surrogate, overlong, beyond the last: one each byte */
    REPAIR("\"\xE2\x82 \xF0\x9F\x98\"", "\"" FFFD " " FFFD "\""),
    REPAIR("\"\xED\xA0\x80\"", "\"" FFFD FFFD FFFD "\""),
    REPAIR("\"\xE0\x80\x80\"", "\"" FFFD FFFD FFFD "\""),
    REPAIR("\"\xF4\x90\x80\x80\"", "\"" FFFD FFFD FFFD FFFD "\""),
    REPAIR("\"\xF4\x8F\xBF\"", "\"" FFFD "\""),
    REPAIR("{\"\xFF\":\"\\ud800\xFF\\udc00\",\"a\":[\"\0\"]}",
	"{\"" FFFD "\":\"\\ufffd" FFFD "\\ufffd\",\"a\":[\"" FFFD "\"]}"),
    REPAIR("[\"ok \xE2\x82\xAC \\ud83d\\ude00\"]",
	"[\"ok \xE2\x82\xAC \\ud83d\\ude00\"]"),
};

START_TEST(repaired_texts)
{
	struct buf longer = BUF_INIT(192);
	char copy[64], *text = copy;
	struct json_text_error e;
	size_t len = repairs[_i].len;

	memcpy(copy, repairs[_i].from, len);
	copy[len] = '\0';
	ck_assert(json_text_repair(&text, &len, &longer, &e));
	ck_assert_str_eq(text, repairs[_i].to);
	ck_assert_uint_eq(strlen(text), len);
	assert_good(text, len);
	buf_free(&longer);
}
END_TEST

START_TEST(repair_is_no_excuse_for_bad_grammar)
{
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct buf longer = BUF_INIT(192);
		char copy[64] = "", *text = copy;
		struct json_text_error e;
		size_t len = strlen(bad[i].text);
		bool repairable = strstr(bad[i].what, "UTF-8") != NULL ||
		                  strstr(bad[i].what, "surrogate") != NULL ||
		                  strstr(bad[i].what, "u0000") != NULL;

		memcpy(copy, bad[i].text, len);
		ck_assert_int_eq(
		    json_text_repair(&text, &len, &longer, &e), repairable);
		buf_free(&longer);
		if (!repairable)
			ck_assert_str_eq(e.what, bad[i].what);
	}
	assert_bad("[\0]", 3, "a value was expected", 1);
}
END_TEST

/* Room for less than it takes: nothing is cut. */
START_TEST(repair_without_room)
{
	struct buf longer = BUF_INIT(6);
	char copy[] = "\"a\xFF\xFF\"", *text = copy;
	struct json_text_error e;
	size_t len = strlen(copy);

	ck_assert(!json_text_repair(&text, &len, &longer, &e));
	ck_assert(!buf_ok(&longer));
	buf_free(&longer);
}
END_TEST

static void
assert_quoted(const char *text, size_t len, const char *want)
{
	struct buf b = BUF_INIT(10000);
	cJSON *back;

	json_text_quote(&b, text, len);
	ck_assert_str_eq(buf_str(&b), want);
	assert_good(want, strlen(want));
	back = cJSON_Parse(want);
	ck_assert_str_eq(cJSON_GetStringValue(back), text);
	cJSON_Delete(back);
	buf_free(&b);
}

START_TEST(quoting)
{
	struct buf b = BUF_INIT(100);

	assert_quoted("", 0, "\"\"");
	assert_quoted("plain", 5, "\"plain\"");
	assert_quoted("\"\\/\b\f\n\r\t", 8, "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
	assert_quoted("\x01\x1F\x7F", 3, "\"\\u0001\\u001f\x7F\"");
	assert_quoted("\xC3\xA9\xE2\x80\xA8\xE2\x80\xA9\xF0\x9F\x98\x80", 12,
	    "\"\xC3\xA9\xE2\x80\xA8\xE2\x80\xA9\xF0\x9F\x98\x80\"");
	json_text_quote(&b, "a\0b", 3);
	ck_assert_str_eq(buf_str(&b), "\"a\\u0000b\"");
	buf_clear(&b);
	json_text_quote_str(&b, "two\nlines");
	ck_assert_str_eq(buf_str(&b), "\"two\\nlines\"");
	buf_free(&b);
}
END_TEST

START_TEST(quoting_every_byte_at_every_place)
{
	char text[33];
	struct buf b = BUF_INIT(1000);
	cJSON *back;
	int c, at;

	for (c = 1; c < 128; c++) {
		for (at = 0; at < 32; at++) {
			memset(text, 'x', 32);
			text[32] = '\0';
			text[at] = (char)c;
			buf_clear(&b);
			json_text_quote_str(&b, text);
			assert_good(buf_str(&b), b.len);
			back = cJSON_Parse(buf_str(&b));
			ck_assert_str_eq(cJSON_GetStringValue(back), text);
			cJSON_Delete(back);
		}
	}
	buf_free(&b);
}
END_TEST

static size_t
encode(unsigned cp, char to[4])
{
	if (cp < 0x80) {
		to[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		to[0] = (char)(0xC0 | cp >> 6);
		to[1] = (char)(0x80 | (cp & 0x3F));
		return 2;
	}
	if (cp < 0x10000) {
		to[0] = (char)(0xE0 | cp >> 12);
		to[1] = (char)(0x80 | (cp >> 6 & 0x3F));
		to[2] = (char)(0x80 | (cp & 0x3F));
		return 3;
	}
	to[0] = (char)(0xF0 | cp >> 18);
	to[1] = (char)(0x80 | (cp >> 12 & 0x3F));
	to[2] = (char)(0x80 | (cp >> 6 & 0x3F));
	to[3] = (char)(0x80 | (cp & 0x3F));
	return 4;
}

START_TEST(utf8_of_every_code_point)
{
	unsigned cp;
	char s[4];

	for (cp = 0; cp < 0x140000; cp++) {
		size_t n = encode(cp, s);
		bool valid = cp <= 0x10FFFF && (cp < 0xD800 || cp > 0xDFFF);
		size_t want = valid ? n : 0;

		if (utf8_sequence(s, n) != want || utf8_sequence(s, 4) != want)
			ck_abort_msg("U+%04X", cp);
		if (n > 1 && utf8_sequence(s, n - 1) != 0)
			ck_abort_msg("cut U+%04X", cp);
	}
}
END_TEST

START_TEST(utf8_refuses)
{
	static const char *const sequences[] = {"\x80", "\xBF", "\xC0\x80",
	    "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF5\x80\x80\x80",
	    "\xFE", "\xC3(", "\xE2(\xA1", "\xE2\x82(", "\xF0(\x8C\xBC",
	    "\xF0\x90(\xBC", "\xF0\x90\x8C(", "\xF8\x88\x80\x80\x80"};
	size_t i;

	for (i = 0; i < sizeof sequences / sizeof sequences[0]; i++)
		ck_assert_uint_eq(
		    utf8_sequence(sequences[i], strlen(sequences[i])), 0);
	ck_assert_uint_eq(utf8_sequence("", 0), 0);
}
END_TEST

START_TEST(a_text_on_one_line)
{
	struct buf b = BUF_INIT(64);

	json_text_on_one_line(&b, "{\r\n\"a\\n\":\n1}\n");
	ck_assert_str_eq(buf_str(&b), "{  \"a\\n\": 1} ");
	buf_clear(&b);
	json_text_on_one_line(&b, "");
	ck_assert_uint_eq(b.len, 0);
	buf_free(&b);
}
END_TEST

Suite *
suite_json_text(void)
{
	Suite *s = suite_create("json_text");
	TCase *t = tcase_create("json_text");

	tcase_add_loop_test(
	    t, good_texts, 0, (int)(sizeof good / sizeof good[0]));
	tcase_add_loop_test(t, bad_texts, 0, (int)(sizeof bad / sizeof bad[0]));
	tcase_add_test(t, raw_nul_is_refused);
	tcase_add_test(t, every_byte_at_every_place);
	tcase_add_test(t, depth_is_limited);
	tcase_add_test(t, brackets_match_at_every_depth);
	tcase_add_test(t, values_are_counted);
	tcase_add_test(t, keys_are_limited_strings_are_not);
	tcase_add_test(t, repaired_keys_are_limited);
	tcase_add_test(t, numbers_are_limited);
	tcase_add_loop_test(
	    t, repaired_texts, 0, (int)(sizeof repairs / sizeof repairs[0]));
	tcase_add_test(t, repair_is_no_excuse_for_bad_grammar);
	tcase_add_test(t, repair_without_room);
	tcase_add_test(t, quoting);
	tcase_add_test(t, quoting_every_byte_at_every_place);
	tcase_add_test(t, a_text_on_one_line);
	tcase_add_test(t, utf8_of_every_code_point);
	tcase_add_test(t, utf8_refuses);
	suite_add_tcase(s, t);
	return s;
}
