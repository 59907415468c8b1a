/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_opening.h"

#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "talk.h"

#define TOOLS                                                                  \
	"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]"
#define JSON "\"response_format\":{\"type\":\"json_object\"}"
#define FORM "{\"type\":\"object\"}"

static struct chat_request *request;
static struct chat_opening opening;

static void
tear_down(void)
{
	opening_close(&opening);
	chat_request_free(request);
	request = NULL;
}

static const struct claude_initialize *
make(const char *members, const char *system, bool model, bool append)
{
	if (request != NULL)
		tear_down();
	request = talk_with(members);
	if (system != NULL)
		request->system = strdup(system);
	ck_assert(opening_make(&opening, request, model, append));
	return &opening.with;
}

static void
assert_schema(const char *members, const char *schema, bool tools)
{
	const struct claude_initialize *with = make(members, NULL, true, false);

	if (schema == NULL)
		ck_assert_msg(with->schema == NULL, "%s", members);
	else
		ck_assert_str_eq(with->schema, schema);
	ck_assert_msg(with->tools == tools, "%s", members);
}

/* Without a text of the client's Claude Code's own prompt stays. */
START_TEST(an_agent_has_its_own_prompt)
{
	const struct claude_initialize *with = make("", NULL, false, false);

	ck_assert_ptr_null(with->system);
	ck_assert(!with->append && !with->tools);
	ck_assert_ptr_null(with->schema);
}
END_TEST

START_TEST(the_clients_text_replaces_it_or_is_appended)
{
	const struct claude_initialize *with =
	    make("", "You rhyme.", false, false);

	ck_assert_str_eq(with->system, "You rhyme.");
	ck_assert(!with->append);
	with = make("", "You rhyme.", false, true);
	ck_assert_str_eq(with->system, "You rhyme.");
	ck_assert(with->append && !with->tools);
}
END_TEST

/* Never NULL, which would be Claude Code's own; never appended to that. */
START_TEST(for_a_model_it_is_all_there_is)
{
	const struct claude_initialize *with = make("", NULL, true, true);

	ck_assert_str_eq(with->system, "");
	ck_assert(!with->append && !with->tools);
	ck_assert_ptr_null(with->schema);
	with = make("", "You rhyme.", true, true);
	ck_assert_str_eq(with->system, "You rhyme.");
	ck_assert(!with->append);
}
END_TEST

START_TEST(a_model_has_the_clients_tools)
{
	ck_assert(make(TOOLS, NULL, true, false)->tools);
	ck_assert_str_eq(opening.with.system, "");
	ck_assert_ptr_null(opening.with.schema);
}
END_TEST

/* The CLI cuts it in the list of tools. */
START_TEST(a_long_description_is_in_the_prompt)
{
	const struct claude_initialize *with;
	const char *text;

	make(TOOLS, NULL, true, false);
	request->tools[0].description = malloc(3001);
	ck_assert_ptr_nonnull(request->tools[0].description);
	memset(request->tools[0].description, 'd', 3000);
	request->tools[0].description[3000] = '\0';
	request->system = strdup("You rhyme.");
	opening_close(&opening);
	ck_assert(opening_make(&opening, request, true, false));
	with = &opening.with;
	ck_assert_int_eq(strncmp(with->system, "You rhyme.\n\n", 12), 0);
	text = strstr(with->system, request->tools[0].description);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(strlen(text), 3000);
}
END_TEST

START_TEST(the_form_of_the_answer)
{
	assert_schema(JSON, FORM, false);
	assert_schema(JSON "," TOOLS, FORM, true);
	assert_schema(JSON "," TOOLS ",\"tool_choice\":\"auto\"", FORM, true);
	/* Nothing but the form may be called then. */
	assert_schema(JSON "," TOOLS ",\"tool_choice\":\"none\"", FORM, false);
	assert_schema(TOOLS ",\"tool_choice\":\"none\"", NULL, true);
}
END_TEST

/* The tool of the form would count as the call. */
START_TEST(a_forced_call_has_no_form_beside_it)
{
	assert_schema(
	    JSON "," TOOLS ",\"tool_choice\":\"required\"", NULL, true);
	assert_schema(JSON "," TOOLS ",\"tool_choice\":{\"type\":\"function\","
			   "\"function\":{\"name\":\"f\"}}",
	    NULL, true);
}
END_TEST

Suite *
suite_chat_opening(void)
{
	Suite *s = suite_create("chat_opening");
	TCase *t = tcase_create("chat_opening");

	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, an_agent_has_its_own_prompt);
	tcase_add_test(t, the_clients_text_replaces_it_or_is_appended);
	tcase_add_test(t, for_a_model_it_is_all_there_is);
	tcase_add_test(t, a_model_has_the_clients_tools);
	tcase_add_test(t, a_long_description_is_in_the_prompt);
	tcase_add_test(t, the_form_of_the_answer);
	tcase_add_test(t, a_forced_call_has_no_form_beside_it);
	suite_add_tcase(s, t);
	return s;
}
