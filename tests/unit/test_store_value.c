/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_value.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "guarded.h"
#include "suites.h"

#include "banned.h"

static const char key[] = "s0123";
#define KEYLEN (sizeof(key) - 1)

static void
write_one(struct buf *b)
{
	store_value_write(b, key, KEYLEN, "va\0ue", 5, 0x0123456789ABCDEF);
	ck_assert(buf_ok(b));
}

START_TEST(it_comes_back)
{
	struct buf b = BUF_INIT(256);
	struct store_value v;

	write_one(&b);
	ck_assert(store_value_read(&v, buf_str(&b), b.len, key, KEYLEN));
	ck_assert_uint_eq(v.len, 5);
	ck_assert_mem_eq(v.bytes, "va\0ue", 5);
	ck_assert(v.expires == 0x0123456789ABCDEF);
	buf_free(&b);
}
END_TEST

START_TEST(an_empty_value_comes_back)
{
	struct buf b = BUF_INIT(256);
	struct store_value v;

	store_value_write(&b, key, KEYLEN, "", 0, -1);
	ck_assert(store_value_read(&v, buf_str(&b), b.len, key, KEYLEN));
	ck_assert_uint_eq(v.len, 0);
	ck_assert(v.expires == -1);
	buf_free(&b);
}
END_TEST

/* Whichever bit is another one, it is no value. */
START_TEST(one_wrong_bit)
{
	struct buf b = BUF_INIT(256);
	struct store_value v;
	char text[256];
	size_t i;

	write_one(&b);
	for (i = 0; i < 8 * b.len; i++) {
		memcpy(text, buf_str(&b), b.len);
		text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
		ck_assert_msg(!store_value_read(&v, text, b.len, key, KEYLEN),
		    "bit %zu", i);
	}
	buf_free(&b);
}
END_TEST

START_TEST(parts_and_more_are_none)
{
	struct buf b = BUF_INIT(256);
	struct store_value v;
	struct guarded g;
	size_t i;

	guarded_open(&g, 256);
	write_one(&b);
	for (i = 0; i < b.len; i++)
		ck_assert(!store_value_read(
		    &v, guarded_copy(&g, buf_str(&b), i), i, key, KEYLEN));
	buf_addch(&b, '\0');
	ck_assert(!store_value_read(&v, buf_str(&b), b.len, key, KEYLEN));
	guarded_close(&g);
	buf_free(&b);
}
END_TEST

/* The value of another key, even where key and value look the same in a row. */
START_TEST(of_another_key)
{
	struct buf b = BUF_INIT(256);
	struct store_value v;

	write_one(&b);
	ck_assert(!store_value_read(&v, buf_str(&b), b.len, "s0124", 5));
	ck_assert(!store_value_read(&v, buf_str(&b), b.len, "s012", 4));
	ck_assert(!store_value_read(&v, buf_str(&b), b.len, "s0123v", 6));
	ck_assert(!store_value_read(&v, buf_str(&b), b.len, "", 0));
	buf_free(&b);
}
END_TEST

Suite *
suite_store_value(void)
{
	Suite *s = suite_create("store_value");
	TCase *tc = tcase_create("core");

	tcase_add_test(tc, it_comes_back);
	tcase_add_test(tc, an_empty_value_comes_back);
	tcase_add_test(tc, one_wrong_bit);
	tcase_add_test(tc, parts_and_more_are_none);
	tcase_add_test(tc, of_another_key);
	suite_add_tcase(s, tc);
	return s;
}
