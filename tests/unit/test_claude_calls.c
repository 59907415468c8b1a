/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_calls.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/limits.h"
#include "suites.h"
#include "tool_names.h"

#include "banned.h"

static struct claude_calls calls;

static void
set_up(void)
{
	memset(&calls, 'x', sizeof(calls));
	claude_calls_clear(&calls);
}

/* A tool_use block; NULL: it does not say. */
static void
use(const char *tool, const char *id)
{
	char tool_text[256], id_text[256];
	struct claude_event e = {.type = CLAUDE_TOOL_START};

	if (tool != NULL) {
		(void)snprintf(tool_text, sizeof(tool_text), "%s", tool);
		e.tool = tool_text;
	}
	if (id != NULL) {
		(void)snprintf(id_text, sizeof(id_text), "%s", id);
		e.id = id_text;
	}
	claude_calls_use(&calls, &e);
}

static void
ask(const char *call, const char *request, const char *rpc)
{
	char call_text[256], request_text[256], rpc_text[512];
	struct claude_event e = {.type = CLAUDE_TOOL_CALL, .id = request_text};

	(void)snprintf(request_text, sizeof(request_text), "%s", request);
	if (call != NULL) {
		(void)snprintf(call_text, sizeof(call_text), "%s", call);
		e.call = call_text;
	}
	if (rpc != NULL) {
		(void)snprintf(rpc_text, sizeof(rpc_text), "%s", rpc);
		e.rpc_id = rpc_text;
	}
	claude_calls_ask(&calls, &e);
}

static const char *
filled(size_t len)
{
	static char text[256];

	ck_assert_uint_lt(len, sizeof(text));
	memset(text, 'i', len);
	text[len] = '\0';
	return text;
}

START_TEST(none_is_not_all_of_them)
{
	ck_assert(!claude_calls_whole(&calls));
	ck_assert(claude_calls_valid(&calls));
}
END_TEST

START_TEST(calls_are_asked_for_in_any_order)
{
	use(TOOL_PREFIX "a", "toolu_1");
	use(TOOL_PREFIX "b", "toolu_2");
	use(TOOL_PREFIX "c", "toolu_3");
	ck_assert(!claude_calls_whole(&calls));
	ask("toolu_3", "R-3", "3");
	ask("toolu_1", "R-1", "1");
	ck_assert(!claude_calls_whole(&calls));
	/* Between one and the next it may be given back, and lent. */
	ck_assert(claude_calls_valid(&calls));
	ask("toolu_2", "R-2", "\"two\"");
	ck_assert(claude_calls_whole(&calls));
	ck_assert(claude_calls_valid(&calls));
	ck_assert_uint_eq(calls.n, 3);
	ck_assert_str_eq(calls.all[0].use, "toolu_1");
	ck_assert_str_eq(calls.all[0].request, "R-1");
	ck_assert_str_eq(calls.all[1].rpc, "\"two\"");
	ck_assert_str_eq(calls.all[2].request, "R-3");
	claude_calls_clear(&calls);
	ck_assert(!claude_calls_whole(&calls));
	ck_assert_uint_eq(calls.n, 0);
}
END_TEST

/* What cannot be kept cannot be answered. */
START_TEST(what_is_lost)
{
	switch (_i) {
	case 0: /* the CLI's own tool */
		use("Bash", "toolu_2");
		break;
	case 1:
		use(NULL, "toolu_2");
		break;
	case 2:
		use(TOOL_PREFIX "b", NULL);
		break;
	case 3:
		use(TOOL_PREFIX "b", "");
		break;
	case 4:
		use(TOOL_PREFIX "b", filled(CLAUDE_CALL_ID_BYTES));
		break;
	case 5: /* one that was not told of */
		ask("toolu_2", "R-2", "2");
		break;
	case 6:
		ask(NULL, "R-2", "2");
		break;
	case 7:
		ask("toolu_1", "", "1");
		break;
	case 8:
		ask("toolu_1", filled(CLAUDE_CALL_ID_BYTES), "1");
		break;
	case 9: /* nobody waits for an answer */
		ask("toolu_1", "R-1", NULL);
		break;
	case 10:
		ask("toolu_1", "R-1", filled(CLAUDE_CALL_ID_BYTES));
		break;
	default:
		break;
	}
	ck_assert_uint_eq(calls.lost, _i < 11 ? 1 : 0);
	ask("toolu_1", "R-1", "1");
	ck_assert_int_eq(claude_calls_whole(&calls), _i == 11);
}
END_TEST

