/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../src/limits.h"
#include "exchange_bed.h"
#include "log.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct chat_response response;
static struct chat_turn turn;

static void
begin(bool stream)
{
	turn_close(&turn);
	response_close(&response);
	memset(&turn, 0, sizeof turn);
	(void)exchange_bed_request("GET /x HTTP/1.1\nHost: localhost\n\n");
	ck_assert(response_open(&response, &bed_x, "m", stream, false, 1));
	reply_open(&turn.reply, &response, 0);
}

static void
set_up(void)
{
	exchange_bed_open();
	log_set_level(LOG_LEVEL_ERROR);
	begin(false);
}

static void
tear_down(void)
{
	turn_close(&turn);
	response_close(&response);
	exchange_bed_close();
}

/* One line of Claude's. */
static void
line(const char *text)
{
	struct claude_event e;
	char *copy = strdup(text);

	ck_assert_ptr_nonnull(copy);
	claude_event_parse(copy, strlen(copy), NULL, &e);
	turn_event(&turn, &e);
	claude_event_clear(&e);
	free(copy);
}

static void
stream_event(const char *event)
{
	struct buf text = BUF_INIT(4096);

	buf_addf(&text, "{\"type\":\"stream_event\",\"event\":%s}", event);
	line(buf_str(&text));
	buf_free(&text);
}

static void
message(void)
{
	stream_event("{\"type\":\"message_start\",\"message\":{\"id\":\"1\"}}");
}

static void
says(const char *text)
{
	struct buf event = BUF_INIT(4096);

	buf_addf(&event,
	    "{\"type\":\"content_block_delta\",\"delta\":{\"type\":"
	    "\"text_delta\",\"text\":\"%s\"}}",
	    text);
	stream_event(buf_str(&event));
	buf_free(&event);
}

/* 1 input, 20 made, 300 read, 4000 output tokens. */
static void
stops(const char *reason)
{
	struct buf event = BUF_INIT(4096);

	buf_addf(&event,
	    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"%s\"},"
	    "\"usage\":{\"input_tokens\":1,\"cache_creation_input_tokens\":20,"
	    "\"cache_read_input_tokens\":300,\"output_tokens\":4000}}",
	    reason);
	stream_event(buf_str(&event));
	buf_free(&event);
}

/* A finished block, of the message with that id. */
static void
block(const char *id, const char *text)
{
	struct buf b = BUF_INIT(4096);

	buf_addf(&b,
	    "{\"type\":\"assistant\",\"message\":{%s%s%s\"model\":\"m\","
	    "\"content\":[{\"type\":\"text\",\"text\":\"%s\"}],"
	    "\"usage\":{\"input_tokens\":7,\"output_tokens\":70}}}",
	    id == NULL ? "" : "\"id\":\"", id == NULL ? "" : id,
	    id == NULL ? "" : "\",", text);
	line(buf_str(&b));
	buf_free(&b);
}

/* A result of success, whose usage is zero. */
static void
ends(void)
{
	line("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,"
	     "\"result\":\"ignored\",\"usage\":{\"input_tokens\":0,"
	     "\"output_tokens\":0}}");
}

static void
assert_has(const char *part)
{
	ck_assert_msg(strstr(exchange_bed_answer(), part) != NULL,
	    "no %s in %s", part, exchange_bed_answer());
}

static void
assert_content(const char *content, const char *reason)
{
	struct buf text = BUF_INIT(4096);

	ck_assert(turn.answered);
	ck_assert_int_eq(bed_x.status, 200);
	buf_addf(&text, "\"content\":\"%s\",\"refusal\"", content);
	assert_has(buf_str(&text));
	buf_clear(&text);
	buf_addf(&text, "\"finish_reason\":\"%s\"", reason);
	assert_has(buf_str(&text));
	buf_free(&text);
}

static void
assert_error(int status, const char *code)
{
	struct buf text = BUF_INIT(4096);

	ck_assert(turn.answered);
	ck_assert_int_eq(bed_x.status, status);
	buf_addf(&text, "\"code\":\"%s\"}}", code);
	assert_has(buf_str(&text));
	buf_free(&text);
}

