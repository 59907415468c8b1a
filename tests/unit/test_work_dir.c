/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "work_dir.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct work_dir_rules rules;
static char base[PATH_MAX]; /* resolved */
static char home_dir[PATH_MAX + 8];
static char path[PATH_MAX];

/* base/name, in one of a few places. */
static const char *
in(const char *name)
{
	static char paths[8][PATH_MAX + 64];
	static size_t n;
	char *to = paths[n++ % COUNT(paths)];

	(void)snprintf(to, sizeof paths[0], "%s%s", base, name);
	return to;
}

static void
set_up(void)
{
	static const char *const dirs[] = {"/home", "/home/sub", "/ab",
	    "/ab/in", "/abc", "/a b ", "/quo\"te", "/new\nline"};
	size_t i;

	ck_assert_ptr_nonnull(realpath(aid_make_dir(), base));
	for (i = 0; i < COUNT(dirs); i++)
		ck_assert_int_eq(mkdir(in(dirs[i]), 0700), 0);
	(void)aid_make_file("file", "x", 0600);
	ck_assert_int_eq(symlink(in("/ab"), in("/link")), 0);
	ck_assert_int_eq(symlink(in("/nowhere"), in("/dangling")), 0);
	ck_assert_int_eq(symlink(in("/loop"), in("/loop")), 0);
	ck_assert_int_eq(symlink("/proc", in("/proc")), 0);
	ck_assert_int_eq(symlink(in("/home/sub"), in("/home/away")), 0);
	(void)snprintf(home_dir, sizeof home_dir, "%s/home", base);
	rules = (struct work_dir_rules){.home = home_dir, .allowed = ""};
}

/* Of a form, in which * stands for the path. */
static enum work_dir_problem
find(const char *form, const char *arg)
{
	char text[PATH_MAX * 2];
	size_t before = strcspn(form, "*");

	(void)snprintf(text, sizeof text, "%.*s%s%s", (int)before, form, arg,
	    form + before + 1);
	memset(path, 'x', sizeof path - 1);
	return work_dir_find(text, &rules, path);
}

static void
assert_found(const char *form, const char *arg, const char *want)
{
	ck_assert_int_eq(find(form, arg), WORK_DIR_OK);
	ck_assert_str_eq(path, want);
}

START_TEST(as_people_write_it)
{
	static const char *const forms[] = {"*", "*/", "*//", " *\n",
	    "\t* \r\n", "\"*\"", "'*'", "`*`", " \"*/\" ", "*/.", "*/../ab",
	    "*/in/..", "/*"};
	size_t i;

	for (i = 0; i < COUNT(forms); i++)
		assert_found(forms[i], in("/ab"), in("/ab"));
	assert_found("\"*\"", in("/a b "), in("/a b "));
	assert_found("*", in("/quo\"te"), in("/quo\"te"));
	assert_found("`*`", in("/new\nline"), in("/new\nline"));
	assert_found("*", "/", "/");
	/* White space around it is no part of it. */
	ck_assert_int_eq(find("*", in("/a b ")), WORK_DIR_MISSING);
}
END_TEST

START_TEST(home)
{
	assert_found("*", "~", in("/home"));
	assert_found("*", " `~/` ", in("/home"));
	assert_found("*", "~/sub/", in("/home/sub"));
	ck_assert_int_eq(find("*", "~sub"), WORK_DIR_NO_PATH);
	ck_assert_int_eq(find("*", "~root"), WORK_DIR_NO_PATH);
	rules.home = NULL;
	ck_assert_int_eq(find("*", "~"), WORK_DIR_NO_HOME);
	rules.home = "";
	ck_assert_int_eq(find("*", "~/etc"), WORK_DIR_NO_HOME);
}
END_TEST

START_TEST(links_are_resolved)
{
	assert_found("*", in("/link"), in("/ab"));
	assert_found("*", in("/link/in"), in("/ab/in"));
	assert_found("*", "~/away", in("/home/sub"));
}
END_TEST

