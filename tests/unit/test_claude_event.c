/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_event.h"

#include "claude_delta.h"
#include "limits.h"

#include <cjson/cJSON.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define S            "5e551011-0000-4000-8000-000000000001"
#define U            "0011d000-0000-4000-8000-000000000002"
#define TAIL         ",\"session_id\":\"" S "\",\"uuid\":\"" U "\"}"
#define STREAM(event)                                                          \
	"{\"type\":\"stream_event\",\"event\":" event                          \
	",\"parent_tool_use_id\":null" TAIL
#define DELTA(delta)                                                           \
	STREAM(                                                                \
	    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":" delta   \
	    "}")
#define USAGE(in, made, read, out)                                             \
	"{\"input_tokens\":" #in ",\"cache_creation_input_tokens\":" #made     \
	",\"cache_read_input_tokens\":" #read ",\"output_tokens\":" #out       \
	",\"service_tier\":\"standard\"}"
#define STOPPED(reason)                                                        \
	STREAM(                                                                \
	    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":" reason   \
	    ",\"stop_sequence\":null},\"usage\":" USAGE(5, 6, 7, 8) "}")
#define SYSTEM(subtype, more)                                                  \
	"{\"type\":\"system\",\"subtype\":\"" subtype "\"" more TAIL

/* A line of each kind that the CLI writes. */
static const struct {
	const char *line;
	enum claude_event_type type;
} lines[] = {
    {SYSTEM("init",
	 ",\"cwd\":\"/home/ann\",\"tools\":[\"Bash\"],\"mcp_servers\":[],"
	 "\"model\":\"claude-haiku-4-5-20251001\",\"permissionMode\":"
	 "\"default\",\"apiKeySource\":\"none\","
	 "\"claude_code_version\":\"2.1.197\",\"plugins\":[]"),
	CLAUDE_INIT},
    {SYSTEM("status", ",\"status\":\"requesting\""), CLAUDE_REQUESTING},
    {SYSTEM("status", ",\"status\":\"compacting\""), CLAUDE_COMPACTING},
    {SYSTEM("status", ",\"status\":null,\"compact_result\":{}"), CLAUDE_OTHER},
    {SYSTEM("api_retry",
	 ",\"attempt\":1,\"max_retries\":2,\"retry_delay_ms\":541.25,"
	 "\"error_status\":529,\"error\":\"overloaded\""),
	CLAUDE_RETRY},
    {SYSTEM("api_retry",
	 ",\"attempt\":2,\"max_retries\":2,\"retry_delay_ms\":1083,"
	 "\"error_status\":null,\"error\":\"unknown\""),
	CLAUDE_RETRY},
    {SYSTEM("thinking_tokens",
	 ",\"estimated_tokens\":3,\"estimated_tokens_delta\":1"),
	CLAUDE_OTHER},
    {SYSTEM("model_fallback",
	 ",\"trigger\":\"overloaded\",\"original_model\":\"a\","
	 "\"fallback_model\":\"b\""),
	CLAUDE_OTHER},
    {SYSTEM("model_refusal_no_fallback", ",\"api_refusal_category\":\"x\""),
	CLAUDE_OTHER},
    {SYSTEM("compact_boundary", ",\"compact_metadata\":{\"trigger\":\"auto\"}"),
	CLAUDE_COMPACTING},
    {SYSTEM("task_started", ",\"task_id\":\"t\""), CLAUDE_OTHER},
    {SYSTEM("notification", ""), CLAUDE_OTHER},
    {SYSTEM("of_a_later_version", ""), CLAUDE_OTHER},
    {STREAM("{\"type\":\"message_start\",\"message\":{\"id\":\"msg_9\","
	    "\"role\":\"assistant\",\"content\":[],\"usage\":" USAGE(
		5, 6, 7, 1) "}}"),
	CLAUDE_MESSAGE_START},
    {STREAM("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
	    "{\"type\":\"text\",\"text\":\"\"}}"),
	CLAUDE_OTHER},
    {DELTA("{\"type\":\"text_delta\",\"text\":\"Good day \"}"), CLAUDE_TEXT},
    {DELTA("{\"type\":\"thinking_delta\",\"thinking\":\"Let me see\"}"),
	CLAUDE_THINKING},
    {DELTA("{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}"),
	CLAUDE_OTHER},
    {DELTA("{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\"}"),
	CLAUDE_TOOL_INPUT},
    {STREAM("{\"type\":\"content_block_stop\",\"index\":0}"), CLAUDE_OTHER},
    {STOPPED("\"end_turn\""), CLAUDE_MESSAGE_DELTA},
    {STREAM("{\"type\":\"message_stop\"}"), CLAUDE_OTHER},
    {"{\"type\":\"assistant\",\"message\":{\"id\":\"msg_9\",\"type\":"
     "\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":"
     "[{\"type\":\"text\",\"text\":\"One, \"},{\"type\":\"tool_use\",\"id\":"
     "\"toolu_1\",\"name\":\"Bash\",\"input\":{\"command\":\"ls\"}},"
     "{\"type\":\"text\",\"text\":\"two.\"}],\"stop_reason\":null,"
     "\"usage\":" USAGE(5, 6, 7, 1) "},\"parent_tool_use_id\":null,"
				    "\"request_id\":\"req_1\"" TAIL,
	CLAUDE_ASSISTANT},
    {"{\"type\":\"assistant\",\"message\":{\"id\":\"x\",\"model\":"
     "\"<synthetic>\",\"content\":[{\"type\":\"text\",\"text\":\"API Error: "
     "529 too busy\"}]},\"error\":\"server_error\"" TAIL,
	CLAUDE_ASSISTANT},
    {"{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[{"
     "\"tool_use_id\":\"toolu_1\",\"type\":\"tool_result\",\"content\":"
     "\"a.txt\"}]},\"parent_tool_use_id\":null,\"tool_use_result\":{"
     "\"stdout\":\"a.txt\"}" TAIL,
	CLAUDE_TOOL_RESULT},
    {"{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":"
     "\"allowed_warning\",\"resetsAt\":1795350196,\"utilization\":0.95}" TAIL,
	CLAUDE_OTHER},
    {"{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":"
     "\"rejected\",\"resetsAt\":1795350196,\"rateLimitType\":"
     "\"five_hour\"}" TAIL,
	CLAUDE_RATE_LIMIT},
    {"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,"
     "\"api_error_status\":null,\"num_turns\":1,\"result\":\"two.\","
     "\"stop_reason\":\"end_turn\",\"total_cost_usd\":0.0001,\"usage\":" USAGE(
	 5, 6, 7, 8) ",\"modelUsage\":{},\"permission_denials\":[],"
		     "\"terminal_reason\":\"completed\"" TAIL,
	CLAUDE_RESULT},
    {"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,"
     "\"api_error_status\":429,\"result\":\"API Error: no more\",\"usage\":"
     "{}" TAIL,
	CLAUDE_RESULT},
    {"{\"type\":\"result\",\"subtype\":\"error_max_turns\",\"is_error\":true,"
     "\"terminal_reason\":\"max_turns\",\"errors\":[\"Reached maximum number "
     "of turns (1)\",\"and more\"]" TAIL,
	CLAUDE_RESULT},
    {"{\"type\":\"control_response\",\"response\":{\"subtype\":\"success\","
     "\"request_id\":\"R1\",\"response\":{\"pid\":17}}}",
	CLAUDE_CONTROL_RESPONSE},
    {"{\"type\":\"control_response\",\"response\":{\"subtype\":\"error\","
     "\"request_id\":\"R2\",\"error\":\"Unsupported\"}}",
	CLAUDE_CONTROL_RESPONSE},
    {"{\"type\":\"control_request\",\"request_id\":\"R3\",\"request\":{"
     "\"subtype\":\"can_use_tool\",\"tool_name\":\"Bash\"}}",
	CLAUDE_CONTROL_REQUEST},
    {"{\"type\":\"keep_alive\"}", CLAUDE_OTHER},
    {"{\"type\":\"of_a_later_version\"}", CLAUDE_OTHER},
    {"{}", CLAUDE_OTHER},
    {"{\"type\":\"stream_event\",\"event\":{\"type\":"
     "\"content_block_start\",\"index\":1,\"content_block\":{\"type\":"
     "\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":{}}}" TAIL,
	CLAUDE_TOOL_START},
    {"{\"type\":\"control_request\",\"request_id\":\"R\",\"request\":{"
     "\"subtype\":\"mcp_message\",\"server_name\":\"client\",\"message\":{"
     "\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"1\"},"
     "\"id\":0}}}",
	CLAUDE_CONTROL_REQUEST},
    {"{\"type\":\"assistant\",\"message\":{\"id\":\"m\",\"content\":[{"
     "\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":{"
     "\"a\":1}}]}}",
	CLAUDE_ASSISTANT},
};

