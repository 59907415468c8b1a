/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_framing.h"

#include <string.h>

#include "buf.h"
#include "suites.h"

/* The head of "POST / HTTP/1.minor" with these lines; *b keeps its bytes. */
static void
make_head(struct buf *b, struct http_head *head, int minor, const char *lines)
{
	buf_init(b, 10000);
	buf_addf(b, "POST / HTTP/1.%d\r\n%s\r\n", minor, lines);
	ck_assert_int_eq(
	    http_parse_head(buf_str(b), b->len, 0, head), (ssize_t)b->len);
}

static int
frame(int minor, const char *lines, struct http_framing *ret)
{
	struct http_head head;
	struct buf b;
	int r;

	make_head(&b, &head, minor, lines);
	r = http_framing(&head, ret);
	buf_free(&b);
	return r;
}

struct accepted {
	int minor;
	const char *lines;
	struct http_framing want;
};

#define H "Host: a\r\n"
#define NONE(...)                                                              \
	{                                                                      \
		.kind = HTTP_BODY_NONE, __VA_ARGS__                            \
	}
#define LENGTH(n, ...)                                                         \
	{                                                                      \
		.kind = HTTP_BODY_LENGTH, .length = (n), __VA_ARGS__           \
	}
#define CHUNKED(...)                                                           \
	{                                                                      \
		.kind = HTTP_BODY_CHUNKED, __VA_ARGS__                         \
	}
#define KEEP  .keep_alive = true
#define CLOSE .keep_alive = false

static const struct accepted accepted_heads[] = {
    {1, H, NONE(KEEP)},
    {1, "host:\r\n", NONE(KEEP)},
    {0, "", NONE(CLOSE)},
    {0, H, NONE(CLOSE)},
    {0, "Connection: keep-alive\r\n", NONE(KEEP)},
    {0, "Connection: Keep-Alive, foo\r\n", NONE(KEEP)},
    {0, "Connection: keep-alive, close\r\n", NONE(CLOSE)},
    {1, H "Connection: close\r\n", NONE(CLOSE)},
    {1, H "Connection: CLOSE\r\n", NONE(CLOSE)},
    {1, H "Connection: ,,foo ,\tclose,\r\n", NONE(CLOSE)},
    {1, H "Connection: foo\r\nconnection: close\r\n", NONE(CLOSE)},
    {1, H "Connection: closed\r\n", NONE(KEEP)},
    {1, H "Connection: \"close\"\r\n", NONE(KEEP)},
    {1, H "Connection:\r\n", NONE(KEEP)},
    {1, H "Content-Length: 0\r\n", LENGTH(0, KEEP)},
    {1, H "content-length:\t12 \r\n", LENGTH(12, KEEP)},
    {1, H "CONTENT-LENGTH: 0012\r\n", LENGTH(12, KEEP)},
    {0, "Content-Length: 5\r\n", LENGTH(5, CLOSE)},
    {1, H "Content-Length: 18446744073709551615\r\n", LENGTH(UINT64_MAX, KEEP)},
    {1, H "Transfer-Encoding: chunked\r\n", CHUNKED(KEEP)},
    {1, H "Transfer-Encoding: cHuNkEd\r\n", CHUNKED(KEEP)},
    {1, H "Expect: 100-continue\r\n", NONE(KEEP, .expect_continue = true)},
    {1, H "Expect: 100-Continue\r\nContent-Length: 3\r\n",
	LENGTH(3, KEEP, .expect_continue = true)},
    {1, H "Expect:\r\n", NONE(KEEP)},
    {1, H "Expect: , ,\r\n", NONE(KEEP)},
    {1, H "Expect: ,100-continue,\r\n", NONE(KEEP, .expect_continue = true)},
    {0, "Expect: 100-continue\r\nContent-Length: 3\r\n", LENGTH(3, CLOSE)},
    {0, "Expect: wonders\r\n", NONE(CLOSE)},
};

START_TEST(what_is_clear_is_framed)
{
	const struct accepted *a = &accepted_heads[_i];
	struct http_framing got;

	ck_assert_int_eq(frame(a->minor, a->lines, &got), 0);
	ck_assert_int_eq((int)got.kind, (int)a->want.kind);
	ck_assert_uint_eq(got.length, a->want.length);
	ck_assert_int_eq(got.keep_alive, a->want.keep_alive);
	ck_assert_int_eq(got.expect_continue, a->want.expect_continue);
}
END_TEST

struct refused {
	int status;
	int minor;
	const char *lines;
};

