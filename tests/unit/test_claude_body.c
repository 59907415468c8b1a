/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_body.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/limits.h"
#include "suites.h"
#include "tool_names.h"

#define VAR(text) ((char[]){text})
#define OFF       "\"thinking\":{\"type\":\"disabled\"}"

static char bash[] = "Bash", dotted[] = "fs.read";
static struct chat_tool tools[2];
static struct chat_request request;
static struct buf out;

static void
set_up(void)
{
	buf_init(&out, LIMIT_EXTRA_BODY_BYTES);
	memset(&request, 0, sizeof request);
	tools[0].name = bash;
	tools[1].name = dotted;
	request.tools = tools;
	request.ntools = 2;
}

static void
tear_down(void)
{
	buf_free(&out);
}

static const char *
body(const char *users)
{
	buf_clear(&out);
	ck_assert(claude_body_make(&out, &request, users));
	ck_assert(buf_ok(&out));
	return buf_str(&out);
}

START_TEST(nothing_asked_for_is_nothing)
{
	ck_assert_str_eq(body(NULL), "");
	ck_assert_str_eq(body("{\"top_k\":5}"), ""); /* stays as it is */
	request.temperature = VAR("1.0");
	request.top_p = VAR("1");
	ck_assert_str_eq(body(NULL), ""); /* which is the default */
	ck_assert(!claude_body_thoughtless(&request));
}
END_TEST

START_TEST(numbers_are_told_as_they_were_written)
{
	request.temperature = VAR("0.70");
	ck_assert_str_eq(body(NULL), "{\"temperature\":0.70," OFF "}");
	ck_assert(claude_body_thoughtless(&request));
	request.temperature = NULL;
	request.top_p = VAR("9.5e-1");
	ck_assert_str_eq(body(NULL), "{\"top_p\":9.5e-1}");
	request.top_p = VAR("0.949");
	ck_assert_str_eq(body(NULL), "{\"top_p\":0.949," OFF "}");
	request.top_p = VAR("0");
	ck_assert_str_eq(body(NULL), "{\"top_p\":0," OFF "}");
}
END_TEST

START_TEST(stop_sequences_are_quoted)
{
	char *stop[] = {VAR("END"), VAR("\n\"x\"")};

	request.stop = stop;
	request.nstop = 2;
	ck_assert_str_eq(
	    body(NULL), "{\"stop_sequences\":[\"END\",\"\\n\\\"x\\\"\"]}");
}
END_TEST

START_TEST(blank_stop_sequences_are_not_for_the_api)
{
	char *stop[] = {VAR("\n\n"), VAR("END"), VAR(" \t")};

	request.stop = stop;
	request.nstop = 3;
	ck_assert_str_eq(body(NULL), "{\"stop_sequences\":[\"END\"]}");
	request.nstop = 1;
	ck_assert_str_eq(body(NULL), "");
}
END_TEST

START_TEST(a_choice_of_tools)
{
	static const struct {
		enum chat_choice choice;
		bool serial;
		const char *body;
	} rows[] = {
	    {CHAT_CHOICE_AUTO, true,
		"{\"tool_choice\":{\"type\":\"auto\","
		"\"disable_parallel_tool_use\":true}}"},
	    {CHAT_CHOICE_NONE, false, "{\"tool_choice\":{\"type\":\"none\"}}"},
	    {CHAT_CHOICE_NONE, true, "{\"tool_choice\":{\"type\":\"none\"}}"},
	    {CHAT_CHOICE_REQUIRED, false,
		"{\"tool_choice\":{\"type\":\"any\"}," OFF "}"},
	    {CHAT_CHOICE_REQUIRED, true,
		"{\"tool_choice\":{\"type\":\"any\","
		"\"disable_parallel_tool_use\":true}," OFF "}"},
	    {CHAT_CHOICE_NAMED, false,
		"{\"tool_choice\":{\"type\":\"tool\",\"name\":"
		"\"mcp__client__Bash\"}," OFF "}"},
	};

	request.choice = rows[_i].choice;
	request.serial = rows[_i].serial;
	ck_assert_str_eq(body(NULL), rows[_i].body);
	request.ntools = 0;
	ck_assert_str_eq(body(NULL), "");
}
END_TEST

