/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "warm_record.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "aid.h"
#include "suites.h"

#include "banned.h"

#define KEY_1 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KEY_2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define TOKEN "00112233445566778899aabbccddeeff"
#define S1    "aaaaaaaa-0000-4000-8000-000000000001"
#define ID    "0123456789abcdef"
#define MANY  4

static char variable[PATH_MAX + 32], top[PATH_MAX];
static char *env[] = {variable, NULL};
static int dir;
static struct warm_record list[LIMIT_WARM_RECORDS];

static void
set_up(void)
{
	(void)snprintf(top, sizeof(top), "%s", aid_make_dir());
	(void)snprintf(variable, sizeof(variable), "XDG_RUNTIME_DIR=%s", top);
	dir = warm_dir_open(env, true);
	ck_assert_int_ne(dir, -1);
}

static void
tear_down(void)
{
	(void)close(dir);
	aid_remove_dir();
}

static struct warm_record
a_record(const char *key, const char *name)
{
	struct warm_record r = {
	    .keeper = (long)getpid(), .claude = 4711, .model = true};

	(void)snprintf(r.key, sizeof(r.key), "%s", key);
	(void)snprintf(r.name, sizeof(r.name), "%s", name);
	(void)snprintf(r.session, sizeof(r.session), "%s", S1);
	return r;
}

static int
put(struct warm_record *r)
{
	int held = warm_record_put(dir, r);

	ck_assert_int_ne(held, -1);
	return held;
}

static bool
there(const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

/* A file as somebody else might leave it; held: its lock is. */
static int
leave(const char *name, const char *text, bool held)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t len = strlen(text);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	if (held) {
		ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
		return fd;
	}
	ck_assert_int_eq(close(fd), 0);
	return -1;
}

/* The pid of a process that there is not any more. */
static long
dead_pid(void)
{
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit(0);
	ck_assert_int_eq(aid_wait(pid), 0);
	return (long)pid;
}

START_TEST(where_they_are)
{
	char path[PATH_MAX], wanted[PATH_MAX + 16];
	static char *nothing[] = {NULL};

	(void)snprintf(wanted, sizeof(wanted), "%s/ccp/warm", top);
	ck_assert(warm_dir_path(path, sizeof(path), env));
	ck_assert_str_eq(path, wanted);
	ck_assert(warm_dir_path(path, strlen(wanted) + 1, env));
	ck_assert(!warm_dir_path(path, strlen(wanted), env));
	ck_assert(!warm_dir_path(path, strlen(wanted) - 5, env));
	ck_assert(!warm_dir_path(path, 3, env));
	ck_assert(warm_dir_path(path, sizeof(path), nothing));
}
END_TEST

