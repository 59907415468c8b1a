/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_key.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "talk.h"

#include "banned.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

struct digest {
	unsigned char of[SESSION_DIGEST_BYTES];
};

static struct digest
digest_in(const char *cwd, const char *name, struct chat_request *r)
{
	struct session_key k;
	struct digest d;
	size_t i;

	session_key_begin(&k, cwd, name);
	for (i = 0; i < r->nmessages; i++)
		session_key_message(&k, &r->messages[i]);
	session_key_digest(&k, d.of);
	chat_request_free(r);
	return d;
}

static struct digest
digest(const char *messages)
{
	return digest_in("/home/user", "", talk_json(messages));
}

static bool
same(struct digest a, struct digest b)
{
	return memcmp(a.of, b.of, sizeof(a.of)) == 0;
}

#define ONE "[{\"role\":\"user\",\"content\":\"one\"}"

/* However a client writes it. */
static const char *const equal[] = {
    ONE "]",
    "[{\"content\":\"one\",\"role\":\"user\"}]",
    "[{\"role\":\"user\",\"content\":\"on\\u0065\",\"name\":\"somebody\"}]",
    "[{\"role\":\"user\",\"content\":\"one \\t\\r\\n\"}]",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"one\"}]}]",
    "[{\"role\":\"user\",\"content\":[{\"text\":\"one\",\"type\":\"text\","
    "\"cache_control\":{\"type\":\"ephemeral\"}}]}]",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\"},"
    "{\"type\":\"text\",\"text\":\"one\\n\"}]}]",
    "[{\"role\":\"system\",\"content\":\"it is 12:00\"},"
    "{\"role\":\"user\",\"content\":\"one\"}]",
    "[{\"role\":\"assistant\",\"content\":null},"
    "{\"role\":\"user\",\"content\":\"one\"}]",
    "[{\"role\":\"assistant\",\"content\":\"\"},"
    "{\"role\":\"user\",\"content\":\"one\"}]",
};

START_TEST(the_form_does_not_count)
{
	ck_assert(same(digest(equal[0]), digest(equal[_i])));
}
END_TEST

/* Whatever the model sees. */
static const char *const different[] = {
    ONE "]",
    "[{\"role\":\"user\",\"content\":\" one\"}]",
    "[{\"role\":\"user\",\"content\":\"One\"}]",
    "[{\"role\":\"user\",\"content\":\"o\"},"
    "{\"role\":\"user\",\"content\":\"ne\"}]",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"o\"},"
    "{\"type\":\"text\",\"text\":\"ne\"}]}]",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"o \"},"
    "{\"type\":\"text\",\"text\":\"ne\"}]}]",
    ONE ",{\"role\":\"user\",\"content\":\"one\"}]",
    ONE ",{\"role\":\"assistant\",\"content\":\"one\"},"
	"{\"role\":\"user\",\"content\":\"one\"}]",
    ONE ",{\"role\":\"user\",\"content\":\"one\"},"
	"{\"role\":\"user\",\"content\":\"one\"}]",
};

START_TEST(all_else_counts)
{
	size_t i;

	for (i = 0; i < COUNT(different); i++)
		ck_assert_int_eq(
		    same(digest(different[_i]), digest(different[i])),
		    i == (size_t)_i);
}
END_TEST

START_TEST(place_and_key_count)
{
	struct digest d = digest_in("/a", "b", TALK("hello"));

	ck_assert(same(d, digest_in("/a", "b", TALK("hello"))));
	ck_assert(!same(d, digest_in("/a", "", TALK("hello"))));
	ck_assert(!same(d, digest_in("/b", "b", TALK("hello"))));
	ck_assert(!same(d, digest_in("/ab", "", TALK("hello"))));
}
END_TEST

/* What is answered now is what the client sends back later. */
START_TEST(an_answer_is_a_message)
{
	struct chat_request *r = TALK("hello", "good day", "on");
	struct session_key k, copy;
	struct digest a, b;

	session_key_begin(&k, "/", "");
	session_key_message(&k, &r->messages[0]);
	copy = k;
	session_key_answer(&k, "good day \n");
	session_key_digest(&k, a.of);
	session_key_message(&copy, &r->messages[1]);
	session_key_digest(&copy, b.of);
	ck_assert(same(a, b));
	/* and it can go on behind a digest */
	session_key_message(&copy, &r->messages[2]);
	session_key_digest(&copy, b.of);
	ck_assert(same(b, digest_in("/", "", r)));
}
END_TEST

