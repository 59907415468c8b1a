/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "openai_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/limits.h"
#include "buf.h"
#include "suites.h"

#define USER           "{\"role\":\"user\",\"content\":\"hi\"}"
#define WITH(members)  "{\"messages\":[" USER "]," members "}"
#define MESSAGES(list) "{\"messages\":[" list "]}"
#define IMAGE                                                                  \
	"{\"type\":\"image_url\",\"image_url\":"                               \
	"{\"url\":\"data:image/png;base64,iVBORw0KGgo=\"}}"

#define FOURTEEN_STOPS                                                         \
	",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"l\","  \
	"\"m\",\"n\",\"o\""

static struct api_error err;

static struct chat_request *
parse(const char *body)
{
	struct chat_request *r;

	memset(&err, 'x', sizeof err);
	r = openai_request_parse(body, strlen(body), &err);
	ck_assert_msg(r != NULL, "%s: %s", body, r == NULL ? err.message : "");
	return r;
}

/* The messages as a line of text: "U(one|two) A(three)". */
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
			ck_assert_int_eq(m->parts[j].kind, CHAT_TEXT);
			buf_addf(
			    &b, "%s%s", j == 0 ? "" : "|", m->parts[j].text);
		}
		buf_addch(&b, ')');
	}
	ck_assert_str_eq(buf_str(&b), want);
	buf_free(&b);
}

START_TEST(least_request)
{
	struct chat_request *r = parse(MESSAGES(USER));

	assert_messages(r, "U(hi)");
	ck_assert_ptr_null(r->model);
	ck_assert_ptr_null(r->system);
	ck_assert(!r->stream);
	ck_assert(!r->include_usage);
	ck_assert_int_eq(r->max_tokens, 0);
	chat_request_free(r);
}
END_TEST

START_TEST(full_request)
{
	struct chat_request *r =
	    parse(WITH("\"model\":\"opus\",\"stream\":true,"
		       "\"stream_options\":{\"include_usage\":true,\"x\":1},"
		       "\"max_tokens\":10,\"temperature\":0.7,\"unknown\":{}"));

	ck_assert_str_eq(r->model, "opus");
	ck_assert(r->stream);
	ck_assert(r->include_usage);
	ck_assert_int_eq(r->max_tokens, 10);
	ck_assert_str_eq(r->temperature, "0.7");
	chat_request_free(r);
}
END_TEST

START_TEST(numbers_are_kept_as_they_were_written)
{
	struct chat_request *r =
	    parse(WITH("\"top_p\": 9.50E-1 ,\"temperature\":0,\"n\":8"));

	ck_assert_str_eq(r->top_p, "9.50E-1");
	ck_assert_str_eq(r->temperature, "0");
	ck_assert_int_eq(r->n, 8);
	chat_request_free(r);
}
END_TEST

START_TEST(stop_is_a_string_or_a_list)
{
	struct chat_request *r = parse(WITH("\"stop\":\"END\""));

	ck_assert_uint_eq(r->nstop, 1);
	ck_assert_str_eq(r->stop[0], "END");
	chat_request_free(r);
	r = parse(WITH("\"stop\":[\"\\n\",\"a\"" FOURTEEN_STOPS "]"));
	ck_assert_uint_eq(r->nstop, LIMIT_STOPS);
	ck_assert_str_eq(r->stop[0], "\n");
	ck_assert_str_eq(r->stop[1], "a");
	chat_request_free(r);
}
END_TEST

START_TEST(a_stop_has_so_many_bytes_at_most)
{
	char text[LIMIT_STOP_BYTES + 2] = "", body[LIMIT_STOP_BYTES + 200];
	struct chat_request *r;
	size_t n;

	for (n = LIMIT_STOP_BYTES; n <= LIMIT_STOP_BYTES + 1; n++) {
		memset(text, 'x', n);
		(void)snprintf(
		    body, sizeof body, WITH("\"stop\":[\"%s\"]"), text);
		r = openai_request_parse(body, strlen(body), &err);
		ck_assert_int_eq(r != NULL, n == LIMIT_STOP_BYTES);
		chat_request_free(r);
	}
	ck_assert_str_eq(err.param, "stop");
}
END_TEST

