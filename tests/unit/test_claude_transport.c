/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The test is the CLI: it holds the other ends of the three pipes.
 */
#include "claude_lines.h"
#include "claude_transport.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "../../src/openai_request.h"
#include "aid.h"
#include "claude_lines.h"
#include "clock.h"
#include "fake_clock.h"
#include "suites.h"
#include "talk.h"

#define ACK                                                                    \
	"{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"S-1\"}\n"  \
	"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,"     \
	"\"num_turns\":0,\"result\":\"\"}\n"
#define RESULT                                                                 \
	"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,"     \
	"\"result\":\"fine\",\"session_id\":\"S-2\"}\n"
#define TEXT(text)                                                             \
	"{\"type\":\"stream_event\",\"event\":{\"type\":"                      \
	"\"content_block_delta\",\"delta\":{\"type\":\"text_delta\","          \
	"\"text\":\"" text "\"}}}\n"

static struct claude_transport t;
static int from_in, to_out, to_err; /* the CLI's ends */
static struct chat_request *request;
static struct buf said; /* read from the CLI's stdin, not looked at yet */
static struct claude_event event;
static const struct claude_initialize nothing;

static void
set_up(void)
{
	int in[2], out[2], err[2];

	(void)signal(SIGPIPE, SIG_IGN);
	aid_pipe(in);
	aid_pipe(out);
	aid_pipe(err);
	from_in = in[0];
	to_out = out[1];
	to_err = err[1];
	ck_assert_int_eq(fcntl(from_in, F_SETFL, O_NONBLOCK), 0);
	transport_open(&t, in[1], out[0], err[0], "0123abcd");
	buf_init(&said, 64u << 20);
	memset(&event, 0, sizeof event);
	request = NULL;
}

static void
tear_down(void)
{
	transport_close(&t);
	chat_request_free(request);
	claude_event_clear(&event);
	buf_free(&said);
	aid_close(&from_in);
	aid_close(&to_out);
	aid_close(&to_err);
}

/* One turn of a loop that does not wait. */
static void
step_reading(bool read_output)
{
	struct pollset ps;

	pollset_reset(&ps);
	transport_poll(&t, &ps, read_output);
	pollset_until(&ps, clock_ms());
	ck_assert_int_eq(pollset_wait(&ps), 0);
	transport_step(&t, &ps);
}

static void
step(void)
{
	step_reading(true);
}

static bool
next(void)
{
	claude_event_clear(&event);
	return transport_next(&t, &event);
}

/* The CLI writes; what it wrote is read in full. */
static void
writes_bytes(const char *bytes, size_t len)
{
	ck_assert_int_eq(write(to_out, bytes, len), (ssize_t)len);
	step();
}

static void
writes(const char *text)
{
	writes_bytes(text, strlen(text));
}

static void
expect(enum claude_event_type type)
{
	ck_assert(next());
	ck_assert_int_eq(event.type, type);
}

static void
expect_text(const char *text)
{
	expect(CLAUDE_TEXT);
	ck_assert_str_eq(event.text, text);
}

/* What the CLI finds on its stdin now; false at the end of it. */
static bool
reads(void)
{
	char some[65536];
	ssize_t n;

	while ((n = read(from_in, some, sizeof some)) > 0)
		buf_add(&said, some, (size_t)n);
	ck_assert(buf_ok(&said));
	return n != 0;
}

/* The CLI finds a line that has all these parts, in this order. */
static void
finds(const char *const *parts)
{
	const char *at, *end;

	(void)reads();
	at = buf_str(&said);
	end = strchr(at, '\n');
	ck_assert_msg(end != NULL, "no line: %s", at);
	for (; *parts != NULL; parts++) {
		at = strstr(at, *parts);
		ck_assert_msg(at != NULL && at < end, "no %s in %s", *parts,
		    buf_str(&said));
		at += strlen(*parts);
	}
	buf_consume(&said, (size_t)(end - buf_str(&said)) + 1);
}
#define FINDS(...) finds((const char *const[]){__VA_ARGS__, NULL})

static void
finds_nothing(void)
{
	step();
	(void)reads();
	ck_assert_str_eq(buf_str(&said), "");
}

/* A conversation: "u:text a:text s:text". */
static void
say_as(const char *roles, bool append)
{
	struct buf json = BUF_INIT(4096);
	struct api_error e;
	const char *p;

	buf_addstr(&json, "{\"messages\":[");
	for (p = roles; *p != '\0'; p++)
		buf_addf(&json, "%s{\"role\":\"%s\",\"content\":\"text %d\"}",
		    p == roles ? "" : ",",
		    *p == 'u'   ? "user"
		    : *p == 'a' ? "assistant"
				: "system",
		    (int)(p - roles));
	buf_addstr(&json, "]}");
	chat_request_free(request);
	request = openai_request_parse(buf_str(&json), json.len, &e);
	ck_assert_msg(request != NULL, "%s", e.message);
	buf_free(&json);
	transport_say(&t, request, 0,
	    &(struct claude_initialize){
		.system = request->system, .append = append},
	    "the-model");
}

