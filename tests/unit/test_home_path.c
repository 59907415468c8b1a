/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "home_path.h"

#include <string.h>

#include "suites.h"

static char home[] = "HOME=/home/u";
static char relative[] = "HOME=there";
static char *with_home[] = {home, NULL};
static char *with_relative[] = {relative, NULL};
static char *no_env[] = {NULL};

START_TEST(home_begins_the_path)
{
	static const struct {
		const char *text, *want;
	} paths[] = {
	    {"~", "~"},
	    {"~/", "/home/u/"},
	    {"~/a b/~", "/home/u/a b/~"},
	    {"~u/x", "~u/x"},
	    {"/x/~/y", "/x/~/y"},
	    {"x", "x"},
	    {"", ""},
	};
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		ck_assert_ptr_null(home_path(path, paths[i].text, with_home));
		ck_assert_str_eq(path, paths[i].want);
	}
}
END_TEST

START_TEST(without_home)
{
	char path[PATH_MAX];

	ck_assert_str_eq(home_path(path, "~/x", no_env),
	    "begins with ~/, but HOME is not set");
	ck_assert_ptr_nonnull(home_path(path, "~/", with_relative));
	ck_assert_ptr_null(home_path(path, "/x", no_env));
	ck_assert_str_eq(path, "/x");
}
END_TEST

START_TEST(too_long)
{
	char text[PATH_MAX], path[PATH_MAX];

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	ck_assert_ptr_null(home_path(path, text, with_home));
	ck_assert_uint_eq(strlen(path), PATH_MAX - 1);
	memcpy(text, "~/", 2);
	ck_assert_str_eq(
	    home_path(path, text, with_home), "is too long a path");
}
END_TEST

Suite *
suite_home_path(void)
{
	Suite *s = suite_create("home_path");
	TCase *t = tcase_create("home_path");

	tcase_add_test(t, home_begins_the_path);
	tcase_add_test(t, without_home);
	tcase_add_test(t, too_long);
	suite_add_tcase(s, t);
	return s;
}
