/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_reply.h"

#include <string.h>

#include "clock.h"
#include "exchange_bed.h"
#include "fake_clock.h"
#include "suites.h"

#define STREAM_HEAD                                                            \
	"HTTP/1.1 200 OK\nConnection: keep-alive\n"                            \
	"Content-Type: text/event-stream; charset=utf-8\n"                     \
	"Transfer-Encoding: chunked\nX-Request-Id: *\n"                        \
	"Cache-Control: no-cache\nX-Accel-Buffering: no\n\n"
#define HEAD                                                                   \
	"\"id\":\"chatcmpl-*\",\"object\":\"chat.completion.chunk\","          \
	"\"created\":*,\"model\":\"the-model\",\"choices\":"
#define CHUNK(delta, finish, more)                                             \
	"data: {" HEAD "[{\"index\":0,\"delta\":{" delta                       \
	"},\"logprobs\":null,\"finish_reason\":" finish "}]" more "}\n\n"
#define ROLE          CHUNK("\"role\":\"assistant\",\"content\":\"\"", "null", "")
#define CONTENT(text) CHUNK("\"content\":\"" text "\"", "null", "")
#define THOUGHT(text) CHUNK("\"reasoning_content\":\"" text "\"", "null", "")
#define USAGE                                                                  \
	",\"usage\":{\"prompt_tokens\":30,\"completion_tokens\":4,"            \
	"\"total_tokens\":34,"                                                 \
	"\"prompt_tokens_details\":{\"cached_tokens\":20}}"
#define STOP    CHUNK("", "\"stop\"", USAGE)
#define COMMENT ": still working\n\n"
#define DONE    "data: [DONE]\n\n(last chunk)"

static const struct token_usage usage = {
    .prompt = 30, .cached = 20, .completion = 4};

static struct chat_response response;
static struct chat_reply reply;

static void
set_up(void)
{
	exchange_bed_open();
	(void)exchange_bed_request("GET /x HTTP/1.1\nHost: localhost\n\n");
}

static void
tear_down(void)
{
	reply_close(&reply);
	response_close(&response);
	exchange_bed_close();
}

static void
open_reply(bool stream, bool include_usage)
{
	ck_assert(response_open(
	    &response, &bed_x, "the-model", stream, include_usage, 1));
	reply_open(&reply, &response, 0);
}

static void
assert_answer(const char *wanted)
{
	ck_assert_str_eq(exchange_bed_answer(), wanted);
}

START_TEST(a_stream_of_text)
{
	open_reply(true, false);
	assert_answer("");
	reply_message(&reply);
	reply_text(&reply, "Good ");
	assert_answer(STREAM_HEAD ROLE CONTENT("Good "));
	reply_text(&reply, "day \"\\ \n\xC3\xA9");
	reply_finish(&reply, "stop", &usage);
	assert_answer(STREAM_HEAD ROLE CONTENT("Good ")
		CONTENT("day \\\"\\\\ \\n\xC3\xA9") STOP DONE);
	ck_assert(bed_x.finished);
	ck_assert(!exchange_bed_ended());
}
END_TEST

/* Nobody may take a part of a chunk for the whole. */
START_TEST(a_word_that_memory_is_out_for_ends_it)
{
	open_reply(true, false);
	reply_text(&reply, "Good ");
	reply.word.bad = true;
	reply_text(&reply, "day");
	assert_answer(STREAM_HEAD ROLE CONTENT("Good "));
	ck_assert_int_eq(http_conn_next(bed_x.conn), HTTP_CONN_GONE);
	ck_assert_str_eq(bed_x.record.error, "out_of_memory");
}
END_TEST

START_TEST(usage_in_a_chunk_of_its_own)
{
	open_reply(true, true);
	reply_text(&reply, "Hi");
	reply_finish(&reply, "length", &usage);
	assert_answer(STREAM_HEAD ROLE CONTENT("Hi") CHUNK(
	    "", "\"length\"", "") "data: {" HEAD "[]" USAGE "}\n\n" DONE);
}
END_TEST

START_TEST(thinking_is_reasoning)
{
	open_reply(true, false);
	reply_reasoning(&reply, "");
	assert_answer("");
	reply_reasoning(&reply, "Let me ");
	reply_reasoning(&reply, "see");
	reply_text(&reply, "So.");
	reply_finish(&reply, "stop", &usage);
	assert_answer(STREAM_HEAD ROLE THOUGHT("Let me ") THOUGHT("see")
		CONTENT("So.") STOP DONE);
}
END_TEST

