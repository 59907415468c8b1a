/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the client hears, without a stream unless a test says so. */
#include "chat_model.h"

#include <stdio.h>
#include <string.h>

#include "exchange_bed.h"
#include "suites.h"
#include "talk.h"
#include "tool_names.h"

#define TOOLS                                                                  \
	"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}},"    \
	"{\"type\":\"function\",\"function\":{\"name\":\"g.h\"}}]"
#define JSON "\"response_format\":{\"type\":\"json_object\"}"
#define STRING                                                                 \
	"\"response_format\":{\"type\":\"json_schema\","                       \
	"\"json_schema\":{\"schema\":{\"type\":\"string\"}}}"
#define FORM "StructuredOutput"
#define F    TOOL_PREFIX "f"

static const struct token_usage usage = {.prompt = 1};

static struct chat_request *request;
static struct chat_response response;
static struct chat_reply reply;
static struct chat_model model;

static void
set_up(void)
{
	exchange_bed_open();
}

static void
shut(void)
{
	if (request == NULL)
		return;
	model_close(&model);
	reply_close(&reply);
	response_close(&response);
	chat_request_free(request);
	request = NULL;
}

static void
tear_down(void)
{
	shut();
	exchange_bed_close();
}

static void
begin(const char *members, bool stream)
{
	shut();
	(void)exchange_bed_request("GET /x HTTP/1.1\nHost: localhost\n\n");
	request = talk_with(members);
	ck_assert(response_open(&response, &bed_x, "m", stream, false, 1));
	reply_open(&reply, &response, 0);
	reply.function = request->functions;
	model_open(&model, request);
}

static bool
says(const char *text)
{
	return model_text(&model, &reply, text);
}

static void
starts(const char *tool, int block)
{
	char name[TOOL_NAME_BYTES + 32];
	struct claude_event e = {
	    .type = CLAUDE_TOOL_START, .tool = name, .block = block};

	(void)snprintf(name, sizeof name, "%s", tool);
	model_tool_start(&model, &reply, &e);
}

static void
input(const char *text, int block)
{
	char copy[256];
	struct claude_event e = {
	    .type = CLAUDE_TOOL_INPUT, .text = copy, .block = block};

	(void)snprintf(copy, sizeof copy, "%s", text);
	model_tool_input(&model, &reply, &e);
}

static void
whole(const char *tool, const char *text)
{
	char name[64], copy[256];
	struct claude_event e = {
	    .type = CLAUDE_ASSISTANT, .tool = name, .input = copy};

	(void)snprintf(name, sizeof name, "%s", tool);
	(void)snprintf(copy, sizeof copy, "%s", text);
	model_tool_whole(&model, &reply, &e);
}

/* The answer has its end; its message begins so. */
static void
assert_message(const char *wanted)
{
	const char *at;

	model_text_end(&model, &reply);
	reply_finish(&reply, "stop", &usage);
	ck_assert(!model.lost);
	at = strstr(exchange_bed_answer(), "\"message\":{");
	ck_assert_ptr_nonnull(at);
	at += strlen("\"message\":{\"role\":\"assistant\",");
	ck_assert_msg(strncmp(at, wanted, strlen(wanted)) == 0, "%s", at);
}

static void
assert_has(const char *part)
{
	ck_assert_msg(strstr(exchange_bed_answer(), part) != NULL,
	    "no %s in %s", part, exchange_bed_answer());
}

static void
assert_lacks(const char *part)
{
	ck_assert_msg(strstr(exchange_bed_answer(), part) == NULL, "%s in %s",
	    part, exchange_bed_answer());
}

START_TEST(text_passes)
{
	begin("", false);
	ck_assert(!says("Good "));
	ck_assert(!says("day."));
	assert_message("\"content\":\"Good day.\"");
}
END_TEST

START_TEST(a_stop_sequence_ends_it)
{
	begin("\"stop\":[\"END\",\"?\"]", false);
	ck_assert(!says("one E"));
	ck_assert(!says("two EN"));
	ck_assert(says("D three"));
	ck_assert(says("four"));
	assert_message("\"content\":\"one Etwo \"");
}
END_TEST

/* What might have been the beginning of one is told at the end. */
START_TEST(what_was_held_back_is_told)
{
	begin("\"stop\":\"END\"", false);
	ck_assert(!says("one EN"));
	assert_message("\"content\":\"one EN\"");
	begin("\"stop\":\"END\"," TOOLS, true);
	ck_assert(!says("one EN"));
	assert_lacks("EN\"");
	starts(F, 1);
	assert_has("\"delta\":{\"content\":\"EN\"}");
}
END_TEST

START_TEST(calls_have_the_clients_names)
{
	char made[TOOL_NAME_BYTES], called[TOOL_NAME_BYTES + 32];

	begin(TOOLS, false);
	tool_name_make(made, "g.h");
	(void)snprintf(called, sizeof called, TOOL_PREFIX "%s", made);
	says("I look.");
	starts(F, 1);
	input("", 1);
	input("{\"a\"", 1);
	input(":1}", 1);
	starts(called, 2);
	input("{}", 2);
	assert_message("\"content\":\"I look.\"");
	assert_has("\"function\":{\"name\":\"f\",\"arguments\":"
		   "\"{\\\"a\\\":1}\"}");
	assert_has("\"function\":{\"name\":\"g.h\",\"arguments\":\"{}\"}");
}
END_TEST

