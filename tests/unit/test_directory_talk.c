/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "directory_talk.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/limits.h"
#include "../../src/openai_request.h"
#include "json_text.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct chat_request *request;
static struct directory_talk talk;

/* Our answers, made once; %Q, %R, %G stand for question, refusal and the
 * refusal of a directory that is gone, %C/path for the confirmation. */
static void
add_text(struct buf *to, const char *text)
{
	struct buf said = BUF_INIT(65536);

	if (strncmp(text, "%Q", 2) == 0)
		directory_talk_question(&said);
	else if (strncmp(text, "%R", 2) == 0)
		directory_talk_refusal(&said, WORK_DIR_MISSING, false);
	else if (strncmp(text, "%G", 2) == 0)
		directory_talk_refusal(&said, WORK_DIR_MISSING, true);
	else if (strncmp(text, "%C", 2) == 0)
		directory_talk_confirmation(&said, text + 2);
	else
		buf_addstr(&said, text);
	json_text_quote_str(to, buf_str(&said));
	buf_free(&said);
}

/* A conversation of messages "u:text" and "a:text". */
static void
converse(const char *const *messages)
{
	struct buf json = BUF_INIT(1u << 20);
	struct api_error e;
	const char *comma = "";

	chat_request_free(request);
	free(talk.directory);
	buf_addstr(&json, "{\"messages\":[");
	for (; *messages != NULL; messages++, comma = ",") {
		buf_addf(&json, "%s{\"role\":\"%s\",\"content\":", comma,
		    (*messages)[0] == 'u'   ? "user"
		    : (*messages)[0] == 'a' ? "assistant"
					    : "system");
		if ((*messages)[1] == '[') /* parts as they are */
			buf_addf(&json, "%s}", *messages + 1);
		else {
			add_text(&json, *messages + 2);
			buf_addch(&json, '}');
		}
	}
	buf_addstr(&json, "]}");
	request = openai_request_parse(buf_str(&json), json.len, &e);
	ck_assert_msg(request != NULL, "%s", e.message);
	buf_free(&json);
	memset(&talk, 0xFF, sizeof talk);
	ck_assert(directory_talk_take(request, &talk));
}

#define TALK(...) converse((const char *const[]){__VA_ARGS__, NULL})

/* What is left, as "u:text|a:text". */
static const char *
left(void)
{
	static struct buf text = BUF_INIT(65536);
	size_t i;

	buf_clear(&text);
	for (i = 0; i < request->nmessages; i++) {
		const struct chat_message *m = &request->messages[i];

		buf_addf(&text, "%s%c:%s", i == 0 ? "" : "|",
		    m->role == CHAT_USER ? 'u' : 'a', m->parts[0].text);
	}
	return buf_str(&text);
}

static void
forget(void)
{
	chat_request_free(request);
	request = NULL;
	free(talk.directory);
	talk.directory = NULL;
}

/* directory NULL: none. */
static void
assert_talk(const char *want, const char *directory, bool open, bool answered)
{
	ck_assert_str_eq(left(), want);
	if (directory == NULL)
		ck_assert_ptr_null(talk.directory);
	else
		ck_assert_pstr_eq(talk.directory, directory);
	ck_assert_int_eq(talk.open, open);
	ck_assert_int_eq(talk.answered, answered);
}

START_TEST(nothing_said_yet)
{
	TALK("u:hello");
	assert_talk("u:hello", NULL, false, false);
	TALK("s:system", "u:/tmp");
	assert_talk("u:/tmp", NULL, false, false);
	TALK("u:hello", "u:again");
	assert_talk("u:hello|u:again", NULL, false, false);
}
END_TEST

START_TEST(answers_of_others)
{
	TALK("u:hello", "a:Hello!", "u:/tmp");
	assert_talk("u:hello|a:Hello!|u:/tmp", NULL, false, true);
	TALK("a:Hello!", "u:hello");
	assert_talk("a:Hello!|u:hello", NULL, false, true);
}
END_TEST