START_TEST(a_plain_turn)
{
	message();
	says("Good ");
	says("day.");
	block("1", "Good day.");
	stops("end_turn");
	ck_assert(!turn.answered);
	ends();
	assert_content("Good day.", "stop");
}
END_TEST

/* The usage of a result is the sum, unless it is empty. */
START_TEST(usage_is_the_results_or_the_sum)
{
	message();
	stops("tool_use");
	message();
	stops("end_turn");
	ends();
	assert_has("\"usage\":{\"prompt_tokens\":642,\"completion_tokens\":"
		   "8000,\"total_tokens\":8642,\"prompt_tokens_details\":{"
		   "\"cached_tokens\":600}}");
	begin(false);
	stops("end_turn");
	line("{\"type\":\"result\",\"usage\":{\"input_tokens\":5,"
	     "\"cache_creation_input_tokens\":6,\"cache_read_input_tokens\":7,"
	     "\"output_tokens\":8}}");
	assert_has("\"prompt_tokens\":18,\"completion_tokens\":8,");
	assert_has("\"cached_tokens\":7}");
}
END_TEST

START_TEST(messages_are_paragraphs)
{
	message();
	says("I look.");
	stops("tool_use");
	message();
	says("Found.");
	stops("end_turn");
	ends();
	assert_content("I look.\\n\\nFound.", "stop");
}
END_TEST

/* The CLI may fall back to a request without streaming: then finished blocks
 * are all there is, and they bring the usage. */
START_TEST(a_message_that_is_not_streamed)
{
	begin(true);
	block("9", "Who");
	block("9", "le.");
	ends();
	assert_has("\"delta\":{\"content\":\"Who\"}");
	assert_has("\"delta\":{\"content\":\"le.\"}");
	assert_has("\"prompt_tokens\":7,\"completion_tokens\":70,");
	begin(false);
	message();
	says("Half a str");
	block("2", "A whole answer.");
	ends();
	assert_content("Half a str\\n\\nA whole answer.", "stop");
}
END_TEST

START_TEST(a_block_without_an_id_is_no_new_message)
{
	message();
	says("Once.");
	block(NULL, "Once.");
	block("1", "Once.");
	stops("end_turn");
	ends();
	assert_content("Once.", "stop");
	begin(false);
	stream_event("{\"type\":\"message_start\"}");
	says("Once.");
	block("5", "Once.");
	ends();
	assert_content("Once.", "stop");
	begin(false);
	block(NULL, "Not streamed.");
	ends();
	assert_content("Not streamed.", "stop");
}
END_TEST

START_TEST(a_tool_may_take_its_time)
{
	message();
	ck_assert(!turn.in_tool);
	stops("tool_use");
	ck_assert(turn.in_tool);
	line("{\"type\":\"user\",\"message\":{}}");
	ck_assert(turn.in_tool);
	line("{\"type\":\"system\",\"subtype\":\"status\",\"status\":"
	     "\"requesting\"}");
	ck_assert(!turn.in_tool);
	stops("tool_use");
	stops("end_turn");
	ck_assert(!turn.in_tool);
}
END_TEST

/* The client's maximum ends the turn; the CLI would let the model go on. */
START_TEST(the_clients_maximum_ends_it)
{
	static const char *const reasons[] = {
	    "max_tokens", "model_context_window_exceeded"};
	size_t i;

	for (i = 0; i < COUNT(reasons); i++) {
		begin(false);
		turn.limited = true;
		message();
		says("Half an ans");
		stops(reasons[i]);
		assert_content("Half an ans", "length");
		assert_has("\"completion_tokens\":4000");
	}
}
END_TEST

/* Where the model goes on, it goes on in the middle of a word. */
START_TEST(without_a_maximum_it_goes_on)
{
	message();
	says("Half an ans");
	stops("max_tokens");
	ck_assert(!turn.answered);
	message();
	says("wer.");
	stops("end_turn");
	ends();
	assert_content("Half an answer.", "stop");
	begin(false);
	message();
	says("Half an ans");
	stops("max_tokens");
	message();
	says("wer.");
	stops("tool_use");
	message();
	says("More.");
	ends();
	assert_content("Half an answer.\\n\\nMore.", "stop");
}
END_TEST