static void
say(const char *roles)
{
	say_as(roles, false);
}

#define HISTORY "\"shouldQuery\":false}"

/* The CLI finds one user line, the n-th text; history or the question. */
static void
finds_user(const char *text, bool history)
{
	if (history)
		FINDS("\"type\":\"user\"", text, "\"text\":\" \"", HISTORY);
	else
		FINDS("\"type\":\"user\"", text, "\"text\":\" \"",
		    "\"session_id\":\"\"}");
}

START_TEST(one_question)
{
	say("u");
	ck_assert(t.busy);
	ck_assert_ptr_null(t.saying);
	finds_user("\"text 0\"", false);
	finds_nothing();
	ck_assert_str_eq(t.fingerprint, "0123abcd");
	writes(TEXT("Hi"));
	expect_text("Hi");
	ck_assert(t.busy);
	writes(RESULT);
	expect(CLAUDE_RESULT);
	ck_assert(!t.busy);
	ck_assert(!next());
}
END_TEST

/* What Claude knows already is not said again. */
START_TEST(a_conversation_from_its_middle)
{
	request = TALK("text 0", "text 1", "text 2");
	transport_say(&t, request, 2, &nothing, "the-model");
	finds_user("\"text 2\"", false);
	finds_nothing();
	ck_assert(t.busy);
}
END_TEST

/* Nothing is written before a line of the history is acknowledged. */
START_TEST(history_waits_for_each_acknowledgement)
{
	say("suauau");
	FINDS("\"subtype\":\"initialize\"", "\"systemPrompt\":\"text 0\"");
	finds_user("\"text 1\"", true);
	finds_nothing();
	ck_assert(!t.busy);
	ck_assert_ptr_nonnull(t.saying);
	writes(ACK);
	expect(CLAUDE_INIT);
	finds_nothing();
	expect(CLAUDE_OTHER); /* not a result */
	FINDS(
	    "\"type\":\"assistant\"", "\"model\":\"the-model\"", "\"text 2\"");
	finds_user("\"text 3\"", true);
	finds_nothing();
	ck_assert(!t.busy);
	writes(ACK);
	expect(CLAUDE_INIT);
	expect(CLAUDE_OTHER);
	FINDS("\"type\":\"assistant\"", "\"text 4\"");
	finds_user("\"text 5\"", false);
	finds_nothing();
	ck_assert(t.busy);
	ck_assert_ptr_null(t.saying);
	writes(ACK); /* and this is a result */
	expect(CLAUDE_INIT);
	expect(CLAUDE_RESULT);
	ck_assert(!t.busy);
}
END_TEST

START_TEST(questions_in_a_row)
{
	say("uuu");
	finds_user("\"text 0\"", true);
	finds_nothing();
	writes(ACK);
	expect(CLAUDE_INIT);
	expect(CLAUDE_OTHER);
	finds_user("\"text 1\"", true);
	finds_nothing();
	writes(ACK);
	expect(CLAUDE_INIT);
	expect(CLAUDE_OTHER);
	finds_user("\"text 2\"", false);
}
END_TEST

START_TEST(answers_in_a_row_and_first)
{
	say("aau");
	finds_user("\"" CLAUDE_OPENING "\"", true);
	finds_nothing();
	writes(ACK);
	expect(CLAUDE_INIT);
	expect(CLAUDE_OTHER);
	FINDS("\"type\":\"assistant\"", "\"text 0\"");
	FINDS("\"type\":\"assistant\"", "\"text 1\"");
	finds_user("\"text 2\"", false);
	finds_nothing();
}
END_TEST

START_TEST(a_system_prompt_may_be_appended)
{
	say_as("su", true);
	FINDS("\"appendSystemPrompt\":\"text 0\"");
	finds_user("\"text 1\"", false);
}
END_TEST

/* Other lines in between are no acknowledgement. */
START_TEST(only_a_result_acknowledges)
{
	say("uau");
	finds_user("\"text 0\"", true);
	writes(TEXT("x") "{\"type\":\"assistant\",\"message\":{}}\n"
			 "{\"type\":\"user\"}\nnot JSON\n\n");
	expect(CLAUDE_TEXT);
	expect(CLAUDE_ASSISTANT);
	expect(CLAUDE_TOOL_RESULT);
	expect(CLAUDE_BAD_LINE);
	expect(CLAUDE_BAD_LINE);
	finds_nothing();
	writes(ACK);
	while (next())
		continue;
	FINDS("\"type\":\"assistant\"");
}
END_TEST

START_TEST(an_error_is_no_acknowledgement)
{
	say("uau");
	finds_user("\"text 0\"", true);
	writes("{\"type\":\"result\",\"subtype\":\"success\","
	       "\"is_error\":true,\"result\":\"no\"}\n");
	expect(CLAUDE_RESULT);
	ck_assert(event.is_error);
	ck_assert(!t.busy);
	ck_assert(!t.awaiting_ack);
	finds_nothing();
}
END_TEST

