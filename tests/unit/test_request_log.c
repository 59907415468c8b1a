/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "request_log.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "json_text.h"
#include "suites.h"

#define BYTES 4000

static const struct request_record full = {
    .id = "req_1",
    .method = "POST",
    .path = "/v1/chat/completions",
    .status = 200,
    .model = "claude-haiku-4-5-20251001",
    .mode = "agent",
    .key_name = "laptop",
    .session = "resumed",
    .turns = 3,
    .prompt_tokens = 22,
    .cached_tokens = 7,
    .cache_write_tokens = 3,
    .completion_tokens = 20,
    .cost_usd = 0.0001164,
    .first_byte_ms = 69,
    .total_ms = 123,
    .client = "127.0.0.1",
    .error = "timeout",
};
static const struct request_record least = {
    .id = "req_2",
    .method = "GET",
    .path = "/health",
    .status = 200,
    .mode = "",
    .first_byte_ms = -1,
    .total_ms = 0,
};

static const char *
text_of(const struct request_record *r)
{
	static char text[BYTES + 1];
	struct log_text t = {.to = text, .size = BYTES};

	request_log_text(&t, r);
	ck_assert(!t.full);
	text[t.len] = '\0';
	return text;
}

static const char *
json_of(const struct request_record *r)
{
	static char text[BYTES + 1];
	struct log_text t = {.to = text, .size = BYTES};

	log_text_add(&t, "{");
	request_log_json(&t, r);
	log_text_add(&t, "}");
	ck_assert(!t.full);
	text[t.len] = '\0';
	return text;
}

START_TEST(as_text)
{
	ck_assert_str_eq(text_of(&full),
	    "req_1 POST /v1/chat/completions 200 123ms resumed "
	    "model=claude-haiku-4-5-20251001 mode=agent turns=3 prompt=22 "
	    "cached=7 written=3 completion=20 cost=$0.000116 first=69ms "
	    "key=laptop client=127.0.0.1 error=timeout");
	ck_assert_str_eq(text_of(&least), "req_2 GET /health 200 0ms");
}
END_TEST

START_TEST(as_json)
{
	ck_assert_str_eq(json_of(&full),
	    "{\"message\":\"request\",\"id\":\"req_1\",\"method\":\"POST\","
	    "\"path\":\"/v1/chat/completions\",\"status\":200,"
	    "\"model\":\"claude-haiku-4-5-20251001\",\"mode\":\"agent\","
	    "\"session\":\"resumed\",\"turns\":3,\"prompt_tokens\":22,"
	    "\"cached_tokens\":7,\"cache_write_tokens\":3,"
	    "\"completion_tokens\":20,\"cost_usd\":0.0001164,"
	    "\"first_byte_ms\":69,\"total_ms\":123,\"key_name\":\"laptop\","
	    "\"client\":\"127.0.0.1\",\"error\":\"timeout\"}");
	ck_assert_str_eq(json_of(&least),
	    "{\"message\":\"request\",\"id\":\"req_2\",\"method\":\"GET\","
	    "\"path\":\"/health\",\"status\":200,\"model\":null,"
	    "\"mode\":null,\"session\":null,\"turns\":0,\"prompt_tokens\":0,"
	    "\"cached_tokens\":0,\"cache_write_tokens\":0,"
	    "\"completion_tokens\":0,\"cost_usd\":0,\"first_byte_ms\":null,"
	    "\"total_ms\":0,\"key_name\":null,\"client\":null,"
	    "\"error\":null}");
}
END_TEST

/* Every byte in every text, and the longest ones. */
START_TEST(any_bytes_are_one_line_and_valid_json)
{
	struct json_text_error error;
	struct request_record r = full;
	const char *text;
	cJSON *json;
	int c;

	for (c = 1; c < 256; c++) {
		memset(r.method, c, sizeof r.method - 1);
		memset(r.path, c, sizeof r.path - 1);
		memset(r.error, c, sizeof r.error - 1);
		(void)snprintf(r.key_name, sizeof r.key_name, "\"%c\xE2", c);
		(void)snprintf(r.client, sizeof r.client, "%c\\", c);
		ck_assert_ptr_null(strchr(text_of(&r), '\n'));
		text = json_of(&r);
		ck_assert_msg(json_text_check(text, strlen(text), &error),
		    "byte %d: %s", c, text);
		json = cJSON_Parse(text);
		ck_assert_str_eq(
		    cJSON_GetStringValue(cJSON_GetObjectItem(json, "session")),
		    "resumed");
		cJSON_Delete(json);
	}
}
END_TEST

START_TEST(odd_costs_are_numbers)
{
	static const double odd[] = {-1, 1e300, 1.0 / 3};
	struct request_record r = least;
	struct json_text_error error;
	const char *text;
	size_t i;

	for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		r.cost_usd = odd[i];
		text = json_of(&r);
		ck_assert(json_text_check(text, strlen(text), &error));
	}
}
END_TEST

Suite *
suite_request_log(void)
{
	Suite *s = suite_create("request_log");
	TCase *t = tcase_create("request_log");

	tcase_add_test(t, as_text);
	tcase_add_test(t, as_json);
	tcase_add_test(t, any_bytes_are_one_line_and_valid_json);
	tcase_add_test(t, odd_costs_are_numbers);
	suite_add_tcase(s, t);
	return s;
}