static void
set_up_one(void)
{
	set_up();
	use(TOOL_PREFIX "a", "toolu_1");
}

START_TEST(ids_of_the_longest)
{
	use(TOOL_PREFIX "a", filled(CLAUDE_CALL_ID_BYTES - 1));
	ask(filled(CLAUDE_CALL_ID_BYTES - 1), filled(CLAUDE_CALL_ID_BYTES - 1),
	    "1");
	ck_assert(claude_calls_whole(&calls));
	ck_assert(claude_calls_valid(&calls));
}
END_TEST

START_TEST(as_many_as_there_is_room_for)
{
	char id[32], request[32];
	int i;

	for (i = 0; i < LIMIT_PARKED_CALLS; i++) {
		(void)snprintf(id, sizeof(id), "toolu_%d", i);
		use(TOOL_PREFIX "a", id);
	}
	for (i = 0; i < LIMIT_PARKED_CALLS; i++) {
		(void)snprintf(id, sizeof(id), "toolu_%d", i);
		(void)snprintf(request, sizeof(request), "R-%d", i);
		ask(id, request, "1");
	}
	ck_assert(claude_calls_whole(&calls));
	use(TOOL_PREFIX "a", "toolu_more");
	ck_assert_uint_eq(calls.n, LIMIT_PARKED_CALLS);
	ck_assert(!claude_calls_whole(&calls));
}
END_TEST

/* What another process may have made up. */
START_TEST(what_is_no_such_thing)
{
	use(TOOL_PREFIX "a", "toolu_1");
	ask("toolu_1", "R-1", "1");
	ck_assert(claude_calls_valid(&calls));
	switch (_i) {
	case 0:
		calls.n = LIMIT_PARKED_CALLS + 1;
		break;
	case 1:
		calls.n = UINT32_MAX;
		break;
	case 2:
		memset(calls.all[0].use, 'x', CLAUDE_CALL_ID_BYTES);
		break;
	case 3:
		memset(calls.all[0].request, 'x', CLAUDE_CALL_ID_BYTES);
		break;
	case 4:
		memset(calls.all[0].rpc, '1', CLAUDE_CALL_ID_BYTES);
		break;
	case 5: /* it is put into a line as it is */
		(void)snprintf(calls.all[0].rpc, CLAUDE_CALL_ID_BYTES, "%s",
		    "1,\"result\":2");
		break;
	case 6: /* asked for, and without an id */
		calls.all[0].rpc[0] = '\0';
		break;
	case 7: /* an id that is no id: a line end in it would be two lines */
		(void)snprintf(
		    calls.all[0].rpc, CLAUDE_CALL_ID_BYTES, "%s", "[1,\n2]");
		break;
	default:
		break;
	}
	ck_assert(!claude_calls_valid(&calls));
}
END_TEST

/* Results of calls: how many, of how many texts each, of how many bytes. */
static bool
answerable(size_t results, size_t texts, size_t bytes)
{
	struct chat_part all[LIMIT_PARKED_CALLS + 1], parts[4];
	struct chat_message m = {
	    .role = CHAT_USER, .parts = all, .nparts = results};
	char *text = calloc(1, bytes + 1);
	size_t i;
	bool ok;

	ck_assert_ptr_nonnull(text);
	memset(text, 'r', bytes);
	for (i = 0; i < texts; i++)
		parts[i] = (struct chat_part){.kind = CHAT_TEXT, .text = text};
	for (i = 0; i < results; i++)
		all[i] = (struct chat_part){
		    .kind = CHAT_TOOL_RESULT, .parts = parts, .nparts = texts};
	ok = claude_calls_answerable(&m);
	free(text);
	return ok;
}