START_TEST(an_empty_stream_has_a_role_and_an_end)
{
	open_reply(true, false);
	reply_text(&reply, "");
	reply_finish(&reply, "content_filter", &usage);
	assert_answer(
	    STREAM_HEAD ROLE CHUNK("", "\"content_filter\"", USAGE) DONE);
}
END_TEST

/* What stands before a tool's work and behind it are two paragraphs. */
START_TEST(a_new_message_begins_a_paragraph)
{
	open_reply(true, false);
	reply_message(&reply);
	reply_text(&reply, "I look.");
	reply_message(&reply);
	reply_text(&reply, "");
	reply_text(&reply, "Found");
	reply_text(&reply, " it.");
	reply_finish(&reply, "stop", &usage);
	assert_answer(STREAM_HEAD ROLE CONTENT("I look.") CONTENT("\\n\\n")
		CONTENT("Found") CONTENT(" it.") STOP DONE);
}
END_TEST

START_TEST(no_paragraph_where_there_is_a_line_end)
{
	open_reply(true, false);
	reply_message(&reply);
	reply_text(&reply, "I look.\n");
	reply_message(&reply);
	reply_text(&reply, "Found.");
	reply_finish(&reply, "stop", &usage);
	assert_answer(
	    STREAM_HEAD ROLE CONTENT("I look.\\n") CONTENT("Found.") STOP DONE);
}
END_TEST

START_TEST(no_paragraph_without_text_before_or_behind)
{
	open_reply(true, false);
	reply_message(&reply);
	reply_reasoning(&reply, "Hm");
	reply_message(&reply);
	reply_text(&reply, "A");
	reply_message(&reply);
	reply_reasoning(&reply, "Hm");
	reply_message(&reply);
	reply_text(&reply, "B");
	reply_message(&reply);
	reply_finish(&reply, "stop", &usage);
	assert_answer(STREAM_HEAD ROLE THOUGHT("Hm") CONTENT("A") THOUGHT("Hm")
		CONTENT("\\n\\n") CONTENT("B") STOP DONE);
}
END_TEST

START_TEST(a_whole_answer)
{
	open_reply(false, true);
	reply_reasoning(&reply, "Let me ");
	reply_reasoning(&reply, "see");
	reply_message(&reply);
	reply_text(&reply, "One");
	reply_text(&reply, ".");
	reply_message(&reply);
	reply_text(&reply, "Two.");
	assert_answer("");
	reply_finish(&reply, "stop", &usage);
	assert_answer("HTTP/1.1 200 OK\nConnection: keep-alive\n"
		      "Content-Type: application/json; charset=utf-8\n"
		      "Content-Length: *\nX-Request-Id: *\n\n"
		      "{\"id\":\"chatcmpl-*\",\"object\":\"chat.completion\","
		      "\"created\":*,\"model\":\"the-model\",\"choices\":[{"
		      "\"index\":0,\"message\":{\"role\":\"assistant\","
		      "\"content\":\"One.\\n\\nTwo.\",\"refusal\":null,"
		      "\"reasoning_content\":\"Let me see\"},\"logprobs\":null,"
		      "\"finish_reason\":\"stop\"}]" USAGE "}");
}
END_TEST

START_TEST(a_whole_answer_of_nothing)
{
	open_reply(false, false);
	reply_finish(&reply, "length", &usage);
	ck_assert_ptr_nonnull(strstr(exchange_bed_answer(),
	    "\"message\":{\"role\":\"assistant\",\"content\":\"\","
	    "\"refusal\":null},\"logprobs\":null,"
	    "\"finish_reason\":\"length\"}]"));
}
END_TEST

START_TEST(a_whole_answer_that_is_too_large)
{
	open_reply(false, false);
	reply.text.max = 10;
	reply_text(&reply, "0123456789");
	reply_text(&reply, "x");
	reply_finish(&reply, "stop", &usage);
	ck_assert_int_eq(bed_x.status, 500);
	ck_assert_ptr_null(strstr(exchange_bed_answer(), "0123456789"));
}
END_TEST

