/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls and results as whole requests: what is read, woven and refused. */
#include "openai_calls.h"

#include <stdio.h>
#include <string.h>

#include "../../src/limits.h"
#include "../../src/openai_request.h"
#include "buf.h"
#include "suites.h"

#define COUNT(array)   ((int)(sizeof(array) / sizeof((array)[0])))
#define MESSAGES(list) "{\"messages\":[" list "]}"
#define USER(text)     "{\"role\":\"user\",\"content\":\"" text "\"}"
#define CALL(id, name, arguments)                                              \
	"{\"id\":\"" id                                                        \
	"\",\"type\":\"function\",\"function\":{\"name\":\"" name              \
	"\",\"arguments\":\"" arguments "\"}}"
#define CALLS(list)                                                            \
	"{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" list "]}"
#define RESULT(id, text)                                                       \
	"{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" text   \
	"\"}"
#define FUNCTION_CALL(name)                                                    \
	"{\"role\":\"assistant\",\"content\":\"\",\"function_call\":{"         \
	"\"name\":\"" name "\",\"arguments\":\"{\\\"x\\\":1}\"}}"
#define FUNCTION(name, text)                                                   \
	"{\"role\":\"function\",\"name\":\"" name "\",\"content\":\"" text "\"}"
#define NO_RESULT "No result: the user went on without it."

static struct api_error err;

static struct chat_request *
parse(const char *body)
{
	struct chat_request *r = openai_request_parse(body, strlen(body), &err);

	ck_assert_msg(r != NULL, "%s: %s", body, r == NULL ? err.message : "");
	return r;
}

/* "text", "name{arguments}#id", "#id[parts]" */
static void
add_part(struct buf *to, const struct chat_part *p)
{
	size_t i;

	switch (p->kind) {
	case CHAT_TEXT:
		buf_addstr(to, p->text);
		break;
	case CHAT_TOOL_USE:
		ck_assert(strncmp(p->id, "toolu_", 6) == 0);
		buf_addf(to, "%s%s#%s", p->name, p->text, p->id + 6);
		break;
	case CHAT_TOOL_RESULT:
		ck_assert_ptr_null(p->text);
		buf_addf(to, "#%s[", p->id + 6);
		for (i = 0; i < p->nparts; i++) {
			buf_addstr(to, i == 0 ? "" : "|");
			buf_addstr(to, p->parts[i].kind == CHAT_TEXT
					   ? p->parts[i].text
					   : p->parts[i].media);
		}
		buf_addch(to, ']');
		break;
	default:
		ck_abort_msg("another part");
	}
}

static void
assert_messages(const struct chat_request *r, const char *want)
{
	struct buf b = BUF_INIT(10000);
	size_t i, j;

	for (i = 0; i < r->nmessages; i++) {
		const struct chat_message *m = &r->messages[i];

		buf_addstr(&b, i == 0 ? "" : " ");
		buf_addstr(&b, m->role == CHAT_USER ? "U(" : "A(");
		for (j = 0; j < m->nparts; j++) {
			buf_addstr(&b, j == 0 ? "" : "|");
			add_part(&b, &m->parts[j]);
		}
		buf_addch(&b, ')');
	}
	ck_assert_str_eq(buf_str(&b), want);
	buf_free(&b);
}