#define OWN_RESULT                                                             \
	"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,"     \
	"\"result\":\"\",\"origin\":{\"kind\":\"task-notification\"}}\n"

/* Neither an acknowledgement nor the end of the turn that was asked for. */
START_TEST(a_turn_that_the_cli_began_itself)
{
	say("uau");
	finds_user("\"text 0\"", true);
	writes(OWN_RESULT);
	expect(CLAUDE_OTHER);
	ck_assert(t.awaiting_ack);
	finds_nothing();
	writes(ACK);
	while (next())
		continue;
	ck_assert(t.busy);
	writes(OWN_RESULT);
	expect(CLAUDE_OTHER);
	ck_assert(t.busy);
	writes(RESULT);
	expect(CLAUDE_RESULT);
	ck_assert(!t.busy);
}
END_TEST

#define ASKS(id)                                                               \
	"{\"type\":\"control_request\",\"request_id\":" id                     \
	",\"request\":{\"subtype\":\"can_use_tool\"}}\n"

/* In a turn, while the history is being said, and when nothing is. */
START_TEST(what_the_cli_asks_for_is_refused)
{
	writes(ASKS("\"R-0\""));
	expect(CLAUDE_CONTROL_REQUEST);
	FINDS("\"control_response\"", "\"error\"", "\"R-0\"");
	say("uau");
	finds_user("\"text 0\"", true);
	writes(ASKS("\"R-1\"") ASKS("7") ASKS("\"R-2\""));
	finds_nothing(); /* before it is looked at */
	expect(CLAUDE_CONTROL_REQUEST);
	ck_assert_str_eq(event.subtype, "can_use_tool");
	FINDS("\"control_response\"", "\"error\"", "\"R-1\"");
	expect(CLAUDE_CONTROL_REQUEST); /* no id: no answer */
	expect(CLAUDE_CONTROL_REQUEST);
	FINDS("\"R-2\"");
	finds_nothing();
	writes(ACK); /* which is still awaited */
	expect(CLAUDE_INIT);
	expect(CLAUDE_OTHER);
	FINDS("\"type\":\"assistant\"");
}
END_TEST

#define MCP(id, server, message)                                               \
	"{\"type\":\"control_request\",\"request_id\":\"" id                   \
	"\",\"request\":{\"subtype\":\"mcp_message\",\"server_name\":"         \
	"\"" server "\",\"message\":" message "}}\n"
#define LIST "{\"method\":\"tools/list\",\"jsonrpc\":\"2.0\",\"id\":1}"
#define CALL                                                                   \
	"{\"method\":\"tools/call\",\"params\":{\"name\":\"see\"},\"id\":2}"

static void
say_with_tools(bool tools)
{
	static char name[] = "see", schema[] = "{\"type\":\"object\"}";
	static struct chat_tool tool = {.name = name, .schema = schema};
	static struct chat_request r;
	const struct claude_initialize with = {.tools = tools};

	request = TALK("text 0");
	r = *request;
	r.tools = &tool;
	r.ntools = 1;
	transport_say(&t, &r, 0, &with, "the-model");
}

START_TEST(the_clients_tools_are_served)
{
	say_with_tools(true);
	FINDS("\"initialize\"", "\"sdkMcpServers\":[\"client\"]");
	finds_user("\"text 0\"", false);
	writes(MCP("R-1", "client", LIST));
	expect(CLAUDE_OTHER); /* nothing that the turn has to know of */
	FINDS("\"control_response\"", "\"R-1\"", "\"name\":\"see\"");
	writes(MCP("R-2", "client", CALL) MCP("R-3", "client", LIST));
	expect(CLAUDE_TOOL_CALL);
	expect(CLAUDE_OTHER);
	FINDS("\"R-3\"", "\"name\":\"see\""); /* and the call waits */
	writes(MCP("R-4", "other", LIST));
	expect(CLAUDE_CONTROL_REQUEST);
	FINDS("\"R-4\"", "\"error\"");
	ck_assert(t.busy);
	transport_end_input(&t);
	writes(MCP("R-5", "client", LIST));
	expect(CLAUDE_CONTROL_REQUEST);
	ck_assert_uint_eq(t.queue.len, 0);
}
END_TEST

START_TEST(tools_that_are_not_declared_are_not_served)
{
	say_with_tools(false);
	finds_user("\"text 0\"", false);
	writes(MCP("R-1", "client", LIST));
	expect(CLAUDE_CONTROL_REQUEST);
	FINDS("\"control_response\"", "\"R-1\"", "not served");
}
END_TEST

START_TEST(nothing_is_refused_behind_the_end_of_input)
{
	say("u");
	transport_end_input(&t);
	writes(ASKS("\"R-1\""));
	expect(CLAUDE_CONTROL_REQUEST);
	ck_assert_uint_eq(t.queue.len, 0);
}
END_TEST

