/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_legacy.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
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
	static const char *const bodies[] = {
	    "", "{", "[]", "1", "{\"messages\":1}", "{\"messages\":{}}"};
	unsigned char digest[SESSION_DIGEST_BYTES];
	size_t i;

	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		ck_assert_ptr_null(session_legacy_digest(
		    bodies[i], strlen(bodies[i]), digest));
}
END_TEST

Suite *
suite_session_legacy(void)
{
	Suite *s = suite_create("session_legacy");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, as_that_program_did, 0, sizeof(known) / sizeof(known[0]));
	tcase_add_loop_test(
	    tc, what_cannot_be_told, 0, sizeof(unclear) / sizeof(unclear[0]));
	tcase_add_test(tc, what_is_no_request);
	suite_add_tcase(s, tc);
	return s;
}