START_TEST(the_question_is_open)
{
	TALK("u:do it", "a:%Q", "u:/tmp");
	assert_talk("u:do it|u:/tmp", NULL, true, false);
	TALK("u:do it", "a:%Q", "u:/no", "a:%R", "u:/tmp");
	assert_talk("u:do it|u:/tmp", NULL, true, false);
	TALK("u:do it", "a:%Q", "u:what?", "u:/tmp");
	assert_talk("u:do it|u:what?|u:/tmp", NULL, true, false);
}
END_TEST

START_TEST(confirmed)
{
	TALK("u:do it", "a:%Q", "u:/tmp", "a:%C/tmp", "u:go on");
	assert_talk("u:do it|u:go on", "/tmp", false, false);
	TALK("u:do it", "a:%Q", "u:x", "a:%R", "u:/y", "a:%R", "u:~",
	    "a:%C/home/me", "s:system", "u:go on", "a:done", "u:/tmp");
	assert_talk("u:do it|u:go on|a:done|u:/tmp", "/home/me", false, true);
}
END_TEST

START_TEST(the_first_message_was_the_path)
{
	TALK("u:/tmp", "a:%C/tmp", "u:go on");
	assert_talk("u:go on", "/tmp", false, false);
	TALK("u: `~` ", "a:%C/home/me", "u:go on", "a:done", "u:more");
	assert_talk("u:go on|a:done|u:more", "/home/me", false, true);
}
END_TEST

START_TEST(gone_and_confirmed_anew)
{
	TALK("u:/a", "a:%C/a", "u:one", "a:done", "u:two", "a:%G", "u:/b");
	assert_talk("u:one|a:done|u:two|u:/b", "/a", true, true);
	TALK("u:/a", "a:%C/a", "u:one", "a:done", "u:two", "a:%G", "u:/no",
	    "a:%R", "u:/b", "a:%C/b", "u:go on");
	assert_talk("u:one|a:done|u:two|u:go on", "/b", false, true);
	TALK("u:do it", "a:%Q", "u:/a", "a:%C/a", "u:one", "a:%G", "u:/b",
	    "a:%C/b", "u:/c", "a:done", "u:end");
	assert_talk("u:do it|u:one|u:/c|a:done|u:end", "/b", false, true);
}
END_TEST

/* A client may send the end of a conversation only. */
START_TEST(the_beginning_is_cut_off)
{
	TALK("a:%C/a", "u:one", "a:done", "u:two");
	assert_talk("u:one|a:done|u:two", "/a", false, true);
	TALK("a:%Q", "u:/a", "a:%C/a", "u:one");
	assert_talk("u:one", "/a", false, false);
	TALK("a:%R", "u:/a", "a:%C/a", "u:one");
	assert_talk("u:one", "/a", false, false);
}
END_TEST

/* Nothing is cut out of a conversation for what it looks like. */
START_TEST(answers_in_the_wrong_place)
{
	TALK("u:do it", "a:%C/tmp", "u:one");
	ck_assert_uint_eq(request->nmessages, 3);
	assert_talk(left(), NULL, false, true);
	TALK("u:one", "a:done", "u:/tmp", "a:%C/tmp", "u:two");
	ck_assert_uint_eq(request->nmessages, 5);
	assert_talk(left(), NULL, false, true);
	TALK("u:one", "a:done", "u:two", "a:%Q", "u:/tmp", "a:%C/tmp", "u:x");
	ck_assert_uint_eq(request->nmessages, 7);
	assert_talk(left(), NULL, false, true);
	TALK("u:one", "a:%R", "u:/tmp", "a:%C/tmp", "u:two");
	ck_assert_uint_eq(request->nmessages, 5);
	assert_talk(left(), NULL, false, true);
	TALK("u:/a", "a:%C/a", "u:/b", "a:%C/b", "u:two");
	ck_assert_uint_eq(request->nmessages, 3);
	assert_talk(left(), "/a", false, true);
	TALK("u:one", "a:%Q", "u:/b", "a:well", "u:/c", "a:%C/c", "u:two");
	ck_assert_uint_eq(request->nmessages, 6);
	assert_talk(left(), NULL, false, true);
	TALK("u:one", "a:%Q", "u:two", "a:%Q", "u:/tmp");
	ck_assert_uint_eq(request->nmessages, 4);
	assert_talk(left(), NULL, false, true);
	TALK("u:one", "a:done", "u:/tmp", "a:done", "u:~");
	ck_assert_uint_eq(request->nmessages, 5);
}
END_TEST