START_TEST(the_conversation_is_remembered)
{
	say("u");
	writes("{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":"
	       "\"S-1\"}\n"
	       "{\"type\":\"assistant\",\"uuid\":\"U-1\",\"message\":{"
	       "\"model\":\"m\"}}\n"
	       "{\"type\":\"assistant\",\"uuid\":\"U-2\",\"message\":{"
	       "\"model\":\"m\"},\"parent_tool_use_id\":\"sub\"}\n"
	       "{\"type\":\"assistant\",\"uuid\":\"U-3\",\"message\":{"
	       "\"model\":\"<synthetic>\"}}\n"
	       "{\"type\":\"user\",\"uuid\":\"U-4\"}\n");
	ck_assert_str_eq(t.session, "");
	while (next())
		continue;
	ck_assert_str_eq(t.session, "S-1");
	ck_assert_str_eq(t.last_uuid, "U-1");
	writes(RESULT);
	expect(CLAUDE_RESULT);
	ck_assert_str_eq(t.session, "S-2");
	/* Too long to be one: not cut in two. */
	writes("{\"type\":\"x\",\"session_id\":\"0123456789012345678901234567"
	       "890123456789012345678901234567890123456789\"}\n");
	expect(CLAUDE_OTHER);
	ck_assert_str_eq(t.session, "S-2");
}
END_TEST

/* Several turns */

/* What it holds is not said again, nor its system text. */
START_TEST(another_turn_goes_on)
{
	struct chat_request *next_one = TALK("text 0", "Hi", "text 2");

	say("u");
	finds_user("\"text 0\"", false);
	writes(RESULT);
	expect(CLAUDE_RESULT);
	ck_assert(transport_rested(&t));
	ck_assert(transport_ready(&t));
	transport_go_on(&t, next_one, 2, false);
	ck_assert(t.busy);
	ck_assert_ptr_null(t.saying);
	ck_assert_ptr_null(t.tools);
	ck_assert(!transport_rested(&t));
	finds_user("\"text 2\"", false);
	finds_nothing();
	writes(RESULT);
	expect(CLAUDE_RESULT);
	ck_assert(transport_ready(&t));
	chat_request_free(next_one);
}
END_TEST

/* The user has written twice: the first is history. */
START_TEST(another_turn_of_two_messages)
{
	struct chat_request *next_one =
	    talk_json("[{\"role\":\"user\",\"content\":\"text 0\"},"
		      "{\"role\":\"assistant\",\"content\":\"Hi\"},"
		      "{\"role\":\"user\",\"content\":\"text 2\"},"
		      "{\"role\":\"user\",\"content\":\"text 3\"}]");

	transport_go_on(&t, next_one, 2, false);
	finds_user("\"text 2\"", true);
	finds_nothing();
	ck_assert(!t.busy);
	ck_assert(!transport_rested(&t));
	writes(ACK);
	expect(CLAUDE_INIT);
	expect(CLAUDE_OTHER);
	finds_user("\"text 3\"", false);
	ck_assert(t.busy);
	chat_request_free(next_one);
}
END_TEST

#define CALL_OF(id, use)                                                       \
	MCP(id, "client",                                                      \
	    "{\"method\":\"tools/call\",\"params\":{\"name\":\"see\","         \
	    "\"_meta\":{\"claudecode/toolUseId\":\"" use "\"}},\"id\":7}")
#define USES(use)                                                              \
	"{\"type\":\"stream_event\",\"event\":{\"type\":"                      \
	"\"content_block_start\",\"content_block\":{\"type\":\"tool_use\","    \
	"\"id\":\"" use "\",\"name\":\"mcp__client__see\"}}}\n"
#define BEGINS                                                                 \
	"{\"type\":\"stream_event\",\"event\":{\"type\":\"message_start\","    \
	"\"message\":{\"id\":\"m\"}}}\n"

/* It has said two calls, and asked for the first of them. */
static void
call_twice(void)
{
	say_with_tools(true);
	(void)reads();
	buf_clear(&said);
	writes(
	    BEGINS USES("toolu_1") USES("toolu_2") CALL_OF("R-1", "toolu_1"));
	while (next())
		continue;
	ck_assert_uint_eq(t.calls.n, 2);
	ck_assert_str_eq(t.calls.all[0].request, "R-1");
	ck_assert_str_eq(t.calls.all[0].rpc, "7");
}

START_TEST(calls_are_waited_for)
{
	call_twice();
	ck_assert(!transport_rested(&t)); /* it is in its turn */
	transport_park(&t);
	t.tools = NULL; /* their request is over */
	ck_assert(transport_rested(&t));
	ck_assert(!transport_ready(&t)); /* not all have come */
	writes(CALL_OF("R-2", "toolu_2"));
	ck_assert(!transport_ready(&t)); /* nor been looked at */
	expect(CLAUDE_TOOL_CALL);
	ck_assert(transport_ready(&t));
	finds_nothing();      /* nobody has refused it */
	writes("{\"type\":"); /* it goes on */
	ck_assert(transport_rested(&t));
	ck_assert(!transport_ready(&t));
}
END_TEST