START_TEST(what_is_no_path)
{
	static const char *const texts[] = {"", " ", "ab", "./ab", "../ab",
	    "\"\"", "\"", "hello /tmp", "file:///tmp", "$HOME", "\"/tmp'"};
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		ck_assert_int_eq(find("*", texts[i]), WORK_DIR_NO_PATH);
		ck_assert(!work_dir_like_path(texts[i]));
	}
}
END_TEST

START_TEST(like_a_path)
{
	ck_assert(work_dir_like_path("/"));
	ck_assert(work_dir_like_path(" /help me\n"));
	ck_assert(work_dir_like_path("~"));
	ck_assert(work_dir_like_path("`~/x`"));
	ck_assert(!work_dir_like_path("~x"));
	ck_assert(!work_dir_like_path("'~x/'"));
}
END_TEST

START_TEST(what_cannot_be_used)
{
	char longest[PATH_MAX + 8];

	ck_assert_int_eq(find("*", in("/nowhere")), WORK_DIR_MISSING);
	ck_assert_int_eq(find("*", in("/dangling")), WORK_DIR_MISSING);
	ck_assert_int_eq(find("*", in("/loop")), WORK_DIR_MISSING);
	ck_assert_int_eq(find("*", in("/file")), WORK_DIR_FILE);
	ck_assert_int_eq(find("*", in("/file/x")), WORK_DIR_FILE);
	memset(longest, 'a', sizeof longest - 1);
	longest[0] = '/';
	longest[sizeof longest - 1] = '\0';
	ck_assert_int_eq(find("*", longest), WORK_DIR_MISSING);
	longest[PATH_MAX - 1] = '\0';
	longest[0] = '~';
	longest[1] = '/';
	ck_assert_int_eq(find("*", longest), WORK_DIR_MISSING);
}
END_TEST

START_TEST(places_of_the_system)
{
	ck_assert_int_eq(find("*", "/dev"), WORK_DIR_SYSTEM);
	ck_assert_int_eq(find("*", "/dev/"), WORK_DIR_SYSTEM);
	ck_assert_int_eq(find("*", "/tmp/../dev"), WORK_DIR_SYSTEM);
#ifdef __linux__
	ck_assert_int_eq(find("*", "/proc/self"), WORK_DIR_SYSTEM);
	ck_assert_int_eq(find("*", "/sys/kernel"), WORK_DIR_SYSTEM);
	ck_assert_int_eq(find("*", in("/proc")), WORK_DIR_SYSTEM);
	ck_assert_int_eq(find("*", in("/proc/self")), WORK_DIR_SYSTEM);
#endif
	/* Only they, and not what begins like them */
	ck_assert_int_eq(find("*", "/devices-none"), WORK_DIR_MISSING);
}
END_TEST

/* Root may do anything, so somebody else tries. */
static void
as_nobody(void)
{
	if (geteuid() == 0) {
		ck_assert_int_eq(setgroups(0, NULL), 0);
		ck_assert_int_eq(setgid(65534), 0);
		ck_assert_int_eq(setuid(65534), 0);
	}
	assert_found("*", in("/ab"), in("/ab"));
	ck_assert_int_eq(find("*", in("/abc")), WORK_DIR_DENIED);
	ck_assert_int_eq(find("*", in("/abc/x")), WORK_DIR_DENIED);
	ck_assert_int_eq(find("*", in("/home")), WORK_DIR_DENIED);
	ck_assert_int_eq(find("*", in("/ab/in")), WORK_DIR_DENIED);
}

START_TEST(what_this_user_may_not)
{
	ck_assert_int_eq(chmod(base, 0711), 0);
	ck_assert_int_eq(chmod(in("/ab"), 0755), 0);
	ck_assert_int_eq(chmod(in("/abc"), 0), 0);
	ck_assert_int_eq(chmod(in("/home"), 0711 & ~0111), 0);
	ck_assert_int_eq(chmod(in("/ab/in"), 0111), 0); /* not readable */
	aid_in_process(as_nobody);
	ck_assert_int_eq(chmod(in("/home"), 0700), 0);
	ck_assert_int_eq(chmod(in("/abc"), 0700), 0);
	ck_assert_int_eq(chmod(in("/ab/in"), 0700), 0);
}
END_TEST

