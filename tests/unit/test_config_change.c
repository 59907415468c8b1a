/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_change.h"

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "aid.h"
#include "io.h"
#include "suites.h"

#define OLD "{\"a\": 1}\n"

static char base[PATH_MAX];
static char path[PATH_MAX + 32];
static char err[512];

/* base/name; valid until the third call after. */
static const char *
in(const char *name)
{
	static char names[3][PATH_MAX + 64];
	static size_t n;
	char *to = names[n++ % 3];

	(void)snprintf(to, sizeof names[0], "%s/%s", base, name);
	return to;
}

static void
set_up(void)
{
	ck_assert_ptr_nonnull(realpath(aid_make_dir(), base));
	(void)snprintf(path, sizeof path, "%s/.ccp/config.json", base);
	(void)memset(err, 0, sizeof err);
}

static void
holds(const char *file, const char *want)
{
	size_t len;
	char *text = io_read_file(file, LIMIT_CONFIG_BYTES, &len);

	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, want);
	free(text);
}

static bool
exists(const char *file)
{
	struct stat st;

	return lstat(file, &st) == 0;
}

static mode_t
mode_of(const char *file)
{
	struct stat st;

	ck_assert_int_eq(lstat(file, &st), 0);
	return st.st_mode & 07777;
}

static void
begin_with(const char *text)
{
	ck_assert_int_eq(mkdir(in(".ccp"), 0700), 0);
	(void)aid_make_file(".ccp/config.json", text, 0644);
}

static bool
set(const char *key, const char *json)
{
	return config_change_set(path, key, json, err, sizeof err);
}

START_TEST(set_makes_what_is_missing)
{
	ck_assert_msg(set("PORT", "99"), "%s", err);
	holds(path, "{\n  \"PORT\": 99\n}\n");
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert_uint_eq(mode_of(in(".ccp")), 0700);
	ck_assert(!exists(in(".ccp/config.json.new")));
}
END_TEST

START_TEST(set_is_private_from_then_on)
{
	begin_with(OLD);
	ck_assert_msg(set("b", "\"x\""), "%s", err);
	holds(path, "{\"a\": 1,\"b\": \"x\"}\n");
	ck_assert_uint_eq(mode_of(path), 0600);
}
END_TEST

START_TEST(remove_tells_what_was)
{
	bool was;

	ck_assert(config_change_remove(path, "a", &was, err, sizeof err));
	ck_assert(!was);
	ck_assert(!exists(path));
	(void)aid_make_file(".ccp/config.json", "{\"a\": 1, \"b\": 2}", 0600);
	ck_assert(config_change_remove(path, "a", &was, err, sizeof err));
	ck_assert(was);
	holds(path, "{\"b\": 2}");
	ck_assert(config_change_remove(path, "a", &was, err, sizeof err));
	ck_assert(!was);
}
END_TEST

START_TEST(symbolic_links_stay)
{
	ck_assert_int_eq(mkdir(in("dotfiles"), 0700), 0);
	ck_assert_int_eq(mkdir(in(".ccp"), 0700), 0);
	(void)aid_make_file("dotfiles/ccp.json", OLD, 0600);
	if (_i == 0) /* relative, and over another link */
		ck_assert_int_eq(symlink("../dotfiles/link", path), 0);
	else
		ck_assert_int_eq(symlink(in("dotfiles/link"), path), 0);
	ck_assert_int_eq(symlink("ccp.json", in("dotfiles/link")), 0);
	ck_assert_msg(set("a", "2"), "%s", err);
	holds(in("dotfiles/ccp.json"), "{\"a\": 2}\n");
	/* One that leads to nothing yet */
	ck_assert_int_eq(unlink(in("dotfiles/ccp.json")), 0);
	ck_assert_msg(set("a", "3"), "%s", err);
	holds(in("dotfiles/ccp.json"), "{\n  \"a\": 3\n}\n");
	ck_assert(mode_of(path) == 0777 || mode_of(path) == 0755);
	ck_assert(exists(in("dotfiles/link")));
}
END_TEST

START_TEST(links_in_a_circle)
{
	ck_assert_int_eq(mkdir(in(".ccp"), 0700), 0);
	ck_assert_int_eq(symlink("config.json", path), 0);
	ck_assert(!set("a", "1"));
	ck_assert_ptr_nonnull(strstr(err, "cannot write"));
}
END_TEST