/* An answer has room for one function_call. */
START_TEST(functions_are_called_one_at_a_time)
{
	request.functions = true;
	ck_assert_str_eq(body(NULL), "{\"tool_choice\":{\"type\":\"auto\","
				     "\"disable_parallel_tool_use\":true}}");
	request.choice = CHAT_CHOICE_NONE;
	ck_assert_str_eq(body(NULL), "{\"tool_choice\":{\"type\":\"none\"}}");
}
END_TEST

START_TEST(a_named_tool_is_called_as_the_model_calls_it)
{
	char name[TOOL_NAME_BYTES];

	request.choice = CHAT_CHOICE_NAMED;
	request.choice_tool = 1;
	tool_name_make(name, "fs.read");
	ck_assert_ptr_nonnull(strstr(body(NULL), TOOL_PREFIX));
	ck_assert_ptr_nonnull(strstr(body(NULL), name));
	ck_assert_ptr_null(strstr(body(NULL), "fs.read"));
}
END_TEST

/* Whose answer is a call as well: no tools are served then. */
START_TEST(no_choice_forbids_a_form)
{
	request.choice = CHAT_CHOICE_NONE;
	request.format = CHAT_FORMAT_JSON;
	ck_assert_str_eq(body(NULL), "");
}
END_TEST

START_TEST(a_small_maximum_leaves_no_room_for_thinking)
{
	request.max_tokens = LIMIT_THINKING_TOKENS;
	ck_assert(claude_body_thoughtless(&request));
	ck_assert_str_eq(body(NULL), "{" OFF "}");
	request.max_tokens = LIMIT_THINKING_TOKENS + 1;
	ck_assert(!claude_body_thoughtless(&request));
	ck_assert_str_eq(body(NULL), "");
}
END_TEST

START_TEST(none_that_is_wanted)
{
	request.no_thinking = true;
	ck_assert_str_eq(body(NULL), "{" OFF "}");
}
END_TEST

START_TEST(the_users_members_give_way)
{
	request.temperature = VAR("0.5");
	ck_assert_str_eq(
	    body("{\"temperature\":0.1,\"top_k\":[5,\"x\"],\"thinking\":{"
		 "\"type\":\"adaptive\"},\"q\\\"\":null}"),
	    "{\"temperature\":0.5," OFF ",\"top_k\":[5,\"x\"],\"q\\\"\":null}");
	ck_assert_str_eq(body("{}"), "{\"temperature\":0.5," OFF "}");
}
END_TEST

START_TEST(what_is_no_object_is_left_out)
{
	static const char *const bad[] = {
	    "", "[1]", "7", "{", "{\"a\":1}}", "{\"a\":01}"};

	request.temperature = VAR("0.5");
	ck_assert_str_eq(body(bad[_i]), "{\"temperature\":0.5," OFF "}");
}
END_TEST

START_TEST(too_much_is_an_error)
{
	char *stop[1] = {malloc(LIMIT_EXTRA_BODY_BYTES + 1)};

	ck_assert_ptr_nonnull(stop[0]);
	memset(stop[0], 'x', LIMIT_EXTRA_BODY_BYTES);
	stop[0][LIMIT_EXTRA_BODY_BYTES] = '\0';
	request.stop = stop;
	request.nstop = 1;
	ck_assert(!claude_body_make(&out, &request, NULL));
	free(stop[0]);
}
END_TEST

Suite *
suite_claude_body(void)
{
	Suite *s = suite_create("claude_body");
	TCase *t = tcase_create("claude_body");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, nothing_asked_for_is_nothing);
	tcase_add_test(t, numbers_are_told_as_they_were_written);
	tcase_add_test(t, stop_sequences_are_quoted);
	tcase_add_test(t, blank_stop_sequences_are_not_for_the_api);
	tcase_add_loop_test(t, a_choice_of_tools, 0, 6);
	tcase_add_test(t, functions_are_called_one_at_a_time);
	tcase_add_test(t, a_named_tool_is_called_as_the_model_calls_it);
	tcase_add_test(t, no_choice_forbids_a_form);
	tcase_add_test(t, a_small_maximum_leaves_no_room_for_thinking);
	tcase_add_test(t, none_that_is_wanted);
	tcase_add_test(t, the_users_members_give_way);
	tcase_add_loop_test(t, what_is_no_object_is_left_out, 0, 6);
	tcase_add_test(t, too_much_is_an_error);
	suite_add_tcase(s, t);
	return s;
}