static const struct refused refused_heads[] = {
    /* Host */
    {400, 1, ""},
    {400, 1, H H},
    {400, 0, H H},
    {400, 1, "Host: a\r\nhOST: b\r\n"},
    {400, 1, "Host: a b\r\n"},
    {400, 1, "Host: a/b\r\n"},
    {400, 1, "Host: u@b\r\n"},
    {400, 0, "Host: a\x80\r\n"},
    {400, 1, "Host: http://a\r\n"},
    /* Content-Length */
    {400, 1, H "Content-Length:\r\n"},
    {400, 1, H "Content-Length: +1\r\n"},
    {400, 1, H "Content-Length: -1\r\n"},
    {400, 1, H "Content-Length: 1 2\r\n"},
    {400, 1, H "Content-Length: 1, 1\r\n"},
    {400, 1, H "Content-Length: 0x1\r\n"},
    {400, 1, H "Content-Length: 1.0\r\n"},
    {400, 1, H "Content-Length: 1_0\r\n"},
    {400, 1, H "Content-Length: a\r\n"},
    {400, 1, H "Content-Length: 18446744073709551616\r\n"},
    {400, 1, H "Content-Length: 99999999999999999999999\r\n"},
    {400, 1, H "Content-Length: 1\r\nContent-Length: 1\r\n"},
    {400, 1, H "Content-Length: 1\r\nContent-Length: 2\r\n"},
    /* Transfer-Encoding */
    {400, 1, H "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"},
    {400, 1, H "Content-Length: 1\r\nTransfer-Encoding: foo\r\n"},
    {400, 0, H "Transfer-Encoding: chunked\r\n"},
    {400, 1, H "Transfer-Encoding:\r\n"},
    {400, 1, H "Transfer-Encoding: ,\r\n"},
    {400, 1, H "Transfer-Encoding: chunked,\r\n"},
    {400, 1, H "Transfer-Encoding: ,chunked\r\n"},
    {400, 1, H "Transfer-Encoding: chunked, chunked\r\n"},
    {400, 1, H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"},
    {400, 1, H "Transfer-Encoding: chunked, gzip\r\n"},
    {400, 1, H "Transfer-Encoding: gzip\r\n"},
    {400, 1, H "Transfer-Encoding: identity\r\n"},
    {400, 1, H "Transfer-Encoding: xchunked\r\n"},
    {400, 1, H "Transfer-Encoding: chunked;a=b\r\n"},
    {400, 1, H "Transfer-Encoding: \"chunked\"\r\n"},
    {400, 1, H "Transfer-Encoding: chunked gzip\r\n"},
    {501, 1, H "Transfer-Encoding: gzip, chunked\r\n"},
    {501, 1, H "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"},
    /* Expect */
    {417, 1, H "Expect: wonders\r\n"},
    {417, 1, H "Expect: 100-continue, wonders\r\n"},
    {417, 1, H "Expect: wonders\r\nExpect: 100-continue\r\n"},
    {417, 1, H "Expect: 100-continued\r\n"},
};

START_TEST(what_is_ambiguous_is_refused)
{
	const struct refused *r = &refused_heads[_i];
	struct http_framing got;

	ck_assert_int_eq(frame(r->minor, r->lines, &got), r->status);
}
END_TEST

START_TEST(fields_are_found)
{
	const struct http_field *field;
	struct http_head head;
	struct buf b;
	size_t n;

	make_head(&b, &head, 1, "One: 1\r\nTwo: a\r\ntWO: b, c\r\nEmpty:\r\n");
	field = http_field(&head, "oNE", &n);
	ck_assert_ptr_nonnull(field);
	ck_assert_uint_eq(n, 1);
	ck_assert(http_slice_is(field->value, "1"));
	ck_assert_ptr_null(http_field(&head, "two", &n));
	ck_assert_uint_eq(n, 2);
	ck_assert_ptr_null(http_field(&head, "three", &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_nonnull(http_field(&head, "empty", NULL));
	ck_assert_ptr_null(http_field(&head, "on", NULL));
	ck_assert(http_field_has(&head, "Two", "a"));
	ck_assert(http_field_has(&head, "two", "c"));
	ck_assert(!http_field_has(&head, "two", "d"));
	ck_assert(!http_field_has(&head, "one", "a"));
	ck_assert(!http_field_has(&head, "none", ""));
	buf_free(&b);
}
END_TEST

static void
assert_host(const char *text, const char *want)
{
	struct http_head head;

	ck_assert_int_gt(http_parse_head(text, strlen(text), 0, &head), 0);
	ck_assert(http_slice_is(http_host(&head), want));
}

START_TEST(the_host_of_a_request)
{
	assert_host("GET / HTTP/1.1\r\nHost: a:1\r\n\r\n", "a:1");
	assert_host("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "b");
	assert_host("GET http://b:2 HTTP/1.0\r\n\r\n", "b:2");
	assert_host("GET / HTTP/1.0\r\n\r\n", "");
}
END_TEST

Suite *
suite_http_framing(void)
{
	Suite *suite = suite_create("http_framing");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, what_is_clear_is_framed, 0,
	    (int)(sizeof accepted_heads / sizeof accepted_heads[0]));
	tcase_add_loop_test(tc, what_is_ambiguous_is_refused, 0,
	    (int)(sizeof refused_heads / sizeof refused_heads[0]));
	tcase_add_test(tc, fields_are_found);
	tcase_add_test(tc, the_host_of_a_request);
	suite_add_tcase(suite, tc);
	return suite;
}