static struct claude_event event;

static void
clear(void)
{
	claude_event_clear(&event);
}

/* The bytes stand alone, so that a sanitizer sees a read behind them. */
static const struct claude_event *
parse_bytes(const char *line, size_t len)
{
	char *copy = malloc(len + (len == 0));

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, line, len);
	claude_event_clear(&event);
	claude_event_parse(copy, len, NULL, &event);
	free(copy);
	return &event;
}

static const struct claude_event *
parse(const char *line)
{
	return parse_bytes(line, strlen(line));
}

/* The first line of that type. */
static const struct claude_event *
parse_a(enum claude_event_type type)
{
	size_t i = 0;

	while (lines[i].type != type)
		i++;
	return parse(lines[i].line);
}

static void
assert_usage(
    const struct claude_usage *u, long in, long made, long read, long out)
{
	ck_assert_int_eq(u->input, in);
	ck_assert_int_eq(u->cache_creation, made);
	ck_assert_int_eq(u->cache_read, read);
	ck_assert_int_eq(u->output, out);
}

START_TEST(every_line_has_its_type)
{
	ck_assert_msg(parse(lines[_i].line)->type == lines[_i].type,
	    "type %d of %s", (int)event.type, lines[_i].line);
	ck_assert(!event.nested);
}
END_TEST

START_TEST(init_tells_session_and_version)
{
	parse_a(CLAUDE_INIT);
	ck_assert_str_eq(event.session, S);
	ck_assert_str_eq(event.version, "2.1.197");
}
END_TEST

START_TEST(retry_tells_status_and_delay)
{
	parse_a(CLAUDE_RETRY);
	ck_assert_int_eq(event.status, 529);
	ck_assert_double_eq(event.retry_delay_ms, 541.25);
	ck_assert_str_eq(event.error, "overloaded");
	parse(
	    SYSTEM("api_retry", ",\"retry_delay_ms\":3,\"error_status\":null"));
	ck_assert_int_eq(event.status, 0);
	ck_assert_ptr_null(event.error);
}
END_TEST

START_TEST(deltas_carry_their_text)
{
	ck_assert_str_eq(parse_a(CLAUDE_TEXT)->text, "Good day ");
	ck_assert_str_eq(parse_a(CLAUDE_THINKING)->text, "Let me see");
	parse(DELTA("{\"type\":\"text_delta\",\"text\":\"\"}"));
	ck_assert_int_eq(event.type, CLAUDE_TEXT);
	ck_assert_str_eq(event.text, "");
	parse(DELTA("{\"type\":\"text_delta\"}"));
	ck_assert_int_eq(event.type, CLAUDE_TEXT);
	ck_assert_ptr_null(event.text);
}
END_TEST