START_TEST(results_go_to_their_calls)
{
	char one[] = "one", two[] = "two";
	struct chat_part texts[] = {{.text = one}, {.text = two}};
	struct chat_part parts[] = {
	    {.kind = CHAT_TOOL_RESULT, .parts = &texts[0], .nparts = 1},
	    {.kind = CHAT_TOOL_RESULT, .parts = &texts[1], .nparts = 1}};
	const struct chat_message results = {
	    .role = CHAT_USER, .parts = parts, .nparts = 2};

	call_twice();
	transport_park(&t);
	writes(CALL_OF("R-2", "toolu_2"));
	expect(CLAUDE_TOOL_CALL);
	fake_clock_skip(600000); /* the user has looked for long */
	transport_unpark(&t, request, &results);
	ck_assert(!t.parked);
	ck_assert(t.busy);
	ck_assert_ptr_eq(t.tools, request);
	ck_assert_int_ge(t.heard, clock_ms() - 1000);
	ck_assert(!transport_rested(&t));
	FINDS("\"R-1\"", "\"id\":7", "\"one\"");
	FINDS("\"R-2\"", "\"id\":7", "\"two\"");
	finds_nothing();
	writes(BEGINS);
	expect(CLAUDE_MESSAGE_START);
	ck_assert_uint_eq(t.calls.n, 0); /* those of another message */
	writes(RESULT);
	expect(CLAUDE_RESULT);
	ck_assert(transport_ready(&t));
}
END_TEST

/* A sub-agent's calls are not the client's. */
START_TEST(calls_of_others)
{
	call_twice();
	writes("{\"type\":\"stream_event\",\"parent_tool_use_id\":\"sub\","
	       "\"event\":{\"type\":\"message_start\",\"message\":{\"id\":"
	       "\"n\"}}}\n");
	ck_assert(next());
	ck_assert_uint_eq(t.calls.n, 2);
	ck_assert_uint_eq(t.calls.lost, 0);
	transport_park(&t);
	writes(CALL_OF("R-2", "toolu_9"));
	expect(CLAUDE_TOOL_CALL);
	ck_assert(!transport_ready(&t));
	ck_assert_uint_eq(t.calls.lost, 1);
}
END_TEST

/* Whatever of it is not done, it cannot go on at once. */
START_TEST(what_is_not_ready)
{
	ck_assert(transport_ready(&t));
	switch (_i) {
	case 0:
		writes("{\"type\":"); /* half a line */
		break;
	case 1: /* the CLI does not read */
		buf_addstr(&t.queue, "more");
		break;
	case 2:
		t.broken = "broken";
		break;
	case 3:
		transport_end_input(&t);
		break;
	case 4:
		transport_end_output(&t);
		break;
	case 5:
		say("uau"); /* the history is being said */
		break;
	case 6:
		transport_park(&t); /* and no call was told */
		break;
	default:
		break;
	}
	ck_assert(!transport_ready(&t));
	ck_assert_int_eq(transport_rested(&t), _i == 6);
}
END_TEST

/* Reading */

START_TEST(several_lines_in_one_read)
{
	writes(TEXT("a") TEXT("b") TEXT("c") "{\"type\":");
	expect_text("a");
	expect_text("b");
	expect_text("c");
	ck_assert(!next());
	writes("\"keep_alive\"}\n");
	expect(CLAUDE_OTHER);
	ck_assert(!next());
}
END_TEST

/* Reads as fast as it may, each of a word that has come alone. */
START_TEST(many_words_at_once_are_read_together)
{
	struct pollset ps;
	int i, read = 0;

	fake_clock_stop();
	for (i = 0; i < 2 * LIMIT_CLAUDE_READS; i++) {
		writes(TEXT("word"));
		while (next())
			read++;
	}
	ck_assert_int_eq(read, LIMIT_CLAUDE_READS);
	/* It is not looked at, but for as long as a millisecond lasts. */
	pollset_reset(&ps);
	transport_poll(&t, &ps, true);
	ck_assert(!pollset_has(&ps, t.out.fd));
	ck_assert_int_eq(ps.deadline, clock_ms() + 1);
	ck_assert_int_eq(transport_rests_until(&t), clock_ms() + 1);
	fake_clock_skip(1);
	ck_assert_int_eq(transport_rests_until(&t), 0);
	step();
	while (next())
		read++;
	ck_assert_int_eq(read, 2 * LIMIT_CLAUDE_READS);
}
END_TEST

/* What follows it may be the first word, a call, an end. */
START_TEST(what_is_no_word_is_read_at_once)
{
	static const char *const others[] = {
	    RESULT, "{\"type\":\"keep_alive\"}\n", "{\"type\":", "1}\n"};
	int i, k;

	fake_clock_stop();
	for (i = 0; i < 20; i++) {
		for (k = 0; k < 4; k++) {
			writes(others[k]);
			while (next())
				continue;
			ck_assert_int_eq(transport_rests_until(&t), 0);
		}
		writes(TEXT("word"));
		expect_text("word");
		ck_assert_int_eq(transport_rests_until(&t), 0);
	}
}
END_TEST

