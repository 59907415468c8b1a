/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_legacy.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aid.h"
#include "openai_request.h"
#include "session.h"
#include "suites.h"

#include "banned.h"

#define MESSAGE(role, content) "{\"role\":\"" role "\",\"content\":" content "}"
#define USER(text)             MESSAGE("user", "\"" text "\"")
#define ASSISTANT(text)        MESSAGE("assistant", "\"" text "\"")
#define SYSTEM(text)           MESSAGE("system", "\"" text "\"")
#define TICK                   "\xE2\x9C\x85"
#define ENDING                 "," ASSISTANT("good day") "," USER("on")

/* The digests are those of node's own crypto and JSON.stringify, of what that
 * program's context is by hand. */
static const struct {
	const char *messages, *answer, *digest;
} known[] = {
    {USER("hello") ENDING, "good day",
	"e7f9585b27c8f46710cb873627a66a79835bce557670a27d2a92313bf8f11ceb"},
    /* Members keep their order; white space between them goes. */
    {" { \"content\" : \"hello\" , \"role\" : \"user\", \"name\":\"me\"}, {"
     "\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":"
     "\"good \"},{\"text\":\"day\",\"type\":\"text\",\"cache_control\":{"
     "\"type\":\"ephemeral\"}}],\"refusal\":null,\"tool_calls\":[]}," USER(
	 "on"),
	"good day",
	"da9e1d1b6b7e8032f3e19cb08372c600606f010b424ed3511124b3874a28860d"},
    /* The system's are first, the developer's are not. */
    {USER("hello") "," SYSTEM("be brief") "," ASSISTANT("good day") "," SYSTEM(
	 "be kind") "," USER("on"),
	"good day",
	"8c95824b16fb97fe65d4ceab3dadd8a2d3bf073617d37d6663848282732024e7"},
    {USER("hello") "," MESSAGE("developer", "\"be brief\"") ENDING, "good day",
	"35bc38414f2039224a89f4b160eff87ce1a9e219060e1f749b96dde7608c7226"},
    {USER("\\u0022\\\\\\b\\f\\n\\r\\t\\u0001\\u001F\\u007f\\/\\u00e9\\ud83d"
	  "\\ude00\\u2028\xC3\xA9\xF0\x9F\x98\x80<>&'") ENDING,
	"good day",
	"64f5ad46e864f252137ddd3f4a460bb8861d7febe78c1b5f573ebed62e4686f3"},
    {MESSAGE("user",
	 "\"hello\",\"a\":[0,-0,1,-1,1.0,1e3,120E-1,2147483648,"
	 "1763838488000000,9007199254740992,-9007199254740992,true,false,"
	 "null,{},[],{\"\":\"\"}]") ENDING,
	"good day",
	"d7244bba529eb46e94953832243a26670e352e6c8bbaca106c254041b3722b65"},
    /* The path and its confirmation go, the question does not. */
    {USER("hello") "," ASSISTANT("\xF0\x9F\x93\x81 Which?") "," USER(
	 "~/x") "," SYSTEM("be brief") "," ASSISTANT(TICK
	 " It is /home/x") "," USER("go") ENDING,
	"good day",
	"3a1ceb3d219e898d44d6c5f4f96e0b982f5a6df1048ff52a7f922fe75f835574"},
    {MESSAGE("user", "[{\"type\":\"text\",\"text\":\"/srv\"}]") "," ASSISTANT(
	 TICK " /srv") "," USER("go") ENDING,
	"good day",
	"ebc8a4d57f24b1862b5f686ed086dd7ac758d0d4eb7d43fb5b374d5a08e268f7"},
    {USER("/none") "," ASSISTANT("\xE2\x9D\x8C No") "," USER(
	 "/srv") "," ASSISTANT(TICK " /srv") "," USER("go") ENDING,
	"good day",
	"a47b9368ba32faf2678ef311f3d0e0a751a4aa296024d4454b036a0963339511"},
    /* There is one such pair only, and what is like it is none. */
    {USER("/srv") "," ASSISTANT(TICK " /srv") "," USER("/tmp") "," ASSISTANT(
	 TICK " good day") "," USER("on"),
	TICK " good day",
	"c42217a2d3f6273675339c8fabd05900162fa92f049219e51f0d5dc3ef33243d"},
    {USER("srv") "," ASSISTANT(TICK " good day") "," USER("on"),
	TICK " good day",
	"e53e63aa2080074f3b73473bf300c68ac2676d00930d702079f1d359077165bf"},
    {USER("/srv") "," ASSISTANT(TICK "good day") "," USER("on"),
	TICK "good day",
	"fede1e285fb3cdf8304fd5dae0cc72b9cc50eaa0b99a821035d853d2017cff91"},
};

static char *
digest_of(const char *messages, unsigned char digest[SESSION_DIGEST_BYTES])
{
	struct buf body = BUF_INIT(4096);
	char *answer;

	buf_addf(&body, "{\"model\":\"m\",\"messages\":[%s]}", messages);
	ck_assert(buf_ok(&body));
	answer = session_legacy_digest(buf_str(&body), body.len, digest);
	buf_free(&body);
	return answer;
}

