/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_mcp.h"

#include <cjson/cJSON.h>

#include <stdlib.h>
#include <string.h>

#include "../../src/limits.h"
#include "suites.h"
#include "tool_names.h"

#define VAR(text) ((char[]){text})

static char weather[] = "get_weather", empty[] = "{\"type\":\"object\"}";
static struct buf out;
static struct chat_tool tools[3];
static struct chat_request request;
static struct claude_event event;
static cJSON *json;

static void
set_up(void)
{
	buf_init(&out, 1u << 20);
	memset(&event, 0, sizeof event);
	memset(tools, 0, sizeof tools);
	memset(&request, 0, sizeof request);
	request.tools = tools;
	request.ntools = 1;
	tools[0].name = weather;
	tools[0].schema = empty;
	json = NULL;
}

static void
tear_down(void)
{
	buf_free(&out);
	cJSON_Delete(json);
}

/* The event owns nothing here, and is never cleared. */
static bool
ask(char *method, char *rpc_id)
{
	event.type = CLAUDE_CONTROL_REQUEST;
	event.subtype = VAR("mcp_message");
	event.id = VAR("R\"1");
	event.server = VAR(TOOL_SERVER);
	event.method = method;
	event.rpc_id = rpc_id;
	buf_clear(&out);
	return claude_mcp_answer(&out, &event, &request);
}

static const cJSON *
member(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	ck_assert_msg(item != NULL, "no %s in %s", name, buf_str(&out));
	return item;
}

static const char *
string_at(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(member(object, name));

	ck_assert_ptr_nonnull(text);
	return text;
}

/* The JSON-RPC message of the one line that was appended. */
static const cJSON *
answer(char *method, char *rpc_id)
{
	const cJSON *response;

	ck_assert(ask(method, rpc_id));
	ck_assert(buf_ok(&out));
	ck_assert_ptr_eq(
	    strchr(buf_str(&out), '\n'), buf_str(&out) + out.len - 1);
	cJSON_Delete(json);
	json = cJSON_ParseWithOpts(buf_str(&out), NULL, 1);
	ck_assert_msg(json != NULL, "no JSON: %s", buf_str(&out));
	ck_assert_str_eq(string_at(json, "type"), "control_response");
	response = member(json, "response");
	ck_assert_str_eq(string_at(response, "subtype"), "success");
	ck_assert_str_eq(string_at(response, "request_id"), "R\"1");
	response = member(member(response, "response"), "mcp_response");
	ck_assert_str_eq(string_at(response, "jsonrpc"), "2.0");
	ck_assert_int_eq(event.type, CLAUDE_OTHER);
	return response;
}

static const cJSON *
listed(int n)
{
	const cJSON *list = member(
	    member(answer(VAR("tools/list"), VAR("1")), "result"), "tools");

	ck_assert_int_eq(cJSON_GetArraySize(list), (int)request.ntools);
	return cJSON_GetArrayItem(list, n);
}

START_TEST(initialize_takes_the_version_that_is_asked_for)
{
	static char longest[LIMIT_MCP_VERSION_BYTES + 2];
	const cJSON *result;

	event.version = VAR("2031-01-02");
	result = member(answer(VAR("initialize"), VAR("0")), "result");
	ck_assert_str_eq(string_at(result, "protocolVersion"), "2031-01-02");
	ck_assert(
	    cJSON_IsObject(member(member(result, "capabilities"), "tools")));
	ck_assert_str_eq(
	    string_at(member(result, "serverInfo"), "name"), TOOL_SERVER);
	memset(longest, '1', sizeof longest - 1);
	event.version = longest;
	result = member(answer(VAR("initialize"), VAR("0")), "result");
	ck_assert_str_eq(string_at(result, "protocolVersion"), "2025-11-25");
	longest[LIMIT_MCP_VERSION_BYTES] = '\0';
	result = member(answer(VAR("initialize"), VAR("0")), "result");
	ck_assert_str_eq(string_at(result, "protocolVersion"), longest);
	event.version = VAR("a b");
	result = member(answer(VAR("initialize"), VAR("0")), "result");
	ck_assert_str_eq(string_at(result, "protocolVersion"), "2025-11-25");
	event.version = NULL;
	result = member(answer(VAR("initialize"), VAR("0")), "result");
	ck_assert_str_eq(string_at(result, "protocolVersion"), "2025-11-25");
}
END_TEST

