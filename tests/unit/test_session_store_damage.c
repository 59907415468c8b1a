/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is in the way, and what is broken: the store works afterwards, nothing
 * wrong ever comes out of it, and what is not ours stays as it is.
 */
#include "session_store.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <gdbm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "store_bed.h"
#include "store_value.h"
#include "suites.h"

#include "banned.h"

#define NVALUES 60

static char *whole; /* a sound file with NVALUES values */
static size_t whole_len;

static void
set_up(void)
{
	store_bed_open();
	bed_fill(NVALUES);
	whole_len = bed_read_whole(store_path, &whole);
}

static void
tear_down(void)
{
	free(whole);
	store_bed_close();
}

/* Uses what is there in every way, and tells how many values were right.
 * Something may be missing, for a bucket does not tell what it has lost, but
 * nothing may come out wrong. */
static int
use_it(size_t at)
{
	struct session_store *st = bed_begin();
	char key[32], value[128];
	size_t removed;
	int right;

	right = bed_count_right(st, NVALUES);
	bed_make_value((int)at % NVALUES, key, value);
	bed_put(st, key, value, EVER);
	bed_put(st, "cother", "other", EVER);
	ck_assert_str_eq(bed_get(st, "cother"), "other");
	ck_assert_int_eq(store_delete(st, "cother", 6), STORE_OK);
	ck_assert_int_eq(store_prune(st, NOW, &removed), STORE_OK);
	store_end(st);
	return right;
}

static bool
count_one(void *arg, const void *key, size_t keylen, const void *value,
    size_t len, int64_t expires)
{
	(void)key;
	(void)keylen;
	(void)value;
	(void)len;
	(void)expires;
	++*(int *)arg;
	return true;
}

START_TEST(cut_anywhere)
{
	size_t len;

	/* Around every block, and in between. */
	for (len = 0; len < whole_len; len += len % 512 == 1 ? 510 : 1) {
		bed_write_whole(store_path, whole, len);
		(void)unlink(bed_beside(".bad"));
		ck_assert_msg(use_it(len) == NVALUES || bed_there(".bad"),
		    "cut at %zu, and nobody noticed", len);
		bed_expect_works();
	}
}
END_TEST

START_TEST(longer_than_it_was)
{
	char *more = calloc(1, whole_len + 10000);

	ck_assert_ptr_nonnull(more);
	memcpy(more, whole, whole_len);
	bed_write_whole(store_path, more, whole_len + 1);
	(void)use_it(1);
	bed_write_whole(store_path, more, whole_len + 10000);
	(void)use_it(10000);
	free(more);
}
END_TEST

/* In another process, so that a crash in GDBM is told with its place. */
static void
use_damaged(const char *bytes, const char *what, size_t at)
{
	pid_t pid;
	int status;

	bed_write_whole(store_path, bytes, whole_len);
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		(void)use_it(at);
		_exit(0);
	}
	status = aid_wait(pid);
	ck_assert_msg(status == 0, "%s %zu: status %d", what, at, status);
}

START_TEST(wrong_bytes_anywhere)
{
	static const unsigned char wrong[] = {0x01, 0x80, 0xFF};
	char *bytes = malloc(whole_len);
	size_t at, i = 0;

	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, whole, whole_len);
	/* All of the head, then here and there. */
	for (at = 0; at < whole_len; at += at < 80 ? 1 : 37) {
		bytes[at] = (char)((unsigned char)bytes[at] ^ wrong[i++ % 3]);
		use_damaged(bytes, "wrong byte at", at);
		bytes[at] = whole[at];
	}
	bed_expect_works();
	free(bytes);
}
END_TEST

