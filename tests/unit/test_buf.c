/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "buf.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

/* What buf.h promises of every buffer. */
static void
assert_sound(const struct buf *b)
{
	ck_assert_uint_le(b->len, b->max);
	ck_assert_ptr_nonnull(buf_str(b));
	ck_assert_int_eq(buf_str(b)[b->len], '\0');
	if (b->mem != NULL)
		ck_assert_uint_lt(b->off + b->len, b->cap);
}

START_TEST(empty_is_usable)
{
	struct buf b = BUF_INIT(10);

	ck_assert(buf_ok(&b));
	ck_assert_str_eq(buf_str(&b), "");
	buf_clear(&b);
	buf_consume(&b, 0);
	buf_commit(&b, 0);
	ck_assert(buf_add(&b, "", 0));
	ck_assert_ptr_null(b.mem);
	buf_free(&b);
	ck_assert_uint_eq(b.max, 10);
}
END_TEST

START_TEST(strings_are_built)
{
	struct buf b = BUF_INIT(1000);

	ck_assert(buf_addstr(&b, "one"));
	ck_assert(buf_addch(&b, ' '));
	ck_assert(buf_addf(&b, "%d-%s", 2, "three"));
	ck_assert_str_eq(buf_str(&b), "one 2-three");
	ck_assert(buf_addf(&b, "%0300d", 7)); /* longer than its first try */
	ck_assert_uint_eq(b.len, 11 + 300);
	ck_assert_int_eq(buf_str(&b)[310], '7');
	assert_sound(&b);
	buf_clear(&b);
	ck_assert_str_eq(buf_str(&b), "");
	buf_free(&b);
}
END_TEST

START_TEST(nul_bytes_are_content)
{
	struct buf b = BUF_INIT(1000);

	buf_add(&b, "a\0b", 3);
	ck_assert_uint_eq(b.len, 3);
	ck_assert_mem_eq(buf_str(&b), "a\0b", 4);
	buf_free(&b);
}
END_TEST

START_TEST(max_is_kept_and_failure_sticks)
{
	struct buf b = BUF_INIT(5);

	ck_assert(buf_addstr(&b, "12345"));
	ck_assert(!buf_addch(&b, '6'));
	ck_assert(!buf_ok(&b));
	ck_assert_str_eq(buf_str(&b), "12345");
	buf_consume(&b, 5);
	ck_assert(!buf_addch(&b, '7'));
	ck_assert(!buf_addf(&b, "%d", 7));
	ck_assert(!buf_add(&b, "", 0));
	ck_assert_uint_eq(b.len, 0);
	buf_clear(&b);
	ck_assert(buf_addstr(&b, "ok"));
	ck_assert(!buf_addf(&b, "%0300d", 1));
	ck_assert_str_eq(buf_str(&b), "ok");
	assert_sound(&b);
	buf_free(&b);
	ck_assert(buf_ok(&b));
}
END_TEST

START_TEST(any_max_is_safe)
{
	struct buf b = BUF_INIT(SIZE_MAX);
	struct buf none = BUF_INIT(0);

	ck_assert(buf_addstr(&b, "x"));
	ck_assert(!buf_add(&b, "x", SIZE_MAX - 1));
	ck_assert_str_eq(buf_str(&b), "x");
	buf_free(&b);
	ck_assert(buf_addstr(&none, ""));
	ck_assert(!buf_addch(&none, 'x'));
	buf_free(&none);
}
END_TEST

START_TEST(extended_in_place)
{
	struct buf b = BUF_INIT(300);
	char *to;

	ck_assert(buf_addstr(&b, "a"));
	to = buf_extend(&b, 298);
	ck_assert_ptr_nonnull(to);
	memset(to, 'x', 298);
	ck_assert_uint_eq(b.len, 299);
	assert_sound(&b);
	ck_assert(buf_str(&b)[0] == 'a' && buf_str(&b)[298] == 'x');
	ck_assert_ptr_null(buf_extend(&b, 2));
	ck_assert(!buf_ok(&b));
	ck_assert_ptr_null(buf_extend(&b, 1));
	ck_assert_uint_eq(b.len, 299);
	assert_sound(&b);
	buf_free(&b);
}
END_TEST

