/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "state_dir.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

static char variable[2][PATH_MAX + 128];
static char *env[] = {variable[0], variable[1], NULL};
static char path[PATH_MAX];

static void
set_up(void)
{
	(void)aid_make_dir();
	(void)snprintf(variable[0], sizeof(variable[0]), "HOME=%s", aid_dir());
	(void)snprintf(variable[1], sizeof(variable[1]), "XDG_STATE_HOME=");
}

static const char *
in(const char *name)
{
	static char text[PATH_MAX + 64];

	(void)snprintf(text, sizeof(text), "%s%s", aid_dir(), name);
	return text;
}

static void
assert_private(const char *name)
{
	struct stat st;

	ck_assert_int_eq(lstat(in(name), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
}

static void
assert_refused(int error)
{
	ck_assert_int_eq(state_dir_open(env, false), -1);
	ck_assert_int_eq(errno, error);
	ck_assert_int_eq(state_dir_open(env, true), -1);
	ck_assert_int_eq(errno, error);
}

START_TEST(below_home)
{
	int fd;

	ck_assert(state_dir_path(path, sizeof(path), env));
	ck_assert_str_eq(path, in("/.local/state/ccp"));
	ck_assert_int_eq(state_dir_open(env, false), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(access(in("/.local"), F_OK), -1);
	fd = state_dir_open(env, true);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	assert_private("/.local");
	assert_private("/.local/state");
	assert_private("/.local/state/ccp");
	fd = state_dir_open(env, false);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(where_xdg_says)
{
	int fd;

	(void)snprintf(
	    variable[1], sizeof(variable[1]), "XDG_STATE_HOME=%s", in("/a/b"));
	fd = state_dir_open(env, true);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	assert_private("/a/b/ccp");
	ck_assert_int_eq(access(in("/.local"), F_OK), -1);
	/* A relative one does not count. */
	(void)snprintf(variable[1], sizeof(variable[1]), "XDG_STATE_HOME=a");
	ck_assert(state_dir_path(path, sizeof(path), env));
	ck_assert_str_eq(path, in("/.local/state/ccp"));
}
END_TEST

START_TEST(nowhere)
{
	(void)snprintf(variable[0], sizeof(variable[0]), "HOME=");
	ck_assert(!state_dir_path(path, sizeof(path), env));
	assert_refused(ENOENT);
	(void)snprintf(variable[0], sizeof(variable[0]), "HOME=%s", in(""));
	errno = 0;
	ck_assert(!state_dir_path(path, strlen(in("/.local/state/ccp")), env));
	ck_assert_int_eq(errno, ENAMETOOLONG);
	ck_assert(
	    state_dir_path(path, strlen(in("/.local/state/ccp")) + 1, env));
}
END_TEST

START_TEST(not_ours_alone)
{
	int fd;

	(void)snprintf(
	    variable[1], sizeof(variable[1]), "XDG_STATE_HOME=%s", aid_dir());
	ck_assert_int_eq(mkdir(in("/ccp"), 0700), 0);
	ck_assert_int_eq(chmod(in("/ccp"), 0750), 0);
	assert_refused(EPERM);
	ck_assert_int_eq(chmod(in("/ccp"), 0701), 0);
	assert_refused(EPERM);
	if (geteuid() == 0) {
		ck_assert_int_eq(chmod(in("/ccp"), 0700), 0);
		ck_assert_int_eq(chown(in("/ccp"), 1, 1), 0);
		assert_refused(EPERM);
		ck_assert_int_eq(chown(in("/ccp"), 0, 0), 0);
	}
	ck_assert_int_eq(chmod(in("/ccp"), 0700), 0);
	fd = state_dir_open(env, false);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(no_directory)
{
	(void)snprintf(
	    variable[1], sizeof(variable[1]), "XDG_STATE_HOME=%s", aid_dir());
	ck_assert_int_eq(mkdir(in("/real"), 0700), 0);
	ck_assert_int_eq(symlink("real", in("/ccp")), 0);
	ck_assert_int_eq(state_dir_open(env, true), -1);
	ck_assert_int_eq(state_dir_open(env, false), -1);
	ck_assert_int_eq(unlink(in("/ccp")), 0);
	(void)aid_make_file("ccp", "", 0600);
	assert_refused(ENOTDIR);
	(void)snprintf(
	    variable[1], sizeof(variable[1]), "XDG_STATE_HOME=%s", in("/ccp"));
	assert_refused(ENOTDIR);
}
END_TEST

Suite *
suite_state_dir(void)
{
	Suite *s = suite_create("state_dir");
	TCase *tc = tcase_create("state_dir");

	tcase_add_checked_fixture(tc, set_up, aid_remove_dir);
	tcase_add_test(tc, below_home);
	tcase_add_test(tc, where_xdg_says);
	tcase_add_test(tc, nowhere);
	tcase_add_test(tc, not_ours_alone);
	tcase_add_test(tc, no_directory);
	suite_add_tcase(s, tc);
	return s;
}