START_TEST(as_that_program_did)
{
	unsigned char digest[SESSION_DIGEST_BYTES];
	char hex[2 * SESSION_DIGEST_BYTES + 1];
	char *answer = digest_of(known[_i].messages, digest);
	size_t i;

	ck_assert_ptr_nonnull(answer);
	ck_assert_str_eq(answer, known[_i].answer);
	for (i = 0; i < sizeof(digest); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	ck_assert_str_eq(hex, known[_i].digest);
	free(answer);
}
END_TEST

static const char *const unclear[] = {
    "",
    USER("hello"),
    USER("hello") "," USER("on"),
    USER("hello") "," ASSISTANT("good day"),
    USER("hello") ENDING "," USER("and"),
    USER("hello") ENDING "," SYSTEM("be brief"),
    USER("/srv") "," ASSISTANT(TICK " /srv") "," USER("on"),
    USER("hello") "," MESSAGE("assistant", "null") "," USER("on"),
    USER("hello") "," MESSAGE("assistant", "[{}]") "," USER("on"),
    MESSAGE("user", "\"hello\",\"a\":0.5") ENDING,
    MESSAGE("user", "\"hello\",\"a\":9007199254740994") ENDING,
    MESSAGE("user", "\"hello\",\"a\":-1e300") ENDING,
};

START_TEST(what_cannot_be_told)
{
	unsigned char digest[SESSION_DIGEST_BYTES];

	ck_assert_ptr_null(digest_of(unclear[_i], digest));
}
END_TEST

START_TEST(what_is_no_request)
{
	static const char *const bodies[] = {"", "{", "[]", "1",
	    "{\"messages\":1}", "{\"messages\":{}}",
	    "{\"messages\":[" USER("hello") ENDING "]} x"};
	unsigned char digest[SESSION_DIGEST_BYTES];
	size_t i;

	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		ck_assert_ptr_null(session_legacy_digest(
		    bodies[i], strlen(bodies[i]), digest));
}
END_TEST

/* The session it leads to */

#define S     "aaaaaaaa-0000-4000-8000-000000000001"
#define S2    "bbbbbbbb-0000-4000-8000-000000000002"
#define U1    "00000000-0000-4000-8000-0000000000a1"
#define U2    "00000000-0000-4000-8000-0000000000a2"

#define HELLO USER("hello") ENDING
#define LINE(uuid, text)                                                       \
	"{\"type\":\"assistant\",\"uuid\":\"" uuid                             \
	"\",\"message\":{\"id\":\"" uuid                                       \
	"\",\"content\":[{\"type\":\"text\",\"text\":\"" text "\"}]}}\n"

static char home[PATH_MAX + 16];
static char *const env[] = {home, NULL};
static char transcript[PATH_MAX + 128];
static char original[PATH_MAX + 16];
static struct session_place place;

static void
write_original(const char *digest, long age_s)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "{\"%s\":{\"sessionId\":\"" S "\",\"createdAt\":%lld000}}", digest,
	    (long long)time(NULL) - age_s);
	(void)snprintf(original, sizeof(original), "%s",
	    aid_make_file("sessions.json", text, 0600));
}