static void
go_wrong(void)
{
	struct api_error e;

	api_error_set(&e, 503, "server_error", "overloaded", "Too busy.");
	e.retry_after = 5;
	reply_error(&reply, &e);
}

#define ERROR                                                                  \
	"{\"error\":{\"message\":\"Too busy.\",\"type\":\"server_error\","     \
	"\"param\":null,\"code\":\"overloaded\"}}"
#define WHOLE_ERROR                                                            \
	"HTTP/1.1 503 Service Unavailable\nConnection: keep-alive\n"           \
	"Content-Type: application/json; charset=utf-8\n"                      \
	"Content-Length: *\nX-Request-Id: *\nRetry-After: 5\n\n" ERROR

START_TEST(an_early_error_is_a_status)
{
	open_reply(_i != 0, false);
	reply_message(&reply);
	go_wrong();
	assert_answer(WHOLE_ERROR);
	ck_assert(bed_x.finished);
	ck_assert(!exchange_bed_ended());
}
END_TEST

START_TEST(a_whole_answer_may_fail_at_any_time)
{
	open_reply(false, false);
	reply_text(&reply, "Half an ans");
	go_wrong();
	assert_answer(WHOLE_ERROR);
}
END_TEST

/* The status is out: the error is an event, and there is no [DONE]. */
START_TEST(a_late_error_is_an_event)
{
	open_reply(true, true);
	reply_text(&reply, "Half an ans");
	go_wrong();
	assert_answer(
	    STREAM_HEAD ROLE CONTENT("Half an ans") "data: " ERROR "\n\n");
	ck_assert(bed_x.finished);
	ck_assert(exchange_bed_ended());
}
END_TEST

START_TEST(silence_ends_the_hold_back_then_brings_comments)
{
	int64_t now = clock_ms();

	open_reply(true, false);
	ck_assert_int_ge(
	    response_deadline(&response), now + LIMIT_HOLD_BACK_MS);
	ck_assert_int_le(
	    response_deadline(&response), clock_ms() + LIMIT_HOLD_BACK_MS);
	fake_clock_skip(LIMIT_HOLD_BACK_MS - 2000);
	response_tick(&response);
	assert_answer("");
	fake_clock_skip(2000);
	response_tick(&response);
	assert_answer(STREAM_HEAD COMMENT);
	response_tick(&response);
	assert_answer(STREAM_HEAD COMMENT);
	ck_assert_int_le(
	    response_deadline(&response), clock_ms() + LIMIT_SSE_COMMENT_MS);
	ck_assert_int_gt(response_deadline(&response), clock_ms());
	fake_clock_skip(LIMIT_SSE_COMMENT_MS);
	response_tick(&response);
	fake_clock_skip(LIMIT_SSE_COMMENT_MS);
	response_tick(&response);
	reply_text(&reply, "At last.");
	response_tick(&response);
	reply_finish(&reply, "stop", &usage);
	assert_answer(STREAM_HEAD COMMENT COMMENT COMMENT ROLE CONTENT(
	    "At last.") STOP DONE);
}
END_TEST

START_TEST(an_error_behind_the_hold_back_is_an_event)
{
	open_reply(true, false);
	fake_clock_skip(LIMIT_HOLD_BACK_MS);
	response_tick(&response);
	ck_assert(!reply.spoken);
	go_wrong();
	assert_answer(STREAM_HEAD COMMENT "data: " ERROR "\n\n");
	ck_assert(exchange_bed_ended());
}
END_TEST

START_TEST(words_put_comments_off)
{
	open_reply(true, false);
	reply_text(&reply, "a");
	fake_clock_skip(LIMIT_SSE_COMMENT_MS - 2000);
	response_tick(&response);
	reply_reasoning(&reply, "b");
	fake_clock_skip(LIMIT_SSE_COMMENT_MS - 2000);
	response_tick(&response);
	assert_answer(STREAM_HEAD ROLE CONTENT("a") THOUGHT("b"));
}
END_TEST

START_TEST(deadlines_only_while_a_stream_is_open)
{
	open_reply(_i != 0, false);
	if (_i == 0) {
		ck_assert_int_eq(response_deadline(&response), CLOCK_NEVER);
		fake_clock_skip(10 * LIMIT_HOLD_BACK_MS);
		response_tick(&response);
		assert_answer("");
	}
	reply_finish(&reply, "stop", &usage);
	ck_assert_int_eq(response_deadline(&response), CLOCK_NEVER);
}
END_TEST