static const struct {
	const char *word, *effort;
} efforts[] = {{"none", NULL}, {"minimal", "low"}, {"low", "low"},
    {"medium", "medium"}, {"high", "high"}, {"xhigh", "xhigh"}, {"max", "max"}};

START_TEST(an_effort_is_the_word_of_the_cli)
{
	const char *want = efforts[_i].effort;
	char body[256];
	struct chat_request *r;

	(void)snprintf(body, sizeof body, WITH("\"reasoning_effort\":\"%s\""),
	    efforts[_i].word);
	r = parse(body);
	ck_assert_int_eq(r->no_thinking, want == NULL);
	if (want == NULL)
		ck_assert_ptr_null(r->effort);
	else
		ck_assert_str_eq(r->effort, want);
	chat_request_free(r);
}
END_TEST

START_TEST(max_completion_tokens_wins)
{
	struct chat_request *r;

	r = parse(WITH("\"max_completion_tokens\":5,\"max_tokens\":10"));
	ck_assert_int_eq(r->max_tokens, 5);
	chat_request_free(r);
	r = parse(WITH("\"max_tokens\":10,\"max_completion_tokens\":20"));
	ck_assert_int_eq(r->max_tokens, 20);
	chat_request_free(r);
	r = parse(WITH("\"max_tokens\":10,\"max_completion_tokens\":null"));
	ck_assert_int_eq(r->max_tokens, 10);
	chat_request_free(r);
}
END_TEST

/* Nothing but an image is a message, blank texts beside it are dropped. */
START_TEST(images_and_files_are_parts)
{
	struct chat_request *r =
	    parse(MESSAGES("{\"role\":\"user\",\"content\":[" IMAGE "]},"
			   "{\"role\":\"user\",\"content\":["
			   "{\"type\":\"text\",\"text\":\" \"},"
			   "{\"type\":\"file\",\"file\":{\"filename\":\"n\","
			   "\"file_data\":\"aGVsbG8=\"}},"
			   "{\"type\":\"text\",\"text\":\"what?\"}]}"));
	const struct chat_part *p;

	ck_assert_uint_eq(r->nmessages, 2);
	ck_assert_uint_eq(r->messages[0].nparts, 1);
	p = r->messages[0].parts;
	ck_assert_int_eq(p->kind, CHAT_IMAGE);
	ck_assert_str_eq(p->text, "iVBORw0KGgo=");
	ck_assert_str_eq(p->media, "image/png");
	ck_assert_ptr_null(p->name);
	ck_assert_uint_eq(r->messages[1].nparts, 2);
	p = r->messages[1].parts;
	ck_assert_int_eq(p[0].kind, CHAT_DOCUMENT);
	ck_assert_str_eq(p[0].text, "hello");
	ck_assert_str_eq(p[0].name, "n");
	ck_assert_int_eq(p[1].kind, CHAT_TEXT);
	ck_assert_str_eq(p[1].text, "what?");
	chat_request_free(r);
}
END_TEST

START_TEST(a_request_has_so_many_images_at_most)
{
	struct buf b = BUF_INIT(100000);
	struct chat_request *r;
	size_t n, i;

	for (n = LIMIT_MEDIA; n <= LIMIT_MEDIA + 1; n++) {
		buf_clear(&b);
		buf_addstr(
		    &b, "{\"messages\":[{\"role\":\"user\",\"content\":[");
		for (i = 0; i < n; i++)
			buf_addstr(&b,
			    i == 0 ? IMAGE
			    : i == 50
				? "]},{\"role\":\"user\",\"content\":[" IMAGE
				: "," IMAGE);
		buf_addstr(&b, "]}]}");
		r = openai_request_parse(buf_str(&b), b.len, &err);
		ck_assert_int_eq(r != NULL, n == LIMIT_MEDIA);
		chat_request_free(r);
	}
	ck_assert_str_eq(err.param, "messages[1].content[50]");
	ck_assert_str_eq(err.code, "too_many_images");
	buf_free(&b);
}
END_TEST

