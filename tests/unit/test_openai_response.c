/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "openai_response.h"

#include <string.h>

#include "json_text.h"
#include "suites.h"

#define HEAD(object)                                                           \
	"{\"id\":\"chatcmpl-1\",\"object\":\"" object                          \
	"\",\"created\":1700000000,\"model\":\"m\\\"x\","                      \
	"\"choices\":["
#define CHUNK(delta, finish)                                                   \
	HEAD("chat.completion.chunk")                                          \
	"{\"index\":0,\"delta\":" delta                                        \
	",\"logprobs\":null,\"finish_reason\":" finish "}]"
#define USAGE                                                                  \
	",\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":3,"            \
	"\"total_tokens\":15,\"prompt_tokens_details\":{\"cached_tokens\":7}}"

/* A name that must be quoted, to see that it is. */
static const struct completion head = {"chatcmpl-1", 1700000000, "m\"x", 0};
static const struct token_usage usage = {12, 7, 3};

static void
assert_text(struct buf *b, const char *want)
{
	struct json_text_error e;

	ck_assert(buf_ok(b));
	ck_assert_str_eq(buf_str(b), want);
	ck_assert(json_text_check(buf_str(b), b->len, &e));
	buf_free(b);
}

/* A completion of one choice. */
static void
complete(struct buf *to, const struct completion_message *m, const char *finish)
{
	struct buf choice = BUF_INIT(1000);

	openai_choice(&choice, &head, m, finish);
	openai_completion(to, &head, &choice, 1, &usage);
	buf_free(&choice);
}

START_TEST(completion_without_reasoning)
{
	struct buf to = BUF_INIT(1000), text = BUF_INIT(100);
	struct buf none = BUF_INIT(100);

	buf_addstr(&text, "line\n\"two\"");
	complete(&to,
	    &(const struct completion_message){
		.text = &text, .reasoning = &none, .calls = &none},
	    "stop");
	assert_text(&to,
	    HEAD("chat.completion") "{\"index\":0,\"message\":{\"role\":"
				    "\"assistant\","
				    "\"content\":\"line\\n\\\"two\\\"\","
				    "\"refusal\":null},"
				    "\"logprobs\":null,\"finish_reason\":"
				    "\"stop\"}]" USAGE "}");
	buf_free(&text);
}
END_TEST

START_TEST(completion_with_reasoning)
{
	struct buf to = BUF_INIT(1000), none = BUF_INIT(100);
	struct buf reasoning = BUF_INIT(100);

	buf_addstr(&reasoning, "hm\t");
	complete(&to,
	    &(const struct completion_message){
		.text = &none, .reasoning = &reasoning, .calls = &none},
	    "length");
	assert_text(&to,
	    HEAD("chat.completion") "{\"index\":0,\"message\":{\"role\":"
				    "\"assistant\","
				    "\"content\":\"\",\"refusal\":null,"
				    "\"reasoning_content\":\"hm\\t\"},"
				    "\"logprobs\":null,\"finish_reason\":"
				    "\"length\"}]" USAGE "}");
	buf_free(&reasoning);
}
END_TEST

static const struct tool_call first = {0, "call_1", "a\"b", ""};
static const struct tool_call second = {1, "call_2", "c", "{\"x\":1}"};
static const struct tool_call more = {0, NULL, NULL, "{\"y"};

START_TEST(completion_with_calls)
{
	struct buf to = BUF_INIT(1000), none = BUF_INIT(100);
	struct buf calls = BUF_INIT(1000);

	openai_add_call(&calls, &first, false);
	openai_add_call(&calls, &second, false);
	complete(&to,
	    &(const struct completion_message){
		.text = &none, .reasoning = &none, .calls = &calls},
	    "tool_calls");
	assert_text(&to,
	    HEAD("chat.completion") "{\"index\":0,\"message\":{\"role\":"
				    "\"assistant\",\"content\":null,"
				    "\"refusal\":null,\"tool_calls\":["
				    "{\"id\":\"call_1\",\"type\":\"function\","
				    "\"function\":{\"name\":\"a\\\"b\","
				    "\"arguments\":\"\"}},"
				    "{\"id\":\"call_2\",\"type\":\"function\","
				    "\"function\":{\"name\":\"c\","
				    "\"arguments\":\"{\\\"x\\\":1}\"}}]},"
				    "\"logprobs\":null,\"finish_reason\":"
				    "\"tool_calls\"}]" USAGE "}");
	buf_free(&calls);
}
END_TEST