/* Deltas as they come, and such as only a parser of all of JSON gets right. */
static const char *const deltas[] = {
    "{\"type\":\"stream_event\",\"event\":{\"type\":\"content_block_delta\","
    "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a b\"}},"
    "\"session_id\":\"s\",\"parent_tool_use_id\":null}",
    "{ \"parent_tool_use_id\" : \"t\" , \"event\" : { \"delta\" : { \"text\" : "
    "\"\\u00e4\\n\\\"}{\\\\\" , \"type\" : \"text_delta\" } , \"type\" : "
    "\"content_block_delta\" } , \"type\" : \"stream_event\" }",
    "{\"type\":\"stream_event\",\"type\":\"user\",\"event\":{\"type\":"
    "\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"\"}}"
    "}",
    "{\"type\":\"stream_event\",\"event\":{\"type\":\"content_block_delta\","
    "\"delta\":{\"type\":\"text_delta\",\"text\":\"1\",\"text\":\"2\"}}}",
    "{\"type\":\"stream_event\",\"event\":{\"typ\\u0065\":\"message_start\","
    "\"type\":\"content_block_delta\","
    "\"delta\":{\"type\":\"text_delta\",\"text\":\"1\"}}}",
    "{\"type\":\"stream_event\",\"event\":{\"type\":\"content_block_delta\","
    "\"delta\":{\"type\":\"text_delta\",\"text\":7}},\"session_id\":7}",
    "{\"type\":\"stream_event\",\"event\":[{\"type\":\"content_block_delta\","
    "\"delta\":{\"type\":\"text_delta\",\"text\":\"1\"}}]}",
    "{\"type\":\"stream_event\",\"event\":{\"type\":\"content_block_delta\","
    "\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"1\",\"text\":"
    "\"2\"}},\"session_id\":\"\\u0073\"}",
};

static void
assert_text(const char *got, const char *want)
{
	ck_assert_int_eq(got == NULL, want == NULL);
	if (got != NULL)
		ck_assert_str_eq(got, want);
}

/* A key with an escape has the line read by the parser of all of JSON. */
START_TEST(the_short_way_leads_to_the_same)
{
	struct claude_event whole, quick;
	char line[1024], other[1024];

	(void)snprintf(line, sizeof(line), "%s", deltas[_i]);
	(void)snprintf(
	    other, sizeof(other), "{\"\\u0078\":1,%s", deltas[_i] + 1);
	claude_event_parse(line, strlen(line), NULL, &quick);
	claude_event_parse(other, strlen(other), NULL, &whole);
	ck_assert_int_eq(quick.type, whole.type);
	ck_assert_int_eq(quick.nested, whole.nested);
	assert_text(quick.text, whole.text);
	assert_text(quick.session, whole.session);
	claude_event_clear(&quick);
	claude_event_clear(&whole);
	ck_assert_int_eq(_i < 2,
	    claude_delta_parse(deltas[_i], strlen(deltas[_i]), NULL, &quick));
	if (_i < 2)
		claude_event_clear(&quick);
}
END_TEST

#define HEAD                                                                   \
	"{\"type\":\"stream_event\",\"event\":{\"type\":"                      \
	"\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"             \
	"\"text_delta\",\"text\":"
#define WORD(text, more)      HEAD text "}},\"session_id\":\"s\"," more "}"
#define PARENT(parent)        "\"parent_tool_use_id\":" parent ","
#define WORD_OF(parent, uuid) WORD("\"a\"", PARENT(parent) "\"uuid\":" uuid)
#define FIRST                 WORD_OF("null", "\"0-1\"")
#define LATER(text, uuid)     WORD(text, PARENT("null") "\"uuid\":" uuid)

/* Two lines, and whether the second is read by the stencil of the first. */
static const struct {
	const char *first, *second;
	bool quick;
} pairs[] = {
    {FIRST, FIRST, true},
    {FIRST, LATER("\"another text\"", "\"another-uuid\""), true},
    {FIRST, LATER("\"\"", "\"\""), true},
    {FIRST, LATER("\"\\u00e4\\n\\\"}\\\\\"", "\"\\u0041\""), true},
    {FIRST, LATER("\"\xC3\xA4\xF0\x9F\x98\x80\"", "\"\xC3\xA4\""), true},
    {WORD_OF("\"t\"", "\"1\""), WORD_OF("\"t\"", "\"2\""), true},
    {HEAD "\"a\"}},\"uuid\":\"1\"}", HEAD "\"b\"}},\"uuid\":\"2\"}", true},
    {WORD("\"a\"", "\"x\" : [1] , \"y\":\"1\""),
	WORD("\"b\"", "\"x\" : [1] , \"y\":\"2\""), true},

    /* what is not valid, or has to be repaired */
    {FIRST, LATER("\"\xFF\"", "\"1\""), false},
    {FIRST, LATER("\"\\u0000\"", "\"1\""), false},
    {FIRST, LATER("\"\\ud800\"", "\"1\""), false},
    {FIRST, LATER("\"\\x\"", "\"1\""), false},
    {FIRST, LATER("\"\t\"", "\"1\""), false},
    {FIRST, LATER("\"a\"", "\"\xFF\""), false},
    {FIRST, LATER("\"a\"", "\"\\ud800\""), false},
    {FIRST, FIRST " ", false},
    {FIRST, FIRST "}", false},
    {FIRST, FIRST "\r", false},
    {FIRST, HEAD "\"a", false},
    {FIRST, HEAD, false},
    {FIRST, "", false},
    /* another member, kind or order */
    {FIRST, LATER("\"a\"", "1"), false},
    {FIRST, LATER("1", "\"1\""), false},
    {FIRST, LATER("\"a\",\"text\":\"b\"", "\"1\""), false},
    {FIRST, LATER("\"a\"", "\"1\",\"more\":\"2\""), false},
    {FIRST, LATER("\"a\"", "\"1\",\"type\":\"2\""), false},
    {FIRST, WORD_OF("\"t\"", "\"1\""), false},
    /* one that no stencil is made of */
    {WORD("\"a\"", PARENT("null") "\"uuid\":1"),
	WORD("\"b\"", PARENT("null") "\"uuid\":2"), false},
    {FIRST " ", FIRST " ", false},
    {WORD("\"a\"", "\"parent_tool_use_id\":\"t\""),
	WORD("\"b\"", "\"parent_tool_use_id\":\"t\""), false},
    {HEAD "\"a\"}},\"session_id\":\"s\"}", HEAD "\"a\"}},\"session_id\":\"t\"}",
	false},
    {HEAD "\"a\"}},\"session_id\":\"\",\"uuid\":\"1\"}",
	HEAD "\"a\"}},\"session_id\":\"\",\"uuid\":\"1\"}", false},
    {"{\"event\":{\"type\":\"content_block_delta\",\"delta\":{\"type\":"
     "\"text_delta\",\"text\":\"a\"}},\"type\":\"stream_event\"}",
	"{\"event\":{\"type\":\"content_block_delta\",\"delta\":{\"type\":"
	"\"text_delta\",\"text\":\"a\"}},\"type\":\"user\"}",
	false},
};

