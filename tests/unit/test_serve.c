/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A handler's loop in a process of its own, the test is the client, a shell
 * script is Claude.
 */
#include "serve.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "aid.h"
#include "buf.h"
#include "clock.h"
#include "log.h"
#include "proc_tree.h"
#include "signals.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY          "Authorization: Bearer CCP_API_KEY\r\n"
#define HOST         "Host: localhost\r\n"
#define GET(path)                                                              \
	"GET " path " HTTP/1.1\r\n" HOST KEY "X-Request-Id: " path "\r\n\r\n"
#define CHAT "POST /v1/chat/completions HTTP/1.1\r\n" HOST KEY
#define JSON "Content-Type: application/json\r\n"
#define BODY "{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"
#define ASK  CHAT JSON "Content-Length: 48\r\n\r\n" BODY

static struct settings settings;
static const struct settings *use; /* NULL: the configuration is broken */
static pid_t server;
static int client, log_end;
static struct buf got;

static void
set_up(void)
{
	static char *const none[] = {NULL};
	char err[256];

	(void)signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(
	    settings_load(&settings, NULL, none, err, sizeof err), 0);
	settings.ask_working_dir = "never";
	use = &settings;
	server = -1;
	buf_init(&got, 1u << 20);
	(void)aid_make_dir();
}

static void
tear_down(void)
{
	if (server != -1)
		(void)kill(server, SIGKILL);
	settings_free(&settings);
	buf_free(&got);
	aid_remove_dir();
}

static _Noreturn void
serve(int conn, int log_to)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const env[] = {path, NULL};

	(void)dup2(log_to, STDERR_FILENO);
	(void)close(log_to);
	log_open("ccp", LOG_LEVEL_INFO);
	(void)proc_subreaper();
	if (signals_open() == -1)
		_exit(99);
	_exit(serve_connection(conn, conn, use, env, NULL) == 0 ? 0 : 98);
}

static void
start(void)
{
	int fds[2], log_fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	aid_pipe(log_fds);
	server = fork();
	ck_assert_int_ne(server, -1);
	if (server == 0) {
		(void)close(fds[0]);
		(void)close(log_fds[0]);
		serve(fds[1], log_fds[1]);
	}
	aid_close(&fds[1]);
	aid_close(&log_fds[1]);
	client = fds[0];
	log_end = log_fds[0];
}

/* Claude is this script. */
static void
claude_is(const char *script)
{
	static char path[8192];
	char text[2048];

	(void)snprintf(text, sizeof text, "#!/bin/sh\n%s\n", script);
	(void)snprintf(
	    path, sizeof path, "%s", aid_make_file("claude", text, 0755));
	settings.claude_path = path;
}

