/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_bed.h"

#include <sys/stat.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

#include "banned.h"

char store_path[PATH_MAX];

void
store_bed_open(void)
{
	(void)snprintf(
	    store_path, sizeof(store_path), "%s/sessions.db", aid_make_dir());
}

void
store_bed_close(void)
{
	aid_remove_dir();
}

const char *
bed_beside(const char *suffix)
{
	static char name[PATH_MAX + 16];

	(void)snprintf(name, sizeof(name), "%s%s", store_path, suffix);
	return name;
}

bool
bed_there(const char *suffix)
{
	struct stat st;

	return lstat(bed_beside(suffix), &st) == 0;
}

struct session_store *
bed_begin(void)
{
	struct session_store *st = NULL;

	ck_assert_int_eq(store_begin(&st, store_path, true), STORE_OK);
	ck_assert_ptr_nonnull(st);
	return st;
}

enum store_result
bed_try(bool create)
{
	struct session_store *st = NULL;
	enum store_result r = store_begin(&st, store_path, create);
	int error = errno;

	if (r == STORE_OK)
		store_end(st);
	else
		ck_assert_ptr_null(st);
	errno = error;
	return r;
}

void
bed_put(struct session_store *st, const char *key, const char *value,
    int64_t expires)
{
	ck_assert_int_eq(
	    store_put(st, key, strlen(key), value, strlen(value), expires, NOW),
	    STORE_OK);
}

/* The value, "-" where there is none. */
const char *
bed_get(struct session_store *st, const char *key)
{
	static char text[512];
	struct buf b = BUF_INIT(sizeof(text) - 1);

	switch (store_get(st, key, strlen(key), NOW, &b)) {
	case STORE_OK:
		(void)snprintf(text, sizeof(text), "%s", buf_str(&b));
		break;
	case STORE_ABSENT:
		(void)snprintf(text, sizeof(text), "-");
		break;
	default:
		ck_abort_msg("store_get: %s", strerror(errno));
	}
	buf_free(&b);
	return text;
}

/* The value of number i differs from all others in its length too. */
void
bed_make_value(int i, char key[32], char value[128])
{
	(void)snprintf(key, 32, "ckey-%d", i);
	(void)snprintf(value, 128, "value %d %0*d", i, 1 + i % 50, i);
}

void
bed_fill(int n)
{
	struct session_store *st = bed_begin();
	char key[32], value[128];
	int i;

	for (i = 0; i < n; i++) {
		bed_make_value(i, key, value);
		bed_put(st, key, value, EVER);
	}
	store_end(st);
}

/* How many of them are there; none may be wrong. */
int
bed_count_right(struct session_store *st, int n)
{
	char key[32], value[128];
	const char *got;
	int i, right = 0;

	for (i = 0; i < n; i++) {
		bed_make_value(i, key, value);
		got = bed_get(st, key);
		if (strcmp(got, "-") == 0)
			continue;
		ck_assert_str_eq(got, value);
		right++;
	}
	return right;
}

size_t
bed_read_whole(const char *name, char **ret)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat st;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	*ret = malloc((size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(*ret);
	ck_assert_int_eq(read(fd, *ret, (size_t)st.st_size), st.st_size);
	ck_assert_int_eq(close(fd), 0);
	return (size_t)st.st_size;
}

void
bed_write_whole(const char *name, const char *bytes, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
}

/* The store works: what is put is there, for the next process too. */
void
bed_expect_works(void)
{
	struct session_store *st = bed_begin();

	bed_put(st, "cworks", "it works", EVER);
	ck_assert_str_eq(bed_get(st, "cworks"), "it works");
	store_end(st);
	st = bed_begin();
	ck_assert_str_eq(bed_get(st, "cworks"), "it works");
	ck_assert_ptr_null(store_healed(st));
	store_end(st);
}