/* The event that a line is, with that stencil. */
static void
parse_with(struct claude_stencil *s, const char *text, struct claude_event *ret)
{
	size_t len = strlen(text);
	char *copy = malloc(len + (len == 0));

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	claude_event_parse(copy, len, s, ret);
	if (ret->in_line) {
		ck_assert_ptr_null(ret->error);
		ret->text = strdup(ret->text);
		ret->in_line = false;
	}
	free(copy);
}

/* Is it like the line of the stencil? */
static bool
again(const struct claude_stencil *s, const char *text)
{
	struct claude_event e;
	char *copy = strdup(text);
	bool quick;

	ck_assert_ptr_nonnull(copy);
	quick = claude_delta_again(s, copy, strlen(text), &e);
	if (quick) {
		/* The text is the line's, or has an escape. */
		ck_assert(e.in_line ==
			  (e.text > copy && e.text < copy + strlen(text)));
		ck_assert(e.in_line || strstr(text, "\\") != NULL);
		claude_event_clear(&e);
		ck_assert_ptr_null(e.text);
	}
	free(copy);
	return quick;
}

START_TEST(a_line_like_the_last_is_what_it_would_be)
{
	struct claude_stencil s = {.head_len = 0}, none = {.head_len = 0};
	struct claude_event first, whole, quick;

	parse_with(&s, pairs[_i].first, &first);
	ck_assert_int_eq(pairs[_i].quick, again(&s, pairs[_i].second));
	parse_with(&s, pairs[_i].second, &quick);
	parse_with(&none, pairs[_i].second, &whole);
	ck_assert_int_eq(quick.type, whole.type);
	ck_assert_int_eq(quick.nested, whole.nested);
	assert_text(quick.text, whole.text);
	assert_text(quick.session, whole.session);
	claude_event_clear(&first);
	claude_event_clear(&quick);
	claude_event_clear(&whole);
}
END_TEST

/* One that is too long for it, or is no word, makes the last one's void. */
START_TEST(a_stencil_is_of_one_line)
{
	char line[2 * LIMIT_CLAUDE_STENCIL_BYTES + sizeof(FIRST)];
	struct claude_stencil s = {.head_len = 0};
	struct claude_event e;

	ck_assert(!again(&s, FIRST));
	parse_with(&s, FIRST, &e);
	claude_event_clear(&e);
	ck_assert(s.head_len > 0);
	(void)snprintf(line, sizeof(line), "{%*s%s", LIMIT_CLAUDE_STENCIL_BYTES,
	    "", &FIRST[1]);
	parse_with(&s, line, &e);
	ck_assert_int_eq(e.type, CLAUDE_TEXT);
	claude_event_clear(&e);
	ck_assert_uint_eq(s.head_len, 0);
	ck_assert(!again(&s, FIRST));
}
END_TEST

START_TEST(a_tool_use_and_its_input)
{
	parse(STREAM("{\"type\":\"content_block_start\",\"index\":2,"
		     "\"content_block\":{\"type\":\"tool_use\",\"id\":"
		     "\"toolu_1\",\"name\":\"mcp__client__a\",\"input\":{}}}"));
	ck_assert_int_eq(event.type, CLAUDE_TOOL_START);
	ck_assert_str_eq(event.tool, "mcp__client__a");
	ck_assert_str_eq(event.id, "toolu_1");
	ck_assert_int_eq(event.block, 2);
	parse(STREAM("{\"type\":\"content_block_delta\",\"index\":3,"
		     "\"delta\":{\"type\":\"input_json_delta\","
		     "\"partial_json\":\"{\\\"a\"}}"));
	ck_assert_int_eq(event.type, CLAUDE_TOOL_INPUT);
	ck_assert_str_eq(event.text, "{\"a");
	ck_assert_int_eq(event.block, 3);
	parse(STREAM("{\"type\":\"content_block_start\",\"index\":0,"
		     "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}"));
	ck_assert_int_eq(event.type, CLAUDE_OTHER);
}
END_TEST

START_TEST(an_index_is_small)
{
	static const char *const bad[] = {
	    "-1", "1e15", "\"1\"", "null", "[0]", "1e308"};
	char line[256];

	(void)snprintf(line, sizeof line,
	    "{\"type\":\"stream_event\",\"event\":{\"type\":"
	    "\"content_block_delta\",\"index\":%s,\"delta\":{\"type\":"
	    "\"input_json_delta\",\"partial_json\":\"{\"}}}",
	    bad[_i]);
	parse(line);
	ck_assert_int_eq(event.type, CLAUDE_TOOL_INPUT);
	ck_assert_int_eq(event.block, -1);
}
END_TEST

