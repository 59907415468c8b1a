/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session store in a directory of its own, for the tests of it.
 */
#ifndef CCP_TESTS_STORE_BED_H
#define CCP_TESTS_STORE_BED_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session_store.h"

#define NOW  1790000000
#define EVER INT64_MAX

extern char store_path[PATH_MAX];

/* Fixtures. */
void store_bed_open(void);
void store_bed_close(void);

/* The path with a suffix, until the next call; and is it there? */
const char *bed_beside(const char *suffix);
bool bed_there(const char *suffix);

/* Creates it, or the test fails. */
struct session_store *bed_begin(void);

/* store_begin(), and store_end() if that works; errno is the former's. */
enum store_result bed_try(bool create);

/* Either works, or the test fails.  The value is valid until the next call,
 * "-" where there is none. */
void bed_put(struct session_store *st, const char *key, const char *value,
    int64_t expires);
const char *bed_get(struct session_store *st, const char *key);

/* Values 0 to n - 1, each of its own length. */
void bed_make_value(int i, char key[32], char value[128]);
void bed_fill(int n);

/* How many of them are there; none may be wrong. */
int bed_count_right(struct session_store *st, int n);

/* Whole files; the caller frees. */
size_t bed_read_whole(const char *name, char **ret);
void bed_write_whole(const char *name, const char *bytes, size_t len);

/* What is put is there, for the next process too. */
void bed_expect_works(void);

#endif
