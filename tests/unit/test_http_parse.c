/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_parse.h"

#include <string.h>

#include "buf.h"
#include "guarded.h"
#include "http_char.h"
#include "suites.h"

static struct guarded memory;

static void
setup(void)
{
	guarded_open(&memory, 4 * LIMIT_HEAD_BYTES);
}

static void
teardown(void)
{
	guarded_close(&memory);
}

static void
assert_inside(struct http_slice s, const char *text, size_t len)
{
	if (s.len > 0) {
		ck_assert(s.at >= text);
		ck_assert(s.at + s.len <= text + len);
	}
}

static void
assert_sound(const struct http_head *head, const char *text, size_t len)
{
	size_t i;

	assert_inside(head->method, text, len);
	assert_inside(head->target, text, len);
	assert_inside(head->authority, text, len);
	assert_inside(head->path, text, len);
	assert_inside(head->query, text, len);
	ck_assert_uint_gt(head->path.len, 0);
	ck_assert_uint_le(head->nfields, LIMIT_HEAD_FIELDS);
	for (i = 0; i < head->nfields; i++) {
		assert_inside(head->fields[i].name, text, len);
		assert_inside(head->fields[i].value, text, len);
	}
}

/* The verdict when the text comes in pieces of step bytes. */
static ssize_t
parse_in_pieces(const char *text, size_t len, size_t step)
{
	struct http_head head;
	size_t have = 0, seen = 0;
	ssize_t r = HTTP_MORE;

	while (r == HTTP_MORE && have < len) {
		have = len - have < step ? len : have + step;
		r = http_parse_head(
		    guarded_copy(&memory, text, have), have, seen, &head);
		seen = have;
	}
	return r;
}

/* The verdict on the text, the same in whichever pieces it comes. */
static ssize_t
parse(const char *text, size_t len, struct http_head *head)
{
	const char *copy = guarded_copy(&memory, text, len);
	ssize_t whole = http_parse_head(copy, len, 0, head);

	if (whole > 0) {
		ck_assert_uint_le((size_t)whole, len);
		assert_sound(head, copy, (size_t)whole);
	}
	ck_assert_int_eq(
	    parse_in_pieces(text, len, len < 3000 ? 1 : 997), whole);
	ck_assert_int_eq(parse_in_pieces(text, len, len / 2 + 1), whole);
	/* The last copy is in place again for the slices in head. */
	(void)guarded_copy(&memory, text, len);
	return whole;
}

static void
assert_status(const char *text, size_t len, int status)
{
	struct http_head head;
	ssize_t r = parse(text, len, &head);

	ck_assert_msg(
	    r == -status, "%zd instead of %d for %.*s", r, -status, 60, text);
}

static void
assert_slice(struct http_slice s, const char *want)
{
	ck_assert_msg(
	    http_slice_is(s, want), "%.*s is not %s", (int)s.len, s.at, want);
}

START_TEST(a_head_is_taken_apart)
{
	static const char text[] = "POST /v1/chat?a=b?c HTTP/1.1\r\n"
				   "Host: localhost:8888\r\n"
				   "Empty:\r\n"
				   "Blanks: \t a \t b\t \r\n"
				   "X-Obs:\xe4\xff\r\n"
				   "!#$%&'*+-.^_`|~09azAZ: \x21~\r\n"
				   "\r\nbehind";
	struct http_head head;
	ssize_t r = parse(text, sizeof text - 1, &head);

	ck_assert_int_eq(r, (ssize_t)(sizeof text - 1 - strlen("behind")));
	assert_slice(head.method, "POST");
	assert_slice(head.target, "/v1/chat?a=b?c");
	assert_slice(head.path, "/v1/chat");
	assert_slice(head.query, "a=b?c");
	assert_slice(head.authority, "");
	ck_assert_int_eq(head.minor, 1);
	ck_assert_uint_eq(head.nfields, 5);
	assert_slice(head.fields[0].name, "Host");
	assert_slice(head.fields[0].value, "localhost:8888");
	assert_slice(head.fields[1].value, "");
	assert_slice(head.fields[2].value, "a \t b");
	assert_slice(head.fields[3].value, "\xe4\xff");
	assert_slice(head.fields[4].name, "!#$%&'*+-.^_`|~09azAZ");
	assert_slice(head.fields[4].value, "!~");
}
END_TEST

static const char *const good_heads[] = {
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.0\r\nA:b\r\n\r\n",
    "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost:a\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD http://a:1/b?c HTTP/1.1\r\nHost: a:1\r\n\r\n",
    "M-SEARCH /%00%zz/{}|\\^`\"<> HTTP/1.9\r\nX: \"\x80\"\r\n\r\n",
    "!#$%&'*+-.^_`|~ //a//../b HTTP/1.1\r\na:\tb\t\r\n\r\n",
};