START_TEST(the_models_own_maximum)
{
	message();
	says("Half an ans");
	stops("max_tokens");
	line("{\"type\":\"assistant\",\"message\":{\"model\":\"<synthetic>\","
	     "\"content\":[{\"type\":\"text\",\"text\":\"API Error: too long"
	     "\"}]},\"error\":\"max_output_tokens\"}");
	line("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,"
	     "\"result\":\"API Error: too long\"}");
	assert_content("Half an ans", "length");
}
END_TEST

START_TEST(a_refusal_is_no_error)
{
	message();
	says("I would rather ");
	line("{\"type\":\"assistant\",\"message\":{\"model\":\"<synthetic>\"},"
	     "\"error\":\"invalid_request\"}");
	stops("refusal");
	ck_assert(!turn.answered);
	line("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,"
	     "\"result\":\"API Error: declined\"}");
	assert_content("I would rather ", "content_filter");
}
END_TEST

static const char *const exhausted[] = {
    "{\"type\":\"result\",\"subtype\":\"error_max_turns\",\"is_error\":true,"
    "\"errors\":[\"Reached maximum number of turns (1)\"]}",
    "{\"type\":\"result\",\"subtype\":\"error_max_budget_usd\","
    "\"is_error\":true}"};
static const char *const exhausted_codes[] = {"max_turns", "max_budget"};

START_TEST(used_up_turns_and_budget)
{
	message();
	says("So far.");
	stops("tool_use");
	line(exhausted[_i]);
	assert_content("So far.", "length");
	begin(false);
	message();
	stops("tool_use");
	line(exhausted[_i]);
	assert_error(500, exhausted_codes[_i]);
}
END_TEST

START_TEST(errors_by_status_and_by_kind)
{
	line("{\"type\":\"assistant\",\"message\":{\"model\":\"<synthetic>\"},"
	     "\"error\":\"server_error\"}");
	line("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,"
	     "\"api_error_status\":529,\"result\":\"API Error: 529\"}");
	assert_error(503, "overloaded");
	begin(false);
	line("{\"type\":\"assistant\",\"message\":{\"model\":\"<synthetic>\"},"
	     "\"error\":\"authentication_failed\"}");
	line("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,"
	     "\"api_error_status\":null,\"result\":\"run /login\"}");
	assert_error(502, "upstream_auth");
	ck_assert_ptr_null(strstr(exchange_bed_answer(), "/login"));
}
END_TEST

START_TEST(an_early_error_of_a_stream_has_its_status)
{
	begin(true);
	message();
	line("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,"
	     "\"api_error_status\":429}");
	assert_error(429, "rate_limit_exceeded");
}
END_TEST

START_TEST(a_rate_limit_says_when_it_ends)
{
	char text[256];
	long wait;

	(void)snprintf(text, sizeof text,
	    "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":"
	    "\"rejected\",\"resetsAt\":%lld}}",
	    (long long)time(NULL) + 100);
	line(text);
	ck_assert(!turn.answered);
	line("{\"type\":\"result\",\"is_error\":true,"
	     "\"api_error_status\":429}");
	assert_error(429, "rate_limit_exceeded");
	wait = strtol(exchange_bed_field("Retry-After"), NULL, 10);
	ck_assert_int_gt(wait, 80);
	ck_assert_int_le(wait, 100);
}
END_TEST

static void
retry(double delay, int status)
{
	char text[256];

	(void)snprintf(text, sizeof text,
	    "{\"type\":\"system\",\"subtype\":\"api_retry\","
	    "\"retry_delay_ms\":%f,\"error_status\":%d,\"error\":\"x\"}",
	    delay, status);
	line(text);
}

START_TEST(a_long_wait_is_the_clients)
{
	retry(LIMIT_HOLD_BACK_MS, 429);
	ck_assert(!turn.answered);
	retry(45000.5, 429);
	assert_error(429, "rate_limit_exceeded");
	ck_assert_str_eq(exchange_bed_field("Retry-After"), "46");
	begin(true);
	retry(LIMIT_HOLD_BACK_MS + 1, 529);
	assert_error(503, "overloaded");
}
END_TEST