START_TEST(lines_split_at_every_byte)
{
	static const char lines[] = TEXT("one \xF0\x9F\x98\x80") RESULT;
	size_t i, split;

	for (split = 0; split < sizeof lines - 1; split++) {
		writes_bytes(lines, split);
		if (split < sizeof TEXT("one \xF0\x9F\x98\x80") - 1)
			ck_assert(!next());
		else
			expect_text("one \xF0\x9F\x98\x80");
		writes_bytes(lines + split, sizeof lines - 1 - split);
		if (split < sizeof TEXT("one \xF0\x9F\x98\x80") - 1)
			expect_text("one \xF0\x9F\x98\x80");
		expect(CLAUDE_RESULT);
		ck_assert(!next());
		fake_clock_skip(1);
	}
	for (i = 0; i < sizeof lines - 1; i++) {
		writes_bytes(lines + i, 1);
		fake_clock_skip(1);
	}
	expect_text("one \xF0\x9F\x98\x80");
	expect(CLAUDE_RESULT);
}
END_TEST

/* Fills a line of TEXT with this many x. */
static char *
long_line(size_t len, size_t *ret_len)
{
	static const char head[] =
	    "{\"type\":\"stream_event\",\"event\":{\"type\":"
	    "\"content_block_delta\",\"delta\":{\"type\":\"text_delta\","
	    "\"text\":\"";
	char *line = malloc(sizeof head + len + 8);

	ck_assert_ptr_nonnull(line);
	memcpy(line, head, sizeof head - 1);
	memset(line + sizeof head - 1, 'x', len);
	memcpy(line + sizeof head - 1 + len, "\"}}}\n", 6);
	*ret_len = strlen(line);
	return line;
}

/* The CLI writes as much as it can, the transport reads. */
static void
writes_slowly(const char *bytes, size_t len)
{
	ssize_t n;

	ck_assert_int_eq(fcntl(to_out, F_SETFL, O_NONBLOCK), 0);
	while (len > 0 && t.broken == NULL) {
		n = write(to_out, bytes, len);
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
		step();
	}
	while (aid_readable(t.out.fd) && t.broken == NULL)
		step();
}

/* As many as fill the pipe, again and again, so that reads end within a line. */
START_TEST(a_line_that_has_begun_doubles_no_buffer)
{
	static const char word[] = TEXT("word");
	size_t i, words = 4 * LIMIT_READ_BYTES / strlen(word), read = 0;
	char *lines = malloc(words * strlen(word) + 1), *at = lines;

	ck_assert_ptr_nonnull(lines);
	for (i = 0; i < words; i++, at += strlen(word))
		memcpy(at, word, sizeof(word));
	ck_assert_int_eq(fcntl(to_out, F_SETFL, O_NONBLOCK), 0);
	for (i = 0; read < words; fake_clock_skip(1)) {
		ssize_t n = write(to_out, lines + i, words * strlen(word) - i);

		i += n > 0 ? (size_t)n : 0;
		step();
		while (next())
			read++;
		ck_assert_uint_le(t.line.cap, LIMIT_READ_BYTES + 1);
	}
	ck_assert_uint_eq(read, words);
	free(lines);
}
END_TEST

START_TEST(a_line_of_a_mebibyte)
{
	size_t len;
	char *line = long_line(1u << 20, &len);

	writes_slowly(line, len);
	expect(CLAUDE_TEXT);
	ck_assert_uint_eq(strlen(event.text), 1u << 20);
	ck_assert(!next());
	/* Its room is used again. */
	writes(TEXT("small"));
	expect_text("small");
	free(line);
}
END_TEST

START_TEST(a_line_over_the_limit_breaks_it)
{
	size_t len;
	char *line = long_line(200000, &len);
	struct pollset ps;

	ck_assert_uint_eq(t.line.max, LIMIT_CLAUDE_LINE_BYTES);
	t.line.max = len; /* 64 MiB would take long: the same code */
	writes_slowly(line, len);
	ck_assert_ptr_null(t.broken);
	expect(CLAUDE_TEXT);
	t.line.max = len - 2;
	writes_slowly(line, len);
	ck_assert_ptr_nonnull(t.broken);
	ck_assert(!next());
	ck_assert(transport_silent(&t));
	pollset_reset(&ps);
	transport_poll(&t, &ps, true);
	ck_assert(!pollset_has(&ps, t.out.fd)); /* or the loop would spin */
	free(line);
}
END_TEST

START_TEST(the_last_line_needs_no_end)
{
	writes(TEXT("a") "{\"type\":\"keep_alive\"}");
	expect_text("a");
	ck_assert(!next());
	aid_close(&to_out);
	ck_assert(!transport_silent(&t));
	step();
	ck_assert(!transport_silent(&t));
	expect(CLAUDE_OTHER);
	ck_assert(!next());
	ck_assert(transport_silent(&t));
}
END_TEST

START_TEST(a_cut_last_line_is_a_bad_one)
{
	writes("{\"type\":\"resu");
	aid_close(&to_out);
	step();
	expect(CLAUDE_BAD_LINE);
	ck_assert(transport_silent(&t));
}
END_TEST