static void
write_transcript(const char *lines)
{
	FILE *file = fopen(transcript, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(lines, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void
set_up(void)
{
	static const char *const below[] = {"", "/projects", "/projects/-srv"};
	struct settings s = {.session_ttl_ms = 3600000};
	char why[256], dir[PATH_MAX + 64];
	size_t i;

	(void)snprintf(home, sizeof(home), "HOME=%s", aid_make_dir());
	for (i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		(void)snprintf(
		    dir, sizeof(dir), "%s/.claude%s", aid_dir(), below[i]);
		ck_assert_int_eq(mkdir(dir, 0700), 0);
	}
	(void)snprintf(transcript, sizeof(transcript), "%s/" S ".jsonl", dir);
	write_transcript(LINE(U1, "good day\\n"));
	write_original(known[0].digest, 60);
	s.session_file = original;
	ck_assert(session_place_find(&place, &s, env, why, sizeof(why)));
}

static void
tear_down(void)
{
	session_place_clear(&place);
	aid_remove_dir();
}

static void
open_for(struct session *s, const char *cwd, const char *messages)
{
	struct session_frame frame = {.cwd = cwd, .key_name = ""};
	struct buf body = BUF_INIT(4096);
	struct chat_request *r;
	struct api_error e;

	buf_addf(&body, "{\"messages\":[%s]}", messages);
	frame.body = &body;
	r = openai_request_parse(buf_str(&body), body.len, &e);
	ck_assert_msg(r != NULL, "%s", e.message);
	session_open(s, &place, &frame, r);
	chat_request_free(r);
	ck_assert(session_find(s));
	ck_assert_str_eq(s->trouble, "");
	buf_free(&body);
}

static void
expect_copy(struct session *s, const char *messages)
{
	open_for(s, "/srv", messages);
	ck_assert_int_eq(s->plan, SESSION_FORK);
	ck_assert_str_eq(s->id, S);
	ck_assert_str_eq(s->at, U1);
	ck_assert_uint_eq(s->first, 2);
	ck_assert_int_eq(s->claim, -1);
}

static void
expect_told(const char *cwd, const char *messages)
{
	struct session s;

	open_for(&s, cwd, messages);
	ck_assert_int_eq(s.plan, SESSION_REPLAY);
	ck_assert_uint_eq(s.first, 0);
	session_close(&s);
}

START_TEST(its_session_is_copied)
{
	struct session s;

	expect_copy(&s, HELLO);
	session_start(&s);
	ck_assert_int_eq(s.plan, SESSION_FORK);
	session_answered(&s, S2, U2, "yes");
	session_ended(&s);
	/* From here on it is ours. */
	ck_assert_int_eq(unlink(transcript), 0);
	open_for(&s, "/srv", HELLO "," ASSISTANT("yes") "," USER("more"));
	ck_assert_int_eq(s.plan, SESSION_RESUME);
	ck_assert_str_eq(s.id, S2);
	ck_assert_str_eq(s.at, U2);
	session_close(&s);
}
END_TEST

START_TEST(what_we_know_ourselves_comes_first)
{
	struct session s;

	open_for(&s, "/srv", USER("hello"));
	ck_assert_int_eq(s.plan, SESSION_NEW);
	session_answered(&s, S2, U2, "good day");
	session_ended(&s);
	open_for(&s, "/srv", HELLO);
	ck_assert_int_eq(s.plan, SESSION_RESUME);
	ck_assert_str_eq(s.id, S2);
	session_close(&s);
}
END_TEST

/* What is at the end of the transcript in place of the answer, and whether the
 * session is of use all the same. */
static const struct {
	const char *lines;
	bool use;
} ends[] = {
    {LINE(U1, "good day"), true},
    {LINE(U1, "good day") "{\"type\":\"user\",\"message\":{}}\n", true},
    {LINE(U1, "good day") LINE(U2, "begun"), false},
    {LINE(U1, "good day!"), false},
    {LINE(U1, "good"), false},
    {LINE(U1, " good day"), false},
    {LINE(U1, "good day") "{\"type\"", false},
    {"", false},
};

START_TEST(only_where_it_ends_with_the_answer)
{
	struct session s;

	write_transcript(ends[_i].lines);
	if (!ends[_i].use) {
		expect_told("/srv", HELLO);
		return;
	}
	expect_copy(&s, HELLO);
	session_close(&s);
}
END_TEST

START_TEST(another_conversation_is_told)
{
	expect_told("/srv", USER("hello!") ENDING);
	expect_told("/srv", USER("hello") "," ASSISTANT("good") "," USER("on"));
	expect_told("/srv", HELLO "," USER("and"));
	expect_told("/tmp", HELLO);
	ck_assert_int_eq(unlink(transcript), 0);
	expect_told("/srv", HELLO);
}
END_TEST

/* Messages without text are dropped from a request, so the last answer in it
 * would be another one. */
START_TEST(an_answer_without_text_is_none)
{
	write_original(
	    "5ac7791b2ab8a8753a82e39fd0ce75032dab3a3b53e4e5502f5b848f4a7164db",
	    60);
	write_transcript(LINE(U1, "good day") LINE(U2, " "));
	expect_told("/srv", HELLO "," ASSISTANT(" ") "," USER("more"));
}
END_TEST

START_TEST(a_lost_copy_is_told)
{
	struct session s;

	expect_copy(&s, HELLO);
	session_lost(&s);
	ck_assert_int_eq(s.plan, SESSION_REPLAY);
	ck_assert_uint_eq(s.first, 0);
	session_close(&s);
}
END_TEST

START_TEST(what_has_expired_is_told)
{
	write_original(known[0].digest, 3601);
	expect_told("/srv", HELLO);
}
END_TEST

Suite *
suite_session_legacy(void)
{
	Suite *s = suite_create("session_legacy");
	TCase *tc = tcase_create("digest"), *plan = tcase_create("session");

	tcase_add_loop_test(
	    tc, as_that_program_did, 0, sizeof(known) / sizeof(known[0]));
	tcase_add_loop_test(
	    tc, what_cannot_be_told, 0, sizeof(unclear) / sizeof(unclear[0]));
	tcase_add_test(tc, what_is_no_request);
	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(plan, set_up, tear_down);
	tcase_add_test(plan, its_session_is_copied);
	tcase_add_test(plan, what_we_know_ourselves_comes_first);
	tcase_add_loop_test(plan, only_where_it_ends_with_the_answer, 0,
	    sizeof(ends) / sizeof(ends[0]));
	tcase_add_test(plan, another_conversation_is_told);
	tcase_add_test(plan, an_answer_without_text_is_none);
	tcase_add_test(plan, a_lost_copy_is_told);
	tcase_add_test(plan, what_has_expired_is_told);
	suite_add_tcase(s, plan);
	return s;
}
