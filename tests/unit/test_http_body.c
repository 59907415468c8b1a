/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_body.h"

#include <stdlib.h>
#include <string.h>

#include "guarded.h"
#include "limits.h"
#include "suites.h"

#define CONTENT_MAX 1000

static struct guarded memory;

static void
setup(void)
{
	guarded_open(&memory, 65536);
}

static void
teardown(void)
{
	guarded_close(&memory);
}

static const struct http_framing chunked = {.kind = HTTP_BODY_CHUNKED};

/* Decodes text in pieces of step bytes.  *ret_used counts what was taken. */
static int
decode_in_pieces(const struct http_framing *framing, const char *text,
    size_t len, size_t step, size_t *ret_used, struct buf *out)
{
	struct http_body body;
	size_t at = 0, piece, used;
	int r = HTTP_BODY_MORE;

	ck_assert_int_eq(http_body_start(&body, framing, CONTENT_MAX), 0);
	do {
		piece = len - at < step ? len - at : step;
		r = http_body_step(&body,
		    guarded_copy(&memory, text + at, piece), piece, &used, out);
		ck_assert_uint_le(used, piece);
		if (r == HTTP_BODY_MORE)
			ck_assert_uint_eq(used, piece);
		at += used;
	} while (r == HTTP_BODY_MORE && at < len);
	/* The end is the end, however often it is asked for. */
	if (r != HTTP_BODY_MORE) {
		ck_assert_int_eq(
		    http_body_step(&body, "0\r\n\r\n", 5, &used, out), r);
		ck_assert_uint_eq(used, 0);
	}
	ck_assert_uint_eq(body.total, out->len);
	*ret_used = at;
	return r;
}

/* The same, and that the pieces make no difference. */
static int
decode(const struct http_framing *framing, const char *text, size_t len,
    size_t *ret_used, struct buf *out)
{
	static const size_t steps[] = {1, 2, 3, 7};
	struct buf again = BUF_INIT(10 * CONTENT_MAX);
	size_t used, i;
	int r;

	buf_init(out, 10 * CONTENT_MAX);
	r = decode_in_pieces(framing, text, len, len + 1, ret_used, out);
	for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		buf_clear(&again);
		ck_assert_int_eq(decode_in_pieces(framing, text, len, steps[i],
				     &used, &again),
		    r);
		ck_assert_uint_eq(used, *ret_used);
		ck_assert_uint_eq(again.len, out->len);
		ck_assert_mem_eq(buf_str(&again), buf_str(out), out->len);
	}
	buf_free(&again);
	return r;
}

/* The body ends where "BEHIND" or the text does. */
static size_t
body_length(const char *text)
{
	const char *behind = strstr(text, "BEHIND");

	return behind != NULL ? (size_t)(behind - text) : strlen(text);
}

static void
assert_content(
    const struct http_framing *framing, const char *text, const char *content)
{
	struct buf out;
	size_t used;

	ck_assert_int_eq(
	    decode(framing, text, strlen(text), &used, &out), HTTP_BODY_DONE);
	ck_assert_uint_eq(used, body_length(text));
	ck_assert_str_eq(buf_str(&out), content);
	buf_free(&out);
}

START_TEST(no_body_takes_nothing)
{
	struct http_framing none = {.kind = HTTP_BODY_NONE};
	struct http_framing empty = {.kind = HTTP_BODY_LENGTH};

	assert_content(&none, "BEHIND", "");
	assert_content(&none, "", "");
	assert_content(&empty, "BEHIND", "");
}
END_TEST

START_TEST(a_length_is_kept_to)
{
	struct http_framing five = {.kind = HTTP_BODY_LENGTH, .length = 5};
	struct buf out;
	size_t used;

	assert_content(&five, "a\r\n\xff.BEHIND", "a\r\n\xff.");
	ck_assert_int_eq(decode(&five, "abcd", 4, &used, &out), HTTP_BODY_MORE);
	ck_assert_str_eq(buf_str(&out), "abcd");
	buf_free(&out);
}
END_TEST