START_TEST(what_can_be_answered)
{
	ck_assert(answerable(1, 1, 1));
	ck_assert(answerable(LIMIT_PARKED_CALLS, 2, 10));
	ck_assert(!answerable(LIMIT_PARKED_CALLS + 1, 2, 10));
	ck_assert(!answerable(1, 0, 0)); /* nothing is no answer */
	ck_assert(answerable(2, 1, LIMIT_WARM_RESULT_BYTES));
	ck_assert(!answerable(2, 1, LIMIT_WARM_RESULT_BYTES + 1));
	ck_assert(answerable(1, 2, LIMIT_WARM_RESULT_BYTES / 2));
	ck_assert(!answerable(1, 2, LIMIT_WARM_RESULT_BYTES / 2 + 1));
}
END_TEST

START_TEST(what_else_a_message_may_hold)
{
	char text[] = "x", media[] = "image/png";
	struct chat_part inner[] = {{.kind = CHAT_TEXT, .text = text},
	    {.kind = CHAT_IMAGE, .text = text, .media = media}};
	struct chat_part parts[] = {
	    {.kind = CHAT_TOOL_RESULT, .parts = inner, .nparts = 1},
	    {.kind = CHAT_TEXT, .text = text}};
	struct chat_message m = {
	    .role = CHAT_USER, .parts = parts, .nparts = 1};

	ck_assert(claude_calls_answerable(&m));
	m.nparts = 2; /* the user says something besides */
	ck_assert(!claude_calls_answerable(&m));
	m.nparts = 1;
	parts[0].nparts = 2; /* a picture */
	ck_assert(!claude_calls_answerable(&m));
}
END_TEST

#define ANSWER(request, id, content)                                           \
	"{\"type\":\"control_response\",\"response\":{\"subtype\":"            \
	"\"success\",\"request_id\":\"" request                                \
	"\",\"response\":{\"mcp_response\":{\"jsonrpc\":\"2.0\",\"id\":" id    \
	",\"result\":{\"content\":[" content "]}}}}}\n"
#define TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"

START_TEST(the_lines_of_answers)
{
	char one[] = "one", two[] = "two \"\\\n\xC3\xA9", three[] = "three";
	struct chat_part first[] = {{.text = one}, {.text = two}};
	struct chat_part second[] = {{.text = three}};
	struct chat_part parts[] = {
	    {.kind = CHAT_TOOL_RESULT, .parts = first, .nparts = 2},
	    {.kind = CHAT_TOOL_RESULT, .parts = second, .nparts = 1}};
	struct chat_message m = {
	    .role = CHAT_USER, .parts = parts, .nparts = 2};
	struct buf b = BUF_INIT(4096);

	use(TOOL_PREFIX "a", "toolu_1");
	use(TOOL_PREFIX "b", "toolu_2");
	ask("toolu_2", "R-2", "\"two\"");
	ask("toolu_1", "R-\"1", "7");
	claude_calls_answer(&b, &calls, &m);
	ck_assert(buf_ok(&b));
	ck_assert_str_eq(buf_str(&b),
	    ANSWER(
		"R-\\\"1", "7", TEXT("one") "," TEXT("two \\\"\\\\\\n\xC3\xA9"))
		ANSWER("R-2", "\"two\"", TEXT("three")));
	/* Fewer results than calls: no more than there are. */
	buf_clear(&b);
	m.nparts = 1;
	claude_calls_answer(&b, &calls, &m);
	ck_assert_ptr_null(strstr(buf_str(&b), "R-2"));
	buf_free(&b);
}
END_TEST

Suite *
suite_claude_calls(void)
{
	Suite *s = suite_create("claude_calls");
	TCase *tc = tcase_create("calls"), *one = tcase_create("one call");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, none_is_not_all_of_them);
	tcase_add_test(tc, calls_are_asked_for_in_any_order);
	tcase_add_test(tc, ids_of_the_longest);
	tcase_add_test(tc, as_many_as_there_is_room_for);
	tcase_add_loop_test(tc, what_is_no_such_thing, 0, 8);
	tcase_add_test(tc, what_can_be_answered);
	tcase_add_test(tc, what_else_a_message_may_hold);
	tcase_add_test(tc, the_lines_of_answers);
	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(one, set_up_one, NULL);
	tcase_add_loop_test(one, what_is_lost, 0, 12);
	suite_add_tcase(s, one);
	return s;
}