static const struct {
	const char *list, *want, *system;
} conversations[] = {
    {USER, "U(hi)", NULL},
    /* every form of content */
    {"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
     "{\"text\":\"b\",\"type\":\"text\",\"cache_control\":{}}]}",
	"U(a|b)", NULL},
    /* true roles, in order, neighbours of one role stay two */
    {USER "," USER ",{\"role\":\"assistant\",\"content\":\"x\"}," USER,
	"U(hi) U(hi) A(x) U(hi)", NULL},
    {"{\"role\":\"assistant\",\"content\":\"x\"}," USER, "A(x) U(hi)", NULL},
    /* what says nothing is dropped */
    {"{\"role\":\"user\",\"content\":\"\"},"
     "{\"role\":\"user\",\"content\":null},{\"role\":\"user\"},"
     "{\"role\":\"user\",\"content\":[]},"
     "{\"role\":\"assistant\",\"content\":null},"
     "{\"role\":\"assistant\",\"content\":\" \\n\\t\\u00a0\\u3000\"},"
     "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\"},"
     "{\"type\":\"text\",\"text\":\"a\"},"
     "{\"type\":\"text\",\"text\":\"\\u2009\\ufeff\"}]}",
	"U(a)", NULL},
    /* white space around text stays, and near-spaces are text */
    {"{\"role\":\"user\",\"content\":\"  a \"},"
     "{\"role\":\"user\",\"content\":\"\\u200b\"},"
     "{\"role\":\"user\",\"content\":\"\\u0001\"}",
	"U(  a ) U(\xE2\x80\x8B) U(\x01)", NULL},
    {"{\"role\":\"user\",\"content\":\"a\"},"
     "{\"role\":\"assistant\",\"content\":\"\"}",
	"U(a)", NULL},
    /* a refusal is text of the assistant */
    {"{\"role\":\"assistant\",\"refusal\":null,\"content\":["
     "{\"type\":\"refusal\",\"refusal\":\"no\"}]}," USER,
	"A(no) U(hi)", NULL},
    {"{\"role\":\"assistant\",\"content\":\"a\",\"tool_calls\":null,"
     "\"function_call\":null,\"audio\":null},"
     "{\"role\":\"assistant\",\"content\":\"b\",\"tool_calls\":[]},"
     "{\"role\":\"user\",\"content\":\"c\",\"name\":\"n\","
     "\"cache_control\":{\"type\":\"ephemeral\"}}",
	"A(a) A(b) U(c)", NULL},
    /* system text from wherever it stands */
    {"{\"role\":\"system\",\"content\":\"one\"}," USER
     ",{\"role\":\"developer\",\"content\":["
     "{\"type\":\"text\",\"text\":\"two\"},"
     "{\"type\":\"text\",\"text\":\" \"},"
     "{\"type\":\"text\",\"text\":\"three\"}]},"
     "{\"role\":\"system\",\"content\":\" \"},"
     "{\"role\":\"system\",\"content\":\"four\"}",
	"U(hi)", "one\n\ntwo\nthree\n\nfour"},
    {"{\"role\":\"system\",\"content\":\"\"}," USER, "U(hi)", NULL},
    /* text is text */
    {"{\"role\":\"user\",\"content\":\"--help\"},"
     "{\"role\":\"user\",\"content\":\"/compact @~/x\"}",
	"U(--help) U(/compact @~/x)", NULL},
    {"{\"role\":\"user\",\"content\":\"\\ud83d\\ude00 \\\"\\\\\\n\"}",
	"U(\xF0\x9F\x98\x80 \"\\\n)", NULL},
};