START_TEST(to_the_letter)
{
	static const char *const other[] = {
	    "From now on I work in this directory: \"/tmp\"",
	    "From now on I work in this directory: \"/tmp\"\n\nPlease go on.",
	    "From now on I work in this directory: /tmp\n\n"
	    "Please go on. What you asked for before is not forgotten.",
	    "From now on I work in this directory: \"/tmp\n\n"
	    "Please go on. What you asked for before is not forgotten.",
	    "From now on I work in this directory: \"/t\\x6dp\"\n\n"
	    "Please go on. What you asked for before is not forgotten.",
	    "From now on I work in this directory: \"/t\\x6Dp\"\n\n"
	    "Please go on. What you asked for before is not forgotten.",
	    "From now on I work in this directory: \"/tmp\\x00\"\n\n"
	    "Please go on. What you asked for before is not forgotten.",
	    "From now on I work in this directory: \"/t\\mp\"\n\n"
	    "Please go on. What you asked for before is not forgotten.",
	    " From now on I work in this directory: \"/tmp\"\n\n"
	    "Please go on. What you asked for before is not forgotten.",
	    "From now on I work in this directory: \"/tmp\"\n\n"
	    "Please go on. What you asked for before is not forgotten. Really",
	};
	char message[512] = "a:";
	size_t i;

	for (i = 0; i < COUNT(other); i++) {
		(void)memcpy(message + 2, other[i], strlen(other[i]) + 1);
		TALK("u:/tmp", message, "u:one");
		ck_assert_uint_eq(request->nmessages, 3);
		ck_assert_ptr_null(talk.directory);
	}
	TALK("u:/tmp",
	    "a:From now on I work in this directory: \"/tmp\"\n\nPlease go on. "
	    "What you asked for before is not forgotten. \r\n",
	    "u:one");
	assert_talk("u:one", "/tmp", false, false);
}
END_TEST

START_TEST(any_directory_survives)
{
	static const char *const dirs[] = {"/", "/a b ", "/quo\"te'`s",
	    "/back\\slash\\x41", "/new\nline\r\t", "/\x7F\x01", "/caf\xC3\xA9",
	    "/bad\xFF\xC3", "/\xE2\x80\xA8", "/\"", "/\\", "/%s%n", "/*_<b>_*"};
	struct buf said = BUF_INIT(65536);
	char message[128] = "a:%C";
	size_t i;

	for (i = 0; i < COUNT(dirs); i++) {
		buf_clear(&said);
		directory_talk_confirmation(&said, dirs[i]);
		/* The head is one line, whatever it is. */
		ck_assert_ptr_eq(strchr(buf_str(&said), '\n'),
		    strstr(buf_str(&said), "\n\nPlease go on."));
		memcpy(message + 4, dirs[i], strlen(dirs[i]) + 1);
		TALK("u:/x", message, "u:one");
		assert_talk("u:one", dirs[i], false, false);
	}
	buf_free(&said);
}
END_TEST

START_TEST(the_longest_directory)
{
	char dir[PATH_MAX], message[PATH_MAX + 8] = "a:%C";

	memset(dir, '\x01', sizeof dir - 1);
	dir[0] = '/';
	dir[sizeof dir - 1] = '\0';
	memcpy(message + 4, dir, sizeof dir);
	TALK("u:/x", message, "u:one");
	assert_talk("u:one", dir, false, false);
}
END_TEST

START_TEST(every_refusal_is_known)
{
	struct buf said = BUF_INIT(65536);
	int problem, gone;

	for (problem = 0; problem < WORK_DIR_PROBLEMS; problem++) {
		for (gone = 0; gone < 2; gone++) {
			buf_clear(&said);
			buf_addstr(&said, "a:");
			directory_talk_refusal(
			    &said, (enum work_dir_problem)problem, gone == 1);
			TALK(
			    "u:one", "a:%Q", "u:/no", buf_str(&said), "u:/tmp");
			assert_talk("u:one|u:/tmp", NULL, true, false);
			/* It asks again. */
			directory_talk_question(&said);
			ck_assert_ptr_nonnull(strstr(buf_str(&said), "shall"));
		}
	}
	buf_free(&said);
}
END_TEST

