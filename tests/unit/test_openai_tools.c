/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tools, functions, which of them, and response_format, as whole requests. */
#include "openai_tools.h"

#include <stdio.h>
#include <string.h>

#include "../../src/limits.h"
#include "../../src/openai_request.h"
#include "buf.h"
#include "suites.h"

#define COUNT(array)  ((int)(sizeof(array) / sizeof((array)[0])))
#define WITH(members) "{" members ",\"messages\":[" USER "]}"
#define USER          "{\"role\":\"user\",\"content\":\"hi\"}"
#define TOOL(members) "{\"type\":\"function\",\"function\":{" members "}}"
#define TOOLS(list)   "\"tools\":[" list "]"
#define F             "\"name\":\"f\""
#define G             "\"name\":\"g.h\""
#define FG            TOOLS(TOOL(F) "," TOOL(G))
#define PARAMETERS(s) TOOLS(TOOL(F ",\"parameters\":" s))
#define NAMED(name)                                                            \
	"{\"type\":\"function\",\"function\":{\"name\":\"" name "\"}}"
#define FORMAT(members) "\"response_format\":{" members "}"
#define SCHEMA(members)                                                        \
	FORMAT("\"type\":\"json_schema\",\"json_schema\":{" members "}")

static struct api_error err;

static struct chat_request *
parse(const char *body)
{
	struct chat_request *r = openai_request_parse(body, strlen(body), &err);

	ck_assert_msg(r != NULL, "%s: %s", body, r == NULL ? err.message : "");
	return r;
}

static struct chat_request *
with(const char *members)
{
	char body[2048];

	(void)snprintf(body, sizeof body, WITH("%s"), members);
	return parse(body);
}

START_TEST(nothing_is_asked_for)
{
	static const char *const members[] = {"\"n\":null", "\"tools\":[]",
	    "\"tools\":null,\"functions\":[]", "\"tool_choice\":\"auto\"",
	    "\"tool_choice\":null,\"function_call\":\"auto\"",
	    "\"parallel_tool_calls\":true", FORMAT("\"type\":\"text\""),
	    "\"temperature\":1,\"top_p\":1.0,\"stop\":[],\"n\":1"};
	size_t i;

	for (i = 0; i < (size_t)COUNT(members); i++) {
		struct chat_request *r = with(members[i]);

		ck_assert_uint_eq(r->ntools, 0);
		ck_assert(!r->functions && !r->serial && !r->no_thinking);
		ck_assert_int_eq(r->choice, CHAT_CHOICE_AUTO);
		ck_assert_int_eq(r->format, CHAT_FORMAT_TEXT);
		ck_assert_ptr_null(r->schema);
		ck_assert_ptr_null(r->temperature);
		ck_assert_ptr_null(r->top_p);
		ck_assert_uint_eq(r->nstop, 0);
		ck_assert_ptr_null(r->effort);
		ck_assert_int_eq(r->n, 1);
		ck_assert(!chat_request_wants_model(r));
		chat_request_free(r);
	}
}
END_TEST

START_TEST(tools_are_kept)
{
	struct chat_request *r =
	    with(TOOLS(TOOL(F ",\"description\":\"d\\u00e9\",\"strict\":true,"
			      "\"parameters\":{\"type\":\"object\"}") "," TOOL(G
		",\"description\":\"\",\"strict\":null") ","
							 "{\"function\":{"
							 "\"name\":\"Bash\"},"
							 "\"type\":"
							 "\"function\","
							 "\"x\":1}"));

	ck_assert_uint_eq(r->ntools, 3);
	ck_assert_str_eq(r->tools[0].name, "f");
	ck_assert_str_eq(r->tools[0].description, "d\xC3\xA9");
	ck_assert_str_eq(r->tools[0].schema, "{\"type\":\"object\"}");
	ck_assert_str_eq(r->tools[1].name, "g.h");
	ck_assert_ptr_null(r->tools[1].description);
	ck_assert_str_eq(r->tools[2].name, "Bash");
	ck_assert(!r->functions);
	ck_assert(chat_request_wants_model(r));
	chat_request_free(r);
}
END_TEST