START_TEST(messages_keep_roles_and_texts)
{
	char body[2048];
	struct chat_request *r;

	(void)snprintf(
	    body, sizeof body, MESSAGES("%s"), conversations[_i].list);
	r = parse(body);
	assert_messages(r, conversations[_i].want);
	if (conversations[_i].system == NULL)
		ck_assert_ptr_null(r->system);
	else
		ck_assert_str_eq(r->system, conversations[_i].system);
	chat_request_free(r);
}
END_TEST

static const char *const accepted[] = {
    "\"model\":null,\"stream\":null,\"stream_options\":null",
    "\"stream_options\":{\"include_usage\":null}",
    "\"stream\":false,\"stream_options\":{}",
    "\"max_tokens\":null,\"max_completion_tokens\":1e3",
    "\"max_tokens\":10000000",
    "\"temperature\":0,\"top_p\":1,\"presence_penalty\":-2",
    "\"temperature\":1e0,\"top_p\":null,\"frequency_penalty\":2",
    "\"n\":1,\"stop\":null",
    "\"n\":null,\"stop\":[]",
    "\"tools\":[],\"functions\":[]",
    "\"tools\":null,\"functions\":null,\"tool_choice\":\"none\"",
    "\"tool_choice\":\"auto\",\"function_call\":\"none\"",
    "\"tool_choice\":null,\"response_format\":null",
    "\"response_format\":{\"type\":\"text\"},\"logprobs\":false",
    "\"logprobs\":null,\"top_logprobs\":0,\"logit_bias\":{}",
    "\"modalities\":[\"text\"],\"audio\":null,\"logit_bias\":null",
    "\"store\":false,\"metadata\":{\"a\":\"b\"},\"seed\":-5",
    "\"user\":\"u\",\"prompt_cache_key\":\"k\"",
    "\"verbosity\":\"low\",\"reasoning_effort\":\"high\"",
    "\"parallel_tool_calls\":true,\"service_tier\":\"auto\"",
    "\"safety_identifier\":\"s\",\"web_search_options\":null",
    "\"prediction\":{\"type\":\"content\"}",
    "\"anything\":[1,{\"else\":null}],\"Anything\":2",
};

START_TEST(accepted_parameters)
{
	char body[1024];

	(void)snprintf(body, sizeof body, WITH("%s"), accepted[_i]);
	chat_request_free(parse(body));
}
END_TEST

