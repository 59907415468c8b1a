/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_store.h"

#include <sys/stat.h>
#include <sys/time.h>

#include <check.h>
#include <errno.h>
#include <gdbm.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "aid.h"
#include "store_bed.h"
#include "suites.h"

#include "banned.h"

/* --- values --- */

START_TEST(values_come_back)
{
	struct session_store *st;

	bed_fill(40);
	st = bed_begin();
	ck_assert_int_eq(bed_count_right(st, 40 + 5), 40);
	ck_assert_ptr_null(store_healed(st));
	store_end(st);
}
END_TEST

START_TEST(a_value_is_replaced_and_deleted)
{
	struct session_store *st = bed_begin();

	bed_put(st, "ca", "one", EVER);
	bed_put(st, "ca", "another", EVER);
	ck_assert_str_eq(bed_get(st, "ca"), "another");
	ck_assert_int_eq(store_delete(st, "ca", 2), STORE_OK);
	ck_assert_str_eq(bed_get(st, "ca"), "-");
	ck_assert_int_eq(store_delete(st, "ca", 2), STORE_OK);
	bed_put(st, "ca", "", EVER);
	ck_assert_str_eq(bed_get(st, "ca"), "");
	store_end(st);
}
END_TEST

START_TEST(the_largest_value)
{
	static char big[LIMIT_STORE_VALUE_BYTES + 1];
	struct session_store *st = bed_begin();
	struct buf b = BUF_INIT(sizeof(big));

	memset(big, 'x', sizeof(big));
	ck_assert_int_eq(
	    store_put(st, "c", 1, big, sizeof(big) - 1, EVER, NOW), STORE_OK);
	ck_assert_int_eq(store_get(st, "c", 1, NOW, &b), STORE_OK);
	ck_assert_uint_eq(b.len, sizeof(big) - 1);
	ck_assert_int_eq(
	    store_put(st, "d", 1, big, sizeof(big), EVER, NOW), STORE_UNUSABLE);
	ck_assert_int_eq(errno, EMSGSIZE);
	buf_free(&b);
	store_end(st);
}
END_TEST

START_TEST(odd_keys_are_refused)
{
	static const char key[LIMIT_STORE_KEY_BYTES + 1] = {'c'};
	struct session_store *st = bed_begin();
	struct buf b = BUF_INIT(16);

	ck_assert_int_eq(
	    store_put(st, "\0x", 2, "v", 1, EVER, NOW), STORE_UNUSABLE);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(store_get(st, "\0ccp", 4, NOW, &b), STORE_UNUSABLE);
	ck_assert_int_eq(store_delete(st, "\0ccp", 4), STORE_UNUSABLE);
	ck_assert_int_eq(store_get(st, "", 0, NOW, &b), STORE_UNUSABLE);
	ck_assert_int_eq(
	    store_put(st, key, sizeof(key), "v", 1, EVER, NOW), STORE_UNUSABLE);
	ck_assert_int_eq(
	    store_put(st, key, sizeof(key) - 1, "v", 1, EVER, NOW), STORE_OK);
	ck_assert_ptr_null(store_healed(st));
	store_end(st);
}
END_TEST

START_TEST(files_are_private)
{
	static const char *const suffixes[] = {"", ".lock"};
	struct stat st;
	size_t i;

	(void)umask(0);
	bed_fill(1);
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(stat(bed_beside(suffixes[i]), &st), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0600);
	}
	ck_assert(!bed_there(".new"));
	ck_assert(!bed_there(".bad"));
}
END_TEST

START_TEST(nothing_is_made_unasked)
{
	ck_assert_int_eq(bed_try(false), STORE_ABSENT);
	ck_assert(!bed_there(""));
	ck_assert(!bed_there(".lock"));
	ck_assert_int_eq(bed_try(true), STORE_OK);
	ck_assert_int_eq(bed_try(false), STORE_OK);
	ck_assert_int_eq(unlink(store_path), 0);
	ck_assert_int_eq(bed_try(false), STORE_ABSENT);
	ck_assert(!bed_there(""));
}
END_TEST

/* --- time --- */

START_TEST(expired_values_are_not_there)
{
	struct session_store *st = bed_begin();
	struct buf b = BUF_INIT(16);

	bed_put(st, "ca", "x", NOW);
	bed_put(st, "cb", "y", NOW + 1);
	ck_assert_str_eq(bed_get(st, "ca"), "-");
	ck_assert_str_eq(bed_get(st, "cb"), "y");
	ck_assert_int_eq(store_get(st, "cb", 2, NOW + 1, &b), STORE_ABSENT);
	ck_assert_uint_eq(b.len, 0);
	store_end(st);
}
END_TEST

/* How many keys are in the file, expired or not, but for its own one. */
static int
count_keys(void)
{
	GDBM_FILE db =
	    gdbm_open(store_path, 0, GDBM_READER | GDBM_NOLOCK, 0, NULL);
	gdbm_count_t n;

	ck_assert_ptr_nonnull(db);
	ck_assert_int_eq(gdbm_count(db, &n), 0);
	(void)gdbm_close(db);
	return (int)n - 1;
}