static struct digest
digest_of_part(enum chat_part_kind kind, char *text, char *media, char *name)
{
	struct chat_part part = {
	    .kind = kind, .text = text, .media = media, .name = name};
	struct chat_message m = {
	    .role = CHAT_USER, .parts = &part, .nparts = 1};
	struct session_key k;
	struct digest d;

	session_key_begin(&k, "/", "");
	session_key_message(&k, &m);
	session_key_digest(&k, d.of);
	return d;
}

START_TEST(images_and_files_count)
{
	char data[] = "AAAA", other[] = "AAAB", png[] = "image/png",
	     pdf[] = "application/pdf", name[] = "a.pdf";
	const struct digest d[] = {
	    digest_of_part(CHAT_TEXT, data, NULL, NULL),
	    digest_of_part(CHAT_IMAGE, data, NULL, NULL),
	    digest_of_part(CHAT_IMAGE, data, png, NULL),
	    digest_of_part(CHAT_IMAGE, other, png, NULL),
	    digest_of_part(CHAT_DOCUMENT, data, pdf, NULL),
	    digest_of_part(CHAT_DOCUMENT, data, pdf, name),
	};
	size_t i, j;

	for (i = 0; i < COUNT(d); i++) {
		for (j = 0; j < COUNT(d); j++)
			ck_assert_int_eq(same(d[i], d[j]), i == j);
	}
}
END_TEST

/* A conversation with a call and its result, of these texts. */
static struct digest
digest_of_call(
    const char *id, const char *name, const char *arguments, const char *result)
{
	char text[512];

	(void)snprintf(text, sizeof text,
	    "[{\"role\":\"user\",\"content\":\"q\"},"
	    "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"%s\","
	    "\"function\":{\"name\":\"%s\",\"arguments\":\"%s\"}}]},"
	    "{\"role\":\"tool\",\"tool_call_id\":\"%s\",\"content\":%s},"
	    "{\"role\":\"user\",\"content\":\"c\"}]",
	    id, name, arguments, id, result);
	return digest(text);
}

START_TEST(calls_and_results_count)
{
	const struct digest d[] = {
	    digest_of_call("a", "f", "{}", "\"r\""),
	    digest_of_call("a", "g", "{}", "\"r\""),
	    digest_of_call("a", "f", "{\\\"x\\\":1}", "\"r\""),
	    digest_of_call("a", "f", "{}", "\"s\""),
	    digest_of_call("a", "f", "{}", "\"r \""),
	    digest_of_call("a", "f", "{}", "null"),
	    digest_of_call("a", "f", "{}",
		"[{\"type\":\"text\",\"text\":\"r\"},"
		"{\"type\":\"text\",\"text\":\"c\"}]"),
	    digest_of_call("a", "f", "{}",
		"[{\"type\":\"input_image\",\"image_url\":"
		"\"https://r\"}]"),
	};
	size_t i, j;

	for (i = 0; i < COUNT(d); i++) {
		for (j = 0; j < COUNT(d); j++)
			ck_assert_int_eq(same(d[i], d[j]), i == j);
	}
}
END_TEST

/* A text of the result, or of the user behind it. */
START_TEST(a_result_has_an_end)
{
	static const char begin[] =
	    "[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\","
	    "\"function\":{\"name\":\"f\"}}]},"
	    "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":["
	    "{\"type\":\"text\",\"text\":\"r\"}";
	char in[512], behind[512];

	(void)snprintf(
	    in, sizeof in, "%s,{\"type\":\"text\",\"text\":\"c\"}]}]", begin);
	(void)snprintf(behind, sizeof behind,
	    "%s]},{\"role\":\"user\",\"content\":\"c\"}]", begin);
	ck_assert(!same(digest(in), digest(behind)));
}
END_TEST

/* The ids are made by servers, and differ between them. */
START_TEST(ids_of_calls_do_not_count)
{
	ck_assert(same(digest_of_call("a", "f", "{}", "\"r\""),
	    digest_of_call("call_0", "f", " { } ", "\"r\"")));
}
END_TEST

Suite *
suite_session_key(void)
{
	Suite *s = suite_create("session_key");
	TCase *tc = tcase_create("core");

	tcase_add_loop_test(tc, the_form_does_not_count, 0, (int)COUNT(equal));
	tcase_add_loop_test(tc, all_else_counts, 0, (int)COUNT(different));
	tcase_add_test(tc, place_and_key_count);
	tcase_add_test(tc, an_answer_is_a_message);
	tcase_add_test(tc, images_and_files_count);
	tcase_add_test(tc, calls_and_results_count);
	tcase_add_test(tc, a_result_has_an_end);
	tcase_add_test(tc, ids_of_calls_do_not_count);
	suite_add_tcase(s, tc);
	return s;
}