START_TEST(every_prefix_of_a_good_head_is_not_enough)
{
	const char *text = good_heads[_i], *copy;
	size_t len = strlen(text), n, seen;
	struct http_head head;

	for (n = 0; n < len; n++) {
		copy = guarded_copy(&memory, text, n);
		for (seen = 0; seen <= n; seen++)
			ck_assert_int_eq(
			    http_parse_head(copy, n, seen, &head), HTTP_MORE);
	}
	ck_assert_int_eq(parse(text, len, &head), (ssize_t)len);
}
END_TEST

struct target {
	const char *target;
	const char *authority;
	const char *path;
	const char *query;
};

START_TEST(target_forms)
{
	static const struct target targets[] = {
	    {"/", "", "/", ""},
	    {"/?", "", "/", ""},
	    {"/a/b", "", "/a/b", ""},
	    {"//a", "", "//a", ""},
	    {"/a?b", "", "/a", "b"},
	    {"/a?/b?c", "", "/a", "/b?c"},
	    {"/http://x/y", "", "/http://x/y", ""},
	    {"http://host", "host", "/", ""},
	    {"http://host?q", "host", "/", "q"},
	    {"http://host/", "host", "/", ""},
	    {"HTTP://host:80/a?b", "host:80", "/a", "b"},
	    {"hTtp://[::1]:8/a/b?c?d", "[::1]:8", "/a/b", "c?d"},
	};
	struct http_head head;
	struct buf b = BUF_INIT(1000);
	size_t i;

	for (i = 0; i < sizeof targets / sizeof targets[0]; i++) {
		buf_clear(&b);
		buf_addf(&b, "GET %s HTTP/1.1\r\n\r\n", targets[i].target);
		ck_assert_int_eq(
		    parse(buf_str(&b), b.len, &head), (ssize_t)b.len);
		assert_slice(head.target, targets[i].target);
		assert_slice(head.authority, targets[i].authority);
		assert_slice(head.path, targets[i].path);
		assert_slice(head.query, targets[i].query);
	}
	buf_free(&b);
}
END_TEST

START_TEST(options_may_ask_for_the_whole_server)
{
	static const char text[] = "OPTIONS * HTTP/1.1\r\n\r\n";
	struct http_head head;

	ck_assert_int_gt(parse(text, sizeof text - 1, &head), 0);
	assert_slice(head.path, "*");
	assert_slice(head.query, "");
}
END_TEST

START_TEST(higher_minor_versions_are_1_1)
{
	char text[] = "GET / HTTP/1.0\r\n\r\n";
	struct http_head head;
	char minor;

	for (minor = '0'; minor <= '9'; minor++) {
		text[13] = minor;
		ck_assert_int_gt(parse(text, sizeof text - 1, &head), 0);
		ck_assert_int_eq(head.minor, minor == '0' ? 0 : 1);
	}
}
END_TEST

struct refused {
	const char *text;
	int status;
};