START_TEST(functions_are_tools)
{
	struct chat_request *r =
	    with("\"functions\":[{" F ",\"description\":\"d\",\"parameters\":"
		 "{\"x\": 1e2}},{" G "}],\"function_call\":{\"name\":\"g.h\"}");

	ck_assert(r->functions);
	ck_assert_uint_eq(r->ntools, 2);
	ck_assert_str_eq(r->tools[0].description, "d");
	ck_assert_str_eq(r->tools[0].schema, "{\"type\":\"object\",\"x\":1e2}");
	ck_assert_int_eq(r->choice, CHAT_CHOICE_NAMED);
	ck_assert_uint_eq(r->choice_tool, 1);
	chat_request_free(r);
}
END_TEST

static const struct {
	const char *parameters, *schema;
} schemas[] = {
    {"null", "{\"type\":\"object\",\"properties\":{}}"},
    {"{ }", "{\"type\":\"object\",\"properties\":{}}"},
    {"{\"properties\":{\"a\":{}}}",
	"{\"type\":\"object\",\"properties\":{\"a\":{}}}"},
    {" {\n \"$ref\" : \"#/$defs/x\" , \"$defs\":{\"x\":\n{\"anyOf\":[{}]}}} ",
	"{\"type\":\"object\",\"$ref\":\"#/$defs/x\",\"$defs\":{\"x\":"
	"{\"anyOf\":[{}]}}}"},
    /* as it was written: numbers, order, escapes */
    {"{\"z\":9007199254740993,\"type\":\"object\",\"a\":[1.0,1E-7,-0],"
     "\"\\u0062\":\"\\u00e9\\/ \\n\"}",
	"{\"z\":9007199254740993,\"type\":\"object\",\"a\":[1.0,1E-7,-0],"
	"\"\\u0062\":\"\\u00e9\\/ \\n\"}"},
    /* what Claude Code does not take */
    {"{\"type\":null,\"required\":null,\"x\":null,\"properties\":null}",
	"{\"type\":\"object\",\"x\":null}"},
    {"{\"type\":\"object\",\"properties\":{ \"a\" : true,\"b\":false,"
     "\"\\u0063\":{\"d\":true}},\"required\":[\"a\"]}",
	"{\"type\":\"object\",\"properties\":{\"a\":{},\"b\":{\"not\":{}},"
	"\"\\u0063\":{\"d\":true}},\"required\":[\"a\"]}"},
    {"{\"properties\":{}}", "{\"type\":\"object\",\"properties\":{}}"},
    {"{\"properties\":{},\"type\":\"object\"}",
	"{\"properties\":{},\"type\":\"object\"}"},
    /* a type that is not the root's */
    {"{\"properties\":{\"type\":{\"type\":\"string\"}}}",
	"{\"type\":\"object\",\"properties\":{\"type\":{\"type\":"
	"\"string\"}}}"},
};

START_TEST(schemas_are_verbatim)
{
	char members[1024];
	struct chat_request *r;

	(void)snprintf(
	    members, sizeof members, PARAMETERS("%s"), schemas[_i].parameters);
	r = with(members);
	ck_assert_str_eq(r->tools[0].schema, schemas[_i].schema);
	chat_request_free(r);
}
END_TEST

static const struct {
	const char *tool, *schema, *description;
} alternatives[] = {
    {F ",\"parameters\":{\"anyOf\":[ {} ]}", "{\"type\":\"object\"}",
	"The arguments must also fit this JSON schema: {\"anyOf\":[{}]}"},
    {F ",\"description\":\"d\",\"parameters\":{\"oneOf\":[1.0],"
       "\"properties\":{\"a\":{\"anyOf\":[]}},\"allOf\":[]}",
	"{\"type\":\"object\",\"properties\":{\"a\":{\"anyOf\":[]}}}",
	"d\n\nThe arguments must also fit this JSON schema: "
	"{\"oneOf\":[1.0],\"allOf\":[]}"},
};

START_TEST(alternatives_are_described)
{
	char members[1024];
	struct chat_request *r;

	(void)snprintf(
	    members, sizeof members, TOOLS(TOOL("%s")), alternatives[_i].tool);
	r = with(members);
	ck_assert_str_eq(r->tools[0].schema, alternatives[_i].schema);
	ck_assert_str_eq(r->tools[0].description, alternatives[_i].description);
	chat_request_free(r);
}
END_TEST