static const struct {
	const char *list, *want;
} conversations[] = {
    /* one call, its result last */
    {USER("q") "," CALLS(CALL("c1", "f", "{}")) "," RESULT("c1", "r"),
	"U(q) A(f{}#0) U(#0[r])"},
    /* text before the calls, and what the user said behind them */
    {"{\"role\":\"assistant\",\"content\":\"let me\",\"tool_calls\":[" CALL(
	 "c1", "f", "{}") "]}," RESULT("c1", "r") "," USER("go on"),
	"A(let me|f{}#0) U(#0[r]|go on)"},
    /* no text that says nothing beside a call */
    {"{\"role\":\"assistant\",\"content\":\" \",\"tool_calls\":[" CALL(
	 "c1", "f", "{}") "]}," RESULT("c1", "r"),
	"A(f{}#0) U(#0[r])"},
    {"{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"\"},"
     "{\"type\":\"text\",\"text\":\"a\"}],\"tool_calls\":[" CALL(
	 "c1", "f", "{}") "]}," RESULT("c1", "r"),
	"A(a|f{}#0) U(#0[r])"},
    /* parallel ones, results in any order */
    {CALLS(CALL("a", "f", "{}") "," CALL("b", "g", "{}") "," CALL("c", "f",
	 "{}")) "," RESULT("c", "3") "," RESULT("a", "1") "," RESULT("b", "2"),
	"A(f{}#0|g{}#1|f{}#2) U(#0[1]|#1[2]|#2[3])"},
    /* steps in a row, the same id in each */
    {CALLS(CALL("call_0", "f", "{}")) "," RESULT("call_0", "1") "," CALLS(
	 CALL("call_0", "f", "{}")) "," RESULT("call_0", "2"),
	"A(f{}#0) U(#0[1]) A(f{}#1) U(#1[2])"},
    /* the same id twice in one message, and none at all */
    {CALLS(CALL("", "f", "{}") "," CALL("", "g", "{}")) "," RESULT(
	 "", "1") "," RESULT("", "2"),
	"A(f{}#0|g{}#1) U(#0[1]|#1[2])"},
    /* ids of others */
    {CALLS(CALL("functions.x:0", "f", "{}") "," CALL(
	 "\\u00e9 \\\"", "g", "{}")) "," RESULT("\\u00e9 \\\"",
	 "2") "," RESULT("functions.x:0", "1"),
	"A(f{}#0|g{}#1) U(#0[1]|#1[2])"},
    /* other messages between them */
    {CALLS(CALL("a", "f", "{}") "," CALL("b", "g", "{}")) "," RESULT(
	 "b", "2") ",{\"role\":\"system\",\"content\":\"s\"}"
		   "," USER("hurry") "," RESULT("a", "1") "," USER("now"),
	"A(f{}#0|g{}#1) U(#0[1]|#1[2]|hurry|now)"},
    /* calls that were split over messages */
    {CALLS(CALL("a", "f", "{}")) "," CALLS(CALL("b", "g", "{}")) "," RESULT(
	 "a", "1") "," RESULT("b", "2"),
	"A(f{}#0) U(#0[1]) A(g{}#1) U(#1[2])"},
    {CALLS(CALL("a", "f", "{}")) ",{\"role\":\"assistant\",\"content\":"
				 "\"wait\"}," RESULT("a", "1") "," USER("x"),
	"A(f{}#0) U(#0[1]) A(wait) U(x)"},
    /* calls without results */
    {CALLS(CALL("a", "f", "{}")) "," USER("never mind"),
	"A(f{}#0) U(#0[" NO_RESULT "]|never mind)"},
    {CALLS(CALL("a", "f", "{}") "," CALL("b", "g", "{}")) "," RESULT("b", "2"),
	"A(f{}#0|g{}#1) U(#0[" NO_RESULT "]|#1[2])"},
    {CALLS(CALL("a", "f", "{}")) ",{\"role\":\"assistant\",\"content\":"
				 "\"well\"}," USER("x"),
	"A(f{}#0) U(#0[" NO_RESULT "]) A(well) U(x)"},
    /* that of a turn before with the same id stays without */
    {CALLS(CALL("a", "f", "{}")) "," USER("no") "," CALLS(
	 CALL("a", "f", "{}")) "," RESULT("a", "2"),
	"A(f{}#0) U(#0[" NO_RESULT "]|no) A(f{}#1) U(#1[2])"},
    /* content of results */
    {CALLS(CALL(
	 "a", "f", "{}")) ",{\"role\":\"tool\",\"tool_call_id\":\"a\","
			  "\"name\":\"f\",\"content\":[{\"type\":\"text\","
			  "\"text\":\"1\"},"
			  "{\"type\":\"text\",\"text\":\"\"},"
			  "{\"type\":\"image_url\",\"image_url\":"
			  "{\"url\":\"data:image/png;base64,iVBORw0KGgo=\"}},"
			  "{\"type\":\"input_text\",\"text\":\"2\"}]}",
	"A(f{}#0) U(#0[1|image/png|2])"},
    {CALLS(CALL("a", "f", "{}") "," CALL("b", "f", "{}")) "," RESULT("a",
	 "") ",{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":null}",
	"A(f{}#0|f{}#1) U(#0[]|#1[])"},
    /* arguments */
    {CALLS(
	 CALL("a", "f", " {\\n\\\"x\\\" : 1.0 , \\\"y\\\":\\\" \\\"}") "," CALL(
	     "b", "f", "") "," CALL("c", "f", " \\n")) "," RESULT("c", "3"),
	"A(f{\"x\":1.0,\"y\":\" \"}#0|f{}#1|f{}#2) U(#0[" NO_RESULT
	"]|#1[" NO_RESULT "]|#2[3])"},
    {CALLS("{\"id\":\"a\",\"function\":{\"name\":\"f\"}},"
	   "{\"id\":\"b\",\"type\":null,\"function\":{\"name\":\"f\","
	   "\"arguments\":null}}") "," RESULT("a", "1") "," RESULT("b", "2"),
	"A(f{}#0|f{}#1) U(#0[1]|#1[2])"},
    {CALLS(CALL("a", "f", "{\\\"x\\\":") "," CALL("b", "f", "[1]") "," CALL(
	 "c", "f", "{} {}")) "," RESULT("c", "3") "," RESULT("b",
	 "2") "," RESULT("a", "1"),
	"A(f{\"__unparsedToolInput\":{\"raw\":\"{\\\"x\\\":\"}}#0|"
	"f{\"__unparsedToolInput\":{\"raw\":\"[1]\"}}#1|"
	"f{\"__unparsedToolInput\":{\"raw\":\"{} {}\"}}#2) "
	"U(#0[1]|#1[2]|#2[3])"},
    /* any name of a tool */
    {CALLS(CALL("a", "multi tool.use:x", "{}")) "," RESULT("a", "1"),
	"A(multi tool.use:x{}#0) U(#0[1])"},
    /* functions */
    {USER("q") "," FUNCTION_CALL("f") "," FUNCTION("f", "1"),
	"U(q) A(f{\"x\":1}#0) U(#0[1])"},
    {FUNCTION_CALL("f") "," FUNCTION("f", "1") "," FUNCTION_CALL(
	 "f") "," FUNCTION("f", "2") "," USER("x"),
	"A(f{\"x\":1}#0) U(#0[1]) A(f{\"x\":1}#1) U(#1[2]|x)"},
    {FUNCTION_CALL("f") "," USER("x"),
	"A(f{\"x\":1}#0) U(#0[" NO_RESULT "]|x)"},
    /* nothing of all this */
    {"{\"role\":\"assistant\",\"content\":\"a\",\"tool_calls\":[],"
     "\"function_call\":null}," USER("x"),
	"A(a) U(x)"},
    {"{\"role\":\"user\",\"content\":\"a\",\"tool_calls\":[],"
     "\"function_call\":null}",
	"U(a)"},
};