/* Its work would be lost. */
START_TEST(once_it_has_spoken_a_wait_is_waited)
{
	message();
	says("So far");
	retry(45000, 429);
	ck_assert(!turn.answered);
	ends();
	assert_content("So far", "stop");
}
END_TEST

/* Would a result of that subtype end it with an answer to go on from? */
static bool
whole(const char *subtype, bool is_error)
{
	char text[64];
	struct claude_event e = {
	    .type = CLAUDE_RESULT, .is_error = is_error, .subtype = text};

	(void)snprintf(text, sizeof text, "%s", subtype);
	return turn_whole(&turn, &e);
}

START_TEST(what_a_follow_up_can_go_on_from)
{
	message();
	ck_assert(!whole("success", false)); /* nothing was said */
	says("So far");
	ck_assert(whole("success", false));
	ck_assert(!whole("success", true));
	ck_assert(!whole("error_max_turns", false));
	stops("refusal");
	ck_assert(!whole("success", false));
}
END_TEST

/* What a process said that failed at its session does not count. */
START_TEST(another_process_begins_anew)
{
	line("{\"type\":\"assistant\",\"error\":\"unknown\",\"message\":{"
	     "\"model\":\"<synthetic>\",\"content\":[]}}");
	message();
	says("Well");
	ck_assert(!whole("success", false));
	turn_again(&turn);
	ck_assert(whole("success", false));
}
END_TEST

static void
claude_begins(const char *version, const char *status)
{
	struct buf text = BUF_INIT(4096);

	begin(false);
	buf_addf(
	    &text, "{\"type\":\"system\",\"subtype\":\"init\"%s}", version);
	line(buf_str(&text));
	buf_free(&text);
	buf_addf(&text,
	    "{\"type\":\"result\",\"subtype\":\"success\","
	    "\"is_error\":true,\"api_error_status\":%s,\"result\":\"x\"}",
	    status);
	line(buf_str(&text));
	buf_free(&text);
}

/* What may come of its age is put down to it, and nothing else is. */
START_TEST(an_old_version_is_named)
{
	claude_begins(",\"claude_code_version\":\"2.1.152\"", "400");
	assert_error(502, "claude_too_old");
	assert_has("Claude Code 2.1.152 is too old");
	claude_begins("", "null");
	assert_error(502, "claude_too_old");
	assert_has("Claude Code is too old");
	claude_begins(",\"claude_code_version\":\"2.1.152\"", "429");
	assert_error(429, "rate_limit_exceeded");
	claude_begins(",\"claude_code_version\":\"2.1.153\"", "500");
	assert_error(502, "upstream_error");
}
END_TEST

START_TEST(a_refused_system_prompt_is_an_error)
{
	line("{\"type\":\"control_response\",\"response\":{\"subtype\":"
	     "\"success\",\"request_id\":\"r\"}}");
	ck_assert(!turn.answered);
	line("{\"type\":\"control_response\",\"response\":{\"subtype\":"
	     "\"error\",\"request_id\":\"r\",\"error\":\"no\"}}");
	assert_error(502, "claude_refused");
}
END_TEST

START_TEST(a_lost_line_is_an_error)
{
	struct claude_event e = {.type = CLAUDE_NO_MEMORY};

	message();
	says("One");
	turn_event(&turn, &e);
	ck_assert(turn.answered);
	ck_assert_int_eq(bed_x.status, 500);
	assert_has("Out of memory.");
}
END_TEST

START_TEST(other_lines_change_nothing)
{
	static const char *const others[] = {"", "not JSON", "[]", "{}",
	    "{\"type\":\"system\",\"subtype\":\"init\"}",
	    "{\"type\":\"control_request\",\"request_id\":\"x\"}",
	    "{\"type\":\"rate_limit_event\"}", "{\"type\":\"user\"}",
	    "{\"type\":\"assistant\"}", "{\"type\":\"keep_alive\"}"};
	size_t i;

	message();
	says("a");
	for (i = 0; i < COUNT(others); i++)
		line(others[i]);
	says("b");
	ck_assert(!turn.answered);
	ends();
	assert_content("ab", "stop");
}
END_TEST

