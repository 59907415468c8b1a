/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_mode.h"

#include <stdio.h>
#include <string.h>

#include "exchange_bed.h"
#include "suites.h"
#include "talk.h"

#define HEADER "X-CCP-Mode: "
#define TOOLS                                                                  \
	"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]"
#define SCHEMA                                                                 \
	"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{}}"

static struct chat_request *request;
static struct api_error error;

static void
set_up(void)
{
	exchange_bed_open();
}

static void
tear_down(void)
{
	chat_request_free(request);
	request = NULL;
	exchange_bed_close();
}

/* fields: lines of the head, "" for none. */
static bool
find(const char *fields, const char *members, bool *ret_model)
{
	char head[256];

	(void)snprintf(head, sizeof head,
	    "GET /x HTTP/1.1\nHost: localhost\n%s\n", fields);
	(void)exchange_bed_request(head);
	chat_request_free(request);
	request = talk_with(members);
	memset(&error, 0, sizeof error);
	return chat_mode_find(&bed_x, request, ret_model, &error);
}

static void
assert_mode(const char *fields, const char *members, bool model)
{
	bool found = !model;

	ck_assert_msg(find(fields, members, &found), "%s %s", fields, members);
	ck_assert_msg(found == model, "%s %s", fields, members);
}

START_TEST(an_agent_unless_something_asks_for_a_model)
{
	assert_mode("", "", false);
	assert_mode("", "\"tools\":[],\"stop\":\"x\",\"temperature\":0", false);
	assert_mode("", "\"response_format\":{\"type\":\"text\"}", false);
	bed_settings.claude_mode = "model";
	assert_mode("", "", true);
}
END_TEST

START_TEST(what_only_a_model_has)
{
	assert_mode("", TOOLS, true);
	ck_assert_uint_eq(request->ntools, 1);
	assert_mode("", "\"functions\":[{\"name\":\"f\"}]", true);
	assert_mode("", SCHEMA, true);
	ck_assert_int_eq(request->format, CHAT_FORMAT_SCHEMA);
	assert_mode("", "\"response_format\":{\"type\":\"json_object\"}", true);
}
END_TEST

START_TEST(calls_in_the_history_make_a_model)
{
	bool model = false;

	(void)exchange_bed_request("GET /x HTTP/1.1\nHost: localhost\n\n");
	request = talk_json("[{\"role\":\"user\",\"content\":\"a\"},"
			    "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":"
			    "\"1\",\"function\":{\"name\":\"f\"}}]},"
			    "{\"role\":\"tool\",\"tool_call_id\":\"1\","
			    "\"content\":\"b\"}]");
	ck_assert(chat_mode_find(&bed_x, request, &model, &error));
	ck_assert(model);
}
END_TEST

START_TEST(the_end_of_the_name)
{
	assert_mode("", "\"model\":\"haiku:model\"", true);
	ck_assert_str_eq(request->model, "haiku");
	assert_mode("", "\"model\":\"haiku:agent\"", false);
	ck_assert_str_eq(request->model, "haiku");
	bed_settings.claude_mode = "model";
	assert_mode("", "\"model\":\"a:model:agent\"", false);
	ck_assert_str_eq(request->model, "a:model");
	bed_settings.claude_mode = "agent";
}
END_TEST

START_TEST(other_names_stay)
{
	static const char *const names[] = {
	    "model", ":model", "a:models", "a:modelx", "a-model", "a:Model"};
	char members[64];
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(
		    members, sizeof members, "\"model\":\"%s\"", names[i]);
		assert_mode("", members, false);
		ck_assert_str_eq(request->model, names[i]);
	}
}
END_TEST

/* The name loses its end in any case: it is none of Claude's. */
START_TEST(the_header_wins)
{
	assert_mode(HEADER "model\n", "", true);
	assert_mode(HEADER "model\n", "\"model\":\"haiku:agent\"", true);
	ck_assert_str_eq(request->model, "haiku");
	assert_mode(HEADER "agent\n", "\"model\":\"haiku:model\"", false);
	ck_assert_str_eq(request->model, "haiku");
	bed_settings.claude_mode = "model";
	assert_mode(HEADER "agent\n", "", false);
	assert_mode("x-ccp-mode: agent\n", "", false);
}
END_TEST

/* Its own tools win; nothing of the client's may be left half way. */
static const char *const forced[][2] = {
    {HEADER "agent\n", "\"model\":\"haiku\""},
    {"", "\"model\":\"haiku:agent\""}};

START_TEST(a_forced_agent_has_no_tools_and_no_form)
{
	char members[512];

	(void)snprintf(members, sizeof members,
	    "%s," TOOLS "," SCHEMA ",\"tool_choice\":\"required\","
	    "\"parallel_tool_calls\":false",
	    forced[_i][1]);
	assert_mode(forced[_i][0], members, false);
	ck_assert_uint_eq(request->ntools, 0);
	ck_assert_int_eq(request->choice, CHAT_CHOICE_AUTO);
	ck_assert_int_eq(request->format, CHAT_FORMAT_TEXT);
	ck_assert_ptr_null(request->schema);
	ck_assert(!request->serial);
}
END_TEST

static const char *const wrong[] = {HEADER "wizard\n", HEADER "\n",
    HEADER "Model\n", HEADER "model agent\n", HEADER "modelx\n",
    HEADER "model\n" HEADER "model\n", HEADER "model\n" HEADER "agent\n"};

START_TEST(another_header_is_refused)
{
	bool model;

	ck_assert(!find(wrong[_i], "", &model));
	ck_assert_int_eq(error.status, 400);
	ck_assert_str_eq(error.param, "X-CCP-Mode");
	ck_assert_str_eq(error.code, "invalid_value");
}
END_TEST

Suite *
suite_chat_mode(void)
{
	Suite *s = suite_create("chat_mode");
	TCase *t = tcase_create("chat_mode");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_agent_unless_something_asks_for_a_model);
	tcase_add_test(t, what_only_a_model_has);
	tcase_add_test(t, calls_in_the_history_make_a_model);
	tcase_add_test(t, the_end_of_the_name);
	tcase_add_test(t, other_names_stay);
	tcase_add_test(t, the_header_wins);
	tcase_add_loop_test(t, a_forced_agent_has_no_tools_and_no_form, 0, 2);
	tcase_add_loop_test(t, another_header_is_refused, 0,
	    (int)(sizeof wrong / sizeof wrong[0]));
	suite_add_tcase(s, t);
	return s;
}
