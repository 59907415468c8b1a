/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "aid.h"
#include "json_text.h"
#include "suites.h"

#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"

static int reading = -1, saved = -1;
static char got[4 * LIMIT_LOG_LINE_BYTES];

/* stderr becomes something that can be read back. */
static void
capture(void)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	saved = dup(STDERR_FILENO);
	(void)dup2(fds[1], STDERR_FILENO);
	(void)close(fds[1]);
	reading = fds[0];
	unsetenv("JOURNAL_STREAM");
}

static void
release(void)
{
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	(void)close(reading);
	log_open("unit", LOG_LEVEL_INFO);
	log_set_json(false);
}

/* All that was logged since the last call. */
static const char *
logged(void)
{
	ssize_t n = read(reading, got, sizeof got - 1);

	got[n > 0 ? n : 0] = '\0';
	return got;
}

static void
assert_matches(const char *text, const char *pattern)
{
	regex_t re;
	int r;

	ck_assert_int_eq(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	r = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	ck_assert_msg(r == 0, "\"%s\" does not match %s", text, pattern);
}

START_TEST(line_has_time_name_pid_level)
{
	char pattern[256];

	log_open("some-name", LOG_LEVEL_INFO);
	log_info("port %d of %s", 8888, "ccp");
	(void)snprintf(pattern, sizeof pattern,
	    "^" TIME " some-name\\[%ld\\]: info: port 8888 of ccp\n$",
	    (long)getpid());
	assert_matches(logged(), pattern);
	log_error("e");
	assert_matches(logged(), ": error: e\n$");
	log_warn("w");
	assert_matches(logged(), ": warn: w\n$");
}
END_TEST

START_TEST(levels_filter)
{
	log_open("n", LOG_LEVEL_WARN);
	log_info("no");
	log_debug("no");
	ck_assert_str_eq(logged(), "");
	log_warn("yes");
	ck_assert_str_ne(logged(), "");
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("no");
	ck_assert_str_eq(logged(), "");
	log_error("yes");
	ck_assert_str_ne(logged(), "");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("yes");
	assert_matches(logged(), ": debug: yes\n$");
	log_set_level_name("warn");
	log_info("no");
	ck_assert_str_eq(logged(), "");
	log_set_level_name("info");
	log_set_level_name("no such level");
	log_debug("no");
	ck_assert_str_eq(logged(), "");
	log_info("yes");
	ck_assert_str_ne(logged(), "");
}
END_TEST

START_TEST(journal_gets_a_severity_and_no_time)
{
	struct stat st;
	char stream[64];

	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof stream, "%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open("n", LOG_LEVEL_DEBUG);
	log_error("text");
	assert_matches(logged(), "^<3>error: text\n$");
	log_warn("text");
	assert_matches(logged(), "^<4>warn: text\n$");
	log_info("text");
	assert_matches(logged(), "^<6>info: text\n$");
	log_debug("text");
	assert_matches(logged(), "^<7>debug: text\n$");
}
END_TEST

/* The variable is inherited also where stderr is not the journal. */
START_TEST(a_foreign_journal_stream_is_none)
{
	static const char *const streams[] = {"1:2", "", "x", "1"};
	size_t i;

	for (i = 0; i < sizeof streams / sizeof streams[0]; i++) {
		setenv("JOURNAL_STREAM", streams[i], 1);
		log_open("n", LOG_LEVEL_INFO);
		log_info("text");
		assert_matches(logged(), "^" TIME " n");
	}
}
END_TEST

START_TEST(a_line_stays_a_line)
{
	log_open("n", LOG_LEVEL_INFO);
	log_info("%s", "a\nb\r\t\x1b[31m\x7f");
	assert_matches(
	    logged(), "info: a\\\\x0Ab\\\\x0D\\\\x09\\\\x1B\\[31m\\\\x7F\n$");
	log_info("%s", "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
	assert_matches(
	    logged(), "info: \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\n$");
	/* C1 controls, a lone byte, an overlong slash, a cut sequence */
	log_info("%s", "\xC2\x9B|\xFF|\xC0\xAF|\xE2\x82");
	assert_matches(logged(),
	    "info: \\\\xC2\\\\x9B\\|\\\\xFF\\|\\\\xC0\\\\xAF\\|"
	    "\\\\xE2\\\\x82\n$");
}
END_TEST

START_TEST(a_long_line_is_cut)
{
	char text[3 * LIMIT_LOG_LINE_BYTES];
	size_t len, i;

	log_open("n", LOG_LEVEL_INFO);
	for (i = 0; i + 3 < sizeof text; i += 3)
		memcpy(text + i, "\xE2\x82\xAC", 3);
	text[i] = '\0';
	log_info("%s", text);
	len = strlen(logged());
	ck_assert_uint_le(len, LIMIT_LOG_LINE_BYTES);
	ck_assert_uint_gt(len, LIMIT_LOG_LINE_BYTES - 8);
	ck_assert_str_eq(got + len - 4, "...\n");
	ck_assert_ptr_null(strchr(got, '\\')); /* no character cut in two */
	memset(text, '\x01', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	log_info("%s", text);
	len = strlen(logged());
	ck_assert_uint_le(len, LIMIT_LOG_LINE_BYTES);
	assert_matches(got + len - 8, "^\\\\x01\\.\\.\\.\n$");
}
END_TEST

/* What just fits is not cut. */
START_TEST(a_line_of_every_length_ends_well)
{
	char text[LIMIT_LOG_LINE_BYTES + 10];
	size_t head, len, n;

	log_open("n", LOG_LEVEL_INFO);
	log_info("%s", "");
	head = strlen(logged()) - 1;
	for (n = LIMIT_LOG_LINE_BYTES - 100; n < sizeof text; n++) {
		memset(text, 'x', n);
		text[n] = '\0';
		log_info("%s", text);
		len = strlen(logged());
		ck_assert_uint_le(len, LIMIT_LOG_LINE_BYTES);
		ck_assert_int_eq(got[len - 1], '\n');
		if (head + n + 1 <= LIMIT_LOG_LINE_BYTES - 3)
			ck_assert_uint_eq(len, head + n + 1);
		else
			ck_assert_str_eq(got + len - 4, "...\n");
	}
}
END_TEST

START_TEST(a_line_is_one_write)
{
	char line[512];
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	(void)dup2(fds[1], STDERR_FILENO);
	log_open("n", LOG_LEVEL_INFO);
	log_info("one\ntwo");
	log_info("three");
	ck_assert_int_gt(recv(fds[0], line, sizeof line, MSG_DONTWAIT), 0);
	ck_assert_ptr_nonnull(strstr(line, "one\\x0Atwo\n"));
	ck_assert_int_gt(recv(fds[0], line, sizeof line, MSG_DONTWAIT), 0);
	ck_assert_ptr_nonnull(strstr(line, "three\n"));
	(void)close(fds[0]);
	(void)close(fds[1]);
}
END_TEST

START_TEST(json_lines)
{
	char text[3 * LIMIT_LOG_LINE_BYTES], pattern[256];
	struct json_text_error error;
	size_t len;

	log_open("some-name", LOG_LEVEL_INFO);
	log_set_json(true);
	log_warn("a \"b\"\n%s", "\xFF");
	(void)snprintf(pattern, sizeof pattern,
	    "^\\{\"time\":\"" TIME "\",\"level\":\"warn\",\"name\":"
	    "\"some-name\",\"pid\":%ld,\"message\":"
	    "\"a \\\\\"b\\\\\"\\\\u000A\xEF\xBF\xBD\"\\}\n$",
	    (long)getpid());
	assert_matches(logged(), pattern);
	log_both(LOG_LEVEL_INFO, "as text", "\"as\":\"JSON\"");
	assert_matches(logged(), ",\"pid\":[0-9]+,\"as\":\"JSON\"\\}\n$");
	log_both(LOG_LEVEL_DEBUG, "no", "\"no\":1");
	ck_assert_str_eq(logged(), "");
	memset(text, '"', sizeof text - 1);
	for (len = sizeof text - 1; len > 1500; len -= 7) {
		text[len] = '\0';
		log_info("%s", text);
		ck_assert_uint_le(strlen(logged()), LIMIT_LOG_LINE_BYTES);
		ck_assert_msg(
		    json_text_check(got, strlen(got), &error), "%s", got);
		ck_assert_int_eq(strchr(got, '\n')[1], '\0');
	}
	log_set_json(false);
	log_both(LOG_LEVEL_INFO, "as text", "\"as\":\"JSON\"");
	assert_matches(logged(), "info: as text\n$");
}
END_TEST

START_TEST(json_for_the_journal)
{
	struct stat st;
	char stream[64];

	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof stream, "%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open("n", LOG_LEVEL_INFO);
	log_set_json(true);
	log_error("text");
	assert_matches(
	    logged(), "^<3>\\{\"time\":\".*\"message\":\"text\"\\}\n$");
}
END_TEST

START_TEST(a_file_gets_the_same_lines)
{
	char path[256], line[512];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/log", aid_make_dir());
	log_open("n", LOG_LEVEL_INFO);
	log_set_file(path, 1000, 1);
	log_info("both");
	log_set_file(NULL, 0, 0);
	log_info("not in it");
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
	ck_assert_int_eq(strncmp(logged(), line, strlen(line)), 0);
	assert_matches(line, ": both\n$");
	ck_assert_ptr_null(fgets(line, sizeof line, file));
	(void)fclose(file);
	aid_remove_dir();
}
END_TEST

static const char *
content(const char *path)
{
	int fd = open(path, O_RDONLY);

	ck_assert_int_ne(fd, -1);
	return aid_read_all(fd);
}

/* The first line finds the file full, or somebody else has: in both cases it
 * is another one by then. */
START_TEST(a_file_that_is_stderr_gets_a_line_once)
{
	char path[256], aside[300];

	(void)aid_make_dir();
	(void)aid_make_file("log", "old\n", 0600);
	(void)snprintf(path, sizeof path, "%s/log", aid_dir());
	(void)snprintf(aside, sizeof aside, "%s.1", path);
	ck_assert_ptr_nonnull(freopen(path, "a", stderr));
	if (_i == 1)
		ck_assert_int_eq(rename(path, aside), 0);
	log_open("n", LOG_LEVEL_INFO);
	log_set_file(path, _i == 0 ? 4 : 1000, 10);
	log_info("one");
	assert_matches(content(path), "^[^\n]*: one\n$");
	log_info("two");
	log_set_file(NULL, 0, 0);
	if (_i == 1)
		assert_matches(content(path), "^[^\n]*: one\n[^\n]*: two\n$");
	if (_i == 0) {
		assert_matches(content(path), "^[^\n]*: two\n$");
		assert_matches(content(aside), "^[^\n]*: one\n$");
		(void)snprintf(aside, sizeof aside, "%s.2", path);
	}
	ck_assert_str_eq(content(aside), "old\n");
	aid_remove_dir();
}
END_TEST

START_TEST(a_file_that_fails_is_told_once)
{
	log_open("n", LOG_LEVEL_INFO);
	log_set_file("/dev/null", 1000, 1);
	errno = EPIPE;
	log_info("one");
	ck_assert_int_eq(errno, EPIPE);
	assert_matches(logged(),
	    "^[^\n]*: error: LOG_FILE /dev/null cannot be written: [^\n]*\n"
	    "[^\n]*: info: one\n$");
	log_info("two");
	assert_matches(logged(), "^[^\n]*: info: two\n$");
	log_set_file(NULL, 0, 0);
}
END_TEST

START_TEST(levels_have_severities)
{
	int i;

	ck_assert_int_eq(log_severity("error"), 3);
	ck_assert_int_eq(log_severity("debug"), 7);
	ck_assert_int_eq(log_severity("loud"), -1);
	for (i = 0; i <= 3; i++)
		ck_assert_str_eq(log_level_name(i), "error");
	ck_assert_str_eq(log_level_name(4), "warn");
	ck_assert_str_eq(log_level_name(5), "info");
	ck_assert_str_eq(log_level_name(6), "info");
	ck_assert_str_eq(log_level_name(7), "debug");
	ck_assert_ptr_null(log_level_name(8));
	ck_assert_ptr_null(log_level_name(-1));
}
END_TEST

START_TEST(errno_survives)
{
	log_open("n", LOG_LEVEL_INFO);
	(void)close(STDERR_FILENO);
	errno = ENOENT;
	log_info("nobody hears this");
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

Suite *
suite_log(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");

	tcase_add_checked_fixture(t, capture, release);
	tcase_add_test(t, line_has_time_name_pid_level);
	tcase_add_test(t, levels_filter);
	tcase_add_test(t, journal_gets_a_severity_and_no_time);
	tcase_add_test(t, a_foreign_journal_stream_is_none);
	tcase_add_test(t, a_line_stays_a_line);
	tcase_add_test(t, a_long_line_is_cut);
	tcase_add_test(t, a_line_of_every_length_ends_well);
	tcase_add_test(t, a_line_is_one_write);
	tcase_add_test(t, json_lines);
	tcase_add_test(t, json_for_the_journal);
	tcase_add_test(t, a_file_gets_the_same_lines);
	tcase_add_loop_test(t, a_file_that_is_stderr_gets_a_line_once, 0, 2);
	tcase_add_test(t, a_file_that_fails_is_told_once);
	tcase_add_test(t, levels_have_severities);
	tcase_add_test(t, errno_survives);
	suite_add_tcase(s, t);
	return s;
}
