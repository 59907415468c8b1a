/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api_error.h"

#include <stdio.h>
#include <string.h>

#include "json_text.h"
#include "suites.h"

static void
assert_json(const struct api_error *e, const char *want)
{
	struct buf b = BUF_INIT(100000);
	struct json_text_error je;

	api_error_json(&b, e);
	ck_assert_str_eq(buf_str(&b), want);
	ck_assert(json_text_check(buf_str(&b), b.len, &je));
	buf_free(&b);
}

START_TEST(set_empties_the_rest)
{
	struct api_error e;

	memset(&e, 'x', sizeof e);
	api_error_set(
	    &e, 429, "rate_limit_error", "rate_limit_exceeded", "%d s", 5);
	ck_assert_int_eq(e.status, 429);
	ck_assert_int_eq(e.retry_after, 0);
	assert_json(&e,
	    "{\"error\":{\"message\":\"5 s\",\"type\":\"rate_limit_error\","
	    "\"param\":null,\"code\":\"rate_limit_exceeded\"}}");
}
END_TEST

START_TEST(param_is_a_400)
{
	struct api_error e;

	api_error_param(&e, "messages[0].role", NULL, "say \"%s\"\n", "user");
	ck_assert_int_eq(e.status, 400);
	assert_json(&e, "{\"error\":{\"message\":\"say \\\"user\\\"\\n\","
			"\"type\":\"invalid_request_error\","
			"\"param\":\"messages[0].role\",\"code\":null}}");
}
END_TEST

/* A message that does not fit is cut between two characters. */
START_TEST(long_messages_stay_utf8)
{
	char text[2 * LIMIT_ERROR_TEXT_BYTES] = "";
	struct api_error e;
	struct buf b = BUF_INIT(100000);
	struct json_text_error je;
	size_t shift, i;

	for (shift = 0; shift < 3; shift++) {
		memset(text, 'a', shift);
		for (i = shift; i + 3 < sizeof text; i += 3)
			memcpy(text + i, "\xE2\x82\xAC", 3);
		api_error_param(&e, text, NULL, "%s", text);
		ck_assert_uint_gt(
		    strlen(e.message), LIMIT_ERROR_TEXT_BYTES - 4);
		ck_assert_uint_gt(strlen(e.param), sizeof e.param - 4);
		buf_clear(&b);
		api_error_json(&b, &e);
		ck_assert(json_text_check(buf_str(&b), b.len, &je));
	}
	buf_free(&b);
}
END_TEST

Suite *
suite_api_error(void)
{
	Suite *s = suite_create("api_error");
	TCase *t = tcase_create("api_error");

	tcase_add_test(t, set_empties_the_rest);
	tcase_add_test(t, param_is_a_400);
	tcase_add_test(t, long_messages_stay_utf8);
	suite_add_tcase(s, t);
	return s;
}