/* As it comes where nothing is streamed. */
START_TEST(a_finished_tool_use)
{
	parse("{\"type\":\"assistant\",\"message\":{\"id\":\"msg_1\","
	      "\"content\":[{\"type\":\"tool_use\",\"id\":\"toolu_1\","
	      "\"name\":\"mcp__client__a\",\"input\":{\"b\":[1,\"x\"]}}],"
	      "\"stop_reason\":\"tool_use\"}}");
	ck_assert_int_eq(event.type, CLAUDE_ASSISTANT);
	ck_assert_str_eq(event.id, "msg_1");
	ck_assert_str_eq(event.tool, "mcp__client__a");
	ck_assert_str_eq(event.input, "{\"b\":[1,\"x\"]}");
	ck_assert_int_eq(event.stop, CLAUDE_STOP_TOOL);
	parse("{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":"
	      "\"text\",\"text\":\"x\",\"name\":\"n\",\"input\":{}}]}}");
	ck_assert_ptr_null(event.tool);
	ck_assert_ptr_null(event.input);
}
END_TEST

START_TEST(a_result_may_be_structured)
{
	ck_assert(parse("{\"type\":\"result\",\"structured_output\":null}")
		      ->structured);
	ck_assert(parse("{\"type\":\"result\",\"structured_output\":{}}")
		      ->structured);
	ck_assert(
	    !parse("{\"type\":\"result\",\"result\":\"{}\"}")->structured);
}
END_TEST

#define RPC(message)                                                           \
	"{\"type\":\"control_request\",\"request_id\":\"R\",\"request\":{"     \
	"\"subtype\":\"mcp_message\",\"server_name\":\"client\","              \
	"\"message\":" message "}}"

START_TEST(a_message_for_an_mcp_server)
{
	parse(RPC("{\"method\":\"initialize\",\"params\":{"
		  "\"protocolVersion\":\"2025-11-25\"},\"id\":0}"));
	ck_assert_int_eq(event.type, CLAUDE_CONTROL_REQUEST);
	ck_assert_str_eq(event.id, "R");
	ck_assert_str_eq(event.subtype, "mcp_message");
	ck_assert_str_eq(event.server, "client");
	ck_assert_str_eq(event.method, "initialize");
	ck_assert_str_eq(event.version, "2025-11-25");
	ck_assert_str_eq(event.rpc_id, "0");
	parse(RPC("{\"method\":\"ping\",\"id\":\"a\\\"b\"}"));
	ck_assert_str_eq(event.rpc_id, "\"a\\\"b\"");
	parse(RPC("{\"method\":\"notifications/x\"}"));
	ck_assert_ptr_null(event.rpc_id);
	parse(RPC("{\"method\":7,\"id\":{\"a\":1}}"));
	ck_assert_ptr_null(event.method);
	ck_assert_ptr_null(event.rpc_id);
	parse(RPC("7"));
	ck_assert_ptr_null(event.method);
	parse("{\"type\":\"control_request\",\"request\":{\"subtype\":"
	      "\"other\",\"message\":{\"method\":\"ping\"}}}");
	ck_assert_ptr_null(event.method);
}
END_TEST

START_TEST(stop_reasons)
{
	static const struct {
		const char *line;
		enum claude_stop stop;
	} rows[] = {
	    {STOPPED("\"end_turn\""), CLAUDE_STOP_END},
	    {STOPPED("\"stop_sequence\""), CLAUDE_STOP_END},
	    {STOPPED("\"pause_turn\""), CLAUDE_STOP_END},
	    {STOPPED("\"something_new\""), CLAUDE_STOP_END},
	    {STOPPED("null"), CLAUDE_STOP_END},
	    {STOPPED("7"), CLAUDE_STOP_END},
	    {STOPPED("\"tool_use\""), CLAUDE_STOP_TOOL},
	    {STOPPED("\"max_tokens\""), CLAUDE_STOP_LENGTH},
	    {STOPPED("\"model_context_window_exceeded\""), CLAUDE_STOP_LENGTH},
	    {STOPPED("\"refusal\""), CLAUDE_STOP_REFUSAL},
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		parse(rows[i].line);
		ck_assert_int_eq(event.type, CLAUDE_MESSAGE_DELTA);
		ck_assert_msg(event.stop == rows[i].stop, "%s", rows[i].line);
		assert_usage(&event.usage, 5, 6, 7, 8);
	}
}
END_TEST

START_TEST(message_start_tells_the_id)
{
	ck_assert_str_eq(parse_a(CLAUDE_MESSAGE_START)->id, "msg_9");
}
END_TEST

START_TEST(assistant_is_a_finished_block)
{
	parse_a(CLAUDE_ASSISTANT);
	ck_assert_str_eq(event.uuid, U);
	ck_assert_str_eq(event.id, "msg_9");
	ck_assert_str_eq(event.text, "One, two.");
	assert_usage(&event.usage, 5, 6, 7, 1);
	ck_assert(!event.synthetic);
	ck_assert_ptr_null(event.error);
	parse("{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":"
	      "\"tool_use\",\"text\":\"no\"}]}}");
	ck_assert_ptr_null(event.text);
	parse("{\"type\":\"assistant\",\"message\":{\"stop_reason\":"
	      "\"max_tokens\"}}");
	ck_assert_int_eq(event.stop, CLAUDE_STOP_LENGTH);
}
END_TEST

START_TEST(synthetic_assistant_carries_an_error)
{
	parse("{\"type\":\"assistant\",\"message\":{\"model\":\"<synthetic>\","
	      "\"content\":[{\"type\":\"text\",\"text\":\"API Error\"}]},"
	      "\"error\":\"server_error\"" TAIL);
	ck_assert(event.synthetic);
	ck_assert_str_eq(event.error, "server_error");
}
END_TEST

START_TEST(result_of_success)
{
	parse_a(CLAUDE_RESULT);
	ck_assert_str_eq(event.subtype, "success");
	ck_assert(!event.is_error);
	ck_assert_int_eq(event.status, 0);
	ck_assert_str_eq(event.text, "two.");
	ck_assert_str_eq(event.terminal, "completed");
	ck_assert_str_eq(event.session, S);
	assert_usage(&event.usage, 5, 6, 7, 8);
	ck_assert_int_eq(event.turns, 1);
	ck_assert_double_eq(event.cost_usd, 0.0001);
}
END_TEST