/* A whole stretch of noise, of zeros, of another part of the file. */
START_TEST(wrong_stretches)
{
	char *bytes = malloc(whole_len);
	size_t at, i, len = 512;
	unsigned seed = 1;

	ck_assert_ptr_nonnull(bytes);
	for (at = 0; at + len <= whole_len; at += len) {
		memcpy(bytes, whole, whole_len);
		memset(bytes + at, 0, len);
		use_damaged(bytes, "zeros at", at);
		for (i = 0; i < len; i++) {
			seed = seed * 1103515245 + 12345;
			bytes[at + i] = (char)(seed >> 16);
		}
		use_damaged(bytes, "noise at", at);
		memcpy(
		    bytes + at, whole + (at + 4096) % (whole_len - len), len);
		use_damaged(bytes, "other bytes at", at);
	}
	free(bytes);
}
END_TEST

/* It would write zeros up to there. */
START_TEST(an_end_beyond_every_disk)
{
	const int64_t end = INT64_C(1) << 42;
	struct stat st;

	memcpy(whole + 32, &end, sizeof(end));
	use_damaged(whole, "end", 32);
	ck_assert_int_eq(stat(store_path, &st), 0);
	ck_assert_int_lt(st.st_size, 1000000);
	ck_assert(bed_there(".bad"));
}
END_TEST

/* As GDBM has them in a bucket since version 1.8.3; the first bucket is the
 * third block, and its table comes behind a list of free space. */
struct element {
	int32_t hash;
	char start[4];
	int64_t at;
	int32_t key_len, len;
};
#define BUCKET_AT   8192
#define ELEMENTS_AT (BUCKET_AT + 112)
#define ELEMENTS    ((4096 - 112) / (int)sizeof(struct element))

/* A second entry for the same key, behind the first: the key after it is that
 * after the first, for ever. */
START_TEST(a_key_that_leads_back)
{
	struct element all[ELEMENTS];
	struct session_store *st;
	int first = -1, free_one = -1, i, n = 0;

	memcpy(all, whole + ELEMENTS_AT, sizeof(all));
	for (i = 0; i < ELEMENTS; i++) {
		if (all[i].hash == -1)
			free_one = i;
		else if (first == -1 && all[i].start[0] == 'c')
			first = i; /* not the file's own */
	}
	ck_assert_int_ne(first, -1);
	ck_assert_int_gt(free_one, first);
	memcpy(whole + ELEMENTS_AT + (size_t)free_one * sizeof(all[0]),
	    &all[first], sizeof(all[0]));
	bed_write_whole(store_path, whole, whole_len);
	st = bed_begin();
	ck_assert_int_eq(store_each(st, NOW, count_one, &n), STORE_OK);
	ck_assert_int_le(n, NVALUES + 1);
	ck_assert_ptr_nonnull(store_healed(st));
	store_end(st);
	bed_expect_works();
}
END_TEST

START_TEST(damage_is_put_aside_and_told)
{
	struct session_store *st;
	char *bad;

	memset(whole, 'n', whole_len);
	bed_write_whole(store_path, whole, whole_len);
	st = bed_begin();
	ck_assert_ptr_nonnull(store_healed(st));
	ck_assert_str_eq(bed_get(st, "ckey-1"), "-");
	store_end(st);
	ck_assert_uint_eq(bed_read_whole(bed_beside(".bad"), &bad), whole_len);
	ck_assert_mem_eq(bad, whole, whole_len);
	free(bad);
	bed_expect_works();
}
END_TEST

START_TEST(an_empty_file_is_damage_if_marked)
{
	bed_write_whole(store_path, "", 0);
	bed_expect_works();
	ck_assert(bed_there(".bad"));
}
END_TEST

/* A name that cannot be had for what is put aside must not stop service. */
START_TEST(a_directory_called_bad)
{
	ck_assert_int_eq(mkdir(bed_beside(".bad"), 0700), 0);
	bed_write_whole(store_path, "noise", 5);
	bed_expect_works();
}
END_TEST

/* --- values that are whole for GDBM, and wrong --- */