static const struct {
	const char *body, *param, *code;
} refused[] = {
    /* the body */
    {"", "", "invalid_json"},
    {"{", "", "invalid_json"},
    {"{\"messages\":[" USER "]} x", "", "invalid_json"},
    {MESSAGES("{\"role\":\"user\",\"content\":\"\xFF\"}"), "", "invalid_json"},
    {MESSAGES("{\"role\":\"user\",\"content\":\"a\\u0000b\"}"), "",
	"invalid_json"},
    {MESSAGES("{\"role\":\"user\",\"content\":\"\\ud800\"}"), "",
	"invalid_json"},
    {"[]", "", "invalid_type"},
    {"null", "", "invalid_type"},
    /* messages as a whole */
    {"{}", "messages", "missing_required_parameter"},
    {"{\"messages\":null}", "messages", "missing_required_parameter"},
    {"{\"messages\":{}}", "messages", "invalid_type"},
    {"{\"messages\":\"hi\"}", "messages", "invalid_type"},
    {"{\"messages\":[]}", "messages", "invalid_value"},
    {"{\"messages\":[" USER "],\"messages\":[" USER "]}", "messages",
	"invalid_value"},
    {WITH("\"model\":null,\"model\":\"a\""), "model", "invalid_value"},
    {MESSAGES("{\"role\":\"system\",\"content\":\"s\"}"), "messages",
	"invalid_value"},
    {MESSAGES("{\"role\":\"user\",\"content\":\" \"}"), "messages",
	"invalid_value"},
    {MESSAGES(USER ",{\"role\":\"assistant\",\"content\":\"a\"}"), "messages",
	"invalid_value"},
    /* one message */
    {MESSAGES("1"), "messages[0]", "invalid_type"},
    {MESSAGES(USER ",null"), "messages[1]", "invalid_type"},
    {MESSAGES("{\"content\":\"a\"}"), "messages[0].role",
	"missing_required_parameter"},
    {MESSAGES("{\"role\":null}"), "messages[0].role",
	"missing_required_parameter"},
    {MESSAGES("{\"role\":1}"), "messages[0].role", "invalid_type"},
    {MESSAGES("{\"role\":\"User\",\"content\":\"a\"}"), "messages[0].role",
	"invalid_value"},
    {MESSAGES("{\"role\":\"user\",\"role\":\"system\"}"), "messages[0].role",
	"invalid_value"},
    {MESSAGES("{\"role\":\"user\",\"content\":\"\",\"content\":null}"),
	"messages[0].content", "invalid_value"},
    /* content */
    {MESSAGES("{\"role\":\"user\",\"content\":1}"), "messages[0].content",
	"invalid_type"},
    {MESSAGES("{\"role\":\"user\",\"content\":{}}"), "messages[0].content",
	"invalid_type"},
    {MESSAGES("{\"role\":\"user\",\"content\":[\"a\"]}"),
	"messages[0].content[0]", "invalid_type"},
    {MESSAGES("{\"role\":\"user\",\"content\":[{\"text\":\"a\"}]}"),
	"messages[0].content[0].type", "missing_required_parameter"},
    {MESSAGES(USER ",{\"role\":\"user\",\"content\":["
		   "{\"type\":\"text\",\"text\":\"a\"},"
		   "{\"type\":\"image_url\",\"image_url\":{}}]}"),
	"messages[1].content[1].image_url.url", "missing_required_parameter"},
    {MESSAGES("{\"role\":\"user\",\"content\":[{\"type\":\"file\"}]}"),
	"messages[0].content[0].file", "missing_required_parameter"},
    {MESSAGES("{\"role\":\"assistant\",\"content\":[" IMAGE "]}"),
	"messages[0].content[0].type", "unsupported_content"},
    {MESSAGES("{\"role\":\"user\",\"content\":["
	      "{\"type\":\"refusal\",\"refusal\":\"a\"}]}"),
	"messages[0].content[0].type", "unsupported_content"},
    {MESSAGES("{\"role\":\"system\",\"content\":["
	      "{\"type\":\"input_audio\"}]}"),
	"messages[0].content[0].type", "unsupported_content"},
    {MESSAGES("{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}"),
	"messages[0].content[0].text", "missing_required_parameter"},
    {MESSAGES("{\"role\":\"user\",\"content\":["
	      "{\"type\":\"text\",\"text\":[]}]}"),
	"messages[0].content[0].text", "invalid_type"},
    {MESSAGES("{\"role\":\"user\",\"content\":["
	      "{\"type\":\"text\",\"text\":\"a\",\"text\":\"b\"}]}"),
	"messages[0].content[0].text", "invalid_value"},
    /* parameters: types */
    {WITH("\"model\":1"), "model", "invalid_type"},
    {WITH("\"model\":\"\""), "model", "invalid_value"},
    {WITH("\"model\":\"--help\""), "model", "invalid_value"},
    {WITH("\"stream\":\"true\""), "stream", "invalid_type"},
    {WITH("\"stream\":1"), "stream", "invalid_type"},
    {WITH("\"stream_options\":true"), "stream_options", "invalid_type"},
    {WITH("\"stream_options\":{\"include_usage\":1}"),
	"stream_options.include_usage", "invalid_type"},
    {WITH("\"max_tokens\":\"5\""), "max_tokens", "invalid_type"},
    {WITH("\"max_tokens\":1.5"), "max_tokens", "invalid_type"},
    {WITH("\"max_tokens\":0"), "max_tokens", "invalid_value"},
    {WITH("\"max_tokens\":-1"), "max_tokens", "invalid_value"},
    {WITH("\"max_tokens\":10000001"), "max_tokens", "invalid_value"},
    {WITH("\"max_tokens\":1e300"), "max_tokens", "invalid_value"},
    {WITH("\"max_completion_tokens\":0.5"), "max_completion_tokens",
	"invalid_value"},
    {WITH("\"temperature\":\"hot\""), "temperature", "invalid_type"},
    {WITH("\"temperature\":-0.1"), "temperature", "invalid_value"},
    {WITH("\"temperature\":1.01"), "temperature", "unsupported_value"},
    {WITH("\"temperature\":2"), "temperature", "unsupported_value"},
    {WITH("\"top_p\":\"1\""), "top_p", "invalid_type"},
    {WITH("\"temperature\":2.1"), "temperature", "invalid_value"},
    {WITH("\"top_p\":1.1"), "top_p", "invalid_value"},
    {WITH("\"presence_penalty\":-2.1"), "presence_penalty", "invalid_value"},
    {WITH("\"frequency_penalty\":[]"), "frequency_penalty", "invalid_type"},
    {WITH("\"reasoning_effort\":1"), "reasoning_effort", "invalid_type"},
    {WITH("\"user\":{}"), "user", "invalid_type"},
    {WITH("\"metadata\":[]"), "metadata", "invalid_type"},
    {WITH("\"store\":\"no\""), "store", "invalid_type"},
    {WITH("\"seed\":\"1\""), "seed", "invalid_type"},
    /* parameters: what cannot be honoured */
    {WITH("\"n\":9"), "n", "invalid_value"},
    {WITH("\"n\":0"), "n", "invalid_value"},
    {WITH("\"n\":1.5"), "n", "invalid_type"},
    {WITH("\"n\":\"1\""), "n", "invalid_type"},
    {WITH("\"stop\":\"\""), "stop", "invalid_value"},
    {WITH("\"stop\":[\"x\",\"\"]"), "stop", "invalid_value"},
    {WITH("\"stop\":[1]"), "stop", "invalid_type"},
    {WITH("\"stop\":1"), "stop", "invalid_type"},
    {WITH("\"stop\":[\"1\",\"2\",\"3\"" FOURTEEN_STOPS "]"), "stop",
	"invalid_value"},
    {WITH("\"reasoning_effort\":\"much\""), "reasoning_effort",
	"invalid_value"},
    {WITH("\"logprobs\":true"), "logprobs", "unsupported_parameter"},
    {WITH("\"top_logprobs\":2"), "top_logprobs", "unsupported_parameter"},
    {WITH("\"logit_bias\":{\"1\":2}"), "logit_bias", "unsupported_parameter"},
    {WITH("\"modalities\":[\"text\",\"audio\"]"), "modalities",
	"unsupported_parameter"},
    {WITH("\"modalities\":[1]"), "modalities", "invalid_type"},
    {WITH("\"audio\":{}"), "audio", "unsupported_parameter"},
    {WITH("\"web_search_options\":{}"), "web_search_options",
	"unsupported_parameter"},
};