START_TEST(calls_have_their_results)
{
	char body[2048];
	struct chat_request *r;

	(void)snprintf(
	    body, sizeof body, MESSAGES("%s"), conversations[_i].list);
	r = parse(body);
	assert_messages(r, conversations[_i].want);
	ck_assert_int_eq(chat_request_wants_model(r),
	    strchr(conversations[_i].want, '#') != NULL);
	chat_request_free(r);
}
END_TEST

#define F CALL("a", "f", "{}")

static const struct {
	const char *list, *param, *code;
} refused[] = {
    /* results */
    {RESULT("a", "1"), "messages[0].tool_call_id", "invalid_value"},
    {USER("q") "," CALLS(F) "," RESULT("A", "1"), "messages[2].tool_call_id",
	"invalid_value"},
    {RESULT("a", "1") "," CALLS(F), "messages[0].tool_call_id",
	"invalid_value"},
    {CALLS(F) "," RESULT("a", "1") "," RESULT("a", "2"),
	"messages[2].tool_call_id", "invalid_value"},
    {CALLS(F) ",{\"role\":\"tool\",\"content\":\"1\"}",
	"messages[1].tool_call_id", "missing_required_parameter"},
    {CALLS(F) ",{\"role\":\"tool\",\"tool_call_id\":1}",
	"messages[1].tool_call_id", "invalid_type"},
    {CALLS(F) ",{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":{}}",
	"messages[1].content", "invalid_type"},
    {CALLS(F) ",{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":["
	      "{\"type\":\"file\",\"file\":{}}]}",
	"messages[1].content[0].type", "unsupported_content"},
    {CALLS(F) ",{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":["
	      "{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\"}]}",
	"messages[1].content[1].text", "missing_required_parameter"},
    {CALLS(F) "," FUNCTION("f", "1"), "messages[1].name", "invalid_value"},
    {FUNCTION_CALL("f") "," FUNCTION("g", "1"), "messages[1].name",
	"invalid_value"},
    {FUNCTION_CALL("f") "," RESULT("f", "1"), "messages[1].tool_call_id",
	"invalid_value"},
    {FUNCTION_CALL("f") ",{\"role\":\"function\"}", "messages[1].name",
	"missing_required_parameter"},
    /* calls */
    {"{\"role\":\"assistant\",\"tool_calls\":{}}", "messages[0].tool_calls",
	"invalid_type"},
    {CALLS("1"), "messages[0].tool_calls[0]", "invalid_type"},
    {CALLS(F ",{}"), "messages[0].tool_calls[1].id",
	"missing_required_parameter"},
    {CALLS("{\"id\":1}"), "messages[0].tool_calls[0].id", "invalid_type"},
    {CALLS("{\"id\":\"a\",\"type\":\"custom\"}"),
	"messages[0].tool_calls[0].type", "unsupported_value"},
    {CALLS("{\"id\":\"a\"}"), "messages[0].tool_calls[0].function",
	"missing_required_parameter"},
    {CALLS("{\"id\":\"a\",\"function\":\"f\"}"),
	"messages[0].tool_calls[0].function", "invalid_type"},
    {CALLS("{\"id\":\"a\",\"function\":{}}"),
	"messages[0].tool_calls[0].function.name",
	"missing_required_parameter"},
    {CALLS(CALL("a", "", "")), "messages[0].tool_calls[0].function.name",
	"invalid_value"},
    {CALLS("{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{}}}"),
	"messages[0].tool_calls[0].function.arguments", "invalid_type"},
    {"{\"role\":\"assistant\",\"function_call\":\"f\"}",
	"messages[0].function_call", "invalid_type"},
    {"{\"role\":\"assistant\",\"function_call\":{}}",
	"messages[0].function_call.name", "missing_required_parameter"},
    {"{\"role\":\"assistant\",\"function_call\":{\"name\":\"\"}}",
	"messages[0].function_call.name", "invalid_value"},
    {"{\"role\":\"assistant\",\"function_call\":{\"name\":\"f\","
     "\"arguments\":1}}",
	"messages[0].function_call.arguments", "invalid_type"},
    {"{\"role\":\"assistant\",\"function_call\":{\"name\":\"f\"},"
     "\"tool_calls\":[" F "]}",
	"messages[0].function_call", "invalid_value"},
    {"{\"role\":\"user\",\"content\":\"x\",\"tool_calls\":[" F "]}",
	"messages[0].tool_calls", "invalid_value"},
    {"{\"role\":\"system\",\"function_call\":{\"name\":\"f\"}}",
	"messages[0].function_call", "invalid_value"},
    /* the end */
    {USER("q") "," CALLS(F), "messages", "invalid_value"},
    {CALLS(F) "," RESULT("a", "1") "," CALLS(F), "messages", "invalid_value"},
    {CALLS(F) "," RESULT("a", "1") ",{\"role\":\"assistant\","
				   "\"content\":\"x\"}",
	"messages", "invalid_value"},
};

START_TEST(what_is_no_call_or_result)
{
	char body[1024];

	(void)snprintf(body, sizeof body, MESSAGES("%s"), refused[_i].list);
	ck_assert_msg(openai_request_parse(body, strlen(body), &err) == NULL,
	    "%s is accepted", body);
	ck_assert_int_eq(err.status, 400);
	ck_assert_str_eq(err.param, refused[_i].param);
	ck_assert_str_eq(err.code, refused[_i].code);
	ck_assert_ptr_nonnull(strstr(err.message, err.param));
}
END_TEST

/* What the API has cached of a conversation holds when it goes on. */
START_TEST(ids_stay_when_the_conversation_goes_on)
{
	struct chat_request *one =
	    parse(MESSAGES(CALLS(F) "," RESULT("a", "1")));
	struct chat_request *two = parse(MESSAGES(
	    CALLS(F) "," RESULT("a", "1") "," CALLS(F) "," RESULT("a", "2")));

	ck_assert_str_eq(
	    one->messages[0].parts[0].id, two->messages[0].parts[0].id);
	ck_assert_str_ne(
	    two->messages[0].parts[0].id, two->messages[2].parts[0].id);
	chat_request_free(one);
	chat_request_free(two);
}
END_TEST

START_TEST(number_of_calls_is_limited)
{
	struct buf b = BUF_INIT(4u * 1024 * 1024);
	struct chat_request *r;
	size_t i;

	buf_addstr(&b, "{\"messages\":[{\"role\":\"assistant\","
		       "\"tool_calls\":[" F);
	for (i = 1; i < LIMIT_CALLS; i++)
		buf_addstr(&b, "," F);
	buf_addstr(&b, "]}," USER("x"));
	buf_addstr(&b, "]}");
	r = parse(buf_str(&b));
	ck_assert_uint_eq(r->messages[0].nparts, LIMIT_CALLS);
	ck_assert_uint_eq(r->messages[1].nparts, LIMIT_CALLS + 1);
	chat_request_free(r);
	b.len -= 2;
	buf_addstr(&b, "," CALLS(F) "," RESULT("a", "1") "]}");
	ck_assert_ptr_null(openai_request_parse(buf_str(&b), b.len, &err));
	ck_assert_str_eq(err.param, "messages[2].tool_calls[0]");
	buf_free(&b);
}
END_TEST

START_TEST(images_of_results_count)
{
	struct buf b = BUF_INIT(100000);
	size_t i;

	buf_addstr(&b, "{\"messages\":[" CALLS(F) ",{\"role\":\"tool\","
						  "\"tool_call_id\":\"a\","
						  "\"content\":[");
	for (i = 0; i <= LIMIT_MEDIA; i++)
		buf_addf(&b,
		    "%s{\"type\":\"input_image\",\"image_url\":"
		    "\"https://a.test/%zu\"}",
		    i == 0 ? "" : ",", i);
	buf_addstr(&b, "]}]}");
	ck_assert_ptr_null(openai_request_parse(buf_str(&b), b.len, &err));
	ck_assert_str_eq(err.param, "messages[1].content[100]");
	ck_assert_str_eq(err.code, "too_many_images");
	buf_free(&b);
}
END_TEST

Suite *
suite_openai_calls(void)
{
	Suite *s = suite_create("openai_calls");
	TCase *t = tcase_create("openai_calls");

	tcase_add_loop_test(
	    t, calls_have_their_results, 0, COUNT(conversations));
	tcase_add_loop_test(t, what_is_no_call_or_result, 0, COUNT(refused));
	tcase_add_test(t, ids_stay_when_the_conversation_goes_on);
	tcase_add_test(t, number_of_calls_is_limited);
	tcase_add_test(t, images_of_results_count);
	suite_add_tcase(s, t);
	return s;
}