START_TEST(reserve_gives_what_max_leaves)
{
	struct buf b = BUF_INIT(300);
	size_t room;
	char *to = buf_reserve(&b, 200, &room);

	ck_assert_uint_eq(room, 200);
	memset(to, 'x', room);
	buf_commit(&b, 200);
	to = buf_reserve(&b, 200, &room);
	ck_assert_uint_eq(room, 100);
	memset(to, 'y', room);
	buf_commit(&b, 99);
	ck_assert_uint_eq(b.len, 299);
	assert_sound(&b);
	buf_addch(&b, 'z');
	ck_assert_ptr_null(buf_reserve(&b, 1, &room));
	ck_assert_uint_eq(room, 0);
	ck_assert(buf_ok(&b)); /* being full is no failure yet */
	buf_free(&b);
}
END_TEST

START_TEST(reserve_of_a_bad_buffer_is_empty)
{
	struct buf b = BUF_INIT(3);
	size_t room = 1;

	buf_addstr(&b, "1234");
	ck_assert_ptr_null(buf_reserve(&b, 1, &room));
	ck_assert_uint_eq(room, 0);
	buf_free(&b);
}
END_TEST

START_TEST(steal_hands_on)
{
	struct buf b = BUF_INIT(100);
	char *s = buf_steal(&b);

	ck_assert_str_eq(s, "");
	free(s);
	buf_addstr(&b, "skip this");
	buf_consume(&b, 5);
	s = buf_steal(&b);
	ck_assert_str_eq(s, "this");
	free(s);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_uint_eq(b.max, 100);
	ck_assert(buf_addstr(&b, "again"));
	buf_addf(&b, "%0100d", 0);
	ck_assert_ptr_null(buf_steal(&b));
	ck_assert(buf_ok(&b));
	ck_assert_str_eq(buf_str(&b), "");
	buf_free(&b);
}
END_TEST

/* A queue that is filled and emptied for long does not grow, and yields what
 * went in. */
START_TEST(queue_against_a_model)
{
	static char model[4096];
	struct buf b = BUF_INIT(sizeof model);
	size_t len = 0, n, i, room;
	unsigned seed = 1, step;

	for (step = 0; step < 20000; step++) {
		seed = seed * 1103515245u + 12345u;
		n = (seed >> 8) % 300;
		if ((seed >> 20) % 2 == 0 && n <= sizeof model - len) {
			char *to = buf_reserve(&b, n, &room);

			ck_assert_uint_eq(room, n);
			for (i = 0; i < n; i++)
				model[len + i] = to[i] = (char)(seed >> i % 24);
			buf_commit(&b, n);
			len += n;
		} else if (n <= len) {
			memmove(model, model + n, len - n);
			len -= n;
			buf_consume(&b, n);
		}
		assert_sound(&b);
		ck_assert_uint_eq(b.len, len);
		ck_assert_mem_eq(buf_str(&b), model, len);
	}
	ck_assert_uint_le(b.cap, sizeof model + 1);
	buf_free(&b);
}
END_TEST

START_TEST(a_drained_queue_stays_small)
{
	struct buf b = BUF_INIT(1u << 20);
	int i;

	buf_addstr(&b, "some bytes that stay in it");
	for (i = 0; i < 100000; i++) {
		buf_addstr(&b, "0123456789");
		buf_consume(&b, 10);
	}
	ck_assert_uint_le(b.cap, 1024);
	buf_free(&b);
}
END_TEST

START_TEST(commit_of_too_much_aborts)
{
	struct buf b = BUF_INIT(100);
	size_t room;

	(void)buf_reserve(&b, 100, &room);
	buf_commit(&b, 101);
}
END_TEST

START_TEST(consume_of_too_much_aborts)
{
	struct buf b = BUF_INIT(100);

	buf_addstr(&b, "abc");
	buf_consume(&b, 4);
}
END_TEST

Suite *
suite_buf(void)
{
	Suite *s = suite_create("buf");
	TCase *t = tcase_create("buf");

	tcase_add_test(t, empty_is_usable);
	tcase_add_test(t, strings_are_built);
	tcase_add_test(t, nul_bytes_are_content);
	tcase_add_test(t, max_is_kept_and_failure_sticks);
	tcase_add_test(t, any_max_is_safe);
	tcase_add_test(t, extended_in_place);
	tcase_add_test(t, reserve_gives_what_max_leaves);
	tcase_add_test(t, reserve_of_a_bad_buffer_is_empty);
	tcase_add_test(t, steal_hands_on);
	tcase_add_test(t, queue_against_a_model);
	tcase_add_test(t, a_drained_queue_stays_small);
	tcase_add_test_raise_signal(t, commit_of_too_much_aborts, SIGABRT);
	tcase_add_test_raise_signal(t, consume_of_too_much_aborts, SIGABRT);
	suite_add_tcase(s, t);
	return s;
}
