/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ticket_numbers.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suites.h"

static int file = -1;

static void
set_up(void)
{
	char path[] = "/tmp/ccp-numbers-XXXXXX";

	file = mkstemp(path);
	ck_assert_int_ne(file, -1);
	ck_assert_int_eq(unlink(path), 0);
}

static void
tear_down(void)
{
	(void)close(file);
}

static void
expect(unsigned long last, unsigned long done)
{
	struct ticket_numbers n;

	ticket_numbers_read(file, &n);
	ck_assert_uint_eq(n.last, last);
	ck_assert_uint_eq(n.done, done);
}

static void
hold(const char *text, size_t len)
{
	ck_assert_int_eq(ftruncate(file, 0), 0);
	ck_assert_int_eq(pwrite(file, text, len, 0), (int)len);
}

START_TEST(what_was_written_is_read)
{
	expect(0, 0);
	ticket_numbers_given(file, 9);
	expect(9, 0);
	ticket_numbers_done(file, 7);
	expect(9, 7);
	ticket_numbers_given(file, 10);
	ticket_numbers_done(file, 10);
	expect(10, 10);
	ticket_numbers_given(file, (unsigned long)-2);
	expect((unsigned long)-2, 10);
}
END_TEST

START_TEST(nonsense_says_nothing)
{
	static const char *const texts[] = {"", "\n", "1\n",
	    "12 12\n", /* too short for one of ours */
	    "99999999999999999999999999999999999999999\n",
	    "18446744073709551615 18446744073709551615\n",
	    "x0000000000000000012 00000000000000000012\n",
	    "00000000000000000012 x0000000000000000012\n"};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		hold(texts[i], strlen(texts[i]));
		expect(0, 0);
	}
	/* More are done than there ever were. */
	ticket_numbers_given(file, 3);
	ticket_numbers_done(file, 4);
	expect(0, 0);
	/* As long as it is not known which there were. */
	hold("", 0);
	ticket_numbers_done(file, 4);
	expect(0, 0);
	ticket_numbers_given(file, 5);
	expect(5, 4);
}
END_TEST

static size_t
line_of(unsigned long number, char ret[128])
{
	ssize_t n;

	ck_assert_int_eq(ftruncate(file, 0), 0);
	ticket_numbers_given(file, number);
	n = pread(file, ret, 128, 0);
	ck_assert_int_gt(n, 0);
	return (size_t)n;
}

/* A read meets a write somewhere: what is before is new and what is behind old,
 * or the other way round. */
START_TEST(half_a_write_says_nothing)
{
	static const unsigned long pairs[][2] = {{199, 200}, {999, 1000},
	    {1, 2}, {1099, 1100}, {4294967295, 4294967296}};
	const unsigned long *p = pairs[_i];
	char line[2][128], mixed[128];
	size_t len = line_of(p[0], line[0]), i, k;
	struct ticket_numbers n;

	ck_assert_uint_eq(line_of(p[1], line[1]), len);
	for (k = 0; k < 2; k++) {
		for (i = 0; i <= len; i++) {
			memcpy(mixed, line[k], i);
			memcpy(mixed + i, line[1 - k] + i, len - i);
			hold(mixed, len);
			ticket_numbers_read(file, &n);
			ck_assert(
			    n.last == 0 || n.last == p[0] || n.last == p[1]);
		}
	}
}
END_TEST

Suite *
suite_ticket_numbers(void)
{
	Suite *s = suite_create("ticket_numbers");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_was_written_is_read);
	tcase_add_test(tc, nonsense_says_nothing);
	tcase_add_loop_test(tc, half_a_write_says_nothing, 0, 5);
	suite_add_tcase(s, tc);
	return s;
}
