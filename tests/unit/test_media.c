/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media.h"

#include <nettle/base64.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(data_urls_are_taken_apart)
{
	static const struct {
		const char *url, *type, *data;
	} cases[] = {
	    {"data:image/png;base64,AAAA", "image/png", "AAAA"},
	    {"DATA:Image/PNG;BASE64,AAAA", "Image/PNG", "AAAA"},
	    {"data:text/plain;charset=utf-8;base64,AA==", "text/plain", "AA=="},
	    {"data:;base64,AA==", "", "AA=="},
	    {"data:a/b;base64,", "a/b", ""},
	    {"data:a/b;base64,x,y;base64,z", "a/b", "x,y;base64,z"},
	    {"data:image/png,AAAA", NULL, NULL},
	    {"data:image/png;base64", NULL, NULL},
	    {"data:base64,AAAA", NULL, NULL},
	    {"data:,", NULL, NULL},
	    {"data:", NULL, NULL},
	    {"image/png;base64,AAAA", NULL, NULL},
	    {"", NULL, NULL},
	};
	struct media_piece type;
	const char *data;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		bool found = media_data_url(cases[i].url, &type, &data);

		ck_assert_msg(
		    found == (cases[i].type != NULL), "%s", cases[i].url);
		if (!found)
			continue;
		ck_assert_uint_eq(type.len, strlen(cases[i].type));
		ck_assert_int_eq(strncmp(type.at, cases[i].type, type.len), 0);
		ck_assert_str_eq(data, cases[i].data);
	}
}
END_TEST

START_TEST(only_https_urls_pass)
{
	static const char *const good[] = {"https://a",
	    "HTTPS://a.b:1/x?y=%20#z", "https://a/\xC3\xBC", "https://[::1]/"};
	static const char *const bad[] = {"", "https", "https:", "https://",
	    "https:///x", "https://:80", "https://?x", "http://a", "ftp://a",
	    "file:///etc/hostname", " https://a", "https://a b", "https://a\n",
	    "https://a\x7f", "https://a\"", "https://a\\b", "https:/a",
	    "javascript:alert(1)", "//a/b"};
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		ck_assert_msg(media_https_url(good[i]), "%s", good[i]);
	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!media_https_url(bad[i]), "%s", bad[i]);
	ck_assert(media_is_url("DATA:x", "data"));
	ck_assert(!media_is_url("datax:", "data"));
	ck_assert(!media_is_url("dat", "data"));
}
END_TEST

START_TEST(base64_is_strict_and_made_canonical)
{
	static const struct {
		const char *text, *want;
		size_t len;
	} cases[] = {
	    {"", "", 0},
	    {"QUJD", "QUJD", 3},
	    {"QUI=", "QUI=", 2},
	    {"QQ==", "QQ==", 1},
	    {"QUI", "QUI=", 2},
	    {"QQ", "QQ==", 1},
	    {" Q U\r\n\tJD ", "QUJD", 3},
	    {"QUI =", "QUI=", 2},
	    {"Q+/9", "Q+/9", 3},
	    {"Q", NULL, 0},
	    {"QUJDQ", NULL, 0},
	    {"=", NULL, 0},
	    {"QQ=", NULL, 0},
	    {"QQ===", NULL, 0},
	    {"QUI==", NULL, 0},
	    {"QUJD=", NULL, 0},
	    {"QUJD====", NULL, 0},
	    {"Q=UI", NULL, 0},
	    {"QUI=QUJD", NULL, 0},
	    {"QR==", NULL, 0}, /* bits that stand for nothing */
	    {"QUJ=", NULL, 0},
	    {"Q-_9", NULL, 0},
	    {"QQ%3D%3D", NULL, 0},
	    {"QU\x0BJD", NULL, 0},
	    {"QUJ\xC3\xBC", NULL, 0},
	};
	size_t i, len;
	char *got;

	for (i = 0; i < COUNT(cases); i++) {
		got = media_base64(cases[i].text, &len);
		if (cases[i].want == NULL)
			ck_assert_msg(got == NULL, "%s", cases[i].text);
		else
			ck_assert_str_eq(got, cases[i].want);
		ck_assert_uint_eq(len, cases[i].len);
		free(got);
	}
}
END_TEST