START_TEST(allowed)
{
	char list[2 * PATH_MAX];

	(void)snprintf(
	    list, sizeof list, " %s : ~/sub,%s", in("/link/"), in("/nowhere"));
	rules.allowed = list;
	assert_found("*", in("/ab"), in("/ab"));
	assert_found("*", in("/link/in"), in("/ab/in"));
	assert_found("*", "~/away", in("/home/sub"));
	ck_assert_int_eq(find("*", in("/abc")), WORK_DIR_OUTSIDE);
	ck_assert_int_eq(find("*", "~"), WORK_DIR_OUTSIDE);
	ck_assert_int_eq(find("*", "/"), WORK_DIR_OUTSIDE);
	ck_assert_int_eq(find("*", in("/ab/..")), WORK_DIR_OUTSIDE);
	ck_assert_int_eq(find("*", "/dev"), WORK_DIR_SYSTEM);
	rules.allowed = "/";
	assert_found("*", in("/abc"), in("/abc"));
}
END_TEST

START_TEST(a_list_without_a_usable_entry_allows_nothing)
{
	char longest[PATH_MAX + 8];

	rules.allowed = "relative";
	ck_assert_int_eq(find("*", in("/ab")), WORK_DIR_OUTSIDE);
	rules.allowed = in("/nowhere");
	ck_assert_int_eq(find("*", in("/ab")), WORK_DIR_OUTSIDE);
	memset(longest, '/', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	rules.allowed = longest;
	ck_assert_int_eq(find("*", in("/ab")), WORK_DIR_OUTSIDE);
	rules.allowed = " :, ";
	assert_found("*", in("/ab"), in("/ab"));
}
END_TEST

START_TEST(letter_by_letter)
{
	ck_assert_int_eq(
	    work_dir_check(in("/a b "), &rules, path), WORK_DIR_OK);
	ck_assert_str_eq(path, in("/a b "));
	ck_assert_int_eq(work_dir_check(" /", &rules, path), WORK_DIR_NO_PATH);
	ck_assert_int_eq(work_dir_check("`/`", &rules, path), WORK_DIR_NO_PATH);
	rules.allowed = in("/abc");
	ck_assert_int_eq(
	    work_dir_check(in("/ab"), &rules, path), WORK_DIR_OUTSIDE);
}
END_TEST

START_TEST(relative_where_that_is_fine)
{
	char was[PATH_MAX];

	ck_assert_ptr_nonnull(getcwd(was, sizeof was));
	ck_assert_int_eq(chdir(base), 0);
	rules.relative = true;
	assert_found("*", "ab/in", in("/ab/in"));
	assert_found("*", ".", base);
	rules.relative = false;
	ck_assert_int_eq(find("*", "ab/in"), WORK_DIR_NO_PATH);
	ck_assert_int_eq(chdir(was), 0);
}
END_TEST

START_TEST(every_problem_has_its_text)
{
	int i, k;

	for (i = 0; i < WORK_DIR_PROBLEMS; i++) {
		const char *text =
		    work_dir_problem_text((enum work_dir_problem)i);

		ck_assert_ptr_nonnull(text);
		for (k = 0; k < i; k++)
			ck_assert_str_ne(text,
			    work_dir_problem_text((enum work_dir_problem)k));
	}
}
END_TEST

Suite *
suite_work_dir(void)
{
	Suite *s = suite_create("work_dir");
	TCase *t = tcase_create("work_dir");

	tcase_add_checked_fixture(t, set_up, aid_remove_dir);
	tcase_add_test(t, as_people_write_it);
	tcase_add_test(t, home);
	tcase_add_test(t, links_are_resolved);
	tcase_add_test(t, what_is_no_path);
	tcase_add_test(t, like_a_path);
	tcase_add_test(t, what_cannot_be_used);
	tcase_add_test(t, places_of_the_system);
	tcase_add_test(t, what_this_user_may_not);
	tcase_add_test(t, allowed);
	tcase_add_test(t, a_list_without_a_usable_entry_allows_nothing);
	tcase_add_test(t, letter_by_letter);
	tcase_add_test(t, relative_where_that_is_fine);
	tcase_add_test(t, every_problem_has_its_text);
	suite_add_tcase(s, t);
	return s;
}
