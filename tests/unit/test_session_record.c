/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "session_record.h"
#include "suites.h"

#include "banned.h"

#define S "0d3ae5d0-9b0e-4c0a-8f3b-1c2d3e4f5a6b"
#define U "F1e2d3c4-b5a6-4978-8a9b-acbdcedf0011"

static const struct session_context context = {
    .session = S, .uuid = U, .pending = true};

static void
encode_state(struct buf *b)
{
	char cwd[] = "/home/user/a project";
	const struct session_state s = {.session = S,
	    .head = U,
	    .key_name = "laptop",
	    .title = "what is \xC3\xBC?",
	    .cwd = cwd,
	    .created = 1790000000,
	    .used = 1790000001,
	    .turns = UINT32_MAX,
	    .dirty = true,
	    .system = "replace"};

	session_state_encode(b, &s);
}

START_TEST(test_context_comes_back)
{
	struct buf b = BUF_INIT(256);
	struct session_context got;

	session_context_encode(&b, &context);
	ck_assert(session_context_decode(&got, buf_str(&b), b.len));
	ck_assert_str_eq(got.session, S);
	ck_assert_str_eq(got.uuid, U);
	ck_assert(got.pending);
	buf_free(&b);
}
END_TEST

START_TEST(test_state_comes_back)
{
	struct buf b = BUF_INIT(1024);
	struct session_state got;

	encode_state(&b);
	ck_assert(session_state_decode(&got, buf_str(&b), b.len));
	ck_assert_str_eq(got.session, S);
	ck_assert_str_eq(got.head, U);
	ck_assert_str_eq(got.key_name, "laptop");
	ck_assert_str_eq(got.title, "what is \xC3\xBC?");
	ck_assert_str_eq(got.cwd, "/home/user/a project");
	ck_assert(got.created == 1790000000 && got.used == 1790000001);
	ck_assert(got.turns == UINT32_MAX);
	ck_assert(got.dirty);
	ck_assert_str_eq(got.system, "replace");
	session_state_clear(&got);
	buf_free(&b);
}
END_TEST

/* Neither kind, whatever is missing of it or comes behind it. */
static void
check_none(const char *bytes, size_t len)
{
	struct session_context c;
	struct session_state s;

	ck_assert(!session_context_decode(&c, bytes, len));
	ck_assert(!session_state_decode(&s, bytes, len));
}

START_TEST(test_parts_are_none)
{
	struct buf b = BUF_INIT(1024), half = BUF_INIT(1024);
	size_t i;

	session_context_encode(&b, &context);
	for (i = 0; i < b.len; i++) {
		buf_clear(&half);
		buf_add(&half, buf_str(&b), i);
		check_none(buf_str(&half), i);
	}
	buf_addch(&b, '\0');
	check_none(buf_str(&b), b.len);
	buf_clear(&b);
	encode_state(&b);
	for (i = 0; i < b.len; i++) {
		buf_clear(&half);
		buf_add(&half, buf_str(&b), i);
		check_none(buf_str(&half), i);
	}
	buf_addch(&b, '\0');
	check_none(buf_str(&b), b.len);
	buf_free(&b);
	buf_free(&half);
}
END_TEST

START_TEST(test_wrong_ids)
{
	static const char *const wrong[] = {"", "x", "--resume",
	    "0d3ae5d0-9b0e-4c0a-8f3b-1c2d3e4f5a6", S "7",
	    "0d3ae5d0-9b0e-4c0a-8f3b_1c2d3e4f5a6b",
	    "gd3ae5d0-9b0e-4c0a-8f3b-1c2d3e4f5a6b"};

	ck_assert(session_id_valid(S) && session_id_valid(U));
	ck_assert(!session_id_valid(wrong[_i]));
}
END_TEST

START_TEST(test_wrong_id_in_a_record)
{
	char bytes[] = "c" S "\0" U;

	bytes[3] = 'g';
	check_none(bytes, sizeof(bytes));
}
END_TEST

START_TEST(test_titles)
{
	static const struct {
		const char *text, *title;
	} cases[] = {
	    {"", ""},
	    {" \n\t", ""},
	    {"  what\n\tis  this \x7F", "what is this"},
	    {"\x1B[2Jred", "[2Jred"},
	    {"a b", "a b"},
	    /* 63 bytes are kept; of a character all or nothing */
	    {"0123456789012345678901234567890123456789012345678901234567890123",
		"01234567890123456789012345678901234567890123456789012345678901"
		"2"},
	    {"01234567890123456789012345678901234567890123456789012345678901"
	     "\xC3\xBC",
		"0123456789012345678901234567890123456789012345678901234567890"
		"1"},
	};
	char got[SESSION_TITLE_BYTES];

	session_title(got, cases[_i].text);
	ck_assert_str_eq(got, cases[_i].title);
}
END_TEST

START_TEST(test_keys_differ)
{
	unsigned char digest[SESSION_DIGEST_BYTES];
	char a[SESSION_KEY_BYTES], b[SESSION_KEY_BYTES];
	size_t alen, blen;

	memcpy(digest, S, sizeof(digest));
	alen = session_context_key(a, digest);
	blen = session_state_key(b, S);

	ck_assert_uint_eq(alen, 33);
	ck_assert_uint_eq(blen, 37);
	ck_assert_int_ne(a[0], b[0]);
	ck_assert_mem_eq(a + 1, S, 32);
	ck_assert_mem_eq(b + 1, S, 36);
}
END_TEST

Suite *
suite_session_record(void)
{
	Suite *s = suite_create("session_record");
	TCase *tc = tcase_create("core");

	tcase_add_test(tc, test_context_comes_back);
	tcase_add_test(tc, test_state_comes_back);
	tcase_add_test(tc, test_parts_are_none);
	tcase_add_loop_test(tc, test_wrong_ids, 0, 7);
	tcase_add_test(tc, test_wrong_id_in_a_record);
	tcase_add_loop_test(tc, test_titles, 0, 7);
	tcase_add_test(tc, test_keys_differ);
	suite_add_tcase(s, tc);
	return s;
}