/* nettle's encoder and every length agree with it. */
START_TEST(base64_of_any_length)
{
	uint8_t bytes[300];
	char text[BASE64_ENCODE_RAW_LENGTH(sizeof(bytes)) + 1], *got;
	size_t n, len;

	for (n = 0; n < sizeof(bytes); n++)
		bytes[n] = (uint8_t)(n * 151);
	for (n = 0; n < sizeof(bytes); n++) {
		base64_encode_raw(text, n, bytes);
		text[BASE64_ENCODE_RAW_LENGTH(n)] = '\0';
		got = media_base64(text, &len);
		ck_assert_str_eq(got, text);
		ck_assert_uint_eq(len, n);
		free(got);
	}
}
END_TEST

static char *
encoded(const void *bytes, size_t len)
{
	char *text = malloc(BASE64_ENCODE_RAW_LENGTH(len) + 1);

	ck_assert_ptr_nonnull(text);
	base64_encode_raw(text, len, bytes);
	text[BASE64_ENCODE_RAW_LENGTH(len)] = '\0';
	return text;
}

START_TEST(bytes_tell_what_they_are)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *type;
	} cases[] = {
	    {"\x89PNG\r\n\x1A\n", 8, "image/png"},
	    {"\x89PNG\r\n\x1A\nand more than is looked at", 34, "image/png"},
	    {"\xFF\xD8\xFF", 3, "image/jpeg"},
	    {"\xFF\xD8\xFF\xE0", 4, "image/jpeg"},
	    {"GIF87a", 6, "image/gif"},
	    {"GIF89a;", 7, "image/gif"},
	    {"RIFF\0\0\0\0WEBP", 12, "image/webp"},
	    {"%PDF-1.7\n", 9, "application/pdf"},
	    {"\x89PNG\r\n\x1A", 7, NULL},
	    {"\x89PNG\n\x1A\n ", 8, NULL},
	    {"\xFF\xD8", 2, NULL},
	    {"GIF88a", 6, NULL},
	    {"RIFF\0\0\0\0WEB", 11, NULL},
	    {"RIFF\0\0\0\0WAVE", 12, NULL},
	    {"%PDF", 4, NULL},
	    {" %PDF-1.7", 9, NULL},
	    {"BM", 2, NULL},
	    {"<svg/>", 6, NULL},
	    {"", 0, NULL},
	};
	const char *type;
	char *base64;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		base64 = encoded(cases[i].bytes, cases[i].len);
		type = media_type(base64, cases[i].len);
		if (cases[i].type == NULL)
			ck_assert_msg(type == NULL, "case %zu", i);
		else
			ck_assert_str_eq(type, cases[i].type);
		free(base64);
	}
}
END_TEST

START_TEST(text_is_utf8_without_nul)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool good;
	} cases[] = {
	    {"", 0, true},
	    {"hello", 5, true},
	    {"\xEF\xBB\xBFh\xC3\xBC \xF0\x9F\x98\x80\r\n\x01", 14, true},
	    {"a\0b", 3, false},
	    {"\0", 1, false},
	    {"a\0", 2, false},
	    {"\xFF\xFEh\0", 4, false},
	    {"caf\xE9", 4, false},
	    {"\xC3", 1, false},
	    {"\xED\xA0\x80", 3, false},
	};
	char *base64, *text;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		base64 = encoded(cases[i].bytes, cases[i].len);
		text = media_text(base64, cases[i].len);
		ck_assert_msg((text != NULL) == cases[i].good, "case %zu", i);
		if (text != NULL)
			ck_assert_str_eq(text, cases[i].bytes);
		free(text);
		free(base64);
	}
}
END_TEST

Suite *
suite_media(void)
{
	Suite *s = suite_create("media");
	TCase *t = tcase_create("media");

	tcase_add_test(t, data_urls_are_taken_apart);
	tcase_add_test(t, only_https_urls_pass);
	tcase_add_test(t, base64_is_strict_and_made_canonical);
	tcase_add_test(t, base64_of_any_length);
	tcase_add_test(t, bytes_tell_what_they_are);
	tcase_add_test(t, text_is_utf8_without_nul);
	suite_add_tcase(s, t);
	return s;
}