START_TEST(ids_come_back_as_they_are)
{
	ck_assert_int_eq(
	    member(answer(VAR("ping"), VAR("7")), "id")->valueint, 7);
	ck_assert_str_eq(
	    string_at(answer(VAR("ping"), VAR("\"a\\\"b\"")), "id"), "a\"b");
}
END_TEST

START_TEST(notifications_are_answered_too)
{
	const cJSON *message = answer(VAR("notifications/initialized"), NULL);

	ck_assert(cJSON_IsNumber(member(message, "id")));
	ck_assert_int_eq(cJSON_GetArraySize(member(message, "result")), 0);
}
END_TEST

START_TEST(ping_and_what_is_not_known)
{
	const cJSON *message = answer(VAR("ping"), VAR("1"));

	ck_assert(cJSON_IsObject(member(message, "result")));
	message = answer(VAR("resources/list"), VAR("1"));
	ck_assert(!cJSON_HasObjectItem(message, "result"));
	ck_assert_int_eq(
	    member(member(message, "error"), "code")->valueint, -32601);
}
END_TEST

START_TEST(a_call_is_left_to_the_client)
{
	ck_assert(ask(VAR("tools/call"), VAR("2")));
	ck_assert_uint_eq(out.len, 0);
	ck_assert_int_eq(event.type, CLAUDE_TOOL_CALL);
}
END_TEST

START_TEST(what_cannot_be_served)
{
	static char id[LIMIT_MCP_ID_BYTES + 2];

	ck_assert(!ask(NULL, VAR("1")));
	memset(id, '1', sizeof id - 1);
	ck_assert(!ask(VAR("ping"), id));
	(void)ask(VAR("ping"), VAR("1"));
	buf_clear(&out);
	event.type = CLAUDE_CONTROL_REQUEST;
	event.server = VAR("another");
	ck_assert(!claude_mcp_answer(&out, &event, &request));
	event.server = NULL;
	ck_assert(!claude_mcp_answer(&out, &event, &request));
	event.server = VAR(TOOL_SERVER);
	event.id = NULL;
	ck_assert(!claude_mcp_answer(&out, &event, &request));
	ck_assert_uint_eq(out.len, 0);
	ck_assert_int_eq(event.type, CLAUDE_CONTROL_REQUEST);
}
END_TEST

START_TEST(tools_are_listed)
{
	char name[TOOL_NAME_BYTES];
	const cJSON *tool;

	request.ntools = 3;
	tools[0].description = VAR("tells \"it\"\n");
	tools[1].name = VAR("fs.read");
	/* Line ends between values, a number that no double holds. */
	tools[1].schema = VAR("{\"type\":\"object\",\r\n\"$defs\":{},"
			      "\"x\":12345678901234567890.10}");
	tools[2].name = VAR("Bash");
	tools[2].schema = tools[0].schema;
	tool = listed(0);
	ck_assert_int_eq(cJSON_GetArraySize(tool), 4);
	ck_assert_str_eq(string_at(tool, "name"), "get_weather");
	ck_assert_str_eq(string_at(tool, "description"), "tells \"it\"\n");
	ck_assert_str_eq(
	    string_at(member(tool, "inputSchema"), "type"), "object");
	ck_assert(
	    cJSON_IsTrue(member(member(tool, "annotations"), "readOnlyHint")));
	tool_name_make(name, "fs.read");
	tool = listed(1);
	ck_assert_str_eq(string_at(tool, "name"), name);
	ck_assert_str_eq(string_at(tool, "description"), "");
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&out), "{\"type\":\"object\",  \"$defs\":{},"
				  "\"x\":12345678901234567890.10}"));
	ck_assert_str_eq(string_at(listed(2), "name"), "Bash");
}
END_TEST

