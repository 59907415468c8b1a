/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_transcript.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "aid.h"
#include "suites.h"

#include "banned.h"

#define S  "aaaaaaaa-0000-4000-8000-000000000001"
#define U1 "00000000-0000-4000-8000-0000000000a1"
#define U2 "00000000-0000-4000-8000-0000000000a2"
#define U3 "00000000-0000-4000-8000-0000000000a3"

static char of_home[] = "HOME=/home/user", no_config[] = "CLAUDE_CONFIG_DIR=",
	    of_config[] = "CLAUDE_CONFIG_DIR=/etc/c", no_home[] = "HOME=";
static char *const home[] = {no_config, of_home, NULL};
static char *const config[] = {of_home, of_config, NULL};
static char *const neither[] = {no_home, NULL};

static const struct {
	char *const *env;
	const char *cwd, *want;
} places[] = {
    {home, "/srv/My work_1.txt",
	"/home/user/.claude/projects/-srv-My-work-1-txt/" S ".jsonl"},
    {home, "/\xC3\xA9/\xE2\x82\xAC/\xF0\x9F\x98\x80z\xFF",
	"/home/user/.claude/projects/-------z-/" S ".jsonl"},
    {config, "/a", "/etc/c/projects/-a/" S ".jsonl"},
    {neither, "/a", NULL},
};

START_TEST(where_it_is)
{
	char *path = claude_transcript_path(places[_i].env, places[_i].cwd, S);

	if (places[_i].want == NULL)
		ck_assert_ptr_null(path);
	else
		ck_assert_str_eq(path, places[_i].want);
	free(path);
}
END_TEST

#define LINE(type, more, uuid, message)                                        \
	"{\"type\":\"" type "\"," more "\"uuid\":\"" uuid                      \
	"\",\"message\":{" message "}}\n"
#define BLOCK(id, uuid, block)                                                 \
	LINE("assistant", "", uuid,                                            \
	    "\"id\":\"" id "\",\"model\":\"m\",\"content\":[" block "]")
#define TEXT(text)           "{\"type\":\"text\",\"text\":\"" text "\"}"
#define SAID(id, uuid, text) BLOCK(id, uuid, TEXT(text))
#define THOUGHT              "{\"type\":\"thinking\",\"thinking\":\"hm\"}"
#define CALL                 "{\"type\":\"tool_use\",\"name\":\"Bash\"}"
#define ASKED(text)                                                            \
	LINE("user", "", U3, "\"role\":\"user\",\"content\":\"" text "\"")
#define OTHER "{\"type\":\"queue-operation\",\"operation\":\"dequeue\"}\n"

static const struct {
	const char *lines, *text, *uuid;
} answers[] = {
    {ASKED("q") SAID("m1", U1, "a"), "a", U1},
    {ASKED("q") SAID("m1", U1, "a") ASKED("q") SAID("m2", U2, "b"), "b", U2},
    {OTHER ASKED("q") SAID("m1", U1, "a") ASKED("never answered") OTHER "\n\n",
	"a", U1},
    /* A line for each block, and several in one */
    {SAID("m0", U3, "x") BLOCK("m1", U3, THOUGHT) SAID("m1", U3, "a\\n")
	    OTHER BLOCK("m1", U2, TEXT("b") "," TEXT("c")),
	"a\nbc", U2},
    /* A call behind it, which was never answered: an answer of its own */
    {SAID("m1", U1, "a") BLOCK("m2", U2, CALL), "", U2},
    {SAID("m1", U1, "a") SAID("m2", U3, "let me see") BLOCK("m2", U2, CALL),
	"let me see", U2},
    /* Words of others */
    {SAID("m1", U1, "a") LINE("assistant", "\"isSidechain\":true,", U2,
	 "\"id\":\"m2\",\"content\":[" TEXT("b") "]"),
	"a", U1},
    {SAID("m1", U1, "a") LINE("assistant", "", U2,
	 "\"id\":\"m2\",\"model\":\"<synthetic>\",\"content\":[" TEXT(
	     "No response requested.") "]"),
	"a", U1},
    /* What the CLI may write and JSON does not have */
    {SAID("m1", U1, "a\\ud800\\u0000"), "a\xEF\xBF\xBD\xEF\xBF\xBD", U1},
    /* Without a line end, and behind lines that nobody needs to read */
    {"{\"half\n" SAID("m0", U3, "x") SAID("m1", U1, "a") "{}", "a", U1},
};

static bool
answer_of(const char *lines, struct buf *text, char uuid[SESSION_ID_BYTES])
{
	return claude_transcript_answer(
	    aid_make_file("t.jsonl", lines, 0600), text, uuid);
}

START_TEST(the_last_answer)
{
	struct buf text = BUF_INIT(LIMIT_ANSWER_BYTES);
	char uuid[SESSION_ID_BYTES];

	ck_assert(answer_of(answers[_i].lines, &text, uuid));
	ck_assert_str_eq(buf_str(&text), answers[_i].text);
	ck_assert_str_eq(uuid, answers[_i].uuid);
	buf_free(&text);
}
END_TEST