START_TEST(the_directory_is_ones_own)
{
	char path[PATH_MAX + 16], aside[PATH_MAX + 16];
	int fd;

	ck_assert_int_eq(mode_of("."), 0700);
	(void)snprintf(path, sizeof(path), "%s/ccp/warm", top);
	(void)snprintf(aside, sizeof(aside), "%s/aside", top);
	ck_assert_int_eq(chmod(path, 0755), 0);
	ck_assert_int_eq(warm_dir_open(env, true), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(chmod(path, 0700), 0);
	fd = warm_dir_open(env, false);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(rename(path, aside), 0);
	ck_assert_int_eq(warm_dir_open(env, false), -1); /* not made */
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(symlink(aside, path), 0);
	ck_assert_int_eq(warm_dir_open(env, true), -1);
}
END_TEST

START_TEST(what_is_put_is_listed)
{
	struct warm_record r = a_record(KEY_1, "claude-x 5"), other;
	int held = put(&r), again;

	ck_assert_uint_eq(strlen(r.id), WARM_ID_BYTES - 1);
	ck_assert_uint_eq(strlen(r.token), WARM_TOKEN_BYTES - 1);
	ck_assert_int_ne(fcntl(held, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(mode_of(r.id), 0600);
	ck_assert_uint_eq(warm_record_list(dir, NULL, list, 2), 1);
	ck_assert_str_eq(list[0].id, r.id);
	ck_assert_str_eq(list[0].token, r.token);
	ck_assert_str_eq(list[0].key, KEY_1);
	ck_assert_str_eq(list[0].session, S1);
	ck_assert_str_eq(list[0].name, "claude-x 5");
	ck_assert_int_eq(list[0].keeper, (long)getpid());
	ck_assert_int_eq(list[0].claude, 4711);
	ck_assert_int_gt(list[0].since, 1600000000000);
	ck_assert_int_eq(list[0].since, r.since);
	ck_assert(list[0].model);
	other = r;
	again = put(&other);
	ck_assert_str_ne(other.id, r.id);
	ck_assert_str_ne(other.token, r.token);
	warm_record_remove(dir, other.id, again);
	warm_record_remove(dir, r.id, held);
	ck_assert(!there(r.id));
	ck_assert_int_eq(fcntl(held, F_GETFD), -1);
	ck_assert_uint_eq(warm_record_list(dir, NULL, list, 2), 0);
}
END_TEST

START_TEST(an_agent_of_no_session)
{
	struct warm_record r = a_record(KEY_1, "");
	int held;

	r.model = false;
	r.session[0] = '\0';
	held = put(&r);
	ck_assert_uint_eq(warm_record_list(dir, NULL, list, 2), 1);
	ck_assert(!list[0].model);
	ck_assert_str_eq(list[0].session, "");
	ck_assert_str_eq(list[0].name, "");
	ck_assert(!warm_record_has(list, 1, S1));
	warm_record_remove(dir, r.id, held);
}
END_TEST

START_TEST(a_name_of_the_longest)
{
	char name[LIMIT_MODEL_BYTES + 1];
	struct warm_record r;
	int held;

	memset(name, 'n', LIMIT_MODEL_BYTES);
	name[LIMIT_MODEL_BYTES] = '\0';
	r = a_record(KEY_1, name);
	held = put(&r);
	ck_assert_uint_eq(warm_record_list(dir, KEY_1, list, 2), 1);
	ck_assert_str_eq(list[0].name, name);
	warm_record_remove(dir, r.id, held);
}
END_TEST

/* With the time of each: a record's own, whatever the directory's order. */
static void
leave_at(const char *id, long long since, int *held)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "token " TOKEN "\nkey " KEY_1 "\nkeeper %ld\nsince %lld\n",
	    (long)getpid(), since);
	*held = leave(id, text, true);
}

START_TEST(the_oldest_comes_first)
{
	static const char *const wanted[] = {"00000000000000bb",
	    "00000000000000aa", "00000000000000cc", "00000000000000dd"};
	int held[MANY];
	size_t i;

	leave_at("00000000000000dd", 300, &held[0]);
	leave_at("00000000000000aa", 200, &held[1]);
	leave_at("00000000000000cc", 200, &held[2]); /* at the same time */
	leave_at("00000000000000bb", 100, &held[3]);
	ck_assert_uint_eq(
	    warm_record_list(dir, NULL, list, LIMIT_WARM_RECORDS), MANY);
	for (i = 0; i < MANY; i++) {
		ck_assert_str_eq(list[i].id, wanted[i]);
		ck_assert_int_eq(close(held[i]), 0);
	}
}
END_TEST

START_TEST(only_those_of_a_key)
{
	struct warm_record a = a_record(KEY_1, "a"), b = a_record(KEY_2, "b");
	int held_a = put(&a), held_b = put(&b);

	ck_assert_uint_eq(warm_record_list(dir, KEY_2, list, 2), 1);
	ck_assert_str_eq(list[0].id, b.id);
	ck_assert_uint_eq(warm_record_list(dir, KEY_1, list, 1), 1);
	ck_assert_str_eq(list[0].id, a.id);
	ck_assert_uint_eq(warm_record_list(dir, "", list, 2), 0);
	ck_assert_uint_eq(warm_record_list(dir, NULL, list, 1), 1); /* max */
	warm_record_remove(dir, a.id, held_a);
	ck_assert_uint_eq(warm_record_list(dir, KEY_1, list, 2), 0);
	ck_assert(there(b.id));
	warm_record_remove(dir, b.id, held_b);
}
END_TEST

START_TEST(which_sessions_are_warm)
{
	struct warm_record r[2] = {a_record(KEY_1, "a"), a_record(KEY_2, "b")};

	ck_assert(warm_record_has(r, 2, S1));
	r[0].session[0]++;
	ck_assert(warm_record_has(r, 2, S1));
	ck_assert(!warm_record_has(r, 1, S1));
	ck_assert(!warm_record_has(r, 0, S1));
}
END_TEST

/* What a killed keeper leaves */

START_TEST(a_record_that_nobody_holds)
{
	struct warm_record r = a_record(KEY_1, "a"), other = r;
	char socket[32];
	int held, live;

	r.keeper = dead_pid();
	(void)snprintf(socket, sizeof(socket), "%ld.sock", r.keeper);
	held = put(&r);
	live = put(&other);
	(void)leave(socket, "", false);
	ck_assert_uint_eq(warm_record_list(dir, KEY_1, list, 2), 2);
	ck_assert(there(socket));
	ck_assert_int_eq(close(held), 0); /* its end */
	ck_assert_uint_eq(
	    warm_record_list(dir, _i == 0 ? KEY_1 : NULL, list, 2), 1);
	ck_assert_str_eq(list[0].id, other.id);
	ck_assert(!there(r.id));
	ck_assert(!there(socket));
	warm_record_remove(dir, other.id, live);
}
END_TEST

/* It was withdrawn between two looks, or its pid is another keeper's now: that
 * one's socket stays. */
START_TEST(the_socket_of_a_keeper_that_lives)
{
	struct warm_record r = a_record(KEY_1, "a");
	char socket[32];
	int held = put(&r);

	(void)snprintf(socket, sizeof(socket), "%ld.sock", (long)getpid());
	(void)leave(socket, "", false);
	ck_assert_int_eq(close(held), 0);
	ck_assert_uint_eq(
	    warm_record_list(dir, _i == 0 ? KEY_1 : NULL, list, 2), 0);
	ck_assert(!there(r.id));
	ck_assert(there(socket));
}
END_TEST

START_TEST(what_no_record_leads_to)
{
	const char *suffix = _i == 0 ? ".sock" : ".new";
	char dead[32], live[32];

	(void)snprintf(dead, sizeof(dead), "%ld%s", dead_pid(), suffix);
	(void)snprintf(live, sizeof(live), "%ld%s", (long)getpid(), suffix);
	(void)leave(dead, "", false);
	(void)leave(live, "", false);
	(void)leave("notes", "not ours", false);
	(void)leave("x.sock", "not ours", false);
	(void)leave("00000000000000bb.new", "not ours", false);
	(void)leave(".new", "not ours", false);
	ck_assert_uint_eq(warm_record_list(dir, KEY_1, list, 2), 0);
	ck_assert(there(dead)); /* a request has other things to do */
	ck_assert_uint_eq(warm_record_list(dir, NULL, list, 2), 0);
	ck_assert(!there(dead));
	ck_assert(there(live));
	ck_assert(there("notes"));
	ck_assert(there("x.sock"));
	ck_assert(there("00000000000000bb.new"));
	ck_assert(there(".new"));
}
END_TEST

/* Of one that had the same pid, and was killed while it wrote. */
START_TEST(half_a_record_of_another_one)
{
	struct warm_record r = a_record(KEY_1, "a");
	char half[32];
	int held;

	(void)snprintf(half, sizeof(half), "%ld.new", (long)getpid());
	(void)leave(half, "token of another one, and longer than it is", false);
	held = put(&r);
	ck_assert(!there(half));
	ck_assert_uint_eq(warm_record_list(dir, KEY_1, list, 2), 1);
	ck_assert_str_eq(list[0].token, r.token);
	warm_record_remove(dir, r.id, held);
}
END_TEST

/* What else may be there under the name of a record */

#define GOOD "token " TOKEN "\nkey " KEY_1 "\nkeeper 1\n"

static const char *const bad[] = {
    "",
    "\n\n\n",
    "token\nkey\nkeeper\n",
    "key " KEY_1 "\nkeeper 1\n",
    "token " TOKEN "\nkeeper 1\n",
    "token " TOKEN "\nkey " KEY_1 "\n",
    "token " TOKEN "\nkey " KEY_1 "\nkeeper 0\n",
    "token " TOKEN "\nkey " KEY_1 "\nkeeper -1\n",
    "token " TOKEN "\nkey " KEY_1 "\nkeeper x\n",
    "token " TOKEN "0\nkey " KEY_1 "\nkeeper 1\n",
    "token 0\nkey " KEY_1 "\nkeeper 1\n",
    "token " TOKEN "\nkey " KEY_1 "0\nkeeper 1\n",
    "token " TOKEN "\nkey 0\nkeeper 1\n",
    GOOD "session " S1 "0\n",
    "key " KEY_1 " token " TOKEN " keeper 1",
};

START_TEST(what_is_no_record)
{
	int held = leave(ID, bad[_i], true);

	ck_assert_uint_eq(warm_record_list(dir, NULL, list, 2), 0);
	ck_assert(there(ID)); /* somebody's */
	ck_assert_int_eq(close(held), 0);
	ck_assert_uint_eq(warm_record_list(dir, NULL, list, 2), 0);
	ck_assert(!there(ID)); /* and nobody's */
}
END_TEST

static const char *const good[] = {
    GOOD,
    "keeper 1\nkey " KEY_1 "\ntoken " TOKEN, /* no line end */
    "later 1\n" GOOD "of another version\n\nmode none\nsince x\nclaude x\n",
};

START_TEST(what_is_one)
{
	int held = leave(ID, good[_i], true);

	ck_assert_uint_eq(warm_record_list(dir, KEY_1, list, 2), 1);
	ck_assert_str_eq(list[0].id, ID);
	ck_assert_str_eq(list[0].token, TOKEN);
	ck_assert_int_eq(list[0].keeper, 1);
	ck_assert_int_eq(list[0].claude, 0);
	ck_assert_int_eq(list[0].since, 0);
	ck_assert(!list[0].model);
	ck_assert_str_eq(list[0].session, "");
	ck_assert_int_eq(close(held), 0);
}
END_TEST

/* More than a record can be is not read. */
START_TEST(one_that_is_too_long)
{
	char text[2 * LIMIT_WARM_RECORD_BYTES];
	int held;

	memset(text, ' ', sizeof(text));
	memcpy(text + LIMIT_WARM_RECORD_BYTES, "\n" GOOD, sizeof("\n" GOOD));
	held = leave(ID, text, true);
	ck_assert_uint_eq(warm_record_list(dir, NULL, list, 2), 0);
	ck_assert_int_eq(close(held), 0);
	ck_assert_int_eq(unlinkat(dir, ID, 0), 0);
	memset(text, 'n', sizeof(text));
	memcpy(text, "name ", 5);
	text[sizeof(text) - 1] = '\0';
	held = leave(ID, text, true);
	ck_assert_uint_eq(warm_record_list(dir, NULL, list, 2), 0);
	ck_assert_int_eq(close(held), 0);
}
END_TEST

/* mkfifoat() is younger than the oldest macOS. */
static void
make_fifo(const char *name)
{
	char path[PATH_MAX];

	ck_assert(warm_dir_path(path, sizeof(path), env));
	(void)snprintf(
	    path + strlen(path), sizeof(path) - strlen(path), "/%s", name);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

/* Nobody waits for it, nor touches it. */
START_TEST(what_is_no_file)
{
	const char *name = _i < 4 ? ID : "1.new";
	int aside = leave("aside", GOOD, true);

	switch (_i % 4) {
	case 0:
		make_fifo(name);
		break;
	case 1:
		ck_assert_int_eq(mkdirat(dir, name, 0700), 0);
		break;
	case 2:
		ck_assert_int_eq(symlinkat("aside", dir, name), 0);
		break;
	default:
		ck_assert_int_eq(symlinkat("nowhere", dir, name), 0);
		break;
	}
	ck_assert_uint_eq(warm_record_list(dir, NULL, list, 2), 0);
	ck_assert_uint_eq(warm_record_list(dir, KEY_1, list, 2), 0);
	ck_assert(there(name)); /* it is none of ours to remove */
	ck_assert(there("aside"));
	ck_assert(!there("nowhere"));
	ck_assert_int_eq(close(aside), 0);
}
END_TEST

/* 15 and 17 digits, capital letters, and what begins as one. */
START_TEST(names_that_are_none)
{
	static const char *const names[] = {"0123456789abcde",
	    "0123456789abcdef0", "0123456789ABCDEF", ID ".x", ID "~"};
	const char *name = names[_i];
	int held = leave(name, GOOD, true);

	ck_assert_uint_eq(warm_record_list(dir, NULL, list, 2), 0);
	ck_assert_int_eq(close(held), 0);
	ck_assert_uint_eq(warm_record_list(dir, NULL, list, 2), 0);
	ck_assert(there(name));
}
END_TEST

START_TEST(nothing_stays_open)
{
	struct warm_record r = a_record(KEY_1, "a");
	int before = aid_open_fds(), held;

	held = put(&r);
	(void)leave(ID, "", false);
	(void)leave("1.new", "half", false);
	make_fifo("00000000000000cc");
	(void)warm_record_list(dir, NULL, list, LIMIT_WARM_RECORDS);
	(void)warm_record_list(dir, KEY_1, list, LIMIT_WARM_RECORDS);
	(void)warm_record_list(-1, KEY_1, list, LIMIT_WARM_RECORDS);
	warm_record_remove(dir, r.id, held);
	ck_assert_int_eq(warm_record_put(-1, &r), -1);
	ck_assert_int_eq(aid_open_fds(), before);
}
END_TEST

static TCase *
of_files(void)
{
	TCase *tc = tcase_create("hostile");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(
	    tc, what_is_no_record, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(tc, what_is_one, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_test(tc, one_that_is_too_long);
	tcase_add_loop_test(tc, what_is_no_file, 0, 8);
	tcase_add_loop_test(tc, names_that_are_none, 0, 5);
	return tc;
}

Suite *
suite_warm_record(void)
{
	Suite *s = suite_create("warm_record");
	TCase *tc = tcase_create("records");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, where_they_are);
	tcase_add_test(tc, the_directory_is_ones_own);
	tcase_add_test(tc, what_is_put_is_listed);
	tcase_add_test(tc, an_agent_of_no_session);
	tcase_add_test(tc, a_name_of_the_longest);
	tcase_add_test(tc, the_oldest_comes_first);
	tcase_add_test(tc, only_those_of_a_key);
	tcase_add_test(tc, which_sessions_are_warm);
	tcase_add_loop_test(tc, a_record_that_nobody_holds, 0, 2);
	tcase_add_loop_test(tc, the_socket_of_a_keeper_that_lives, 0, 2);
	tcase_add_loop_test(tc, what_no_record_leads_to, 0, 2);
	tcase_add_test(tc, half_a_record_of_another_one);
	tcase_add_test(tc, nothing_stays_open);
	suite_add_tcase(s, tc);
	suite_add_tcase(s, of_files());
	return s;
}