/* Clients send an image, or notes of theirs, beside the text. */
START_TEST(messages_of_parts)
{
	TALK("u[{\"type\":\"text\",\"text\":\"do\"},{\"type\":\"text\","
	     "\"text\":\"it\"}]",
	    "a:%Q",
	    "u[{\"type\":\"text\",\"text\":\"<notes>\"},{\"type\":\"text\","
	    "\"text\":\"~/x\"}]",
	    "a:%C/x",
	    "u[{\"type\":\"text\",\"text\":\"go\"},{\"type\":\"text\","
	    "\"text\":\"on\"}]");
	assert_talk("u:do|u:go", "/x", false, false);
	ck_assert_uint_eq(request->messages[0].nparts, 2);
	/* One that is more than a path is not cut out. */
	TALK("u[{\"type\":\"text\",\"text\":\"/x\"},{\"type\":\"text\","
	     "\"text\":\"it\"}]",
	    "a:%C/x", "u:one");
	ck_assert_uint_eq(request->nmessages, 3);
	/* An answer of parts is none of ours, unless it is one part. */
	TALK("u:/x",
	    "a[{\"type\":\"text\",\"text\":\"From now on I work in this "
	    "directory: \\\"/x\\\"\\n\\nPlease go on. What you asked for "
	    "before is not forgotten.\"}]",
	    "u:one");
	assert_talk("u:one", "/x", false, false);
	TALK("u:/x",
	    "a[{\"type\":\"text\",\"text\":\"From now on I work in this "
	    "directory: \\\"/x\\\"\\n\\nPlease go on. What you asked for "
	    "before is not forgotten.\"},{\"type\":\"text\",\"text\":"
	    "\"more\"}]",
	    "u:one");
	ck_assert_uint_eq(request->nmessages, 3);
}
END_TEST

static struct chat_part parts[] = {
    {.kind = CHAT_IMAGE, .text = (char[]){"/9j/4AAQ"}, .media = (char[]){"x"}},
    {.kind = CHAT_TEXT, .text = (char[]){"look here"}},
    {.kind = CHAT_TEXT, .text = (char[]){" ~/x"}},
};

/* Base64 may look like a path. */
START_TEST(images_are_no_paths)
{
	struct chat_message m = {CHAT_USER, parts, 1};

	ck_assert_str_eq(directory_talk_reply(&m), "");
	ck_assert(!directory_talk_only_path(&m));
	m.nparts = 2;
	ck_assert_str_eq(directory_talk_reply(&m), "look here");
	m.nparts = 3;
	ck_assert_str_eq(directory_talk_reply(&m), " ~/x");
	ck_assert(!directory_talk_only_path(&m));
	m.parts = parts + 2;
	m.nparts = 1;
	ck_assert(directory_talk_only_path(&m));
}
END_TEST

Suite *
suite_directory_talk(void)
{
	Suite *s = suite_create("directory_talk");
	TCase *t = tcase_create("directory_talk");

	tcase_add_checked_fixture(t, NULL, forget);
	tcase_add_test(t, nothing_said_yet);
	tcase_add_test(t, answers_of_others);
	tcase_add_test(t, the_question_is_open);
	tcase_add_test(t, confirmed);
	tcase_add_test(t, the_first_message_was_the_path);
	tcase_add_test(t, gone_and_confirmed_anew);
	tcase_add_test(t, the_beginning_is_cut_off);
	tcase_add_test(t, answers_in_the_wrong_place);
	tcase_add_test(t, to_the_letter);
	tcase_add_test(t, any_directory_survives);
	tcase_add_test(t, the_longest_directory);
	tcase_add_test(t, every_refusal_is_known);
	tcase_add_test(t, messages_of_parts);
	tcase_add_test(t, images_are_no_paths);
	suite_add_tcase(s, t);
	return s;
}