START_TEST(completion_with_a_function_call)
{
	struct buf to = BUF_INIT(1000), text = BUF_INIT(100);
	struct buf calls = BUF_INIT(1000), none = BUF_INIT(1);

	buf_addstr(&text, "so");
	openai_add_call(&calls, &second, true);
	complete(&to,
	    &(const struct completion_message){&text, &none, &calls, true},
	    "function_call");
	assert_text(&to,
	    HEAD("chat.completion") "{\"index\":0,\"message\":{\"role\":"
				    "\"assistant\",\"content\":\"so\","
				    "\"refusal\":null,\"function_call\":"
				    "{\"name\":\"c\",\"arguments\":"
				    "\"{\\\"x\\\":1}\"}},"
				    "\"logprobs\":null,\"finish_reason\":"
				    "\"function_call\"}]" USAGE "}");
	buf_free(&calls);
	buf_free(&text);
}
END_TEST

START_TEST(chunks_of_calls)
{
	struct buf b = BUF_INIT(1000);

	openai_chunk_call(&b, &head, &first, false);
	assert_text(
	    &b, CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\","
		      "\"type\":\"function\",\"function\":{\"name\":\"a\\\"b\","
		      "\"arguments\":\"\"}}]}",
		    "null") "}");
	openai_chunk_call(&b, &head, &more, false);
	assert_text(&b, CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{"
			      "\"arguments\":\"{\\\"y\"}}]}",
			    "null") "}");
	openai_chunk_call(&b, &head, &first, true);
	assert_text(&b, CHUNK("{\"function_call\":{\"name\":\"a\\\"b\","
			      "\"arguments\":\"\"}}",
			    "null") "}");
}
END_TEST

START_TEST(chunks)
{
	struct buf b = BUF_INIT(1000);

	openai_chunk_role(&b, &head);
	assert_text(
	    &b, CHUNK("{\"role\":\"assistant\",\"content\":\"\"}", "null") "}");
	openai_chunk_text(&b, &head, false, "a\n\xE2\x82\xAC!", 6);
	assert_text(
	    &b, CHUNK("{\"content\":\"a\\n\xE2\x82\xAC!\"}", "null") "}");
	openai_chunk_text(&b, &head, true, "abc", 2);
	assert_text(&b, CHUNK("{\"reasoning_content\":\"ab\"}", "null") "}");
	openai_chunk_finish(&b, &head, "stop", NULL);
	assert_text(&b, CHUNK("{}", "\"stop\"") "}");
	openai_chunk_finish(&b, &head, "content_filter", &usage);
	assert_text(&b, CHUNK("{}", "\"content_filter\"") USAGE "}");
	openai_chunk_usage(&b, &head, &usage);
	assert_text(&b, HEAD("chat.completion.chunk") "]" USAGE "}");
}
END_TEST

START_TEST(model_list)
{
	static const char *const ids[] = {"one", "two"};
	struct buf b = BUF_INIT(1000);

	openai_model_list(&b, ids, 2);
	assert_text(&b,
	    "{\"object\":\"list\",\"data\":["
	    "{\"id\":\"one\",\"object\":\"model\",\"created\":1735689600,"
	    "\"owned_by\":\"anthropic\"},"
	    "{\"id\":\"two\",\"object\":\"model\",\"created\":1735689600,"
	    "\"owned_by\":\"anthropic\"}]}");
	openai_model(&b, "a\"b");
	assert_text(&b, "{\"id\":\"a\\\"b\",\"object\":\"model\","
			"\"created\":1735689600,\"owned_by\":\"anthropic\"}");
	openai_model_list(&b, ids, 0);
	assert_text(&b, "{\"object\":\"list\",\"data\":[]}");
}
END_TEST

/* An answer that does not fit is no answer: the caller sees it. */
START_TEST(overflow_is_told)
{
	struct buf b = BUF_INIT(100);

	openai_chunk_role(&b, &head);
	ck_assert(!buf_ok(&b));
	buf_free(&b);
}
END_TEST

Suite *
suite_openai_response(void)
{
	Suite *s = suite_create("openai_response");
	TCase *t = tcase_create("openai_response");

	tcase_add_test(t, completion_without_reasoning);
	tcase_add_test(t, completion_with_reasoning);
	tcase_add_test(t, completion_with_calls);
	tcase_add_test(t, completion_with_a_function_call);
	tcase_add_test(t, chunks_of_calls);
	tcase_add_test(t, chunks);
	tcase_add_test(t, model_list);
	tcase_add_test(t, overflow_is_told);
	suite_add_tcase(s, t);
	return s;
}