START_TEST(putting_sweeps_a_few)
{
	struct session_store *st = bed_begin();
	char key[32], value[128];
	int i, before, after;

	for (i = 0; i < 300; i++) {
		bed_make_value(i, key, value);
		bed_put(st, key, value, NOW + 10);
	}
	store_end(st);
	ck_assert_int_eq(count_keys(), 300);
	for (i = 0, before = 300; i < 400 && before > 20; i++) {
		bed_make_value(1000 + i, key, value);
		st = bed_begin();
		ck_assert_int_eq(store_put(st, key, strlen(key), value,
				     strlen(value), NOW + 20, NOW + 10),
		    STORE_OK);
		store_end(st);
		after = count_keys() - i - 1;
		ck_assert_int_le(before - after, LIMIT_STORE_SWEEP);
		if (i == 0)
			ck_assert_int_ge(before - after, LIMIT_STORE_SWEEP - 1);
		before = after;
	}
	/* 300 of 8 at a time, each time somewhere: the last are found late. */
	ck_assert_int_le(i, 250);
	st = bed_begin();
	for (; i > 0; i--) {
		bed_make_value(1000 + i - 1, key, value);
		ck_assert_str_eq(bed_get(st, key), value);
	}
	store_end(st);
}
END_TEST

/* It makes the file no longer. */
START_TEST(a_value_that_takes_anothers_place_sweeps_nothing)
{
	struct session_store *st = bed_begin();
	char key[32], value[128];
	int i;

	for (i = 0; i < 50; i++) {
		bed_make_value(i, key, value);
		bed_put(st, key, value, NOW + (i == 0 ? 20 : 10));
	}
	bed_make_value(0, key, value);
	for (i = 0; i < 20; i++) {
		value[0] = (char)('a' + i);
		ck_assert_int_eq(store_put(st, key, strlen(key), value,
				     strlen(value), NOW + 20, NOW + 10),
		    STORE_OK);
		ck_assert_str_eq(bed_get(st, key), value);
	}
	store_end(st);
	ck_assert_int_eq(count_keys(), 50);
}
END_TEST

struct seen {
	int n, most;
	bool wrong;
};

static bool
see(void *arg, const void *key, size_t keylen, const void *value, size_t len,
    int64_t expires)
{
	struct seen *s = arg;

	s->n++;
	if (keylen != 2 || len != 2 || memcmp(key, value, 2) != 0 ||
	    expires != NOW + 5)
		s->wrong = true;
	return s->n < s->most;
}

START_TEST(each_sees_what_is_alive)
{
	struct session_store *st = bed_begin();
	struct seen all = {.most = 100}, one = {.most = 1};

	bed_put(st, "ca", "ca", NOW + 5);
	bed_put(st, "cb", "cb", NOW + 5);
	bed_put(st, "cc", "cc", NOW + 5);
	bed_put(st, "cd", "expired", NOW);
	ck_assert_int_eq(store_each(st, NOW, see, &all), STORE_OK);
	ck_assert_int_eq(all.n, 3);
	ck_assert(!all.wrong);
	ck_assert_int_eq(store_each(st, NOW, see, &one), STORE_OK);
	ck_assert_int_eq(one.n, 1);
	store_end(st);
}
END_TEST

static off_t
size_of_file(void)
{
	struct stat st;

	ck_assert_int_eq(stat(store_path, &st), 0);
	return st.st_size;
}

START_TEST(prune_removes_and_gives_room_back)
{
	static char big[20000];
	struct session_store *st = bed_begin();
	size_t removed = 99;
	char key[32];
	off_t before;
	int i;

	memset(big, 'b', sizeof(big) - 1);
	for (i = 0; i < 50; i++) {
		(void)snprintf(key, sizeof(key), "cbig-%d", i);
		bed_put(st, key, big, NOW + 1);
	}
	bed_put(st, "cstays", "here", NOW + 2);
	before = size_of_file();
	ck_assert_int_eq(store_prune(st, NOW + 1, &removed), STORE_OK);
	ck_assert_uint_eq(removed, 50);
	ck_assert_str_eq(bed_get(st, "cstays"), "here");
	bed_put(st, "cnew", "too", EVER);
	store_end(st);
	ck_assert_int_lt(size_of_file(), before / 2);
	ck_assert(!bed_there(".new"));
	st = bed_begin();
	ck_assert_str_eq(bed_get(st, "cstays"), "here");
	ck_assert_str_eq(bed_get(st, "cnew"), "too");
	ck_assert_str_eq(bed_get(st, "cbig-7"), "-");
	store_end(st);
}
END_TEST

static bool
keep_even(void *arg, const void *key, size_t keylen, const void *value,
    size_t len, int64_t expires)
{
	const char *last = (const char *)key + keylen - 1;

	(void)arg;
	(void)value;
	(void)len;
	(void)expires;
	return (*last - '0') % 2 == 0;
}

