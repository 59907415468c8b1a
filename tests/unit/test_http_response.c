/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_response.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "suites.h"

static void
assert_head(const struct http_response *r, const char *want)
{
	struct buf b = BUF_INIT(10000);

	http_response_head(&b, r);
	ck_assert_str_eq(buf_str(&b), want);
	buf_free(&b);
}

START_TEST(a_known_length)
{
	struct http_response r = {
	    .status = 200,
	    .length_kind = HTTP_LENGTH_KNOWN,
	    .length = 12,
	    .keep_alive = true,
	    .type = "application/json",
	    .more = "X-Request-Id: 1\r\nVary: Origin\r\n",
	    .date = 784111777,
	};

	assert_head(&r, "HTTP/1.1 200 OK\r\n"
			"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
			"Connection: keep-alive\r\n"
			"Content-Type: application/json\r\n"
			"Content-Length: 12\r\n"
			"X-Request-Id: 1\r\nVary: Origin\r\n"
			"\r\n");
}
END_TEST

START_TEST(other_ends_of_a_body)
{
	struct http_response r = {.status = 204};

	assert_head(&r, "HTTP/1.1 204 No Content\r\n"
			"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
			"Connection: close\r\n"
			"\r\n");
	r.status = 404;
	r.length_kind = HTTP_LENGTH_CHUNKED;
	assert_head(&r, "HTTP/1.1 404 Not Found\r\n"
			"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
			"Connection: close\r\n"
			"Transfer-Encoding: chunked\r\n"
			"\r\n");
	r.status = 299;
	r.length_kind = HTTP_LENGTH_CLOSE;
	assert_head(&r, "HTTP/1.1 299 Unknown\r\n"
			"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
			"Connection: close\r\n"
			"\r\n");
}
END_TEST

static void
assert_date(int64_t date, const char *want)
{
	struct http_response r = {.status = 200, .date = date};
	struct buf b = BUF_INIT(1000);

	http_response_head(&b, &r);
	ck_assert_msg(strstr(buf_str(&b), want) != NULL, "%s lacks %s",
	    buf_str(&b), want);
	buf_free(&b);
}

START_TEST(dates)
{
	struct http_response r = {.status = 200, .date = INT64_MAX};

	/* The language of the locale must not show. */
	(void)setlocale(LC_ALL, "de_DE.UTF-8");
	assert_date(0, "\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
	assert_date(951782400, "\r\nDate: Tue, 29 Feb 2000 00:00:00 GMT\r\n");
	assert_date(4102444799, "\r\nDate: Thu, 31 Dec 2099 23:59:59 GMT\r\n");
	assert_date(
	    253402300799, "\r\nDate: Fri, 31 Dec 9999 23:59:59 GMT\r\n");
	assert_head(&r, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}
END_TEST

START_TEST(every_month)
{
	static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	static const char *const days[] = {
	    "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	char want[40];
	int i;

	for (i = 0; i < 12; i++) /* the 15th of each month of 1970 */
		assert_date(14 * 86400L + i * 2629800L, names[i]);
	for (i = 0; i < 7; i++) {
		(void)snprintf(
		    want, sizeof want, "Date: %s, %02d Jan", days[i], i + 1);
		assert_date(i * 86400L, want);
	}
}
END_TEST

START_TEST(chunks)
{
	const struct http_slice none[] = {http_slice("", 0), http_slice("", 0)};
	const struct http_slice three[] = {http_slice("0123", 4),
	    http_slice("", 0), http_slice("456789abcdefX", 12)};
	const struct http_slice line_end = http_slice("\r\n", 2);
	struct buf b = BUF_INIT(100);

	http_response_chunk(&b, none, 0);
	http_response_chunk(&b, none, 2);
	ck_assert_uint_eq(b.len, 0);
	http_response_chunk(&b, three, 3);
	ck_assert_str_eq(buf_str(&b), "10\r\n0123456789abcdef\r\n");
	buf_clear(&b);
	http_response_chunk(&b, &line_end, 1);
	http_response_last_chunk(&b);
	ck_assert_str_eq(buf_str(&b), "2\r\n\r\n\r\n0\r\n\r\n");
	buf_free(&b);
}
END_TEST

START_TEST(reasons)
{
	ck_assert_str_eq(http_reason(200), "OK");
	ck_assert_str_eq(http_reason(431), "Request Header Fields Too Large");
	ck_assert_str_eq(http_reason(505), "HTTP Version Not Supported");
	ck_assert_str_eq(http_reason(0), "Unknown");
	ck_assert_str_eq(http_reason(999), "Unknown");
}
END_TEST

Suite *
suite_http_response(void)
{
	Suite *suite = suite_create("http_response");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, a_known_length);
	tcase_add_test(tc, other_ends_of_a_body);
	tcase_add_test(tc, dates);
	tcase_add_test(tc, every_month);
	tcase_add_test(tc, chunks);
	tcase_add_test(tc, reasons);
	suite_add_tcase(suite, tc);
	return suite;
}