static void
send_text(const char *text)
{
	ck_assert_int_eq(
	    write(client, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads once; false at the end. */
static bool
read_some(void)
{
	char some[4096];
	struct pollfd p = {.fd = client, .events = POLLIN};
	ssize_t n;

	ck_assert_msg(poll(&p, 1, AID_PATIENCE_MS) == 1, "no answer came: %s",
	    buf_str(&got));
	n = read(client, some, sizeof some);
	if (n > 0)
		buf_add(&got, some, (size_t)n);
	return n > 0;
}

/* Reads until the answers so far hold this. */
static void
await_text(const char *text)
{
	while (strstr(buf_str(&got), text) == NULL)
		ck_assert_msg(read_some(), "no %s: %s", text, buf_str(&got));
}

static void
await_end(void)
{
	while (read_some())
		continue;
}

/* The server ends well; what it logged. */
static const char *
await_exit(void)
{
	int status = aid_wait(server);

	server = -1;
	ck_assert_int_eq(status, 0);
	return aid_read_all(log_end);
}

static int
count(const char *text, const char *part)
{
	int n = 0;

	while ((text = strstr(text, part)) != NULL) {
		text++;
		n++;
	}
	return n;
}

START_TEST(pipelined_requests_are_answered_and_logged)
{
	const char *log;

	start();
	send_text(GET("/health") GET("/v1/models") GET("/none") GET("/health"));
	ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
	await_end();
	ck_assert_int_eq(count(buf_str(&got), "HTTP/1.1 "), 4);
	ck_assert_int_eq(count(buf_str(&got), "HTTP/1.1 200 OK"), 3);
	ck_assert_int_eq(count(buf_str(&got), "HTTP/1.1 404 "), 1);
	ck_assert(strstr(buf_str(&got), "X-Request-Id: /v1/models") <
		  strstr(buf_str(&got), "X-Request-Id: /none"));
	log = await_exit();
	ck_assert_int_eq(count(log, "info: /health GET /health 200"), 2);
	ck_assert_int_eq(count(log, "info: /v1/models GET /v1/models 200"), 1);
	ck_assert_int_eq(count(log, "info: /none GET /none 404"), 1);
	ck_assert_int_eq(count(log, "\n"), 4);
}
END_TEST

static const struct {
	const char *request, *status, *says;
} refusals[] = {
    {"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n", "403",
	"host_not_allowed"},
    {"GET /health HTTP/1.1\r\n" HOST "Origin: https://evil.example\r\n\r\n",
	"403", "origin_not_allowed"},
    {"GET /v1/models HTTP/1.1\r\n" HOST "\r\n", "401", "WWW-Authenticate"},
    {"GET /v1/models HTTP/1.1\r\n" HOST "Authorization: Bearer x\r\n\r\n",
	"401", "invalid_api_key"},
    {"DELETE /v1/models HTTP/1.1\r\n" HOST "\r\n", "405", "Allow: GET, HEAD"},
    {CHAT "Content-Length: 2\r\n\r\n{}", "415", "application/json"},
    {CHAT "Content-Type: text/json\r\nContent-Length: 2\r\n\r\n{}", "415",
	"application/json"},
    {CHAT "Content-Type: application/jsonx\r\nContent-Length: 2\r\n\r\n{}",
	"415", "application/json"},
    {CHAT JSON JSON "Content-Length: 2\r\n\r\n{}", "415", "application/json"},
    {CHAT "Content-Type: application/json x\r\nContent-Length: 2\r\n\r\n{}",
	"415", "application/json"},
    {CHAT JSON "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "415",
	"Content-Encoding"},
    {CHAT JSON "\r\n", "411", "Content-Length"},
    {CHAT JSON "Content-Length: 0\r\n\r\n", "400", "error"},
    {CHAT JSON "Content-Length: 2\r\n\r\n{}", "400", "\"param\":\"messages\""},
    {CHAT "Content-Type: Application/JSON; charset=utf-8\r\n"
	  "Content-Length: 2\r\n\r\n{]",
	"400", "invalid_request_error"},
    {"GET /health HTTP/2.0\r\n\r\n", "505", "error"},
    {"\x16\x03\x01", "400", "error"},
    {CHAT JSON "Content-Length: 99999999999\r\n\r\n", "413", "32 MiB"},
};

START_TEST(refused_requests)
{
	char status[64];

	start();
	send_text(refusals[_i].request);
	(void)snprintf(
	    status, sizeof status, "HTTP/1.1 %s ", refusals[_i].status);
	await_text("\"error\":{\"message\":");
	await_text("}}");
	ck_assert_msg(strncmp(buf_str(&got), status, strlen(status)) == 0, "%s",
	    buf_str(&got));
	await_text(refusals[_i].says);
	aid_close(&client);
	(void)snprintf(status, sizeof status, " %s ", refusals[_i].status);
	ck_assert_int_eq(count(await_exit(), status), 1);
}
END_TEST

#define WRONG "GET /v1/models HTTP/1.1\r\n" HOST "Authorization: Bearer x\r\n"

/* Each comes late, the third is the last. */
START_TEST(wrong_keys_are_answered_late)
{
	int64_t begin = clock_ms();
	const char *log;

	start();
	send_text(WRONG "\r\n" WRONG "X-Forwarded-For: 10.9.8.7\r\n\r\n"
			"GET /v1/models HTTP/1.1\r\n" HOST "\r\n" WRONG
			"\r\n" GET("/health"));
	await_end();
	ck_assert_int_ge(clock_ms() - begin, 3 * LIMIT_WRONG_KEY_MS);
	ck_assert_int_eq(count(buf_str(&got), "HTTP/1.1 401 "), 4);
	ck_assert_int_eq(count(buf_str(&got), "is not the one of this"), 3);
	ck_assert_int_eq(count(buf_str(&got), "HTTP/1.1 "), 4);
	aid_close(&client);
	log = await_exit();
	ck_assert_int_eq(count(log, " warn: "), 3);
	ck_assert_int_eq(count(log, " wrong API key from unix"), 3);
	ck_assert_int_eq(count(log, "10.9.8.7"), 0);
	ck_assert_int_eq(count(log, "error=invalid_api_key"), 4);
}
END_TEST

/* Else a new connection for each try would be the way around it. */
START_TEST(who_leaves_a_late_answer_keeps_its_place)
{
	int64_t begin = clock_ms();
	const char *log;

	start();
	send_text(WRONG "\r\n");
	aid_close(&client);
	log = await_exit();
	ck_assert_int_ge(clock_ms() - begin, LIMIT_WRONG_KEY_MS);
	ck_assert_int_eq(count(log, " GET /v1/models 0 "), 1);
	ck_assert_int_eq(count(log, "error=invalid_api_key"), 1);
}
END_TEST

/* The body of such a request is not read, and the key behind it not believed
 * to be a request. */
START_TEST(a_wrong_key_with_a_body)
{
	start();
	send_text("POST /v1/chat/completions HTTP/1.1\r\n" HOST JSON
		  "Authorization: Bearer x\r\nContent-Length: 1000\r\n\r\n"
		  "{" GET("/health"));
	await_end();
	ck_assert_int_eq(count(buf_str(&got), "HTTP/1.1 401 "), 1);
	ck_assert_int_eq(count(buf_str(&got), "HTTP/1.1 "), 1);
	aid_close(&client);
	(void)await_exit();
}
END_TEST

START_TEST(a_late_answer_and_the_end_of_the_server)
{
	int64_t begin = clock_ms();

	start();
	send_text(GET("/health") WRONG "\r\n");
	await_text("X-Request-Id: /health");
	(void)usleep(50000); /* it has begun to wait by then, or will */
	ck_assert_int_eq(kill(server, SIGTERM), 0);
	await_text("shutting_down");
	await_end();
	ck_assert_int_lt(clock_ms() - begin, 20 * LIMIT_WRONG_KEY_MS);
	aid_close(&client);
	(void)await_exit();
}
END_TEST

START_TEST(a_broken_configuration_is_told)
{
	use = NULL;
	start();
	send_text(GET("/health"));
	await_text("\"code\":\"configuration\"}}");
	ck_assert_int_eq(strncmp(buf_str(&got), "HTTP/1.1 500 ", 13), 0);
	aid_close(&client);
	(void)await_exit();
}
END_TEST

/* Answers one question like the CLI. */
#define ANSWER                                                                 \
	"read line\n"                                                          \
	"echo '{\"type\":\"stream_event\",\"event\":{\"type\":"                \
	"\"content_block_delta\",\"delta\":{\"type\":\"text_delta\","          \
	"\"text\":\"Good day.\"}}}'\n"                                         \
	"echo '{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":"     \
	"false,\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}'\n"         \
	"read line\n"

START_TEST(questions_on_one_connection)
{
	const char *log;

	claude_is(ANSWER);
	start();
	send_text(ASK ASK GET("/health"));
	await_text("{\"status\":\"ok\"}");
	ck_assert_int_eq(count(buf_str(&got), "\"content\":\"Good day.\""), 2);
	aid_close(&client);
	log = await_exit();
	ck_assert_int_eq(count(log, "POST /v1/chat/completions 200"), 2);
	ck_assert_int_eq(count(log, "GET /health 200"), 1);
	ck_assert_ptr_null(strstr(log, "hello"));
	ck_assert_ptr_null(strstr(log, "CCP_API_KEY"));
}
END_TEST

START_TEST(a_claude_that_cannot_be_started)
{
	settings.claude_path = "/nonexistent/claude";
	start();
	send_text(ASK);
	await_text("\"code\":\"claude_unavailable\"}}");
	ck_assert_int_eq(strncmp(buf_str(&got), "HTTP/1.1 503 ", 13), 0);
	aid_close(&client);
	ck_assert_int_eq(count(await_exit(), "error: "), 1);
}
END_TEST

/* What is behind it has been read already, so that no event will come. */
START_TEST(requests_behind_a_claude_that_cannot_be_started)
{
	int64_t begin = clock_ms();

	settings.claude_path = "/nonexistent/claude";
	start();
	send_text(ASK ASK GET("/health"));
	await_text("X-Request-Id: /health");
	ck_assert_int_eq(count(buf_str(&got), "claude_unavailable"), 2);
	ck_assert_int_lt(clock_ms() - begin, LIMIT_HEAD_MS);
	aid_close(&client);
	ck_assert_int_eq(count(await_exit(), " 503 "), 2);
}
END_TEST

START_TEST(a_directory_that_is_none)
{
	claude_is(ANSWER);
	settings.claude_working_dir = "/nonexistent/project";
	start();
	send_text(ASK);
	await_text("\"code\":\"working_directory\"}}");
	aid_close(&client);
	ck_assert_int_eq(count(await_exit(), "error: "), 1);
}
END_TEST

START_TEST(a_claude_that_dies)
{
	const char *log;

	claude_is("echo oh no >&2; exit 7");
	start();
	send_text(ASK);
	await_text("\"code\":\"claude_ended\"}}");
	ck_assert_int_eq(strncmp(buf_str(&got), "HTTP/1.1 502 ", 13), 0);
	aid_close(&client);
	log = await_exit();
	ck_assert_ptr_nonnull(strstr(log, "exit 7"));
	ck_assert_ptr_nonnull(strstr(log, "oh no"));
}
END_TEST

/* The script and the test tell each other by files beside it. */
#define READY ": >\"${0%/*}/ready\"\n"
#define GO    "until [ -e \"${0%/*}/go\" ]; do sleep 0.01; done\n"

static void
await_ready(void)
{
	char path[4200];
	int64_t patience = 0;

	(void)snprintf(path, sizeof path, "%s/ready", aid_dir());
	while (access(path, F_OK) != 0)
		ck_assert_msg(aid_patient(&patience), "Claude is not ready");
}

/* The process whose id the script wrote to a file. */
static pid_t
process(const char *name)
{
	char path[4200], text[32] = "";
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", aid_dir(), name);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
	(void)fclose(f);
	return (pid_t)strtol(text, NULL, 10);
}

#define IN_BACKGROUND                                                          \
	"sleep 60 >/dev/null 2>&1 &\necho $! >\"${0%/*}/left\"\n"              \
	"echo $$ >\"${0%/*}/self\"\n"

START_TEST(a_client_that_leaves)
{
	const char *log;

	claude_is("read line\n" IN_BACKGROUND READY "exec sleep 60");
	start();
	send_text(ASK);
	await_ready();
	aid_close(&client);
	log = await_exit();
	ck_assert_ptr_nonnull(strstr(log, " error=client_left\n"));
	ck_assert(!aid_alive(process("self")));
	ck_assert(!aid_alive(process("left")));
}
END_TEST

START_TEST(term_while_idle)
{
	start();
	send_text(GET("/health"));
	await_text("{\"status\":\"ok\"}");
	ck_assert_int_eq(kill(server, SIGTERM), 0);
	await_end();
	aid_close(&client);
	(void)await_exit();
}
END_TEST

START_TEST(term_while_a_body_is_on_its_way)
{
	start();
	send_text(CHAT JSON "Content-Length: 48\r\n"
			    "Expect: 100-continue\r\n\r\n");
	await_text("HTTP/1.1 100 Continue\r\n");
	ck_assert_int_eq(kill(server, SIGTERM), 0);
	await_text("\"code\":\"shutting_down\"}}");
	ck_assert_ptr_nonnull(strstr(buf_str(&got), "HTTP/1.1 503 "));
	await_end();
	aid_close(&client);
	ck_assert_int_eq(count(await_exit(), " 503 "), 1);
}
END_TEST

START_TEST(term_while_claude_works)
{
	claude_is("read line\n" IN_BACKGROUND READY "exec sleep 60");
	start();
	send_text(ASK);
	await_ready();
	ck_assert_int_eq(kill(server, SIGTERM), 0);
	await_text("\"code\":\"shutting_down\"}}");
	ck_assert_ptr_nonnull(strstr(buf_str(&got), "HTTP/1.1 503 "));
	await_end();
	aid_close(&client);
	(void)await_exit();
	ck_assert(!aid_alive(process("self")));
	ck_assert(!aid_alive(process("left")));
}
END_TEST

START_TEST(hup_lets_the_answer_end)
{
	claude_is(READY GO ANSWER);
	start();
	send_text(ASK);
	await_ready();
	ck_assert_int_eq(kill(server, SIGHUP), 0);
	(void)aid_make_file("go", "", 0600);
	await_text("\"content\":\"Good day.\"");
	await_end(); /* and no further request */
	aid_close(&client);
	ck_assert_int_eq(count(await_exit(), " 200 "), 1);
}
END_TEST

static TCase *
answers(void)
{
	TCase *t = tcase_create("answers");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, pipelined_requests_are_answered_and_logged);
	tcase_add_loop_test(t, refused_requests, 0, (int)COUNT(refusals));
	tcase_add_test(t, wrong_keys_are_answered_late);
	tcase_add_test(t, who_leaves_a_late_answer_keeps_its_place);
	tcase_add_test(t, a_wrong_key_with_a_body);
	tcase_add_test(t, a_late_answer_and_the_end_of_the_server);
	tcase_add_test(t, a_broken_configuration_is_told);
	tcase_add_test(t, questions_on_one_connection);
	tcase_add_test(t, a_claude_that_cannot_be_started);
	tcase_add_test(t, requests_behind_a_claude_that_cannot_be_started);
	tcase_add_test(t, a_directory_that_is_none);
	tcase_add_test(t, a_claude_that_dies);
	return t;
}

static TCase *
ends(void)
{
	TCase *t = tcase_create("ends");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_client_that_leaves);
	tcase_add_test(t, term_while_idle);
	tcase_add_test(t, term_while_a_body_is_on_its_way);
	tcase_add_test(t, term_while_claude_works);
	tcase_add_test(t, hup_lets_the_answer_end);
	return t;
}

Suite *
suite_serve(void)
{
	Suite *s = suite_create("serve");

	suite_add_tcase(s, answers());
	suite_add_tcase(s, ends());
	return s;
}