static const struct {
	const char *members;
	enum chat_choice choice;
	size_t tool;
	bool serial;
} choices[] = {
    {FG, CHAT_CHOICE_AUTO, 0, false},
    {FG ",\"tool_choice\":\"auto\"", CHAT_CHOICE_AUTO, 0, false},
    {FG ",\"tool_choice\":\"none\"", CHAT_CHOICE_NONE, 0, false},
    {"\"tool_choice\":\"required\"," FG, CHAT_CHOICE_REQUIRED, 0, false},
    {"\"tool_choice\":" NAMED("g.h") "," FG, CHAT_CHOICE_NAMED, 1, false},
    {FG ",\"tool_choice\":" NAMED("f"), CHAT_CHOICE_NAMED, 0, false},
    {FG ",\"parallel_tool_calls\":false", CHAT_CHOICE_AUTO, 0, true},
    {"\"functions\":[{" F "}],\"function_call\":\"none\"", CHAT_CHOICE_NONE, 0,
	false},
    {"\"functions\":[{" F "}],\"function_call\":\"auto\"", CHAT_CHOICE_AUTO, 0,
	false},
    {"\"tool_choice\":\"none\"", CHAT_CHOICE_NONE, 0, false},
};

START_TEST(the_client_chooses)
{
	struct chat_request *r = with(choices[_i].members);

	ck_assert_int_eq(r->choice, choices[_i].choice);
	ck_assert_uint_eq(r->choice_tool, choices[_i].tool);
	ck_assert_int_eq(r->serial, choices[_i].serial);
	chat_request_free(r);
}
END_TEST

static const struct {
	const char *members;
	enum chat_format format;
	const char *schema;
} formats[] = {
    {FORMAT("\"type\":\"json_object\""), CHAT_FORMAT_JSON, NULL},
    {SCHEMA("\"name\":\"n\",\"strict\":true,\"schema\":{ \"type\" : "
	    "\"array\", \"maxItems\": 9007199254740993 }"),
	CHAT_FORMAT_SCHEMA,
	"{\"type\":\"array\",\"maxItems\":9007199254740993}"},
    {SCHEMA("\"strict\":null,\"schema\":{}"), CHAT_FORMAT_SCHEMA, "{}"},
    {SCHEMA("\"name\":\"n\""), CHAT_FORMAT_SCHEMA, "{}"},
    {SCHEMA("\"schema\":null,\"description\":\"\""), CHAT_FORMAT_SCHEMA, "{}"},
    /* the description is for the model */
    {SCHEMA("\"description\":\"a \\\"d\\\"\""), CHAT_FORMAT_SCHEMA,
	"{\"description\":\"a \\\"d\\\"\"}"},
    {SCHEMA("\"description\":\"d\",\"schema\":{\"type\":\"string\"}"),
	CHAT_FORMAT_SCHEMA, "{\"description\":\"d\",\"type\":\"string\"}"},
    {SCHEMA("\"description\":\"d\",\"schema\":{ }"), CHAT_FORMAT_SCHEMA,
	"{\"description\":\"d\"}"},
    {SCHEMA("\"description\":\"d\",\"schema\":{\"description\":\"e\"}"),
	CHAT_FORMAT_SCHEMA, "{\"description\":\"e\"}"},
};

START_TEST(formats_of_the_answer)
{
	struct chat_request *r = with(formats[_i].members);

	ck_assert_int_eq(r->format, formats[_i].format);
	if (formats[_i].schema == NULL)
		ck_assert_ptr_null(r->schema);
	else
		ck_assert_str_eq(r->schema, formats[_i].schema);
	ck_assert(chat_request_wants_model(r));
	chat_request_free(r);
}
END_TEST