START_TEST(a_length_over_the_limit_is_refused)
{
	struct http_framing f = {.kind = HTTP_BODY_LENGTH, .length = 10};
	struct buf out = BUF_INIT(100);
	struct http_body body;
	size_t used;

	ck_assert_int_eq(http_body_start(&body, &f, 10), 0);
	ck_assert_int_eq(http_body_start(&body, &f, 9), 413);
	ck_assert_int_eq(http_body_step(&body, "a", 1, &used, &out), -413);
	ck_assert_uint_eq(used, 0);
	f.length = UINT64_MAX;
	ck_assert_int_eq(http_body_start(&body, &f, 9), 413);
}
END_TEST

static const char *const good_bodies[][2] = {
    {"0\r\n\r\nBEHIND", ""},
    {"0000000000000000\r\n\r\n", ""},
    {"5\r\nhello\r\n0\r\n\r\nBEHIND", "hello"},
    {"0000000000000005\r\nhello\r\n0\r\n\r\n", "hello"},
    {"1\r\n\r\r\n1\r\n\n\r\n3\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n"},
    {"a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n",
	"01234567890123456789a"},
    {"01;a\r\nx\r\n0;b=c;d=\"e\"\r\n\r\n", "x"},
    {"1 ;a\r\nx\r\n0\t; \tb\t=\tc ;d\r\n\r\n", "x"},
    {"1;a=\"\"\r\nx\r\n0;b=\";=\\\"\\\\\t\xff \" ;c\r\n\r\n", "x"},
    {"1;!#$%&'*+-.^_`|~09azAZ=z\r\nx\r\n0\r\n\r\n", "x"},
    {"1\r\nx\r\n0\r\nA: b\r\nC:\r\nD:\t\xff \r\n\r\nBEHIND", "x"},
    {"1\r\nx\r\n0\r\nContent-Length: 5\r\n\r\nBEHIND", "x"},
};

START_TEST(chunks_are_joined)
{
	assert_content(&chunked, good_bodies[_i][0], good_bodies[_i][1]);
}
END_TEST

START_TEST(every_prefix_of_a_chunked_body_is_not_enough)
{
	const char *text = good_bodies[_i][0];
	size_t len = body_length(text), n, used;
	struct buf out;

	for (n = 0; n < len; n++) {
		ck_assert_int_eq(
		    decode(&chunked, text, n, &used, &out), HTTP_BODY_MORE);
		buf_free(&out);
	}
}
END_TEST

static const char *const bad_bodies[] = {
    "\r\n",
    "\n",
    " 5\r\nhello\r\n0\r\n\r\n",
    "g\r\n",
    "-1\r\n",
    "+1\r\n",
    "0x1\r\n",
    "1_0\r\n",
    ";a\r\n",
    "5\nhello\r\n0\r\n\r\n",
    "5\rhello",
    "5 \r\nhello",
    "5 5\r\n",
    "5\t\r\n",
    "5,a\r\n",
    "5\r\rhello",
    "1\r\nab",
    "1\r\na\nb",
    "1\r\na\n",
    "1\r\na0\r\n\r\n",
    "1\r\na\r0",
    "1\r\na\r\n\r\n",
    "2\r\na\r\n0\r\n\r\n",
    "00000000000000001\r\na\r\n",
    "fffffffffffffffff\r\n",
    /* Extensions */
    "1;\r\na",
    "1; \r\na",
    "1;;a\r\n",
    "1;=a\r\n",
    "1;a=\r\n",
    "1;a b\r\n",
    "1;a \r\n",
    "1;a=b c\r\n",
    "1;a=b \r\n",
    "1;a=\"b\r\n",
    "1;a=\"b\"c\r\n",
    "1;a=\"b\" \r\n",
    "1;a=\"\\\r\n",
    "1;a=\"\x01\"\r\n",
    "1;a\nb\r\n",
    "1;a=\"b\n\"\r\n",
    "1;\x80\r\n",
    /* Trailers */
    "0\r\n\n",
    "0\r\n\r\r",
    "0\r\n: a\r\n\r\n",
    "0\r\n a: b\r\n\r\n",
    "0\r\na\r\n\r\n",
    "0\r\na : b\r\n\r\n",
    "0\r\na: b\n\r\n",
    "0\r\na: b\r\r\n",
    "0\r\na: b\r\n c\r\n\r\n",
    "0\r\na: \x01\r\n\r\n",
    "0\r\na: \x7f\r\n\r\n",
};