START_TEST(http_1_0_streams_until_the_end)
{
	(void)exchange_bed_request("GET /x HTTP/1.0\n\n");
	open_reply(true, false);
	reply_text(&reply, "Hi");
	reply_finish(&reply, "stop", &usage);
	assert_answer("HTTP/1.1 200 OK\nConnection: close\n"
		      "Content-Type: text/event-stream; charset=utf-8\n"
		      "X-Request-Id: *\nCache-Control: no-cache\n"
		      "X-Accel-Buffering: no\n\n" ROLE CONTENT("Hi") STOP
	    "data: [DONE]\n\n");
	ck_assert(exchange_bed_ended());
}
END_TEST

START_TEST(ids_differ)
{
	char first[sizeof response.id];

	open_reply(true, false);
	memcpy(first, response.id, sizeof first);
	tear_down();
	set_up();
	open_reply(true, false);
	ck_assert_str_ne(response.id, first);
	ck_assert_uint_eq(strlen(response.id), strlen("chatcmpl-") + 24);
}
END_TEST

static void
expect_said(size_t i, const char *name, const char *arguments)
{
	ck_assert_uint_lt(i, reply.nsaid);
	ck_assert_int_eq(reply.said[i].kind, CHAT_TOOL_USE);
	ck_assert_str_eq(reply.said[i].name, name);
	ck_assert_str_eq(reply.said[i].text, arguments);
	ck_assert_ptr_null(reply.said[i].id);
}

/* As a follow-up will bring them back, streamed or not. */
START_TEST(calls_are_remembered)
{
	open_reply(_i != 0, false);
	ck_assert(reply_call(&reply, "see"));
	reply_arguments(&reply, "{ \"x\": ");
	reply_arguments(&reply, "1 }");
	ck_assert_uint_eq(reply.nsaid, 0); /* not complete */
	ck_assert(reply_call(&reply, "hear"));
	ck_assert_uint_eq(reply.nsaid, 1);
	ck_assert(reply_call(&reply, "smell"));
	reply_arguments(&reply, "no JSON");
	reply_finish(&reply, "tool_calls", &usage);
	ck_assert_uint_eq(reply.ncalls, 3);
	ck_assert_uint_eq(reply.nsaid, 3);
	expect_said(0, "see", "{\"x\":1}");
	expect_said(1, "hear", "{}");
	ck_assert_ptr_nonnull(strstr(reply.said[2].text, "no JSON"));
	ck_assert_int_eq(reply.said[2].text[0], '{');
}
END_TEST

START_TEST(a_call_that_is_too_large_is_not)
{
	open_reply(true, false);
	reply.arguments.max = 10;
	ck_assert(reply_call(&reply, "see"));
	reply_arguments(&reply, "{\"x\":\"0123456789\"}");
	ck_assert(reply_call(&reply, "hear"));
	reply_arguments(&reply, "{}");
	reply_finish(&reply, "tool_calls", &usage);
	ck_assert_uint_eq(reply.ncalls, 2);
	ck_assert_uint_lt(reply.nsaid, 2);
}
END_TEST

static TCase *
answers(void)
{
	TCase *t = tcase_create("answers");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_stream_of_text);
	tcase_add_test(t, a_word_that_memory_is_out_for_ends_it);
	tcase_add_test(t, usage_in_a_chunk_of_its_own);
	tcase_add_test(t, thinking_is_reasoning);
	tcase_add_test(t, an_empty_stream_has_a_role_and_an_end);
	tcase_add_test(t, a_new_message_begins_a_paragraph);
	tcase_add_test(t, no_paragraph_where_there_is_a_line_end);
	tcase_add_test(t, no_paragraph_without_text_before_or_behind);
	tcase_add_test(t, a_whole_answer);
	tcase_add_test(t, a_whole_answer_of_nothing);
	tcase_add_test(t, a_whole_answer_that_is_too_large);
	tcase_add_test(t, http_1_0_streams_until_the_end);
	tcase_add_test(t, ids_differ);
	tcase_add_loop_test(t, calls_are_remembered, 0, 2);
	tcase_add_test(t, a_call_that_is_too_large_is_not);
	return t;
}