START_TEST(refused_requests)
{
	const char *body = refused[_i].body;

	memset(&err, 'x', sizeof err);
	ck_assert_msg(openai_request_parse(body, strlen(body), &err) == NULL,
	    "%s is accepted", body);
	ck_assert_int_eq(err.status, 400);
	ck_assert_str_eq(err.type, "invalid_request_error");
	ck_assert_str_eq(err.param, refused[_i].param);
	ck_assert_str_eq(err.code, refused[_i].code);
	ck_assert_int_eq(err.retry_after, 0);
	/* A sentence that names its subject. */
	if (err.param[0] != '\0')
		ck_assert_ptr_nonnull(strstr(err.message, err.param));
	ck_assert_int_eq(err.message[strlen(err.message) - 1], '.');
}
END_TEST

START_TEST(bad_json_is_located)
{
	static const char body[] = "{\"messages\":\n[1,]}";

	ck_assert_ptr_null(openai_request_parse(body, strlen(body), &err));
	ck_assert_str_eq(err.message,
	    "The request body is not valid JSON: a value was expected at byte "
	    "16 (line 2).");
}
END_TEST

/* cJSON alone would stop at a NUL byte and take the rest for white space. */
START_TEST(bytes_behind_a_nul_count)
{
	static const char body[] = MESSAGES(USER) "\0garbage";

	ck_assert_ptr_null(openai_request_parse(body, sizeof body - 1, &err));
	ck_assert_str_eq(err.code, "invalid_json");
}
END_TEST