static const char *const unclear[] = {
    "",
    "\n",
    ASKED("q"),
    SAID("m1", U1, "a") "{\"type\":\"assis",
    SAID("m1", U1, "a") "1\n",
    SAID("m1", U1, "a") "[]\n",
    SAID("m1", "../x", "a"),
    LINE("assistant", "", U1, "\"content\":[" TEXT("a") "]"),
    LINE("assistant", "", U1, "\"id\":\"m1\",\"content\":\"a\""),
    "{\"type\":\"assistant\",\"message\":{\"id\":\"m1\",\"content\":[]}}\n",
    "{\"half\n" SAID("m1", U1, "a"),
};

START_TEST(what_is_unclear)
{
	struct buf text = BUF_INIT(LIMIT_ANSWER_BYTES);
	char uuid[SESSION_ID_BYTES];

	ck_assert(!answer_of(unclear[_i], &text, uuid));
	buf_free(&text);
}
END_TEST

START_TEST(what_cannot_be_read)
{
	struct buf text = BUF_INIT(LIMIT_ANSWER_BYTES), tiny = BUF_INIT(3);
	const char *path =
	    aid_make_file("t.jsonl", SAID("m1", U1, "four"), 0600);
	char uuid[SESSION_ID_BYTES];

	ck_assert(!claude_transcript_answer(path, &tiny, uuid));
	ck_assert(claude_transcript_answer(path, &text, uuid));
	ck_assert_int_eq(truncate(path, (off_t)LIMIT_TRANSCRIPT_BYTES + 1), 0);
	ck_assert(!claude_transcript_answer(path, &text, uuid));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(!claude_transcript_answer(path, &text, uuid));
	buf_free(&text);
	buf_free(&tiny);
}
END_TEST

/* Is U1 saved? */
static bool
has(const char *lines)
{
	return claude_transcript_has(aid_make_file("t.jsonl", lines, 0600), U1);
}

static const struct {
	const char *lines;
	bool has;
} saved[] = {
    {SAID("m1", U1, "a"), true},
    {ASKED("q") SAID("m1", U1, "a") OTHER "{\"half", true},
    {"", false},
    {SAID("m1", U2, "a"), false},
    /* Half a line, up to its line end */
    {"{\"uuid\":\"" U1 "\"}", false},
    {SAID("m1", U2, "a") "{\"type\":\"assistant\",\"uuid\":\"" U1, false},
    {"{\"uuid\":\"" U1 "\"}\n", true},
    /* Somebody else's */
    {"{\"parentUuid\":\"" U1 "\",\"uuid\":\"" U2 "\"}\n", false},
    {"{\"their_uuid\":\"" U1 "\"}\n", false},
    {"{\"leafUuid\":\"" U1 "\"}\n", false},
    {SAID("m1", U2, U1), false},
    {SAID("m1", U2, "\\\"uuid\\\":\\\"" U1 "\\\""), false},
    {"{\"uuid\":\"" U1 "0\"}\n", false},
};

START_TEST(what_is_saved)
{
	ck_assert_int_eq(has(saved[_i].lines), saved[_i].has);
}
END_TEST

/* Only the end of a long one is looked at. */
START_TEST(what_is_saved_lately)
{
	const size_t tail = LIMIT_TRANSCRIPT_TAIL,
		     line = strlen(SAID("m1", U1, "a"));
	char *text = malloc(tail + line + 1);

	ck_assert_ptr_nonnull(text);
	memcpy(text, SAID("m1", U1, "a"), line);
	memset(text + line, '\n', tail);
	text[line + tail] = '\0';
	ck_assert(!has(text));
	text[tail] = '\0'; /* all of it is looked at */
	ck_assert(has(text));
	memset(text, '\n', tail);
	memcpy(text + tail, SAID("m1", U1, "a"), line + 1);
	ck_assert(has(text));
	free(text);
}
END_TEST

/* Nobody waits for it. */
START_TEST(what_is_no_transcript)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/t.jsonl", aid_dir());
	ck_assert(!claude_transcript_has(path, U1));
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert(!claude_transcript_has(path, U1));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert(!claude_transcript_has(path, U1));
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(
	    symlink(aid_make_file("other", SAID("m1", U1, "a"), 0600), path),
	    0);
	ck_assert(!claude_transcript_has(path, U1));
}
END_TEST

static void
set_up(void)
{
	(void)aid_make_dir();
}

Suite *
suite_claude_transcript(void)
{
	Suite *s = suite_create("claude_transcript");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, aid_remove_dir);
	tcase_add_loop_test(
	    tc, where_it_is, 0, sizeof(places) / sizeof(places[0]));
	tcase_add_loop_test(
	    tc, the_last_answer, 0, sizeof(answers) / sizeof(answers[0]));
	tcase_add_loop_test(
	    tc, what_is_unclear, 0, sizeof(unclear) / sizeof(unclear[0]));
	tcase_add_test(tc, what_cannot_be_read);
	tcase_add_loop_test(
	    tc, what_is_saved, 0, sizeof(saved) / sizeof(saved[0]));
	tcase_add_test(tc, what_is_saved_lately);
	tcase_add_test(tc, what_is_no_transcript);
	suite_add_tcase(s, tc);
	return s;
}