/* So many characters, each of the same bytes. */
static char *
repeated(const char *character, size_t n)
{
	size_t len = strlen(character), i;
	char *text = calloc(n + 1, len);

	ck_assert_ptr_nonnull(text);
	for (i = 0; i < n; i++)
		memcpy(text + i * len, character, len);
	return text;
}

/* As the CLI counts them: a character outside of the basic plane is two. */
static size_t
characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if ((*text & 0xc0) != 0x80)
			n += ((unsigned char)*text & 0xf8) == 0xf0 ? 2 : 1;
	}
	return n;
}

START_TEST(a_long_description_is_told_in_the_system_prompt)
{
	static const struct {
		const char *character;
		size_t width;
	} kinds[] = {{"x", 1}, {"\xc3\xa4", 1}, {"\xe2\x82\xac", 1},
	    {"\xf0\x9f\x98\x80", 2}};
	size_t most = LIMIT_TOOL_DESCRIPTION / kinds[_i].width, kept;
	const char *told;
	struct buf system = BUF_INIT(1u << 20);

	tools[0].description = repeated(kinds[_i].character, most);
	told = string_at(listed(0), "description");
	ck_assert_str_eq(told, tools[0].description);
	claude_mcp_system(&system, &request);
	ck_assert_uint_eq(system.len, 0);
	free(tools[0].description);

	tools[0].description = repeated(kinds[_i].character, most + 1);
	told = string_at(listed(0), "description");
	ck_assert_uint_le(characters(told), LIMIT_TOOL_DESCRIPTION);
	ck_assert_uint_ge(characters(told), LIMIT_TOOL_DESCRIPTION - 5);
	kept = (size_t)(strstr(told, " [...]") - told);
	ck_assert_mem_eq(told, tools[0].description, kept);
	ck_assert_uint_eq(kept % strlen(kinds[_i].character), 0);
	ck_assert_ptr_nonnull(strstr(told + kept, "system prompt"));
	claude_mcp_system(&system, &request);
	ck_assert_mem_eq(buf_str(&system), "The ", 4);
	buf_clear(&system);
	buf_addstr(&system, "S");
	claude_mcp_system(&system, &request);
	ck_assert_mem_eq(buf_str(&system), "S\n\nThe ", 7);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&system), TOOL_PREFIX "get_weather:"));
	ck_assert_ptr_nonnull(strstr(buf_str(&system), tools[0].description));
	free(tools[0].description);
	buf_free(&system);
}
END_TEST

START_TEST(no_tools_where_only_a_form_is_wanted)
{
	ck_assert(claude_mcp_wanted(&request));
	request.choice = CHAT_CHOICE_NONE;
	ck_assert(claude_mcp_wanted(&request));
	request.format = CHAT_FORMAT_SCHEMA;
	ck_assert(!claude_mcp_wanted(&request));
	request.choice = CHAT_CHOICE_AUTO;
	ck_assert(claude_mcp_wanted(&request));
	request.ntools = 0;
	ck_assert(!claude_mcp_wanted(&request));
}
END_TEST

Suite *
suite_claude_mcp(void)
{
	Suite *s = suite_create("claude_mcp");
	TCase *t = tcase_create("claude_mcp");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, initialize_takes_the_version_that_is_asked_for);
	tcase_add_test(t, ids_come_back_as_they_are);
	tcase_add_test(t, notifications_are_answered_too);
	tcase_add_test(t, ping_and_what_is_not_known);
	tcase_add_test(t, a_call_is_left_to_the_client);
	tcase_add_test(t, what_cannot_be_served);
	tcase_add_test(t, tools_are_listed);
	tcase_add_loop_test(
	    t, a_long_description_is_told_in_the_system_prompt, 0, 4);
	tcase_add_test(t, no_tools_where_only_a_form_is_wanted);
	suite_add_tcase(s, t);
	return s;
}