START_TEST(what_is_no_json_is_left_alone)
{
	static const char bad[] = "{\n\"a\": 1,\n}\n";
	bool was;

	begin_with(bad);
	ck_assert(!set("a", "2"));
	ck_assert_str_eq(
	    err, "config.json line 3: a key in quotes was expected");
	ck_assert(!config_change_remove(path, "a", &was, err, sizeof err));
	holds(path, bad);
	ck_assert_uint_eq(mode_of(path), 0644);
	ck_assert(config_change_replace(path, bad, OLD, err, sizeof err));
	holds(path, OLD);
}
END_TEST

START_TEST(what_is_no_json_is_not_written)
{
	begin_with(OLD);
	ck_assert(!set("b", "tru"));
	ck_assert(!config_change_replace(path, OLD, "{", err, sizeof err));
	holds(path, OLD);
}
END_TEST

START_TEST(what_is_no_object_is_not_written)
{
	static const char *const bad[] = {
	    "[]", "\n [{}]", "null", "\"{\"", "1"};
	size_t i;

	begin_with(OLD);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert(
		    !config_change_replace(path, OLD, bad[i], err, sizeof err));
		ck_assert_str_eq(err, "not written: must be a JSON object");
		holds(path, OLD);
	}
	ck_assert(
	    config_change_replace(path, OLD, " \t\r\n{}", err, sizeof err));
	holds(path, " \t\r\n{}");
}
END_TEST

START_TEST(replace_overwrites_nobody)
{
	begin_with(OLD);
	ck_assert(!config_change_replace(path, "{}", "{}", err, sizeof err));
	ck_assert_ptr_nonnull(strstr(err, "changed in the meantime"));
	ck_assert(!config_change_replace(path, NULL, "{}", err, sizeof err));
	holds(path, OLD);
	ck_assert(config_change_replace(path, OLD, "{}", err, sizeof err));
	holds(path, "{}");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(!config_change_replace(path, "{}", OLD, err, sizeof err));
	ck_assert(!exists(path));
	ck_assert(config_change_replace(path, NULL, OLD, err, sizeof err));
	holds(path, OLD);
}
END_TEST

/* A temporary file that somebody was killed over, or laid for us. */
START_TEST(what_is_in_the_way_goes)
{
	begin_with(OLD);
	if (_i == 0)
		(void)aid_make_file(".ccp/config.json.new", "half", 0644);
	else
		ck_assert_int_eq(
		    symlink("victim", in(".ccp/config.json.new")), 0);
	ck_assert_msg(set("a", "2"), "%s", err);
	holds(path, "{\"a\": 2}\n");
	ck_assert(!exists(in(".ccp/config.json.new")));
	ck_assert(!exists(in(".ccp/victim")));
}
END_TEST

/* --- faults ------------------------------------------------------------ */

/* In a process of its own: the limit is for good. */
static void
with_small_files(void)
{
	const struct rlimit small = {10, 10};

	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert(!set("b", "\"longer than ten bytes\""));
	ck_assert_ptr_nonnull(strstr(err, "File too large"));
	ck_assert(!exists(in(".ccp/config.json.new")));
}

START_TEST(a_disk_that_is_full)
{
	begin_with(OLD);
	aid_in_process(with_small_files);
	holds(path, OLD);
}
END_TEST

START_TEST(too_large)
{
	char *big = malloc(LIMIT_CONFIG_BYTES + 1);

	ck_assert_ptr_nonnull(big);
	memset(big, 'x', LIMIT_CONFIG_BYTES);
	big[0] = big[LIMIT_CONFIG_BYTES - 1] = '"';
	big[LIMIT_CONFIG_BYTES] = '\0';
	begin_with(OLD);
	ck_assert(!set("b", big));
	ck_assert_ptr_nonnull(strstr(err, "File too large"));
	holds(path, OLD);
	free(big);
}
END_TEST