static void
tamper(const char *key, size_t keylen, const char *value, size_t len)
{
	GDBM_FILE db = gdbm_open(store_path, 0, GDBM_WRITER, 0, NULL);

	ck_assert_ptr_nonnull(db);
	ck_assert_int_eq(
	    gdbm_store(db,
		(datum){.dptr = (char *)(uintptr_t)key, .dsize = (int)keylen},
		(datum){.dptr = (char *)(uintptr_t)value, .dsize = (int)len},
		GDBM_REPLACE),
	    0);
	ck_assert_int_eq(gdbm_close(db), 0);
}

START_TEST(a_value_of_another_key)
{
	struct buf text = BUF_INIT(256);
	struct session_store *st;

	store_value_write(&text, "ckey-2", 6, "x", 1, EVER);
	tamper("ckey-1", 6, buf_str(&text), text.len);
	st = bed_begin();
	ck_assert_str_eq(bed_get(st, "ckey-1"), "-");
	ck_assert_ptr_nonnull(store_healed(st));
	bed_put(st, "ckey-1", "right", EVER);
	ck_assert_str_eq(bed_get(st, "ckey-1"), "right");
	store_end(st);
	ck_assert(bed_there(".bad"));
	bed_expect_works();
	buf_free(&text);
}
END_TEST

START_TEST(another_version_of_the_format)
{
	struct session_store *st;

	tamper("\0ccp", 4, "session store 2", 16);
	st = bed_begin();
	ck_assert_ptr_nonnull(store_healed(st));
	ck_assert_str_eq(bed_get(st, "ckey-1"), "-");
	store_end(st);
	ck_assert(bed_there(".bad"));
	bed_expect_works();
}
END_TEST

START_TEST(damage_that_the_sweep_meets)
{
	struct session_store *st;
	char key[32];
	int i;

	for (i = 0; i < NVALUES; i++) {
		(void)snprintf(key, sizeof(key), "ckey-%d", i);
		tamper(key, strlen(key), "not a value", 11);
	}
	st = bed_begin();
	bed_put(st, "cnew", "stays", EVER);
	ck_assert_ptr_nonnull(store_healed(st));
	ck_assert_str_eq(bed_get(st, "cnew"), "stays");
	store_end(st);
	bed_expect_works();
}
END_TEST

START_TEST(damage_that_a_walk_meets)
{
	struct session_store *st;
	size_t removed = 99;
	int n = 0;

	tamper("ckey-1", 6, "not a value", 11);
	st = bed_begin();
	ck_assert_int_eq(store_each(st, NOW, count_one, &n), STORE_OK);
	ck_assert_int_lt(n, NVALUES);
	ck_assert_ptr_nonnull(store_healed(st));
	store_end(st);
	bed_write_whole(store_path, whole, whole_len);
	tamper("ckey-1", 6, "not a value", 11);
	st = bed_begin();
	ck_assert_int_eq(store_prune(st, NOW, &removed), STORE_OK);
	ck_assert_uint_eq(removed, 0);
	ck_assert_ptr_nonnull(store_healed(st));
	store_end(st);
	bed_expect_works();
}
END_TEST

/* --- what is not ours --- */

/* Nothing but name is in the directory, and it is as it was. */
static void
expect_untouched(const char *text)
{
	char *now;
	size_t len;
	int i;

	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(bed_try(i == 1), STORE_FOREIGN);
		len = bed_read_whole(store_path, &now);
		ck_assert_uint_eq(len, strlen(text));
		ck_assert_mem_eq(now, text, len);
		free(now);
		ck_assert(!bed_there(".lock"));
		ck_assert(!bed_there(".bad"));
		ck_assert(!bed_there(".new"));
	}
}

START_TEST(a_foreign_file)
{
	static const char longer[] =
	    "something of a user's that is somewhat longer than a GDBM head, "
	    "and again: something of a user's that is somewhat longer.";
	static const char *const texts[] = {"", "{}", "x", longer};

	bed_write_whole(store_path, texts[_i], strlen(texts[_i]));
	expect_untouched(texts[_i]);
}
END_TEST