START_TEST(odd_turns_and_costs_are_none)
{
	parse("{\"type\":\"result\",\"num_turns\":-1,"
	      "\"total_cost_usd\":-0.5}");
	ck_assert_int_eq(event.turns, 0);
	ck_assert_double_eq(event.cost_usd, 0);
	parse("{\"type\":\"result\",\"num_turns\":\"3\","
	      "\"total_cost_usd\":1e300}");
	ck_assert_int_eq(event.turns, 0);
	ck_assert_double_eq(event.cost_usd, 0);
}
END_TEST

/* An error is a "success" too: is_error counts. */
START_TEST(result_of_an_error)
{
	parse("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,"
	      "\"api_error_status\":429,\"result\":\"API Error: no more\"}");
	ck_assert(event.is_error);
	ck_assert_int_eq(event.status, 429);
	ck_assert_str_eq(event.text, "API Error: no more");
	assert_usage(&event.usage, 0, 0, 0, 0);
}
END_TEST

START_TEST(result_with_a_list_of_errors)
{
	parse("{\"type\":\"result\",\"subtype\":\"error_max_turns\","
	      "\"is_error\":true,\"terminal_reason\":\"max_turns\","
	      "\"errors\":[\"Reached the maximum\",\"and more\"]}");
	ck_assert_str_eq(event.subtype, "error_max_turns");
	ck_assert_str_eq(event.text, "Reached the maximum");
	ck_assert_str_eq(event.terminal, "max_turns");
	parse("{\"type\":\"result\",\"result\":\"words\",\"errors\":[\"e\"]}");
	ck_assert_str_eq(event.text, "words");
	parse("{\"type\":\"result\",\"errors\":[]}");
	ck_assert_ptr_null(event.text);
	parse("{\"type\":\"result\",\"errors\":[7,\"e\"]}");
	ck_assert_ptr_null(event.text);
	parse("{\"type\":\"result\",\"errors\":{\"0\":\"e\"}}");
	ck_assert_ptr_null(event.text);
	parse("{\"type\":\"result\",\"errors\":\"e\"}");
	ck_assert_ptr_null(event.text);
}
END_TEST

START_TEST(result_of_a_turn_of_its_own)
{
	parse("{\"type\":\"result\",\"origin\":{\"kind\":"
	      "\"task-notification\"}}");
	ck_assert(event.own);
	parse("{\"type\":\"result\",\"origin\":{\"kind\":\"human\"}}");
	ck_assert(!event.own);
	parse("{\"type\":\"result\",\"origin\":\"task-notification\"}");
	ck_assert(!event.own);
	parse("{\"type\":\"result\"}");
	ck_assert(!event.own);
}
END_TEST

START_TEST(is_error_must_be_true)
{
	parse("{\"type\":\"result\",\"is_error\":\"true\"}");
	ck_assert(!event.is_error);
	parse("{\"type\":\"result\",\"is_error\":1}");
	ck_assert(!event.is_error);
	parse("{\"type\":\"result\"}");
	ck_assert(!event.is_error);
	ck_assert_ptr_null(event.text);
}
END_TEST

START_TEST(rate_limit_tells_when_it_ends)
{
	ck_assert_int_eq(parse_a(CLAUDE_RATE_LIMIT)->resets_at, 1795350196);
	parse("{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":"
	      "\"rejected\",\"resetsAt\":-5}}");
	ck_assert_int_eq(event.type, CLAUDE_RATE_LIMIT);
	ck_assert_int_eq(event.resets_at, 0);
}
END_TEST

START_TEST(control_lines)
{
	parse("{\"type\":\"control_response\",\"response\":{\"subtype\":"
	      "\"success\",\"request_id\":\"R1\",\"response\":{}}}");
	ck_assert(!event.is_error);
	ck_assert_str_eq(event.id, "R1");
	parse("{\"type\":\"control_response\",\"response\":{\"subtype\":"
	      "\"error\",\"request_id\":\"R2\",\"error\":\"Unsupported\"}}");
	ck_assert(event.is_error);
	ck_assert_str_eq(event.id, "R2");
	ck_assert_str_eq(event.error, "Unsupported");
	parse("{\"type\":\"control_response\"}");
	ck_assert(event.is_error);
	parse_a(CLAUDE_CONTROL_REQUEST);
	ck_assert_str_eq(event.id, "R3");
	ck_assert_str_eq(event.subtype, "can_use_tool");
}
END_TEST

START_TEST(a_sub_agents_line_is_nested)
{
	static const char text[] =
	    "{\"type\":\"stream_event\",\"event\":{\"type\":"
	    "\"content_block_delta\",\"delta\":{\"type\":\"text_delta\","
	    "\"text\":\"aside\"}},\"parent_tool_use_id\":\"toolu_1\"}";

	parse(text);
	ck_assert_int_eq(event.type, CLAUDE_TEXT);
	ck_assert(event.nested);
	ck_assert(parse("{\"type\":\"assistant\",\"parent_tool_use_id\":"
			"\"toolu_1\",\"message\":{}}")
		      ->nested);
	ck_assert(
	    parse("{\"type\":\"user\",\"parent_tool_use_id\":\"t\"}")->nested);
	ck_assert(
	    !parse("{\"type\":\"user\",\"parent_tool_use_id\":7}")->nested);
}
END_TEST

