/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_find.h"

#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

static struct settings settings;
static char err[512], home[PATH_MAX], path[PATH_MAX * 2];
static const char *dir;

static void
set_up(void)
{
	static char *const none[] = {NULL};

	ck_assert_int_eq(
	    settings_load(&settings, NULL, none, err, sizeof err), 0);
	dir = aid_make_dir();
	(void)snprintf(home, sizeof home, "HOME=%s/home", dir);
	(void)snprintf(path, sizeof path, "PATH=%s/one:%s/two", dir, dir);
}

static void
tear_down(void)
{
	settings_free(&settings);
	aid_remove_dir();
}

/* A file in a directory below dir, which is made. */
static void
make(const char *name, mode_t mode)
{
	char part[PATH_MAX], *slash;

	(void)snprintf(part, sizeof part, "%s/%s", dir, name);
	for (slash = part + strlen(dir) + 1;
	     (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void)mkdir(part, 0700);
		*slash = '/';
	}
	(void)aid_make_file(name, "#!/bin/sh\n", mode);
}

static char *
find(const char *claude_path)
{
	char *const env[] = {home, path, NULL};

	settings.claude_path = claude_path;
	err[0] = '\0';
	return claude_find(&settings, env, err, sizeof err);
}

/* dir/name is found. */
static void
expect(const char *claude_path, const char *name)
{
	char wanted[PATH_MAX * 2];
	char *found = find(claude_path);

	(void)snprintf(wanted, sizeof wanted, "%s/%s", dir, name);
	ck_assert_msg(found != NULL, "%s", err);
	ck_assert_str_eq(found, wanted);
	free(found);
}

static void
expect_none(const char *claude_path, const char *said)
{
	char *found = find(claude_path);

	ck_assert_msg(found == NULL, "found %s", found);
	ck_assert_msg(strstr(err, said) != NULL, "%s", err);
}

START_TEST(a_name_is_looked_up_on_path)
{
	make("two/claude-x", 0755);
	expect("claude-x", "two/claude-x");
	make("one/claude-x", 0755);
	expect("claude-x", "one/claude-x");
}
END_TEST

START_TEST(what_cannot_run_is_passed_over)
{
	make("one/claude-x", 0644);
	make("two/claude-x", 0755);
	expect("claude-x", "two/claude-x");
	make("one/claude-y/file", 0755); /* a directory of that name */
	make("two/claude-y", 0755);
	expect("claude-y", "two/claude-y");
}
END_TEST

START_TEST(installers_places_below_home)
{
	static const char *const places[] = {"home/.volta/bin/claude-x",
	    "home/.bun/bin/claude-x", "home/.npm-global/bin/claude-x",
	    "home/.claude/local/claude-x", "home/.local/bin/claude-x"};
	size_t i;

	for (i = 0; i < sizeof places / sizeof places[0]; i++) {
		make(places[i], 0755);
		expect("claude-x", places[i]);
	}
	make("two/claude-x", 0755); /* PATH comes first */
	expect("claude-x", "two/claude-x");
}
END_TEST

static void
write_npmrc(const char *text)
{
	char name[PATH_MAX];

	(void)snprintf(name, sizeof name, "%s/home", dir);
	(void)mkdir(name, 0700);
	(void)aid_make_file("home/.npmrc", text, 0600);
}

/* npm expands no more of a home directory than these. */
START_TEST(npm_says_where_its_programs_are)
{
	static const char *const texts[] = {"prefix=~/n", "prefix=${HOME}/n\n",
	    "a=b\n;prefix=/x\n  prefix = \"~/n\" \r\nprefixes=/y\n",
	    "prefix=/x\nprefix='${HOME}/n'\n[s]\nprefix=/y\n"};
	static const char *const wrong[] = {"prefix=$HOME/n", "prefix=home/n",
	    "prefix=~/n/..", "#prefix=~/n", "prefix", "prefix=", "",
	    "[s]\nprefix=~/n", "prefix=~/n\nprefix=/x", "prefix=${DIR}/n",
	    "prefix=~"};
	char text[PATH_MAX], *big;
	size_t i;

	make("home/n/bin/claude-x", 0755);
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		write_npmrc(texts[i]);
		expect("claude-x", "home/n/bin/claude-x");
	}
	(void)snprintf(text, sizeof text, "prefix=%s/home/n", dir);
	write_npmrc(text);
	expect("claude-x", "home/n/bin/claude-x");
	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		write_npmrc(wrong[i]);
		expect_none("claude-x", "was found on PATH or in the usual");
	}
	big = malloc(100000);
	ck_assert_ptr_nonnull(big);
	memset(big, '\n', 100000);
	memcpy(big, "prefix=~/n", 10);
	big[65536] = '\0';
	write_npmrc(big);
	expect("claude-x", "home/n/bin/claude-x");
	big[65536] = '\n';
	big[65537] = '\0';
	write_npmrc(big);
	expect_none("claude-x", "claude-x");
	free(big);
	write_npmrc("prefix=~/n");
	make("home/.local/bin/claude-x", 0755);
	expect("claude-x", "home/.local/bin/claude-x");
}
END_TEST