static const struct refused refused_heads[] = {
    /* What is in front of the request line */
    {"\n", 400},
    {"\r\r\n", 400},
    {"\n\nGET / HTTP/1.1\r\n\r\n", 400},
    {" GET / HTTP/1.1\r\n\r\n", 400},
    {"\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400},
    {"\x16\x03\x01\x02", 400},
    {"\x80", 400},
    /* Method */
    {"G\x01T / HTTP/1.1\r\n\r\n", 400},
    {"G(T / HTTP/1.1\r\n\r\n", 400},
    {"GET\t/ HTTP/1.1\r\n\r\n", 400},
    {"GET\r\n\r\n", 400},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456 / HTTP/1.1\r\n\r\n", 501},
    {"CONNECT a:443 HTTP/1.1\r\n\r\n", 501},
    /* Target */
    {"GET  / HTTP/1.1\r\n\r\n", 400},
    {"GET /\tHTTP/1.1\r\n\r\n", 400},
    {"GET /a b HTTP/1.1\r\n\r\n", 400},
    {"GET /a#b HTTP/1.1\r\n\r\n", 400},
    {"GET /\x7f HTTP/1.1\r\n\r\n", 400},
    {"GET /\x80 HTTP/1.1\r\n\r\n", 400},
    {"GET a HTTP/1.1\r\n\r\n", 400},
    {"GET ?a HTTP/1.1\r\n\r\n", 400},
    {"GET * HTTP/1.1\r\n\r\n", 400},
    {"OPTIONS ** HTTP/1.1\r\n\r\n", 400},
    {"OPTIONS *?a HTTP/1.1\r\n\r\n", 400},
    {"GET https://a/ HTTP/1.1\r\n\r\n", 400},
    {"GET http:/a HTTP/1.1\r\n\r\n", 400},
    {"GET http:// HTTP/1.1\r\n\r\n", 400},
    {"GET http:///a HTTP/1.1\r\n\r\n", 400},
    {"GET http://:80/a HTTP/1.1\r\n\r\n", 400},
    {"GET http://u@h/ HTTP/1.1\r\n\r\n", 400},
    {"GET http://a:b/ HTTP/1.1\r\n\r\n", 400},
    {"GET a:443 HTTP/1.1\r\n\r\n", 400},
    /* Version */
    {"GET /\r\n", 400},
    {"GET / \r\n", 400},
    {"GET / HTTP/1.1 \r\n\r\n", 400},
    {"GET / http/1.1\r\n\r\n", 400},
    {"GET / HTTP/1\r\n\r\n", 400},
    {"GET / HTTP/11\r\n\r\n", 400},
    {"GET / HTTP/1.\r\n\r\n", 400},
    {"GET / HTTP/1.1\n\r\n", 400},
    {"GET / HTTP/1.1\n", 400},
    {"GET / HTTP/1.1\r\r\n\r\n", 400},
    {"GET / HTTP/1.10\r\n\r\n", 400},
    {"GET / HTTP/a.1\r\n\r\n", 400},
    {"GET / HTTPS/1.1\r\n\r\n", 400},
    {"GET / HTTP/2\r\n\r\n", 400},
    {"GET / HTTP/0.9\r\n\r\n", 505},
    {"GET / HTTP/2.0\r\n\r\n", 505},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    /* Fields */
    {"GET / HTTP/1.1\r\n a: b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n\ta: b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na: b\r\n\r \n", 400},
    {"GET / HTTP/1.1\r\na : b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na\t: b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n: b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na b: c\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na(b): c\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na\x80: c\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na: b\nc: d\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na: b\rc: d\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na: b\r\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na: \x01\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na: \x1b[m\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na: \x7f\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\na: b\n\n", 400},
};

START_TEST(what_is_malformed_is_refused)
{
	const struct refused *r = &refused_heads[_i];

	assert_status(r->text, strlen(r->text), r->status);
}
END_TEST

START_TEST(nul_bytes_are_refused)
{
	static const char method[] = "G\0T / HTTP/1.1\r\n\r\n";
	static const char target[] = "GET /\0 HTTP/1.1\r\n\r\n";
	static const char name[] = "GET / HTTP/1.1\r\na\0: b\r\n\r\n";
	static const char value[] = "GET / HTTP/1.1\r\na: b\0c\r\n\r\n";

	assert_status("", 1, 400);
	assert_status(method, sizeof method - 1, 400);
	assert_status(target, sizeof target - 1, 400);
	assert_status(name, sizeof name - 1, 400);
	assert_status(value, sizeof value - 1, 400);
}
END_TEST

/* Of one byte in a place, every value: exactly the class and one more pass. */
static void
assert_only(const char *text, size_t at, unsigned set, char one)
{
	char copy[100];
	size_t len = strlen(text);
	struct http_head head;
	bool good;
	int c;

	memcpy(copy, text, len);
	for (c = 0; c < 256; c++) {
		copy[at] = (char)c;
		good = http_char_is((char)c, set) || (char)c == one;
		ck_assert_msg((parse(copy, len, &head) > 0) == good,
		    "byte %d at %zu of %s", c, at, text);
	}
}

START_TEST(every_byte_in_every_place)
{
	assert_only("G_T / HTTP/1.1\r\n\r\n", 1, HTTP_CHAR_TOKEN, '!');
	assert_only("GET /_ HTTP/1.1\r\n\r\n", 5, HTTP_CHAR_TARGET, '/');
	assert_only("GET / HTTP/1._\r\n\r\n", 13, HTTP_CHAR_DIGIT, '0');
	assert_only(
	    "GET / HTTP/1.1\r\na_b:c\r\n\r\n", 17, HTTP_CHAR_TOKEN, ':');
	assert_only(
	    "GET / HTTP/1.1\r\na:b_c\r\n\r\n", 19, HTTP_CHAR_VALUE, ' ');
}
END_TEST

START_TEST(a_target_of_the_limit_passes)
{
	struct buf b = BUF_INIT(2 * LIMIT_HEAD_BYTES);
	struct http_head head;
	int over;

	for (over = 0; over <= 1; over++) {
		buf_clear(&b);
		buf_addf(&b, "GET /%0*d HTTP/1.1\r\n\r\n",
		    LIMIT_TARGET_BYTES - 1 + over, 0);
		if (over)
			assert_status(buf_str(&b), b.len, 414);
		else
			ck_assert_int_eq(
			    parse(buf_str(&b), b.len, &head), (ssize_t)b.len);
	}
	buf_free(&b);
}
END_TEST

START_TEST(a_head_of_the_limit_passes)
{
	struct buf b = BUF_INIT(2 * LIMIT_HEAD_BYTES);
	static const char frame[] = "GET / HTTP/1.1\r\na:\r\n\r\n";
	struct http_head head;
	int over;

	for (over = 0; over <= 1; over++) {
		buf_clear(&b);
		buf_addf(&b, "GET / HTTP/1.1\r\na:%0*d\r\n\r\n",
		    LIMIT_HEAD_BYTES - (int)sizeof frame + 1 + over, 0);
		if (over)
			assert_status(buf_str(&b), b.len, 431);
		else
			ck_assert_int_eq(parse(buf_str(&b), b.len, &head),
			    (ssize_t)LIMIT_HEAD_BYTES);
	}
	buf_free(&b);
}
END_TEST

START_TEST(an_endless_head_is_refused_at_the_limit)
{
	struct buf b = BUF_INIT(2 * LIMIT_HEAD_BYTES);
	struct http_head head;

	buf_addf(&b, "GET /%0*d", LIMIT_HEAD_BYTES, 0);
	ck_assert_int_eq(
	    http_parse_head(buf_str(&b), LIMIT_HEAD_BYTES - 1, 0, &head),
	    HTTP_MORE);
	assert_status(buf_str(&b), b.len, 414);
	buf_clear(&b);
	buf_addf(&b, "GET / HTTP/1.1\r\n%0*d", LIMIT_HEAD_BYTES, 0);
	assert_status(buf_str(&b), b.len, 431);
	/* An error in front of the limit is the one that counts. */
	buf_clear(&b);
	buf_addf(&b, "GET / HTTP/1.1\r\na : b\r\nc:%0*d", LIMIT_HEAD_BYTES, 0);
	assert_status(buf_str(&b), b.len, 400);
	buf_free(&b);
}
END_TEST

START_TEST(fields_are_counted)
{
	struct buf b = BUF_INIT(LIMIT_HEAD_BYTES);
	struct http_head head;
	int i;

	buf_addstr(&b, "GET / HTTP/1.1\r\n");
	for (i = 0; i < LIMIT_HEAD_FIELDS; i++)
		buf_addf(&b, "f%d: %d\r\n", i, i);
	buf_addstr(&b, "\r\n");
	ck_assert_int_eq(parse(buf_str(&b), b.len, &head), (ssize_t)b.len);
	ck_assert_uint_eq(head.nfields, LIMIT_HEAD_FIELDS);
	assert_slice(head.fields[LIMIT_HEAD_FIELDS - 1].name, "f99");
	b.len -= 2;
	buf_addstr(&b, "one: more\r\n\r\n");
	assert_status(buf_str(&b), b.len, 431);
	buf_free(&b);
}
END_TEST

START_TEST(hosts)
{
	static const char *const good[] = {"", "a", "localhost", "LOCALHOST:1",
	    "a.b-c_d~e", "1.2.3.4", "1.2.3.4:80", "8080", "a:", "[::1]",
	    "[::1]:80", "[::ffff:1.2.3.4]", "a%41b", "!$&'()*+,;="};
	static const char *const bad[] = {"a b", "a/b", "a@b", "a:b", "a:1:2",
	    "::1", "[::1", "::1]", "[]", "[a]", "[1.2.3.4]", "[::1]a",
	    "[::1%25lo]", "[::1]:b", "a%4", "a%", "a%zz", "a\"", "a\\b", "a?b",
	    "a#b", "\xc3\xa4", "[1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18]",
	    "a[::1]"};
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_msg(
		    http_host_valid(http_slice(good[i], strlen(good[i]))), "%s",
		    good[i]);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(
		    !http_host_valid(http_slice(bad[i], strlen(bad[i]))), "%s",
		    bad[i]);
}
END_TEST

Suite *
suite_http_parse(void)
{
	Suite *suite = suite_create("http_parse");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_head_is_taken_apart);
	tcase_add_loop_test(tc, every_prefix_of_a_good_head_is_not_enough, 0,
	    (int)(sizeof good_heads / sizeof good_heads[0]));
	tcase_add_test(tc, target_forms);
	tcase_add_test(tc, options_may_ask_for_the_whole_server);
	tcase_add_test(tc, higher_minor_versions_are_1_1);
	tcase_add_loop_test(tc, what_is_malformed_is_refused, 0,
	    (int)(sizeof refused_heads / sizeof refused_heads[0]));
	tcase_add_test(tc, nul_bytes_are_refused);
	tcase_add_test(tc, every_byte_in_every_place);
	tcase_add_test(tc, a_target_of_the_limit_passes);
	tcase_add_test(tc, a_head_of_the_limit_passes);
	tcase_add_test(tc, an_endless_head_is_refused_at_the_limit);
	tcase_add_test(tc, fields_are_counted);
	tcase_add_test(tc, hosts);
	suite_add_tcase(suite, tc);
	return suite;
}
