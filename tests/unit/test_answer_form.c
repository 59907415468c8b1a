/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "answer_form.h"

#include <string.h>

#include "suites.h"
#include "talk.h"

#define SCHEMA(schema)                                                         \
	"\"response_format\":{\"type\":\"json_schema\","                       \
	"\"json_schema\":{\"schema\":" schema "}}"
#define WRAPPED(schema, more)                                                  \
	"{\"type\":\"object\",\"properties\":{\"value\":" schema "},"          \
	"\"required\":[\"value\"],\"additionalProperties\":false" more "}"

static struct chat_request *request;
static struct buf out;

static void
set_up(void)
{
	buf_init(&out, 65536);
}

static void
tear_down(void)
{
	chat_request_free(request);
	request = NULL;
	buf_free(&out);
}

static void
assert_form(const char *members, bool wrapped, const char *schema)
{
	chat_request_free(request);
	request = talk_with(members);
	buf_clear(&out);
	answer_form_schema(&out, request);
	ck_assert(buf_ok(&out));
	ck_assert_str_eq(buf_str(&out), schema);
	ck_assert_msg(answer_form_wrapped(request) == wrapped, "%s", members);
}

START_TEST(text_has_no_form)
{
	assert_form("", false, "");
	assert_form("\"response_format\":{\"type\":\"text\"}", false, "");
}
END_TEST

START_TEST(any_object)
{
	assert_form("\"response_format\":{\"type\":\"json_object\"}", false,
	    "{\"type\":\"object\"}");
}
END_TEST

/* To the letter: no number is rounded, no key moved. */
START_TEST(a_schema_of_an_object_is_the_form)
{
	assert_form(
	    SCHEMA("{\"properties\":{\"b\":{\"const\":9007199254740993},"
		   "\"a\":{\"$ref\":\"#/$defs/x\"}},\"type\":\"object\","
		   "\"$defs\":{\"x\":{\"type\":\"null\"}}}"),
	    false,
	    "{\"properties\":{\"b\":{\"const\":9007199254740993},"
	    "\"a\":{\"$ref\":\"#/$defs/x\"}},\"type\":\"object\","
	    "\"$defs\":{\"x\":{\"type\":\"null\"}}}");
}
END_TEST

/* What may be something else than an object is wrapped in one. */
static const struct {
	const char *members, *schema;
} wrapped[] = {
    {SCHEMA("{\"type\":\"string\"}"), WRAPPED("{\"type\":\"string\"}", "")},
    {SCHEMA("{\"type\":\"array\",\"items\":{\"type\":\"object\"}}"),
	WRAPPED("{\"type\":\"array\",\"items\":{\"type\":\"object\"}}", "")},
    {SCHEMA("{\"type\":[\"object\",\"null\"]}"),
	WRAPPED("{\"type\":[\"object\",\"null\"]}", "")},
    {SCHEMA("{\"type\":\"objects\"}"), WRAPPED("{\"type\":\"objects\"}", "")},
    {SCHEMA("{\"type\":\"Object\"}"), WRAPPED("{\"type\":\"Object\"}", "")},
    {SCHEMA("{\"anyOf\":[{\"type\":\"object\"}]}"),
	WRAPPED("{\"anyOf\":[{\"type\":\"object\"}]}", "")},
    {SCHEMA("{\"properties\":{}}"), WRAPPED("{\"properties\":{}}", "")},
    {SCHEMA("{}"), WRAPPED("{}", "")},
    {"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{}}",
	WRAPPED("{}", "")},
};

START_TEST(another_schema_is_wrapped)
{
	assert_form(wrapped[_i].members, true, wrapped[_i].schema);
}
END_TEST

/* "#/$defs/p" is looked for at the root. */
START_TEST(what_is_referred_to_stays_at_the_root)
{
	assert_form(SCHEMA("{\"$ref\":\"#/$defs/p\",\"$defs\":{\"p\":{\"type\":"
			   "\"string\"}},\"$schema\":\"urn:x\","
			   "\"definitions\":{\"n\":{\"const\":1.50}}}"),
	    true,
	    WRAPPED("{\"$ref\":\"#/$defs/p\",\"$defs\":{\"p\":{\"type\":"
		    "\"string\"}},\"$schema\":\"urn:x\","
		    "\"definitions\":{\"n\":{\"const\":1.50}}}",
		",\"$defs\":{\"p\":{\"type\":\"string\"}},"
		"\"definitions\":{\"n\":{\"const\":1.50}},"
		"\"$schema\":\"urn:x\""));
}
END_TEST

START_TEST(a_full_buffer_is_bad)
{
	request = talk_with(SCHEMA("{\"type\":\"string\"}"));
	buf_free(&out);
	buf_init(&out, 40);
	answer_form_schema(&out, request);
	ck_assert(!buf_ok(&out));
}
END_TEST

Suite *
suite_answer_form(void)
{
	Suite *s = suite_create("answer_form");
	TCase *t = tcase_create("answer_form");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, text_has_no_form);
	tcase_add_test(t, any_object);
	tcase_add_test(t, a_schema_of_an_object_is_the_form);
	tcase_add_loop_test(t, another_schema_is_wrapped, 0,
	    (int)(sizeof wrapped / sizeof wrapped[0]));
	tcase_add_test(t, what_is_referred_to_stays_at_the_root);
	tcase_add_test(t, a_full_buffer_is_bad);
	suite_add_tcase(s, t);
	return s;
}
