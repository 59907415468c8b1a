/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ledger.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "aid.h"
#include "suites.h"

#define WHEN    1795382931123 /* 2026-11-22T21:28:51.123Z */
#define DAY     INT64_C(86400000)
#define FILE_   "usage-2026-11.jsonl"
#define TIME    "{\"time\":\"2026-11-22T21:28:51.123Z\""

#define WRITERS 50
#define EACH    200

static char variable[PATH_MAX + 32];
static char *env[] = {variable, NULL};
static char path[PATH_MAX + 64];
static struct ledger_reading reading;
static int seen[WRITERS][EACH];
static int64_t tokens;

static void
set_up(void)
{
	(void)snprintf(
	    variable, sizeof(variable), "XDG_STATE_HOME=%s", aid_make_dir());
	(void)snprintf(path, sizeof(path), "%s/ccp", aid_dir());
	ck_assert_int_eq(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/ccp/" FILE_, aid_dir());
	memset(seen, 0, sizeof(seen));
	tokens = 0;
}

static int
add_one(int64_t when_ms, int64_t prompt_tokens)
{
	struct request_record r = {.when_ms = when_ms,
	    .id = "req_1",
	    .model = "sonnet",
	    .status = 200,
	    .prompt_tokens = prompt_tokens};

	return ledger_add(&r, env);
}

static void
put(const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
}

static void
put_text(const char *text)
{
	put(text, strlen(text));
}

static void
visit(void *arg, const struct request_record *r)
{
	int writer, i;

	ck_assert_ptr_eq(arg, &tokens);
	tokens += r->prompt_tokens;
	if (sscanf(r->id, "%d-%d", &writer, &i) == 2)
		seen[writer][i]++;
}

static int
read_since(int64_t since_ms)
{
	tokens = 0;
	return ledger_read(env, since_ms, visit, &tokens, &reading);
}

static void
assert_read(int64_t records, int64_t damaged, int64_t want_tokens)
{
	ck_assert_int_eq(read_since(0), 0);
	ck_assert_int_eq(reading.records, records);
	ck_assert_int_eq(reading.damaged, damaged);
	ck_assert_int_eq(tokens, want_tokens);
}

START_TEST(none_yet)
{
	assert_read(0, 0, 0);
	ck_assert_uint_eq(reading.files, 0);
	(void)snprintf(
	    variable, sizeof(variable), "XDG_STATE_HOME=%s/none", aid_dir());
	assert_read(0, 0, 0);
	(void)snprintf(variable, sizeof(variable), "HOME=");
	assert_read(0, 0, 0);
	ck_assert_int_eq(add_one(WHEN, 1), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(added_ones_are_read)
{
	struct stat st;
	int fds = aid_open_fds();

	(void)umask(0);
	ck_assert_int_eq(add_one(WHEN, 1), 0);
	ck_assert_int_eq(add_one(WHEN + 1, 10), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	assert_read(2, 0, 11);
	ck_assert_int_eq(aid_open_fds(), fds);
}
END_TEST

START_TEST(a_file_for_each_month)
{
	/* The last and the first millisecond, in UTC. */
	ck_assert_int_eq(setenv("TZ", "America/New_York", 1), 0);
	ck_assert_int_eq(add_one(1796083199999, 1), 0);
	ck_assert_int_eq(add_one(1796083200000, 10), 0);
	ck_assert_int_eq(add_one(WHEN - 31 * DAY, 100), 0);
	ck_assert_int_eq(access(path, F_OK), 0);
	assert_read(3, 0, 111);
	ck_assert_uint_eq(reading.files, 3);
	ck_assert_int_eq(read_since(1796083199999), 0);
	ck_assert_int_eq(tokens, 11);
	ck_assert_int_eq(reading.records, 2);
	ck_assert_int_eq(read_since(1796083200000), 0);
	ck_assert_int_eq(tokens, 10);
	ck_assert_int_eq(read_since(WHEN - 31 * DAY + 1), 0);
	ck_assert_int_eq(tokens, 11);
	ck_assert_int_eq(reading.earlier, 1);
}
END_TEST

START_TEST(a_file_of_an_earlier_month_is_not_opened)
{
	ck_assert_int_eq(add_one(WHEN, 1), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(read_since(WHEN + 31 * DAY), 0);
	ck_assert_int_eq(read_since(WHEN), -1);
	ck_assert_str_eq(reading.failed, FILE_);
	ck_assert_int_eq(add_one(WHEN, 1), -1);
}
END_TEST

START_TEST(other_files_are_none_of_it)
{
	static const char *const names[] = {"usage-2026-1.jsonl",
	    "usage-2026-11.jsonl.bak", "usage-2026-11.json",
	    "xusage-2026-11.jsonl", "usage-2026-1a.jsonl"};
	char name[64];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(name, sizeof(name), "ccp/%s", names[i]);
		(void)aid_make_file(name, TIME ",\"prompt_tokens\":1}\n", 0600);
	}
	assert_read(0, 0, 0);
	ck_assert_uint_eq(reading.files, 0);
}
END_TEST

START_TEST(a_torn_line_loses_only_itself)
{
	ck_assert_int_eq(add_one(WHEN, 1), 0);
	put_text(TIME ",\"model\":\"so");
	assert_read(1, 1, 1);
	ck_assert_int_eq(add_one(WHEN, 10), 0);
	assert_read(2, 1, 11);
	/* Its end alone is missing: then it is whole. */
	put_text(TIME ",\"prompt_tokens\":100}");
	assert_read(3, 1, 111);
	ck_assert_int_eq(add_one(WHEN, 1000), 0);
	assert_read(4, 1, 1111);
}
END_TEST

/* As if both had looked at the end before one of them was killed. */
START_TEST(writers_that_met_at_half_a_line)
{
	static const char text[] =
	    TIME ",\"prompt_tokens\":1}" TIME ",\"prompt_tok" TIME
		 ",\"prompt_tokens\":10}" TIME ",\"" TIME
		 ",\"prompt_tokens\":100}\n";

	put_text(text);
	assert_read(3, 2, 111);
}
END_TEST

START_TEST(rubbish_between)
{
	static char zeros[300000];
	static const char bytes[] = "\xff\xfe\n\n\r\n[]\n{\"time\":\"\n\0\n";

	put_text(TIME ",\"prompt_tokens\":1}\r\n");
	put(bytes, sizeof(bytes) - 1);
	put(zeros, sizeof(zeros));
	ck_assert_int_eq(add_one(WHEN, 10), 0);
	put(zeros, LIMIT_LEDGER_LINE_BYTES + 1);
	put_text("\n");
	put(zeros, sizeof(zeros));
	assert_read(2, 8, 11);
}
END_TEST

/* Lines lie across the ends of what is read at once, in every way. */
START_TEST(many_lines)
{
	char text[256];
	int i, n;

	for (i = 0; i < 3000; i++) {
		n = snprintf(text, sizeof(text),
		    TIME ",\"x\":\"%.*s\",\"prompt_tokens\":1}\n", i % 101,
		    "............................................."
		    "............................................."
		    "...........");
		put(text, (size_t)n);
	}
	assert_read(3000, 0, 3000);
}
END_TEST

static void
write_many(int writer)
{
	struct request_record r = {.when_ms = WHEN, .status = 200};
	int i;

	/* Short and long ones. */
	memset(r.model, '"', (size_t)writer * 2);
	for (i = 0; i < EACH; i++) {
		(void)snprintf(r.id, sizeof(r.id), "%d-%d", writer, i);
		r.prompt_tokens = i;
		if (ledger_add(&r, env) != 0)
			_exit(EXIT_FAILURE);
	}
	_exit(EXIT_SUCCESS);
}

START_TEST(fifty_processes_at_once)
{
	pid_t pids[WRITERS];
	int i, k;

	for (i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		ck_assert_int_ne(pids[i], -1);
		if (pids[i] == 0)
			write_many(i);
	}
	for (i = 0; i < WRITERS; i++)
		ck_assert_int_eq(aid_wait(pids[i]), 0);
	assert_read(WRITERS * EACH, 0, WRITERS * EACH * (EACH - 1) / 2);
	for (i = 0; i < WRITERS; i++) {
		for (k = 0; k < EACH; k++)
			ck_assert_int_eq(seen[i][k], 1);
	}
}
END_TEST

/* How many were noted.  Meanwhile no assertion: check writes files, too. */
static int
add_to_a_full_disk(void)
{
	struct rlimit limit, before;
	int i, n = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 500;
	(void)setrlimit(RLIMIT_FSIZE, &limit);
	for (i = 0; i < 10; i++)
		n += add_one(WHEN, 1) == 0;
	(void)setrlimit(RLIMIT_FSIZE, &before);
	(void)signal(SIGXFSZ, SIG_DFL);
	return n;
}

START_TEST(a_full_disk)
{
	int n = add_to_a_full_disk();

	ck_assert_int_gt(n, 0);
	ck_assert_int_lt(n, 10);
	assert_read(n, 1, n);
	ck_assert_int_eq(add_one(WHEN, 1), 0);
	assert_read(n + 1, 1, n + 1);
}
END_TEST

START_TEST(what_is_no_file_of_ours)
{
	char target[PATH_MAX + 64];

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(add_one(WHEN, 1), -1);
	ck_assert_int_eq(read_since(0), -1);
	ck_assert_int_eq(unlink(path), 0);
	(void)snprintf(target, sizeof(target), "%s/target", aid_dir());
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(add_one(WHEN, 1), -1);
	ck_assert_int_eq(access(target, F_OK), -1);
	ck_assert_int_eq(read_since(0), -1);
	ck_assert_int_eq(unlink(path), 0);
	if (geteuid() == 0) {
		put_text("");
		ck_assert_int_eq(chown(path, 1, 1), 0);
		ck_assert_int_eq(add_one(WHEN, 1), -1);
		ck_assert_int_eq(errno, EPERM);
		ck_assert_int_eq(unlink(path), 0);
	}
	ck_assert_int_eq(add_one(-1, 1), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(a_directory_of_others)
{
	char dir[PATH_MAX + 64];

	(void)snprintf(dir, sizeof(dir), "%s/ccp", aid_dir());
	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert_int_eq(add_one(WHEN, 1), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(read_since(0), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_str_eq(reading.failed, "");
}
END_TEST

Suite *
suite_ledger(void)
{
	Suite *s = suite_create("ledger");
	TCase *tc = tcase_create("ledger");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, aid_remove_dir);
	tcase_add_test(tc, none_yet);
	tcase_add_test(tc, added_ones_are_read);
	tcase_add_test(tc, a_file_for_each_month);
	tcase_add_test(tc, a_file_of_an_earlier_month_is_not_opened);
	tcase_add_test(tc, other_files_are_none_of_it);
	tcase_add_test(tc, a_torn_line_loses_only_itself);
	tcase_add_test(tc, writers_that_met_at_half_a_line);
	tcase_add_test(tc, rubbish_between);
	tcase_add_test(tc, many_lines);
	tcase_add_test(tc, fifty_processes_at_once);
	tcase_add_test(tc, a_full_disk);
	tcase_add_test(tc, what_is_no_file_of_ours);
	tcase_add_test(tc, a_directory_of_others);
	suite_add_tcase(s, tc);
	return s;
}