START_TEST(what_is_malformed_is_refused)
{
	struct buf out;
	size_t used;

	ck_assert_int_eq(decode(&chunked, bad_bodies[_i],
			     strlen(bad_bodies[_i]), &used, &out),
	    -400);
	buf_free(&out);
}
END_TEST

START_TEST(content_is_counted_over_all_chunks)
{
	struct buf text = BUF_INIT(10000), out;
	size_t used;

	ck_assert_int_eq(CONTENT_MAX, 1000);
	buf_addf(&text, "1f4\r\n%0500d\r\n1F4\r\n%0500d\r\n", 0, 0);
	ck_assert_int_eq(
	    decode(&chunked, buf_str(&text), text.len, &used, &out),
	    HTTP_BODY_MORE);
	ck_assert_uint_eq(out.len, CONTENT_MAX);
	buf_free(&out);
	buf_addstr(&text, "1\r\n");
	ck_assert_int_eq(
	    decode(&chunked, buf_str(&text), text.len, &used, &out), -413);
	buf_free(&out);
	ck_assert_int_eq(decode(&chunked, "3e9\r\n", 5, &used, &out), -413);
	ck_assert_int_eq(
	    decode(&chunked, "ffffffffffffffff\r\n", 18, &used, &out), -413);
	buf_free(&text);
}
END_TEST

/* The verdict on frame with filler as long as makes the length len. */
static int
decode_filled(const char *before, const char *after, size_t len)
{
	struct buf text = BUF_INIT(100000), out;
	size_t used;
	int r;

	buf_addstr(&text, before);
	while (text.len + strlen(after) < len)
		buf_addch(&text, 'x');
	buf_addstr(&text, after);
	r = decode(&chunked, buf_str(&text), text.len, &used, &out);
	buf_free(&out);
	buf_free(&text);
	return r;
}

START_TEST(a_long_chunk_line_is_refused)
{
	ck_assert_int_eq(decode_filled("1;", "\r\n", LIMIT_CHUNK_LINE_BYTES),
	    HTTP_BODY_MORE);
	ck_assert_int_eq(
	    decode_filled("1;", "\r\n", LIMIT_CHUNK_LINE_BYTES + 1), -400);
}
END_TEST

START_TEST(long_trailers_are_refused)
{
	ck_assert_int_eq(decode_filled("0\r\na: b\r\nc:", "\r\n\r\n",
			     strlen("0\r\n") + LIMIT_TRAILER_BYTES),
	    HTTP_BODY_DONE);
	ck_assert_int_eq(decode_filled("0\r\na: b\r\nc:", "\r\n\r\n",
			     strlen("0\r\n") + LIMIT_TRAILER_BYTES + 1),
	    -431);
}
END_TEST

START_TEST(a_full_buffer_is_told_from_the_limit)
{
	struct http_framing f = {.kind = HTTP_BODY_LENGTH, .length = 10};
	struct buf out = BUF_INIT(5);
	struct http_body body;
	size_t used;

	ck_assert_int_eq(http_body_start(&body, &f, 10), 0);
	ck_assert_int_eq(http_body_step(&body, "abcdef", 6, &used, &out), -500);
	buf_free(&out);
}
END_TEST

Suite *
suite_http_body(void)
{
	Suite *suite = suite_create("http_body");
	TCase *tc = tcase_create("all");
	int good = (int)(sizeof good_bodies / sizeof good_bodies[0]);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_body_takes_nothing);
	tcase_add_test(tc, a_length_is_kept_to);
	tcase_add_test(tc, a_length_over_the_limit_is_refused);
	tcase_add_loop_test(tc, chunks_are_joined, 0, good);
	tcase_add_loop_test(
	    tc, every_prefix_of_a_chunked_body_is_not_enough, 0, good);
	tcase_add_loop_test(tc, what_is_malformed_is_refused, 0,
	    (int)(sizeof bad_bodies / sizeof bad_bodies[0]));
	tcase_add_test(tc, content_is_counted_over_all_chunks);
	tcase_add_test(tc, a_long_chunk_line_is_refused);
	tcase_add_test(tc, long_trailers_are_refused);
	tcase_add_test(tc, a_full_buffer_is_told_from_the_limit);
	suite_add_tcase(suite, tc);
	return suite;
}