START_TEST(filter_keeps_what_is_chosen)
{
	struct session_store *st;
	size_t removed = 0;

	bed_fill(10);
	st = bed_begin();
	ck_assert_int_eq(
	    store_filter(st, NOW, keep_even, NULL, &removed), STORE_OK);
	ck_assert_uint_eq(removed, 5);
	ck_assert_int_eq(bed_count_right(st, 10), 5);
	ck_assert_str_eq(bed_get(st, "ckey-3"), "-");
	store_end(st);
}
END_TEST

/* --- the lock --- */

/* A process that has the store, until it is killed. */
static pid_t
holder(void)
{
	int said[2];
	pid_t pid;

	aid_pipe(said);
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		(void)bed_begin();
		aid_idle(said[1]);
	}
	aid_await_byte(said[0]);
	aid_close(&said[0]);
	aid_close(&said[1]);
	return pid;
}

static void
end(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	(void)aid_wait(pid);
}

static int64_t
ms_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

START_TEST(a_held_lock_is_waited_for_and_given_up)
{
	pid_t pid = holder();
	struct timespec before, after;

	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	ck_assert_int_eq(bed_try(true), STORE_BUSY);
	(void)clock_gettime(CLOCK_MONOTONIC, &after);
	ck_assert_int_ge(
	    ms_of(&after) - ms_of(&before), LIMIT_STORE_LOCK_MS - 1);
	/* Its death frees it. */
	end(pid);
	ck_assert_int_eq(bed_try(true), STORE_OK);
}
END_TEST

/* Other signals do not shorten the wait, nor does it disturb other alarms. */
static volatile sig_atomic_t alarms;

static void
count_alarm(int sig)
{
	(void)sig;
	alarms++;
}

START_TEST(waiting_leaves_alarms_as_they_were)
{
	struct sigaction ours = {.sa_handler = count_alarm}, now;
	struct itimerval hour = {.it_value = {3600, 0}}, left;
	pid_t pid = holder();
	sigset_t set, mask;

	ck_assert_int_eq(sigaction(SIGALRM, &ours, NULL), 0);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &hour, NULL), 0);
	ck_assert_int_eq(bed_try(true), STORE_BUSY);
	ck_assert_int_eq(getitimer(ITIMER_REAL, &left), 0);
	ck_assert_int_gt(left.it_value.tv_sec, 3500);
	ck_assert_int_eq(left.it_interval.tv_usec, 0);
	ck_assert_int_eq(sigaction(SIGALRM, NULL, &now), 0);
	ck_assert(now.sa_handler == count_alarm);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	ck_assert(sigismember(&mask, SIGALRM));
	ck_assert_int_eq(alarms, 0);
	end(pid);
}
END_TEST

/* Two who have locked different files would both be inside. */
START_TEST(a_removed_lock_file_is_noticed)
{
	pid_t first = holder(), waiting, second;

	waiting = fork();
	ck_assert_int_ne(waiting, -1);
	if (waiting == 0)
		_exit(bed_try(true) == STORE_BUSY ? 0 : 1);
	/* If it is not waiting yet it opens the new file: right as well. */
	(void)poll(NULL, 0, 200);
	ck_assert_int_eq(unlink(bed_beside(".lock")), 0);
	second = holder();
	end(first);
	ck_assert_int_eq(aid_wait(waiting), 0);
	end(second);
}
END_TEST

START_TEST(no_descriptor_is_left)
{
	int before;

	bed_fill(1);
	before = aid_open_fds();
	bed_fill(3);
	(void)bed_try(false);
	ck_assert_int_eq(aid_open_fds(), before);
}
END_TEST

Suite *
suite_session_store(void)
{
	Suite *s = suite_create("session_store");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, store_bed_open, store_bed_close);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, values_come_back);
	tcase_add_test(tc, a_value_is_replaced_and_deleted);
	tcase_add_test(tc, the_largest_value);
	tcase_add_test(tc, odd_keys_are_refused);
	tcase_add_test(tc, files_are_private);
	tcase_add_test(tc, nothing_is_made_unasked);
	tcase_add_test(tc, expired_values_are_not_there);
	tcase_add_test(tc, putting_sweeps_a_few);
	tcase_add_test(tc, a_value_that_takes_anothers_place_sweeps_nothing);
	tcase_add_test(tc, each_sees_what_is_alive);
	tcase_add_test(tc, prune_removes_and_gives_room_back);
	tcase_add_test(tc, filter_keeps_what_is_chosen);
	tcase_add_test(tc, a_held_lock_is_waited_for_and_given_up);
	tcase_add_test(tc, waiting_leaves_alarms_as_they_were);
	tcase_add_test(tc, a_removed_lock_file_is_noticed);
	tcase_add_test(tc, no_descriptor_is_left);
	suite_add_tcase(s, tc);
	return s;
}