START_TEST(directories_that_are_none)
{
	(void)aid_make_file(".ccp", "", 0600);
	ck_assert(!set("a", "1"));
	ck_assert_ptr_nonnull(strstr(err, "Not a directory"));
	ck_assert_int_eq(unlink(in(".ccp")), 0);
	ck_assert_int_eq(mkdir(in(".ccp"), 0700), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert(!set("a", "1"));
	ck_assert_ptr_nonnull(strstr(err, "Is a directory"));
	ck_assert(!exists(in(".ccp/config.json.new")));
}
END_TEST

/* --- several at once --------------------------------------------------- */

static int who;

static void
set_some(void)
{
	char key[16];
	int i;

	for (i = 0; i < 5; i++) {
		(void)snprintf(key, sizeof key, "K%d_%d", who, i);
		if (!set(key, "1"))
			_exit(1);
	}
	_exit(0);
}

START_TEST(nothing_is_lost)
{
	char key[16], *text;
	pid_t pids[8];
	size_t len;
	int i, k;

	for (i = 0; i < 8; i++) {
		who = i;
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0)
			set_some();
	}
	for (i = 0; i < 8; i++)
		ck_assert_int_eq(aid_wait(pids[i]), 0);
	text = io_read_file(path, LIMIT_CONFIG_BYTES, &len);
	ck_assert_ptr_nonnull(text);
	for (i = 0; i < 8; i++) {
		for (k = 0; k < 5; k++) {
			(void)snprintf(key, sizeof key, "\"K%d_%d\"", i, k);
			ck_assert_ptr_nonnull(strstr(text, key));
		}
	}
	free(text);
}
END_TEST

/* Two homes share a file: what they have is links to it. */
static void
set_in_home(const char *home, int fd)
{
	char key[16];

	(void)snprintf(path, sizeof path, "%s/%s/config.json", base, home);
	(void)snprintf(key, sizeof key, "%s%d", home, who);
	aid_await_byte(fd);
	_exit(set(key, "1") ? 0 : 1);
}

START_TEST(two_homes_that_share_a_file)
{
	static const char *const homes[] = {"A", "B"};
	char key[16], link[64], *text;
	pid_t pids[20];
	size_t len;
	int go[2];

	aid_pipe(go);
	for (who = 0; who < 2; who++) {
		(void)snprintf(link, sizeof link, "%s/config.json", homes[who]);
		ck_assert_int_eq(mkdir(in(homes[who]), 0700), 0);
		ck_assert_int_eq(symlink("../both.json", in(link)), 0);
	}
	for (who = 0; who < 20; who++) {
		pids[who] = fork();
		ck_assert_int_ge(pids[who], 0);
		if (pids[who] == 0)
			set_in_home(homes[who % 2], go[0]);
	}
	for (who = 0; who < 20; who++)
		aid_send_byte(go[1]);
	for (who = 0; who < 20; who++)
		ck_assert_int_eq(aid_wait(pids[who]), 0);
	text = io_read_file(in("both.json"), LIMIT_CONFIG_BYTES, &len);
	ck_assert_ptr_nonnull(text);
	for (who = 0; who < 20; who++) {
		(void)snprintf(
		    key, sizeof key, "\"%s%d\"", homes[who % 2], who);
		ck_assert_msg(strstr(text, key) != NULL, "%s: %s", key, text);
	}
	free(text);
	ck_assert(exists(in("both.json.lock")));
	ck_assert(!exists(in("A/config.json.lock")));
}
END_TEST

Suite *
suite_config_change(void)
{
	Suite *s = suite_create("config_change");
	TCase *t = tcase_create("config_change");

	tcase_add_checked_fixture(t, set_up, aid_remove_dir);
	tcase_add_test(t, set_makes_what_is_missing);
	tcase_add_test(t, set_is_private_from_then_on);
	tcase_add_test(t, remove_tells_what_was);
	tcase_add_loop_test(t, symbolic_links_stay, 0, 2);
	tcase_add_test(t, links_in_a_circle);
	tcase_add_test(t, what_is_no_json_is_left_alone);
	tcase_add_test(t, what_is_no_json_is_not_written);
	tcase_add_test(t, what_is_no_object_is_not_written);
	tcase_add_test(t, replace_overwrites_nobody);
	tcase_add_loop_test(t, what_is_in_the_way_goes, 0, 2);
	tcase_add_test(t, a_disk_that_is_full);
	tcase_add_test(t, too_large);
	tcase_add_test(t, directories_that_are_none);
	tcase_add_test(t, nothing_is_lost);
	tcase_add_test(t, two_homes_that_share_a_file);
	suite_add_tcase(s, t);
	return s;
}