START_TEST(the_end_of_output)
{
	int64_t before = clock_ms();

	ck_assert_int_eq(t.ended, CLOCK_NEVER);
	writes(TEXT("a"));
	aid_close(&to_out);
	step();
	ck_assert_int_eq(t.out.fd, -1);
	ck_assert_int_ge(t.ended, before);
	ck_assert(!transport_silent(&t)); /* one line is not taken yet */
	expect_text("a");
	ck_assert(transport_silent(&t));
	step();
	ck_assert(!next());
}
END_TEST

START_TEST(output_ended_by_its_owner)
{
	writes(TEXT("a") "{\"type\":\"keep_alive\"}");
	transport_end_output(&t);
	ck_assert_int_eq(t.out.fd, -1);
	expect_text("a");
	expect(CLAUDE_OTHER);
	ck_assert(transport_silent(&t));
}
END_TEST

START_TEST(output_is_a_sign_of_life)
{
	int64_t now;

	fake_clock_skip(1000);
	now = clock_ms();
	ck_assert_int_lt(t.heard, now);
	step();
	ck_assert_int_lt(t.heard, now); /* nothing came */
	writes(" ");
	ck_assert_int_ge(t.heard, now);
}
END_TEST

/* Its reader has enough to do: then silence is not Claude's. */
START_TEST(output_may_be_left_alone)
{
	struct pollset ps;
	int64_t now;

	pollset_reset(&ps);
	transport_poll(&t, &ps, false);
	ck_assert(!pollset_has(&ps, t.out.fd));
	ck_assert_int_eq(write(to_out, TEXT("a"), sizeof TEXT("a") - 1),
	    (ssize_t)sizeof TEXT("a") - 1);
	fake_clock_skip(1000);
	now = clock_ms();
	step_reading(false);
	ck_assert(!next());
	ck_assert_int_ge(t.heard, now);
	step();
	expect_text("a");
}
END_TEST

START_TEST(the_end_of_stderr_is_kept)
{
	char text[1000], wanted[LIMIT_CLAUDE_STDERR_BYTES + 1] = "";
	size_t len = 0, n;
	int i;

	for (i = 0; i < 100; i++) {
		n = (size_t)snprintf(text, sizeof text, "line %d of many\n", i);
		ck_assert_int_eq(write(to_err, text, n), (ssize_t)n);
		step();
		ck_assert_uint_le(t.tail.len, LIMIT_CLAUDE_STDERR_BYTES);
	}
	ck_assert_ptr_eq(
	    strstr(buf_str(&t.tail), "line 0 of"), buf_str(&t.tail));
	for (i = 0; i < 20; i++) {
		memset(text, 'a' + i, sizeof text);
		ck_assert_int_eq(write(to_err, text, sizeof text), 1000);
		step();
	}
	memset(wanted, 't', 1000);
	for (len = LIMIT_CLAUDE_STDERR_BYTES, i = 19; len > 0; i--) {
		n = len < 1000 ? len : 1000;
		len -= n;
		memset(wanted + len, 'a' + i, n);
	}
	ck_assert_str_eq(buf_str(&t.tail), wanted);
	aid_close(&to_err);
	step();
	ck_assert_int_eq(t.err.fd, -1);
	ck_assert_str_eq(buf_str(&t.tail), wanted);
	ck_assert(!transport_silent(&t)); /* stdout is open */
}
END_TEST

/* Writing */

START_TEST(interrupt_ends_the_history)
{
	say("uau");
	finds_user("\"text 0\"", true);
	transport_interrupt(&t);
	ck_assert_ptr_null(t.saying);
	FINDS("\"type\":\"control_request\"", "\"subtype\":\"interrupt\"");
	writes(ACK);
	while (next())
		continue;
	finds_nothing();
}
END_TEST

START_TEST(interrupt_of_a_turn)
{
	say("u");
	finds_user("\"text 0\"", false);
	transport_interrupt(&t);
	FINDS("\"subtype\":\"interrupt\"");
	ck_assert(t.busy); /* until its result comes */
	writes("{\"type\":\"control_response\",\"response\":{\"subtype\":"
	       "\"success\",\"request_id\":\"x\"}}\n"
	       "{\"type\":\"result\",\"subtype\":\"error_during_execution\","
	       "\"is_error\":true}\n");
	expect(CLAUDE_CONTROL_RESPONSE);
	ck_assert(t.busy);
	expect(CLAUDE_RESULT);
	ck_assert(!t.busy);
}
END_TEST

START_TEST(the_end_of_input)
{
	say("uau");
	finds_user("\"text 0\"", true);
	transport_end_input(&t);
	ck_assert(!reads());
	ck_assert_ptr_null(t.saying);
	writes(ACK); /* nothing more can be said */
	while (next())
		continue;
	transport_end_input(&t);
	transport_interrupt(&t);
	ck_assert(!transport_silent(&t));
}
END_TEST