#define SUMS(cost)                                                             \
	"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,"     \
	"\"num_turns\":9,\"total_cost_usd\":" cost                             \
	",\"usage\":{\"input_tokens\":5,\"cache_creation_input_tokens\":6,"    \
	"\"cache_read_input_tokens\":7,\"output_tokens\":8}}"

/* A process tells what all of its turns have cost. */
START_TEST(the_cost_of_a_turn_of_several)
{
	static const struct {
		double before;
		const char *result;
		double cost;
	} cases[] = {{0, SUMS("0.5"), 0.5}, {0.25, SUMS("0.75"), 0.5},
	    {0.5, SUMS("0.5"), 0}, {0.5, SUMS("0.25"), 0}};

	turn.cost_before = cases[_i].before;
	says("x");
	line(cases[_i].result);
	ck_assert_double_eq(turn.cost_usd, cases[_i].cost);
	ck_assert_int_eq(turn.turns, 9);
}
END_TEST

/* What the result of a turn in parts sums up is of all of them: this one's is
 * what its messages told. */
START_TEST(a_turn_in_parts)
{
	turn.continued = true;
	turn.cost_before = 0.25;
	message();
	says("x");
	stops("end_turn");
	line(SUMS("0.75"));
	assert_has("\"usage\":{\"prompt_tokens\":321,\"completion_tokens\":"
		   "4000,");
	ck_assert_int_eq(turn.turns, 1);
	ck_assert_double_eq(turn.cost_usd, 0.5);
	begin(false);
	message();
	says("x");
	stops("end_turn");
	line(SUMS("0.75"));
	assert_has("\"usage\":{\"prompt_tokens\":18,\"completion_tokens\":8,");
}
END_TEST

/* Then it is not the client's conversation any more. */
START_TEST(a_conversation_that_was_compacted)
{
	static const char *const lines[] = {
	    "{\"type\":\"system\",\"subtype\":\"status\",\"status\":"
	    "\"compacting\"}",
	    "{\"type\":\"system\",\"subtype\":\"compact_boundary\"}"};

	message();
	ck_assert(!turn.compacted);
	line(lines[_i]);
	ck_assert(turn.compacted);
	says("x");
	ends();
	assert_content("x", "stop");
}
END_TEST

static TCase *
good(void)
{
	TCase *t = tcase_create("answers");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_plain_turn);
	tcase_add_test(t, usage_is_the_results_or_the_sum);
	tcase_add_loop_test(t, the_cost_of_a_turn_of_several, 0, 4);
	tcase_add_test(t, a_turn_in_parts);
	tcase_add_loop_test(t, a_conversation_that_was_compacted, 0, 2);
	tcase_add_test(t, messages_are_paragraphs);
	tcase_add_test(t, a_message_that_is_not_streamed);
	tcase_add_test(t, a_block_without_an_id_is_no_new_message);
	tcase_add_test(t, a_tool_may_take_its_time);
	tcase_add_test(t, the_clients_maximum_ends_it);
	tcase_add_test(t, without_a_maximum_it_goes_on);
	tcase_add_test(t, the_models_own_maximum);
	tcase_add_test(t, a_refusal_is_no_error);
	tcase_add_test(t, once_it_has_spoken_a_wait_is_waited);
	tcase_add_test(t, other_lines_change_nothing);
	return t;
}

static TCase *
bad(void)
{
	TCase *t = tcase_create("errors");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, used_up_turns_and_budget, 0, 2);
	tcase_add_test(t, errors_by_status_and_by_kind);
	tcase_add_test(t, an_early_error_of_a_stream_has_its_status);
	tcase_add_test(t, a_rate_limit_says_when_it_ends);
	tcase_add_test(t, a_long_wait_is_the_clients);
	tcase_add_test(t, what_a_follow_up_can_go_on_from);
	tcase_add_test(t, another_process_begins_anew);
	tcase_add_test(t, an_old_version_is_named);
	tcase_add_test(t, a_refused_system_prompt_is_an_error);
	tcase_add_test(t, a_lost_line_is_an_error);
	return t;
}

Suite *
suite_chat_turn(void)
{
	Suite *s = suite_create("chat_turn");

	suite_add_tcase(s, good());
	suite_add_tcase(s, bad());
	return s;
}