START_TEST(a_database_of_somebody_else)
{
	GDBM_FILE db = gdbm_open(store_path, 0, GDBM_NEWDB, 0600, NULL);
	char *before, *after;
	size_t len;

	ck_assert_ptr_nonnull(db);
	ck_assert_int_eq(gdbm_close(db), 0);
	tamper("name", 4, "value", 5);
	len = bed_read_whole(store_path, &before);
	ck_assert_int_eq(bed_try(true), STORE_FOREIGN);
	ck_assert(!bed_there(".lock"));
	ck_assert_uint_eq(bed_read_whole(store_path, &after), len);
	ck_assert_mem_eq(before, after, len);
	free(before);
	free(after);
}
END_TEST

START_TEST(a_lock_file_of_somebody_else)
{
	bed_write_whole(bed_beside(".lock"), "12345\n", 6);
	ck_assert_int_eq(bed_try(true), STORE_FOREIGN);
	ck_assert(!bed_there(""));
}
END_TEST

/* The lock file was lost, or the store was moved here. */
START_TEST(a_store_without_its_mark)
{
	struct session_store *st;

	bed_fill(3);
	ck_assert_int_eq(unlink(bed_beside(".lock")), 0);
	st = bed_begin();
	ck_assert_int_eq(bed_count_right(st, 3), 3);
	store_end(st);
	ck_assert(bed_there(".lock"));
}
END_TEST

/* Somebody has died between making and marking it. */
START_TEST(a_lock_file_without_mark)
{
	bed_write_whole(bed_beside(".lock"), "", 0);
	bed_expect_works();
}
END_TEST

START_TEST(a_directory_in_its_place)
{
	ck_assert_int_eq(mkdir(store_path, 0700), 0);
	ck_assert_int_eq(bed_try(true), STORE_FOREIGN);
	ck_assert(!bed_there(".lock"));
	/* Even a mark does not make it ours. */
	bed_write_whole(bed_beside(".lock"), "ccp session store\n", 18);
	ck_assert_int_eq(bed_try(true), STORE_FOREIGN);
	ck_assert(!bed_there(".bad"));
	ck_assert_int_eq(rmdir(store_path), 0);
	bed_expect_works();
}
END_TEST

START_TEST(a_fifo_in_its_place)
{
	ck_assert_int_eq(mkfifo(store_path, 0600), 0);
	ck_assert_int_eq(bed_try(true), STORE_FOREIGN);
	bed_write_whole(bed_beside(".lock"), "ccp session store\n", 18);
	ck_assert_int_eq(bed_try(true), STORE_FOREIGN);
	ck_assert(!bed_there(".bad"));
}
END_TEST

/* It is followed to a store, and what it leads to is never put aside. */
START_TEST(a_symbolic_link)
{
	struct session_store *st;
	char target[PATH_MAX + 32], *text;

	bed_fill(3);
	(void)snprintf(target, sizeof(target), "%s/elsewhere", aid_dir());
	ck_assert_int_eq(rename(store_path, target), 0);
	ck_assert_int_eq(symlink(target, store_path), 0);
	st = bed_begin();
	ck_assert_int_eq(bed_count_right(st, 3), 3);
	bed_put(st, "cnew", "new", EVER);
	store_end(st);
	bed_write_whole(target, "noise", 5);
	bed_expect_works();
	ck_assert_uint_eq(bed_read_whole(target, &text), 5);
	free(text);
}
END_TEST

START_TEST(a_symbolic_link_to_a_foreign_file)
{
	const char *target = aid_make_file("theirs", "theirs", 0600);

	ck_assert_int_eq(symlink(target, store_path), 0);
	expect_untouched("theirs");
	ck_assert_int_eq(symlink(target, bed_beside(".lock")), 0);
	ck_assert_int_ne(bed_try(true), STORE_OK);
	ck_assert_int_eq(unlink(store_path), 0);
	ck_assert_int_ne(bed_try(true), STORE_OK);
	ck_assert(!bed_there(""));
}
END_TEST

/* --- what the system does not let us --- */