START_TEST(a_cli_that_reads_no_more)
{
	struct pollset ps;

	aid_close(&from_in);
	say("uau");
	ck_assert_int_eq(t.in.fd, -1);
	pollset_reset(&ps);
	transport_poll(&t, &ps, true);
	ck_assert_uint_eq(ps.n, 2); /* stdout and stderr say why */
	step();
	ck_assert_ptr_null(t.broken);
	writes(TEXT("still here"));
	expect_text("still here");
}
END_TEST

START_TEST(a_long_question_is_written_piece_by_piece)
{
	struct chat_part part = {.kind = CHAT_TEXT};
	struct chat_message m = {
	    .role = CHAT_USER, .parts = &part, .nparts = 1};
	struct chat_request r = {.messages = &m, .nmessages = 1};
	size_t len = 5u << 20;
	struct pollset ps;
	int64_t start = 0;

	part.text = malloc(len + 1);
	ck_assert_ptr_nonnull(part.text);
	memset(part.text, 'q', len);
	part.text[len] = '\0';
	transport_say(&t, &r, 0, &nothing, "m");
	pollset_reset(&ps);
	transport_poll(&t, &ps, true);
	ck_assert(pollset_has(&ps, t.in.fd));
	while (t.queue.len > 0) {
		ck_assert(aid_patient(&start));
		(void)reads();
		step();
	}
	(void)reads();
	ck_assert_uint_gt(said.len, len);
	ck_assert_ptr_eq(
	    strchr(buf_str(&said), '\n'), buf_str(&said) + said.len - 1);
	ck_assert_uint_eq(strspn(strstr(buf_str(&said), "qqqq"), "q"), len);
	pollset_reset(&ps);
	transport_poll(&t, &ps, true);
	ck_assert(!pollset_has(&ps, t.in.fd)); /* nothing to write */
	free(part.text);
}
END_TEST

START_TEST(too_much_to_say_breaks_it)
{
	t.queue.max = 100;
	say("u");
	ck_assert_ptr_nonnull(t.broken);
	ck_assert(transport_silent(&t));
	ck_assert(!next());
}
END_TEST

START_TEST(nothing_waits)
{
	step();
	step();
	ck_assert(!next());
	ck_assert(!transport_silent(&t));
}
END_TEST

static TCase *
conversation(void)
{
	TCase *c = tcase_create("conversation");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, one_question);
	tcase_add_test(c, a_conversation_from_its_middle);
	tcase_add_test(c, history_waits_for_each_acknowledgement);
	tcase_add_test(c, questions_in_a_row);
	tcase_add_test(c, answers_in_a_row_and_first);
	tcase_add_test(c, a_system_prompt_may_be_appended);
	tcase_add_test(c, only_a_result_acknowledges);
	tcase_add_test(c, an_error_is_no_acknowledgement);
	tcase_add_test(c, a_turn_that_the_cli_began_itself);
	tcase_add_test(c, what_the_cli_asks_for_is_refused);
	tcase_add_test(c, the_clients_tools_are_served);
	tcase_add_test(c, tools_that_are_not_declared_are_not_served);
	tcase_add_test(c, nothing_is_refused_behind_the_end_of_input);
	tcase_add_test(c, the_conversation_is_remembered);
	tcase_add_test(c, interrupt_ends_the_history);
	tcase_add_test(c, interrupt_of_a_turn);
	tcase_add_test(c, another_turn_goes_on);
	tcase_add_test(c, another_turn_of_two_messages);
	tcase_add_test(c, calls_are_waited_for);
	tcase_add_test(c, results_go_to_their_calls);
	tcase_add_test(c, calls_of_others);
	tcase_add_loop_test(c, what_is_not_ready, 0, 7);
	return c;
}

static TCase *
pipes(void)
{
	TCase *c = tcase_create("pipes");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, nothing_waits);
	tcase_add_test(c, several_lines_in_one_read);
	tcase_add_test(c, many_words_at_once_are_read_together);
	tcase_add_test(c, what_is_no_word_is_read_at_once);
	tcase_add_test(c, lines_split_at_every_byte);
	tcase_add_test(c, a_line_that_has_begun_doubles_no_buffer);
	tcase_add_test(c, a_line_of_a_mebibyte);
	tcase_add_test(c, a_line_over_the_limit_breaks_it);
	tcase_add_test(c, the_last_line_needs_no_end);
	tcase_add_test(c, a_cut_last_line_is_a_bad_one);
	tcase_add_test(c, the_end_of_output);
	tcase_add_test(c, output_ended_by_its_owner);
	tcase_add_test(c, output_is_a_sign_of_life);
	tcase_add_test(c, output_may_be_left_alone);
	tcase_add_test(c, the_end_of_stderr_is_kept);
	tcase_add_test(c, the_end_of_input);
	tcase_add_test(c, a_cli_that_reads_no_more);
	tcase_add_test(c, a_long_question_is_written_piece_by_piece);
	tcase_add_test(c, too_much_to_say_breaks_it);
	return c;
}

Suite *
suite_claude_transport(void)
{
	Suite *s = suite_create("claude_transport");

	suite_add_tcase(s, conversation());
	suite_add_tcase(s, pipes());
	return s;
}