static const struct {
	const char *members, *param, *code;
} refused[] = {
    /* tools */
    {"\"tools\":{}", "tools", "invalid_type"},
    {TOOLS("1"), "tools[0]", "invalid_type"},
    {TOOLS("{}"), "tools[0].type", "missing_required_parameter"},
    {TOOLS(TOOL(F) ",{\"type\":1}"), "tools[1].type", "invalid_type"},
    {TOOLS("{\"type\":\"custom\",\"custom\":{\"name\":\"x\"}}"),
	"tools[0].type", "unsupported_value"},
    {TOOLS("{\"type\":\"web_search\"}"), "tools[0].type", "unsupported_value"},
    {TOOLS("{\"type\":\"function\"}"), "tools[0].function",
	"missing_required_parameter"},
    {TOOLS("{\"type\":\"function\",\"function\":[]}"), "tools[0].function",
	"invalid_type"},
    {TOOLS(TOOL("\"x\":1")), "tools[0].function.name",
	"missing_required_parameter"},
    {TOOLS(TOOL("\"name\":1")), "tools[0].function.name", "invalid_type"},
    {TOOLS(TOOL("\"name\":\"\"")), "tools[0].function.name", "invalid_value"},
    {TOOLS(TOOL("\"name\":\"a b\"")), "tools[0].function.name",
	"invalid_value"},
    {TOOLS(TOOL(F) "," TOOL(G) "," TOOL(F)), "tools[2].function.name",
	"invalid_value"},
    {TOOLS(TOOL(F "," F)), "tools[0].function.name", "invalid_value"},
    {TOOLS(TOOL(F ",\"description\":1")), "tools[0].function.description",
	"invalid_type"},
    {TOOLS(TOOL(F ",\"strict\":\"yes\"")), "tools[0].function.strict",
	"invalid_type"},
    {PARAMETERS("[]"), "tools[0].function.parameters", "invalid_type"},
    {PARAMETERS("true"), "tools[0].function.parameters", "invalid_type"},
    {PARAMETERS("{\"type\":\"string\"}"), "tools[0].function.parameters.type",
	"invalid_value"},
    {PARAMETERS("{\"type\":[\"object\"]}"), "tools[0].function.parameters.type",
	"invalid_value"},
    {PARAMETERS("{\"type\":\"object\",\"type\":\"string\"}"),
	"tools[0].function.parameters.type", "invalid_value"},
    {PARAMETERS("{\"properties\":[]}"),
	"tools[0].function.parameters.properties", "invalid_type"},
    {PARAMETERS("{\"properties\":{\"a\":[]}}"),
	"tools[0].function.parameters.properties", "invalid_type"},
    {PARAMETERS("{\"properties\":{\"a\":null}}"),
	"tools[0].function.parameters.properties", "invalid_type"},
    {PARAMETERS("{\"required\":\"a\"}"),
	"tools[0].function.parameters.required", "invalid_type"},
    {PARAMETERS("{\"required\":[\"a\",1]}"),
	"tools[0].function.parameters.required", "invalid_type"},
    {PARAMETERS("{\"required\":[],\"required\":[]}"),
	"tools[0].function.parameters.required", "invalid_value"},
    /* functions */
    {"\"functions\":1", "functions", "invalid_type"},
    {"\"functions\":[1]", "functions[0]", "invalid_type"},
    {"\"functions\":[{}]", "functions[0].name", "missing_required_parameter"},
    {"\"functions\":[{" F "},{" F "}]", "functions[1].name", "invalid_value"},
    {"\"functions\":[{" F ",\"parameters\":{\"type\":\"array\"}}]",
	"functions[0].parameters.type", "invalid_value"},
    {FG ",\"functions\":[{" F "}]", "functions", "invalid_value"},
    {"\"functions\":[{" F "}]," FG, "tools", "invalid_value"},
    /* which of them */
    {FG ",\"tool_choice\":1", "tool_choice", "invalid_type"},
    {FG ",\"tool_choice\":\"any\"", "tool_choice", "invalid_value"},
    {FG ",\"tool_choice\":{}", "tool_choice.type",
	"missing_required_parameter"},
    {FG ",\"tool_choice\":{\"type\":\"allowed_tools\"}", "tool_choice.type",
	"unsupported_value"},
    {FG ",\"tool_choice\":{\"type\":\"custom\"}", "tool_choice.type",
	"unsupported_value"},
    {FG ",\"tool_choice\":{\"type\":\"function\"}", "tool_choice.function.name",
	"missing_required_parameter"},
    {FG ",\"tool_choice\":{\"type\":\"function\",\"function\":1}",
	"tool_choice.function", "invalid_type"},
    {FG ",\"tool_choice\":" NAMED("h"), "tool_choice.function.name",
	"invalid_value"},
    {"\"tool_choice\":" NAMED("f"), "tool_choice.function.name",
	"invalid_value"},
    {"\"tool_choice\":\"required\"", "tool_choice", "invalid_value"},
    {"\"function_call\":\"required\",\"functions\":[{" F "}]", "function_call",
	"invalid_value"},
    {"\"function_call\":{\"name\":\"f\"}", "function_call.name",
	"invalid_value"},
    {"\"function_call\":{},\"functions\":[{" F "}]", "function_call.name",
	"missing_required_parameter"},
    {FG ",\"function_call\":\"none\"", "function_call", "invalid_value"},
    {"\"tool_choice\":\"none\",\"functions\":[{" F "}]", "tool_choice",
	"invalid_value"},
    {FG ",\"parallel_tool_calls\":0", "parallel_tool_calls", "invalid_type"},
    /* formats */
    {"\"response_format\":\"json_object\"", "response_format", "invalid_type"},
    {FORMAT(""), "response_format.type", "missing_required_parameter"},
    {FORMAT("\"type\":1"), "response_format.type", "invalid_type"},
    {FORMAT("\"type\":\"grammar\""), "response_format.type",
	"unsupported_value"},
    {FORMAT("\"type\":\"json_schema\""), "response_format.json_schema",
	"missing_required_parameter"},
    {FORMAT("\"type\":\"json_schema\",\"json_schema\":[]"),
	"response_format.json_schema", "invalid_type"},
    {SCHEMA("\"name\":1"), "response_format.json_schema.name", "invalid_type"},
    {SCHEMA("\"strict\":1"), "response_format.json_schema.strict",
	"invalid_type"},
    {SCHEMA("\"description\":{}"), "response_format.json_schema.description",
	"invalid_type"},
    {SCHEMA("\"schema\":true"), "response_format.json_schema.schema",
	"invalid_type"},
};