static TCase *
troubles(void)
{
	TCase *t = tcase_create("errors and silence");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, an_early_error_is_a_status, 0, 2);
	tcase_add_test(t, a_whole_answer_may_fail_at_any_time);
	tcase_add_test(t, a_late_error_is_an_event);
	tcase_add_test(t, silence_ends_the_hold_back_then_brings_comments);
	tcase_add_test(t, an_error_behind_the_hold_back_is_an_event);
	tcase_add_test(t, words_put_comments_off);
	tcase_add_loop_test(t, deadlines_only_while_a_stream_is_open, 0, 2);
	return t;
}

#define CHUNK_OF(i, delta, finish, more)                                       \
	"data: {" HEAD "[{\"index\":" i ",\"delta\":{" delta                   \
	"},\"logprobs\":null,\"finish_reason\":" finish "}]" more "}\n\n"
#define BOTH_USAGES                                                            \
	",\"usage\":{\"prompt_tokens\":60,\"completion_tokens\":8,"            \
	"\"total_tokens\":68,"                                                 \
	"\"prompt_tokens_details\":{\"cached_tokens\":40}}"

static struct chat_reply other; /* the second choice of two */

static void
open_two(bool stream, bool include_usage)
{
	ck_assert(response_open(
	    &response, &bed_x, "the-model", stream, include_usage, 2));
	reply_open(&reply, &response, 0);
	reply_open(&other, &response, 1);
}

START_TEST(two_choices_at_once)
{
	open_two(true, _i != 0);
	reply_text(&other, "B");
	reply_text(&reply, "A");
	reply_finish(&other, "length", &usage);
	ck_assert(!bed_x.finished);
	reply_text(&reply, "a");
	reply_finish(&reply, "stop", &usage);
	reply_close(&other);
	ck_assert(bed_x.finished);
#define BEFORE                                                                 \
	CHUNK_OF("1", "\"role\":\"assistant\",\"content\":\"\"", "null", "")   \
	CHUNK_OF("1", "\"content\":\"B\"", "null", "")                         \
	ROLE CONTENT("A") CHUNK_OF("1", "", "\"length\"", "") CONTENT("a")
	if (_i == 0)
		assert_answer(
		    STREAM_HEAD BEFORE CHUNK("", "\"stop\"", BOTH_USAGES) DONE);
	else
		assert_answer(STREAM_HEAD BEFORE CHUNK("", "\"stop\"",
		    "") "data: {" HEAD "[]" BOTH_USAGES "}\n\n" DONE);
}
END_TEST

START_TEST(two_choices_whole_in_their_order)
{
	open_two(false, false);
	reply_text(&other, "B");
	reply_finish(&other, "length", &usage);
	assert_answer("");
	reply_text(&reply, "A");
	reply_finish(&reply, "stop", &usage);
	reply_close(&other);
#define CHOICE(i, text, finish)                                                \
	"{\"index\":" i                                                        \
	",\"message\":{\"role\":\"assistant\",\"content\":\"" text             \
	"\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"" finish   \
	"\"}"
	ck_assert_ptr_nonnull(strstr(exchange_bed_answer(),
	    "\"choices\":[" CHOICE("0", "A", "stop") "," CHOICE(
		"1", "B", "length") "]" BOTH_USAGES "}"));
}
END_TEST

/* One that fails has ended them all, once. */
START_TEST(an_error_of_one_is_that_of_all)
{
	open_two(_i != 0, false);
	if (_i != 0)
		reply_text(&reply, "A");
	go_wrong();
	reply_error(&other, &(struct api_error){.status = 500});
	reply_text(&other, "B");
	reply_finish(&other, "stop", &usage);
	reply_close(&other);
	ck_assert(response.failed);
	if (_i == 0)
		assert_answer(WHOLE_ERROR);
	else
		assert_answer(
		    STREAM_HEAD ROLE CONTENT("A") "data: " ERROR "\n\n");
}
END_TEST

static TCase *
choices(void)
{
	TCase *t = tcase_create("choices");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, two_choices_at_once, 0, 2);
	tcase_add_test(t, two_choices_whole_in_their_order);
	tcase_add_loop_test(t, an_error_of_one_is_that_of_all, 0, 2);
	return t;
}

Suite *
suite_chat_reply(void)
{
	Suite *s = suite_create("chat_reply");

	suite_add_tcase(s, answers());
	suite_add_tcase(s, choices());
	suite_add_tcase(s, troubles());
	return s;
}