START_TEST(number_of_messages_is_limited)
{
	struct buf b = BUF_INIT(LIMIT_BODY_BYTES);
	struct chat_request *r;
	size_t i;

	buf_addstr(&b, "{\"messages\":[");
	for (i = 1; i < LIMIT_MESSAGES; i++)
		buf_addstr(&b, USER ",");
	buf_addstr(&b, USER "]}");
	r = parse(buf_str(&b));
	ck_assert_uint_eq(r->nmessages, LIMIT_MESSAGES);
	chat_request_free(r);
	b.len -= 2;
	buf_addstr(&b, "," USER "]}");
	ck_assert_ptr_null(openai_request_parse(buf_str(&b), b.len, &err));
	ck_assert_str_eq(err.param, "messages");
	buf_free(&b);
}
END_TEST

START_TEST(large_texts_come_through)
{
	struct buf b = BUF_INIT(LIMIT_BODY_BYTES);
	struct chat_request *r;
	size_t n = 20u * 1024 * 1024, room;
	char *to;

	buf_addstr(&b, "{\"messages\":[{\"role\":\"user\",\"content\":\"");
	to = buf_reserve(&b, n, &room);
	ck_assert_uint_eq(room, n);
	memset(to, 'x', n);
	buf_commit(&b, n);
	buf_addstr(&b, "\"}]}");
	r = parse(buf_str(&b));
	ck_assert_uint_eq(strlen(r->messages[0].parts[0].text), n);
	chat_request_free(r);
	buf_free(&b);
}
END_TEST

START_TEST(free_takes_null)
{
	chat_request_free(NULL);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *
suite_openai_request(void)
{
	Suite *s = suite_create("openai_request");
	TCase *t = tcase_create("openai_request");

	tcase_add_test(t, least_request);
	tcase_add_test(t, full_request);
	tcase_add_test(t, numbers_are_kept_as_they_were_written);
	tcase_add_test(t, stop_is_a_string_or_a_list);
	tcase_add_test(t, a_stop_has_so_many_bytes_at_most);
	tcase_add_loop_test(
	    t, an_effort_is_the_word_of_the_cli, 0, COUNT(efforts));
	tcase_add_test(t, max_completion_tokens_wins);
	tcase_add_test(t, images_and_files_are_parts);
	tcase_add_test(t, a_request_has_so_many_images_at_most);
	tcase_add_loop_test(
	    t, messages_keep_roles_and_texts, 0, COUNT(conversations));
	tcase_add_loop_test(t, accepted_parameters, 0, COUNT(accepted));
	tcase_add_loop_test(t, refused_requests, 0, COUNT(refused));
	tcase_add_test(t, bad_json_is_located);
	tcase_add_test(t, bytes_behind_a_nul_count);
	tcase_add_test(t, number_of_messages_is_limited);
	tcase_add_test(t, large_texts_come_through);
	tcase_add_test(t, free_takes_null);
	suite_add_tcase(s, t);
	return s;
}