START_TEST(what_is_refused)
{
	char body[1024];

	(void)snprintf(body, sizeof body, WITH("%s"), refused[_i].members);
	ck_assert_msg(openai_request_parse(body, strlen(body), &err) == NULL,
	    "%s is accepted", body);
	ck_assert_int_eq(err.status, 400);
	ck_assert_str_eq(err.param, refused[_i].param);
	ck_assert_str_eq(err.code, refused[_i].code);
	ck_assert_ptr_nonnull(strstr(err.message, err.param));
	ck_assert_int_eq(err.message[strlen(err.message) - 1], '.');
}
END_TEST

START_TEST(number_of_tools_is_limited)
{
	struct buf b = BUF_INIT(100000);
	struct chat_request *r;
	size_t n, i;

	for (n = LIMIT_TOOLS; n <= LIMIT_TOOLS + 1; n++) {
		buf_clear(&b);
		buf_addstr(&b, "{\"messages\":[" USER "],\"tools\":[");
		for (i = 0; i < n; i++)
			buf_addf(&b, "%s" TOOL("\"name\":\"f%zu\""),
			    i == 0 ? "" : ",", i);
		buf_addstr(&b, "]}");
		r = openai_request_parse(buf_str(&b), b.len, &err);
		ck_assert_int_eq(r != NULL, n == LIMIT_TOOLS);
		chat_request_free(r);
	}
	ck_assert_str_eq(err.param, "tools");
	buf_free(&b);
}
END_TEST

START_TEST(bytes_of_tools_are_limited)
{
	struct buf b = BUF_INIT(LIMIT_BODY_BYTES);
	size_t i, room;
	char *to;

	buf_addstr(&b, "{\"messages\":[" USER "],\"tools\":[");
	for (i = 0; i < 5; i++) {
		buf_addf(&b,
		    "%s{\"type\":\"function\",\"function\":{\"name\":\"f%zu\","
		    "\"description\":\"",
		    i == 0 ? "" : ",", i);
		to = buf_reserve(&b, LIMIT_TOOLS_BYTES / 4 - 1000, &room);
		memset(to, 'x', room);
		buf_commit(&b, room);
		buf_addstr(&b, "\"}}");
	}
	buf_addstr(&b, "]}");
	ck_assert(buf_ok(&b));
	ck_assert_ptr_null(openai_request_parse(buf_str(&b), b.len, &err));
	ck_assert_str_eq(err.param, "tools[4]");
	ck_assert_str_eq(err.code, "content_too_large");
	buf_free(&b);
}
END_TEST

Suite *
suite_openai_tools(void)
{
	Suite *s = suite_create("openai_tools");
	TCase *t = tcase_create("openai_tools");

	tcase_add_test(t, nothing_is_asked_for);
	tcase_add_test(t, tools_are_kept);
	tcase_add_test(t, functions_are_tools);
	tcase_add_loop_test(t, schemas_are_verbatim, 0, COUNT(schemas));
	tcase_add_loop_test(
	    t, alternatives_are_described, 0, COUNT(alternatives));
	tcase_add_loop_test(t, the_client_chooses, 0, COUNT(choices));
	tcase_add_loop_test(t, formats_of_the_answer, 0, COUNT(formats));
	tcase_add_loop_test(t, what_is_refused, 0, COUNT(refused));
	tcase_add_test(t, number_of_tools_is_limited);
	tcase_add_test(t, bytes_of_tools_are_limited);
	suite_add_tcase(s, t);
	return s;
}