/* function_call is an object, so it cannot be two. */
START_TEST(of_functions_the_first_call_counts)
{
	const char *functions = "\"functions\":[{\"name\":\"f\"}]";

	begin(functions, false);
	starts(F, 1);
	input("{\"a\":1}", 1);
	starts(F, 2);
	input("{\"b\":2}", 2);
	whole(F, "{\"c\":3}");
	assert_message("\"content\":null,\"refusal\":null,\"function_call\":"
		       "{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}");
	begin(functions, true);
	starts(F, 1);
	input("{\"a\":1}", 1);
	starts(F, 2);
	input("{\"b\":2}", 2);
	assert_has("\\\"a\\\"");
	assert_lacks("\\\"b\\\"");
}
END_TEST

/* Nothing of a tool that is not the client's, nor of another block. */
START_TEST(other_tools_are_not_told)
{
	static const char *const others[] = {"Bash", "f", TOOL_PREFIX "other",
	    TOOL_PREFIX, "", FORM, "mcp__other__f"};
	size_t i;

	begin(TOOLS, false);
	says("So.");
	for (i = 0; i < sizeof others / sizeof others[0]; i++) {
		starts(others[i], 3);
		ck_assert_int_eq(model.block, -1);
		input("{\"hidden\":1}", 3);
		whole(others[i], "{\"hidden\":2}");
	}
	assert_message("\"content\":\"So.\"");
	assert_lacks("tool_calls");
	assert_lacks("hidden");
}
END_TEST

START_TEST(only_its_own_block_is_its_input)
{
	begin(TOOLS, false);
	starts(F, 1);
	input("{\"other\":1}", 2);
	input("{\"other\":1}", -1);
	input("{\"a\":1}", 1);
	starts("Bash", 2);
	input("{\"b\":1}", 1);
	input("{\"c\":1}", -1);
	assert_message("\"content\":null");
	assert_has("\"arguments\":\"{\\\"a\\\":1}\"}");
}
END_TEST

START_TEST(a_call_in_one_piece)
{
	begin(TOOLS, false);
	starts(F, 0);
	whole(F, "{\"a\":[1]}");
	input("{\"b\":1}", 0);
	assert_message("\"content\":null");
	assert_has("\"arguments\":\"{\\\"a\\\":[1]}\"}");
}
END_TEST

START_TEST(an_answer_in_a_form_is_the_content)
{
	begin(JSON, false);
	ck_assert(!says("Here it is:"));
	starts(FORM, 1);
	input("{\"a\"", 1);
	input(":1}", 1);
	ck_assert(!says("Is that right?"));
	assert_message("\"content\":\"{\\\"a\\\":1}\"");
	assert_lacks("tool_calls");
	ck_assert(model.given && !model.twice);
}
END_TEST

START_TEST(it_is_taken_out_of_its_wrapping)
{
	begin(STRING, false);
	starts(FORM, 0);
	input("{\"val", 0);
	input("ue\": \"a } b\" ", 0);
	input("}", 0);
	assert_message("\"content\":\"\\\"a } b\\\"\"");
	begin(STRING, false);
	whole(FORM, "{\"value\":\"x\"}");
	assert_message("\"content\":\"\\\"x\\\"\"");
}
END_TEST

/* What is kept can be taken back, what is told cannot. */
START_TEST(a_second_answer)
{
	begin(STRING, false);
	starts(FORM, 0);
	input("{\"value\":\"wrong", 0);
	ck_assert(!model.twice);
	starts(FORM, 0);
	input("{\"value\":\"right\"}", 0);
	ck_assert(!model.twice);
	assert_message("\"content\":\"\\\"right\\\"\"");
	begin(JSON, true);
	starts(FORM, 0);
	input("{\"a\":1}", 0);
	ck_assert(!model.twice);
	starts(FORM, 0);
	ck_assert(model.twice);
}
END_TEST

START_TEST(a_form_is_streamed_as_it_comes)
{
	begin(STRING, true);
	says("Here:");
	starts(FORM, 0);
	input("{\"value\":\"on", 0);
	assert_has("\"delta\":{\"content\":\"\\\"on\"}");
	input("e\"}", 0);
	assert_has("\"delta\":{\"content\":\"e\\\"\"}");
	assert_lacks("Here");
	assert_lacks("value");
}
END_TEST

START_TEST(tools_beside_a_form)
{
	begin(JSON "," TOOLS, false);
	says("I look.");
	starts(F, 1);
	input("{}", 1);
	assert_message("\"content\":null");
	assert_has("\"name\":\"f\"");
	ck_assert(!model.given);
}
END_TEST

/* No form was asked for: it is a tool as any other. */
START_TEST(the_tool_of_the_form_is_none_without_one)
{
	begin("", false);
	says("So.");
	starts(FORM, 1);
	input("{\"a\":1}", 1);
	assert_message("\"content\":\"So.\"");
}
END_TEST

Suite *
suite_chat_model(void)
{
	Suite *s = suite_create("chat_model");
	TCase *t = tcase_create("chat_model");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, text_passes);
	tcase_add_test(t, a_stop_sequence_ends_it);
	tcase_add_test(t, what_was_held_back_is_told);
	tcase_add_test(t, calls_have_the_clients_names);
	tcase_add_test(t, of_functions_the_first_call_counts);
	tcase_add_test(t, other_tools_are_not_told);
	tcase_add_test(t, only_its_own_block_is_its_input);
	tcase_add_test(t, a_call_in_one_piece);
	tcase_add_test(t, an_answer_in_a_form_is_the_content);
	tcase_add_test(t, it_is_taken_out_of_its_wrapping);
	tcase_add_test(t, a_second_answer);
	tcase_add_test(t, a_form_is_streamed_as_it_comes);
	tcase_add_test(t, tools_beside_a_form);
	tcase_add_test(t, the_tool_of_the_form_is_none_without_one);
	suite_add_tcase(s, t);
	return s;
}