START_TEST(what_is_no_object_is_a_bad_line)
{
	static const char *const bad[] = {"", " ", "null", "true", "12",
	    "\"text\"", "[]", "[{\"type\":\"result\"}]", "{", "{\"type\"",
	    "{\"type\":\"result\"", "{\"type\":\"result\"} x",
	    "{\"type\":\"result\"}{}", "{'type':'result'}",
	    "{\"type\":\"result\",}", "\xEF\xBB\xBF{\"type\":\"result\"}",
	    "{\"type\":\"result\",\"x\":01}",
	    "{\"type\":\"result\",\"x\":1e999}", "Error: not JSON", "\x01\x02",
	    "{\"type\":\"result\",\"x\":nan}"};
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		ck_assert_msg(parse(bad[i])->type == CLAUDE_BAD_LINE,
		    "taken: %s", bad[i]);
		ck_assert_ptr_null(event.text);
	}
	ck_assert_int_eq(
	    parse(" {\"type\":\"user\"}\r")->type, CLAUDE_TOOL_RESULT);
}
END_TEST

START_TEST(type_must_be_text)
{
	static const char *const odd[] = {"7", "null", "[]", "{}", "true",
	    "\"\"", "\"RESULT\"", "\"result \"", "\"resul\""};
	char line[64];
	size_t i;

	for (i = 0; i < COUNT(odd); i++) {
		(void)snprintf(line, sizeof line, "{\"type\":%s}", odd[i]);
		ck_assert_msg(parse(line)->type == CLAUDE_OTHER, "%s", line);
	}
}
END_TEST

START_TEST(cut_lines_are_bad)
{
	size_t i, n;

	for (i = 0; i < COUNT(lines); i++) {
		for (n = 0; n < strlen(lines[i].line); n++) {
			ck_assert_int_eq(parse_bytes(lines[i].line, n)->type,
			    CLAUDE_BAD_LINE);
		}
	}
}
END_TEST

static void *
no_memory(size_t size)
{
	(void)size;
	return NULL;
}

/* It might have been anything, an answer's text or its end. */
START_TEST(a_line_lost_for_want_of_memory_is_none_to_skip)
{
	cJSON_Hooks none = {.malloc_fn = no_memory, .free_fn = free};

	cJSON_InitHooks(&none);
	(void)parse("{\"type\":\"result\"}");
	cJSON_InitHooks(NULL);
	ck_assert_int_eq(event.type, CLAUDE_NO_MEMORY);
	ck_assert_int_eq(parse("{\"type\":\"result\"}")->type, CLAUDE_RESULT);
}
END_TEST

START_TEST(numbers_are_bounded)
{
	static const struct {
		const char *number;
		long long count;
	} counts[] = {{"0", 0}, {"-1", 0}, {"2.9", 2}, {"1e308", 0},
	    {"-1e308", 0}, {"1e15", 0}, {"999999999999999", 999999999999999},
	    {"9007199254740993", 0}, {"\"12\"", 0}, {"null", 0}, {"[]", 0}};
	char line[256];
	size_t i;

	for (i = 0; i < COUNT(counts); i++) {
		(void)snprintf(line, sizeof line,
		    "{\"type\":\"result\",\"usage\":{\"output_tokens\":%s}}",
		    counts[i].number);
		parse(line);
		ck_assert_int_eq(event.type, CLAUDE_RESULT);
		ck_assert_msg(event.usage.output == counts[i].count,
		    "%s became %lld", counts[i].number, event.usage.output);
	}
}
END_TEST

START_TEST(statuses_are_http_statuses)
{
	static const struct {
		const char *number;
		int status;
	} rows[] = {{"100", 100}, {"599", 599}, {"99", 0}, {"600", 0},
	    {"-429", 0}, {"1e300", 0}, {"\"429\"", 0}, {"null", 0}};
	char line[128];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		(void)snprintf(line, sizeof line,
		    "{\"type\":\"result\",\"api_error_status\":%s}",
		    rows[i].number);
		ck_assert_msg(parse(line)->status == rows[i].status,
		    "%s became %d", rows[i].number, event.status);
	}
}
END_TEST

START_TEST(broken_characters_lose_no_line)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} rows[] = {
#define FFFD             "\xEF\xBF\xBD"
#define ROW(bytes, text) {bytes, sizeof(bytes) - 1, text}
	    ROW("a\\u0000b", "a\xEF\xBF\xBD"
			     "b"),
	    ROW("a\\ud800b", "a\xEF\xBF\xBD"
			     "b"),
	    ROW("a\\udc00\\ud800", "a\xEF\xBF\xBD\xEF\xBF\xBD"),
	    ROW("\\ud83d\\ude00", "\xF0\x9F\x98\x80"),
	    ROW("a\xFF"
		"b",
		"a" FFFD "b"),
	    ROW("a\xC0\xAF"
		"b",
		"a" FFFD FFFD "b"),
	    ROW("a\xED\xA0\x80"
		"b",
		"a" FFFD FFFD FFFD "b"),
	    ROW("a\xF0\x9F\x98", "a" FFFD),
	    ROW("a\0b", "a" FFFD "b"),
	    ROW("\xE2\x80\xA8\xC3\xA4", "\xE2\x80\xA8\xC3\xA4"),
	    ROW("\\u2028\\/\\n\\\"", "\xE2\x80\xA8/\n\""),
#undef ROW
#undef FFFD
	};
	static const char head[] =
	    "{\"type\":\"stream_event\",\"event\":{\"type\":"
	    "\"content_block_delta\",\"delta\":{\"type\":\"text_delta\","
	    "\"text\":\"";
	static const char tail[] = "\"}}}";
	char line[256];
	size_t i, n;

	for (i = 0; i < COUNT(rows); i++) {
		n = sizeof head - 1;
		memcpy(line, head, n);
		memcpy(line + n, rows[i].bytes, rows[i].len);
		n += rows[i].len;
		memcpy(line + n, tail, sizeof tail - 1);
		parse_bytes(line, n + sizeof tail - 1);
		ck_assert_msg(event.type == CLAUDE_TEXT, "row %zu", i);
		ck_assert_str_eq(event.text, rows[i].text);
	}
}
END_TEST