/* The superuser may do everything. */
static void
no_superuser(void)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(aid_dir(), 65534, 65534), 0);
	ck_assert_int_eq(setgid(65534), 0);
	ck_assert_int_eq(setuid(65534), 0);
}

static void
use_unreadable(void)
{
	no_superuser();
	bed_fill(3);
	ck_assert_int_eq(chmod(store_path, 0), 0);
	ck_assert_int_eq(bed_try(true), STORE_UNUSABLE);
	ck_assert_int_eq(errno, EACCES);
	ck_assert(!bed_there(".bad"));
	ck_assert_int_eq(chmod(store_path, 0600), 0);
	bed_expect_works();
}

START_TEST(an_unreadable_file)
{
	aid_in_process(use_unreadable);
}
END_TEST

static void
use_read_only_directory(void)
{
	struct session_store *st;

	no_superuser();
	ck_assert_int_eq(chmod(aid_dir(), 0500), 0);
	ck_assert_int_eq(bed_try(true), STORE_UNUSABLE);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(bed_try(false), STORE_ABSENT);
	ck_assert_int_eq(chmod(aid_dir(), 0700), 0);
	bed_fill(3);
	ck_assert_int_eq(chmod(aid_dir(), 0500), 0);
	st = bed_begin();
	ck_assert_int_eq(bed_count_right(st, 3), 3);
	store_end(st);
	bed_write_whole(store_path, "noise", 5);
	ck_assert_int_eq(bed_try(true), STORE_UNUSABLE);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(chmod(aid_dir(), 0700), 0);
	bed_expect_works();
}

START_TEST(a_read_only_directory)
{
	aid_in_process(use_read_only_directory);
}
END_TEST

START_TEST(no_directory)
{
	(void)snprintf(store_path, sizeof(store_path), "%s/none/x", aid_dir());
	ck_assert_int_eq(bed_try(true), STORE_UNUSABLE);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(bed_try(false), STORE_ABSENT);
}
END_TEST

/* They take long. */
static void
add_anywhere(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, cut_anywhere);
	tcase_add_test(tc, longer_than_it_was);
	tcase_add_test(tc, wrong_bytes_anywhere);
	tcase_add_test(tc, wrong_stretches);
}

static void
add_damage(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, an_end_beyond_every_disk);
	tcase_add_test(tc, a_key_that_leads_back);
	tcase_add_test(tc, damage_is_put_aside_and_told);
	tcase_add_test(tc, an_empty_file_is_damage_if_marked);
	tcase_add_test(tc, a_directory_called_bad);
	tcase_add_test(tc, a_value_of_another_key);
	tcase_add_test(tc, another_version_of_the_format);
	tcase_add_test(tc, damage_that_the_sweep_meets);
	tcase_add_test(tc, damage_that_a_walk_meets);
}

Suite *
suite_session_store_damage(void)
{
	Suite *s = suite_create("session_store_damage");
	TCase *anywhere = tcase_create("anywhere");
	TCase *damage = tcase_create("damage");
	TCase *place = tcase_create("place");

	add_anywhere(anywhere);
	suite_add_tcase(s, anywhere);
	add_damage(damage);
	suite_add_tcase(s, damage);
	tcase_add_checked_fixture(place, store_bed_open, store_bed_close);
	tcase_add_loop_test(place, a_foreign_file, 0, 4);
	tcase_add_test(place, a_database_of_somebody_else);
	tcase_add_test(place, a_lock_file_of_somebody_else);
	tcase_add_test(place, a_store_without_its_mark);
	tcase_add_test(place, a_lock_file_without_mark);
	tcase_add_test(place, a_directory_in_its_place);
	tcase_add_test(place, a_fifo_in_its_place);
	tcase_add_test(place, a_symbolic_link);
	tcase_add_test(place, a_symbolic_link_to_a_foreign_file);
	tcase_add_test(place, an_unreadable_file);
	tcase_add_test(place, a_read_only_directory);
	tcase_add_test(place, no_directory);
	suite_add_tcase(s, place);
	return s;
}