START_TEST(system_places_come_last)
{
	char *found = find("env");

	ck_assert_ptr_nonnull(found);
	ck_assert_int_eq(found[0], '/');
	ck_assert_str_eq(strrchr(found, '/'), "/env");
	ck_assert_int_eq(access(found, X_OK), 0);
	free(found);
}
END_TEST

START_TEST(nothing_found_says_what_to_do)
{
	expect_none("claude-x", "CLAUDE_PATH");
	ck_assert_ptr_nonnull(strstr(err, "\"claude-x\""));
	home[5] = '\0'; /* HOME= */
	expect_none("claude-x", "CLAUDE_PATH");
}
END_TEST

START_TEST(an_empty_environment_is_survived)
{
	char *const env[] = {NULL};

	settings.claude_path = "claude-x";
	ck_assert_ptr_null(claude_find(&settings, env, err, sizeof err));
}
END_TEST

/* The child runs in another directory. */
START_TEST(path_entries_must_be_absolute)
{
	make("one/claude-x", 0755);
	ck_assert_int_eq(chdir(dir), 0);
	(void)snprintf(path, sizeof path, "PATH=one:./one::.");
	expect_none("claude-x", "claude-x");
}
END_TEST

START_TEST(a_path_is_taken_as_it_is)
{
	char text[PATH_MAX];

	make("one/claude-x", 0755);
	(void)snprintf(text, sizeof text, "%s/one/claude-x", dir);
	expect(text, "one/claude-x");
	make("home/tools/claude", 0755);
	expect("~/tools/claude", "home/tools/claude");
}
END_TEST

START_TEST(a_relative_path_becomes_absolute)
{
	char real[PATH_MAX], wanted[PATH_MAX * 2], *found;

	make("one/claude-x", 0755);
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_ptr_nonnull(realpath(dir, real));
	(void)snprintf(wanted, sizeof wanted, "%s/one/claude-x", real);
	found = find("./one/claude-x");
	ck_assert_str_eq(found, wanted);
	free(found);
	expect_none("one/claude-y", "one/claude-y");
}
END_TEST

START_TEST(a_path_must_be_an_executable_file)
{
	char text[PATH_MAX];

	make("one/plain", 0644);
	(void)snprintf(text, sizeof text, "%s/one/plain", dir);
	expect_none(text, text);
	(void)snprintf(text, sizeof text, "%s/one", dir);
	expect_none(text, text);
	(void)snprintf(text, sizeof text, "%s/one/", dir);
	expect_none(text, text);
	(void)snprintf(text, sizeof text, "%s/nothing", dir);
	expect_none(text, "CLAUDE_PATH");
	expect_none("~/nothing", "~/nothing");
	expect_none("/", "/");
}
END_TEST

/* ccp's own stand-in is beside the program that asks. */
START_TEST(demo_is_our_own)
{
#ifdef __linux__
	char self[PATH_MAX], *slash, *found;
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 32);
	FILE *f;

	ck_assert_int_gt(n, 0);
	self[n] = '\0';
	slash = strrchr(self, '/');
	memcpy(slash, "/ccp-demo-claude", sizeof "/ccp-demo-claude");
	make("one/demo", 0755);
	if (access(self, F_OK) == 0)
		return; /* the one of the build: test_demo.py has it */
	f = fopen(self, "w");
	ck_assert_ptr_nonnull(f);
	(void)fclose(f);
	ck_assert_int_eq(chmod(self, 0755), 0);
	found = find("demo");
	(void)unlink(self);
	ck_assert_str_eq(found, self);
	free(found);
#endif
}
END_TEST

Suite *
suite_claude_find(void)
{
	Suite *s = suite_create("claude_find");
	TCase *t = tcase_create("claude_find");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_name_is_looked_up_on_path);
	tcase_add_test(t, what_cannot_run_is_passed_over);
	tcase_add_test(t, installers_places_below_home);
	tcase_add_test(t, npm_says_where_its_programs_are);
	tcase_add_test(t, system_places_come_last);
	tcase_add_test(t, nothing_found_says_what_to_do);
	tcase_add_test(t, an_empty_environment_is_survived);
	tcase_add_test(t, path_entries_must_be_absolute);
	tcase_add_test(t, a_path_is_taken_as_it_is);
	tcase_add_test(t, a_relative_path_becomes_absolute);
	tcase_add_test(t, a_path_must_be_an_executable_file);
	tcase_add_test(t, demo_is_our_own);
	suite_add_tcase(s, t);
	return s;
}