START_TEST(a_long_delta_is_whole)
{
	size_t len = 1u << 20;
	char *line = malloc(len + 256);
	int head;

	ck_assert_ptr_nonnull(line);
	head = snprintf(line, 256, "%s",
	    "{\"type\":\"stream_event\",\"event\":{\"type\":"
	    "\"content_block_delta\",\"delta\":{\"type\":\"text_delta\","
	    "\"text\":\"");
	memset(line + head, 'x', len);
	memcpy(line + head + len, "\"}}}", 4);
	claude_event_clear(&event);
	claude_event_parse(line, (size_t)head + len + 4, NULL, &event);
	ck_assert_int_eq(event.type, CLAUDE_TEXT);
	ck_assert_uint_eq(strlen(event.text), len);
	ck_assert_uint_eq(strspn(event.text, "x"), len);
	free(line);
}
END_TEST

START_TEST(a_deep_line_is_bad)
{
	char line[2048] = "{\"type\":\"result\",\"x\":";
	size_t n = strlen(line);

	memset(line + n, '[', 500);
	memset(line + n + 500, ']', 500);
	line[n + 1000] = '}';
	ck_assert_int_eq(parse_bytes(line, n + 1001)->type, CLAUDE_BAD_LINE);
}
END_TEST

START_TEST(clear_leaves_nothing)
{
	static const struct claude_event none;

	parse_a(CLAUDE_RESULT);
	claude_event_clear(&event);
	ck_assert_mem_eq(&event, &none, sizeof none);
	claude_event_clear(&event);
}
END_TEST

/* Every value of every line, replaced by every other kind of value. */

static const char *const others[] = {"null", "true", "-1", "1e308", "\"\"",
    "\"x\"", "[]", "[[],{},\"x\",3]", "{}", "{\"type\":\"text\"}"};

/* Replaces the n-th value below item (counting from 0, depth first); returns
 * what is left to count, or -1 when it was done. */
static int
replace_nth(cJSON *item, int n, const char *with)
{
	cJSON *child, *next;

	for (child = item->child; child != NULL && n >= 0; child = next) {
		next = child->next;
		if (n == 0) {
			ck_assert(cJSON_ReplaceItemViaPointer(
			    item, child, cJSON_Parse(with)));
			return -1;
		}
		n = replace_nth(child, n - 1, with);
	}
	return n;
}

START_TEST(wrong_types_are_survived)
{
	cJSON *json;
	size_t o;
	char *text;
	int n, left;

	for (o = 0; o < COUNT(others); o++) {
		left = -1;
		for (n = 0; left < 0; n++) {
			json = cJSON_Parse(lines[_i].line);
			left = replace_nth(json, n, others[o]);
			text = cJSON_PrintUnformatted(json);
			parse(text);
			ck_assert_msg(
			    event.type != CLAUDE_BAD_LINE, "%s", text);
			/* Another value than type's leaves the type alone. */
			if (event.type != lines[_i].type)
				ck_assert_msg(
				    event.type == CLAUDE_OTHER ||
					lines[_i].type == CLAUDE_OTHER,
				    "%s", text);
			cJSON_free(text);
			cJSON_Delete(json);
		}
	}
}
END_TEST

static TCase *
kinds(void)
{
	TCase *t = tcase_create("kinds of lines");

	tcase_add_checked_fixture(t, NULL, clear);
	tcase_add_loop_test(t, every_line_has_its_type, 0, (int)COUNT(lines));
	tcase_add_test(t, init_tells_session_and_version);
	tcase_add_test(t, retry_tells_status_and_delay);
	tcase_add_test(t, deltas_carry_their_text);
	tcase_add_loop_test(t, a_line_like_the_last_is_what_it_would_be, 0,
	    (int)(sizeof(pairs) / sizeof(pairs[0])));
	tcase_add_test(t, a_stencil_is_of_one_line);
	tcase_add_loop_test(t, the_short_way_leads_to_the_same, 0,
	    (int)(sizeof(deltas) / sizeof(deltas[0])));
	tcase_add_test(t, a_tool_use_and_its_input);
	tcase_add_loop_test(t, an_index_is_small, 0, 6);
	tcase_add_test(t, a_finished_tool_use);
	tcase_add_test(t, a_result_may_be_structured);
	tcase_add_test(t, a_message_for_an_mcp_server);
	tcase_add_test(t, stop_reasons);
	tcase_add_test(t, message_start_tells_the_id);
	tcase_add_test(t, assistant_is_a_finished_block);
	tcase_add_test(t, synthetic_assistant_carries_an_error);
	tcase_add_test(t, result_of_success);
	tcase_add_test(t, odd_turns_and_costs_are_none);
	tcase_add_test(t, result_of_an_error);
	tcase_add_test(t, result_with_a_list_of_errors);
	tcase_add_test(t, result_of_a_turn_of_its_own);
	tcase_add_test(t, is_error_must_be_true);
	tcase_add_test(t, rate_limit_tells_when_it_ends);
	tcase_add_test(t, control_lines);
	tcase_add_test(t, a_sub_agents_line_is_nested);
	return t;
}

static TCase *
hostile(void)
{
	TCase *t = tcase_create("hostile lines");

	tcase_add_checked_fixture(t, NULL, clear);
	tcase_add_test(t, what_is_no_object_is_a_bad_line);
	tcase_add_test(t, type_must_be_text);
	tcase_add_test(t, cut_lines_are_bad);
	tcase_add_test(t, a_line_lost_for_want_of_memory_is_none_to_skip);
	tcase_add_test(t, numbers_are_bounded);
	tcase_add_test(t, statuses_are_http_statuses);
	tcase_add_test(t, broken_characters_lose_no_line);
	tcase_add_test(t, a_long_delta_is_whole);
	tcase_add_test(t, a_deep_line_is_bad);
	tcase_add_test(t, clear_leaves_nothing);
	tcase_add_loop_test(t, wrong_types_are_survived, 0, (int)COUNT(lines));
	return t;
}

Suite *
suite_claude_event(void)
{
	Suite *s = suite_create("claude_event");

	suite_add_tcase(s, kinds());
	suite_add_tcase(s, hostile());
	return s;
}
