/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings_words.h"

#include <stdio.h>
#include <string.h>

#include "suites.h"

static char must[SETTINGS_MUST_BYTES];

static void
good(const struct setting_words *words, const char *text)
{
	ck_assert_msg(
	    settings_words_check(words, text, must), "%s: %s", text, must);
}

/* word: the one that is complained of. */
static void
bad(const struct setting_words *words, const char *text, const char *word)
{
	char end[64];

	ck_assert_msg(!settings_words_check(words, text, must), "%s", text);
	ck_assert_ptr_eq(strstr(must, words->allowed), must + strlen("be "));
	(void)snprintf(end, sizeof end, ", and \"%s\" is none of them", word);
	ck_assert_str_eq(must + strlen("be ") + strlen(words->allowed), end);
}

static void
all_good(const struct setting_words *words, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		good(words, *texts);
}

static void
all_bad(const struct setting_words *words, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		bad(words, *texts, *texts);
}

START_TEST(addresses)
{
	static const char *const right[] = {"127.0.0.1", "::1", "[::1]",
	    "[127.0.0.1]", "fe80::1%eth0", "[fe80::1%2]", "127.1", "0x7f.1",
	    "0", "localhost", "[localhost]", "my_host.example.", "a-b.c",
	    "unix:/x", "unix:/run/user/0/c", "1password.example", "9to5", "",
	    " , ", "127.0.0.1,::1", "::1 localhost , unix:/x", NULL};
	static const char *const wrong[] = {"999.1.1.1", "1.2.3.4.5", "1.2.3.",
	    "1.0x", "a.1", "a..b", ".a", ".", "-a", "a-", "[::1", "::1]", "[]",
	    "1::2::3", "127.0.0.1:80", "localhost:80", "::1%", "127.0.0.1%eth0",
	    "unix:", "unix:/", "unix:x", "http://a", "a@b", "*", NULL};

	all_good(&settings_addresses, right);
	all_bad(&settings_addresses, wrong);
	bad(&settings_addresses, "::1, 999.1.1.1, x", "999.1.1.1");
}
END_TEST

START_TEST(names_have_a_length)
{
	char name[4 * 64 + 1];
	size_t i;

	for (i = 0; i < sizeof name - 1; i++)
		name[i] = i % 64 == 63 ? '.' : 'a';
	name[253] = '\0';
	good(&settings_hosts, name);
	name[253] = 'a';
	name[254] = '\0';
	ck_assert(!settings_words_check(&settings_hosts, name, must));
	ck_assert_ptr_nonnull(strstr(must, "a...\" is none"));
	name[64] = '\0';
	name[63] = 'a';
	ck_assert(!settings_words_check(&settings_hosts, name, must));
	name[63] = '\0';
	good(&settings_hosts, name);
}
END_TEST

START_TEST(host_names)
{
	static const char *const right[] = {"", "ccp.example", "ccp.example.",
	    "a,b c", "xn--bcher-kva.example", "[::1]", "10.0.0.1", NULL};
	static const char *const wrong[] = {"@@", "??", "ccp.example:8888",
	    "http://a", "*", "*.example", "unix:/x", "999.1.1.1", "a/b", NULL};

	all_good(&settings_hosts, right);
	all_bad(&settings_hosts, wrong);
	bad(&settings_hosts, "@@ ??", "@@");
	bad(&settings_hosts,
	    "b\xc3\xbc"
	    "cher.example\xc2\x9b",
	    "b\xc3\xbc"
	    "cher.example?");
}
END_TEST

/* What a browser may send; and whatever else is loaded has to stay so. */
START_TEST(origins)
{
	static const char *const right[] = {"*", "", "https://a.example",
	    "http://localhost:3000", "HTTPS://A.example", "http://[::1]:80",
	    "http://127.0.0.1", "https://a, https://b http://c", "null",
	    "chrome-extension://abcdefghijklmnop", "app://.", "file://",
	    "tauri://localhost", "vscode-webview://1a2b-3c",
	    "moz-extension://0", NULL};
	static const char *const wrong[] = {"foo", "foo.example", "https://",
	    "https:/a", "://a", "https://a/", "https://a/b",
	    "https://a:", "https://a:x", "https://a:123456", "https://:1",
	    "https://u@a", "https://999.1.1.1", "https://[::1", "https://[a]",
	    "https://*.a", "**", NULL};

	all_good(&settings_origins, right);
	all_bad(&settings_origins, wrong);
	bad(&settings_origins, "https://a,*", "*");
}
END_TEST

START_TEST(variables)
{
	static const char *const right[] = {
	    "", "FOO", "FOO,bar_2 _X", "npm_config_prefix", NULL};
	static const char *const wrong[] = {
	    "a=b", "FOO_*", "$FOO", "a-b", "a.b", "a;b", NULL};

	all_good(&settings_variables, right);
	all_bad(&settings_variables, wrong);
	bad(&settings_variables, "FOO, a=b", "a=b");
}
END_TEST

START_TEST(names_are_no_addresses)
{
	ck_assert(settings_word_is_address("[::1],x", 5));
	ck_assert(settings_word_is_address("127.1", 5));
	ck_assert(!settings_word_is_address("localhost", 9));
	ck_assert(!settings_word_is_address("a.1", 3));
}
END_TEST

Suite *
suite_settings_words(void)
{
	Suite *s = suite_create("settings_words");
	TCase *t = tcase_create("settings_words");

	tcase_add_test(t, addresses);
	tcase_add_test(t, names_have_a_length);
	tcase_add_test(t, host_names);
	tcase_add_test(t, origins);
	tcase_add_test(t, variables);
	tcase_add_test(t, names_are_no_addresses);
	suite_add_tcase(s, t);
	return s;
}
