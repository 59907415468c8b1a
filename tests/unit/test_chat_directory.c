/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_directory.h"

#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "directory_talk.h"
#include "exchange_bed.h"
#include "json_text.h"
#include "openai_request.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char base[PATH_MAX]; /* resolved, with the directories below */
static const char *const dirs[] = {
    "/head", "/key", "/told", "/default", "/home"};
static char home[PATH_MAX + 16], default_dir[PATH_MAX + 16];
static char *env[] = {home, NULL};
static char outcome[PATH_MAX];

static void
set_up(void)
{
	char path[PATH_MAX + 16];
	size_t i;

	ck_assert_ptr_nonnull(realpath(aid_make_dir(), base));
	for (i = 0; i < COUNT(dirs); i++) {
		(void)snprintf(path, sizeof path, "%s%s", base, dirs[i]);
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	(void)snprintf(home, sizeof home, "HOME=%s/home", base);
	(void)snprintf(default_dir, sizeof default_dir, "%s/default/", base);
	exchange_bed_open();
}

static void
tear_down(void)
{
	exchange_bed_close();
	aid_remove_dir();
}

/* A copy of text with base for each @, valid until the fourth call after. */
static const char *
at_base(const char *text)
{
	static struct buf copies[4] = {
	    BUF_INIT(65536), BUF_INIT(65536), BUF_INIT(65536), BUF_INIT(65536)};
	static size_t n;
	struct buf *b = &copies[n++ % COUNT(copies)];

	buf_clear(b);
	for (; *text != '\0'; text++) {
		if (*text == '@')
			buf_addstr(b, base);
		else
			buf_addch(b, *text);
	}
	return buf_str(b);
}

/* Messages separated by |, the user's and the assistant's by turns; Q, R and
 * C@... are ours. */
static struct chat_request *
conversation(const char *messages)
{
	struct buf json = BUF_INIT(1u << 20), said = BUF_INIT(65536);
	char *copy = strdup(at_base(messages)), *next = copy, *text;
	struct chat_request *r;
	struct api_error e;
	bool assistant = false;

	buf_addstr(&json, "{\"messages\":[");
	while ((text = strsep(&next, "|")) != NULL) {
		buf_clear(&said);
		if (strcmp(text, "Q") == 0)
			directory_talk_question(&said);
		else if (strcmp(text, "R") == 0)
			directory_talk_refusal(&said, WORK_DIR_FILE, false);
		else if (text[0] == 'C')
			directory_talk_confirmation(&said, text + 1);
		else
			buf_addstr(&said, text);
		buf_addf(&json,
		    "%s{\"role\":\"%s\",\"content\":", text == copy ? "" : ",",
		    assistant ? "assistant" : "user");
		json_text_quote_str(&json, buf_str(&said));
		buf_addch(&json, '}');
		assistant = !assistant;
	}
	buf_addstr(&json, "]}");
	r = openai_request_parse(buf_str(&json), json.len, &e);
	ck_assert_ptr_nonnull(r);
	free(copy);
	buf_free(&json);
	buf_free(&said);
	return r;
}

/* "ask", "refuse", "gone", "confirm" with what was said. */
static void
name_answer(const char *answer)
{
	struct buf said = BUF_INIT(65536);

	directory_talk_question(&said);
	if (strcmp(answer, buf_str(&said)) == 0)
		(void)snprintf(outcome, sizeof outcome, "ask");
	else if (strncmp(answer, "I cannot work there: ", 21) == 0)
		(void)snprintf(outcome, sizeof outcome, "refuse");
	else if (strncmp(answer, "The directory of this", 21) == 0)
		(void)snprintf(outcome, sizeof outcome, "gone");
	else
		(void)snprintf(outcome, sizeof outcome, "confirm");
	buf_free(&said);
}

/* What became of it: an answer, a path behind base, or an error. */
static const char *
decide(
    const char *when, const char *fields, const char *key, const char *messages)
{
	struct chat_request *r = conversation(messages);
	struct chat_directory d;
	struct api_error e;
	char request[8192];
	bool ok;

	(void)snprintf(request, sizeof request,
	    "POST /v1/chat/completions HTTP/1.1\nHost: localhost\n"
	    "Content-Length: 0\n%s\n",
	    at_base(fields));
	(void)exchange_bed_request(request);
	bed_settings.ask_working_dir = when;
	bed_x.env = env;
	bed_x.key_name = "bound";
	bed_x.key_directory = key == NULL ? NULL : at_base(key);
	ok = chat_directory_find(&d, &bed_x, r, &e);
	if (!ok)
		(void)snprintf(outcome, sizeof outcome, "%d %s", e.status,
		    e.param[0] != '\0' ? e.param : e.code);
	else if (d.answer != NULL)
		name_answer(d.answer);
	else
		(void)snprintf(
		    outcome, sizeof outcome, "%s", d.path + strlen(base));
	ck_assert(!ok || (d.answer == NULL) != (d.path == NULL));
	chat_directory_clear(&d);
	chat_request_free(r);
	return outcome;
}

#define HEADER "X-CCP-Working-Dir: "

static const struct {
	const char *when, *fields, *key, *messages, *want;
} cases[] = {
    /* a new conversation */
    {"auto", "", NULL, "hello", "ask"},
    {"always", "", NULL, "hello", "ask"},
    {"never", "", NULL, "hello", "/default"},
    {"auto", "", NULL, "@/told", "confirm"},
    {"always", "", NULL, "@/told", "confirm"},
    {"never", "", NULL, "@/told", "/default"},
    {"auto", "", NULL, "@/no", "ask"},
    {"auto", "", NULL, "/help", "ask"},
    {"auto", "", NULL, " ` ~/ `", "ask"},
    {"auto", "", NULL, "`~/`", "confirm"},
    /* an old one without the exchange */
    {"auto", "", NULL, "hello|hi|more", "/default"},
    {"always", "", NULL, "hello|hi|more", "/default"},
    {"never", "", NULL, "hello|hi|@/told", "/default"},
    {"auto", "", NULL, "hello|hi|@/told", "/default"},
    {"always", HEADER "@/head\n", NULL, "hello|hi|more", "/head"},
    {"always", "", "@/key", "hello|hi|more", "/key"},
    /* the reply */
    {"auto", "", NULL, "hello|Q|@/told", "confirm"},
    {"always", "", NULL, "hello|Q|@/told", "confirm"},
    {"never", "", NULL, "hello|Q|@/told", "confirm"},
    {"auto", "", NULL, "hello|Q|@/no", "refuse"},
    {"auto", "", NULL, "hello|Q|no", "refuse"},
    {"never", "", NULL, "hello|Q|no", "/default"},
    {"auto", "", NULL, "hello|Q|no|R|@/told", "confirm"},
    {"auto", "", NULL, "hello|Q|no|R|no", "refuse"},
    /* and then */
    {"auto", "", NULL, "hello|Q|@/told|C@/told|go on", "/told"},
    {"always", "", NULL, "hello|Q|@/told|C@/told|go on", "/told"},
    {"never", "", NULL, "hello|Q|@/told|C@/told|go on", "/told"},
    {"auto", "", NULL, "@/told|C@/told|go on", "/told"},
    {"auto", "", NULL, "@/no|C@/no|go on", "gone"},
    {"never", "", NULL, "@/no|C@/no|go on", "gone"},
    {"auto", "", NULL, "@/no|C@/no|go on|R|@/told", "confirm"},
    {"auto", "", NULL, "@/no|C@/no|go on|R|@/told|C@/told|so", "/told"},
    {"auto", "", NULL, "@/told|C~/|go on", "/home"},
    {"auto", "", NULL, "@/told|C|go on", "gone"},
    {"auto", "", NULL, "hello|C@/told|go on", "/default"},
    /* the header, and the key */
    {"auto", HEADER "@/head\n", NULL, "hello", "/head"},
    {"never", HEADER "@/head\n", NULL, "hello", "/head"},
    {"always", HEADER "@/head\n", NULL, "hello", "ask"},
    {"auto", HEADER "~\n", "@/key", "hello", "/home"},
    {"auto", "x-ccp-working-dir: \"@/head/\"\n", NULL, "hello", "/head"},
    {"auto", "", "@/key", "hello", "/key"},
    {"auto", "", "~/", "hello", "/home"},
    {"never", "", "@/key", "hello", "/key"},
    {"always", "", "@/key", "hello", "ask"},
    {"auto", HEADER "@/head\n", NULL, "@/told", "/head"},
    {"auto", HEADER "@/head\n", NULL, "hello|Q|@/told", "/head"},
    {"auto", HEADER "@/head\n", "@/key", "hello|Q|@/told|C@/told|x", "/head"},
    {"auto", "", "@/key", "hello|Q|@/told|C@/told|x", "/key"},
    {"always", HEADER "@/head\n", NULL, "hello|Q|@/told|C@/told|x", "/told"},
    {"always", HEADER "@/head\n", NULL, "hello|Q|@/told", "confirm"},
    {"always", "", "@/key", "hello|Q|@/told|C@/told|x", "/told"},
    {"auto", HEADER "@/no\n", "@/key", "hello", "400 X-CCP-Working-Dir"},
    {"always", HEADER "@/no\n", NULL, "hello", "400 X-CCP-Working-Dir"},
    {"auto", HEADER "head\n", NULL, "hello", "400 X-CCP-Working-Dir"},
    {"auto", HEADER "\n", NULL, "hello", "400 X-CCP-Working-Dir"},
    {"auto", HEADER "/dev\n", NULL, "hello", "400 X-CCP-Working-Dir"},
    {"auto", HEADER "@/head\n" HEADER "@/head\n", NULL, "hello",
	"400 X-CCP-Working-Dir"},
    {"auto", "", "@/no", "hello", "500 working_directory"},
};

START_TEST(decisions)
{
	bed_settings.claude_working_dir = default_dir;
	ck_assert_msg(strcmp(decide(cases[_i].when, cases[_i].fields,
				 cases[_i].key, cases[_i].messages),
			  cases[_i].want) == 0,
	    "%s, %s%s, %s: %s, not %s", cases[_i].when, cases[_i].fields,
	    cases[_i].key == NULL ? "no key" : cases[_i].key,
	    cases[_i].messages, outcome, cases[_i].want);
}
END_TEST

START_TEST(only_allowed_ones_are_confirmed)
{
	char allowed[PATH_MAX];

	(void)snprintf(allowed, sizeof allowed, "%s", at_base("@/told"));
	bed_settings.allowed_dirs = allowed;
	bed_settings.claude_working_dir = default_dir;
	ck_assert_str_eq(decide("auto", "", NULL, "hello|Q|@/told"), "confirm");
	ck_assert_str_eq(decide("auto", "", NULL, "hello|Q|@/key"), "refuse");
	ck_assert_str_eq(decide("auto", "", NULL, "@/key"), "ask");
	ck_assert_str_eq(
	    decide("auto", "", NULL, "@/key|C@/key|go on"), "gone");
	ck_assert_str_eq(decide("auto", HEADER "@/key\n", NULL, "hello"),
	    "400 X-CCP-Working-Dir");
	/* What the user has set is not asked for leave. */
	ck_assert_str_eq(decide("auto", "", "@/key", "hello"), "/key");
	ck_assert_str_eq(decide("never", "", NULL, "hello"), "/default");
}
END_TEST

START_TEST(the_default)
{
	char was[PATH_MAX];

	ck_assert_ptr_nonnull(getcwd(was, sizeof was));
	ck_assert_int_eq(chdir(at_base("@/told")), 0);
	ck_assert_str_eq(decide("never", "", NULL, "hello"), "/told");
	bed_settings.claude_working_dir = "../key";
	ck_assert_str_eq(decide("never", "", NULL, "hello"), "/key");
	bed_settings.claude_working_dir = "~";
	ck_assert_str_eq(decide("never", "", NULL, "hello"), "/home");
	bed_settings.claude_working_dir = "/no/such";
	ck_assert_str_eq(
	    decide("never", "", NULL, "hello"), "500 working_directory");
	ck_assert_str_eq(decide("auto", "", NULL, "hello"), "ask");
	ck_assert_int_eq(chdir(was), 0);
}
END_TEST

/* The exchange never reaches Claude, whoever names the directory. */
START_TEST(the_exchange_is_taken_out)
{
	static const char *const when[] = {"auto", "always", "never"};
	static const char *const fields[] = {"", HEADER "@/head\n"};
	struct chat_directory d;
	struct chat_request *r;
	struct api_error e;
	char request[8192];
	size_t i, k;

	for (i = 0; i < COUNT(when); i++) {
		for (k = 0; k < COUNT(fields); k++) {
			(void)snprintf(request, sizeof request,
			    "POST / HTTP/1.1\nHost: localhost\n"
			    "Content-Length: 0\n%s\n",
			    at_base(fields[k]));
			(void)exchange_bed_request(request);
			bed_x.env = env;
			bed_settings.ask_working_dir = when[i];
			r = conversation("one|Q|no|R|@/told|C@/told|two|a|@/x");
			ck_assert(chat_directory_find(&d, &bed_x, r, &e));
			ck_assert_uint_eq(r->nmessages, 4);
			ck_assert_str_eq(r->messages[0].parts[0].text, "one");
			ck_assert_str_eq(r->messages[1].parts[0].text, "two");
			chat_directory_clear(&d);
			chat_request_free(r);
		}
	}
}
END_TEST

Suite *
suite_chat_directory(void)
{
	Suite *s = suite_create("chat_directory");
	TCase *t = tcase_create("chat_directory");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, decisions, 0, (int)COUNT(cases));
	tcase_add_test(t, only_allowed_ones_are_confirmed);
	tcase_add_test(t, the_default);
	tcase_add_test(t, the_exchange_is_taken_out);
	suite_add_tcase(s, t);
	return s;
}
