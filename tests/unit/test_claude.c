/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A shell script is the CLI.  Each case runs in a process of its own, because
 * the end of one is swept behind.
 */
#include "claude.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "../../src/openai_request.h"
#include "aid.h"
#include "clock.h"
#include "fake_clock.h"
#include "proc_tree.h"
#include "suites.h"

#define TURN_MS 20
#define RESULT                                                                 \
	"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false}"

static struct claude *c;
static struct claude_event event;
static struct chat_request *request;
static int turns;

static void
start(const char *script)
{
	char sh[] = "sh", dash_c[] = "-c", path[] = "/bin/sh", text[1024];
	char variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *argv[] = {sh, dash_c, text, NULL}, *envp[] = {variable, NULL};
	struct claude_launch launch = {
	    .path = path, .argv = argv, .envp = envp, .fingerprint = "f1"};
	struct child_error error;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)proc_subreaper();
	(void)snprintf(text, sizeof text, "%s", script);
	c = claude_start(&launch, &error);
	ck_assert_ptr_nonnull(c);
	ck_assert_str_eq(c->transport.fingerprint, "f1");
}

/* One turn of a loop that nothing but the process's pipes and deadlines wake,
 * or the next turn's time, in place of SIGCHLD. */
static void
turn_with(bool read_output)
{
	struct pollset ps;

	pollset_reset(&ps);
	claude_poll(c, &ps, read_output);
	pollset_until(&ps, clock_ms() + TURN_MS);
	ck_assert_int_eq(pollset_wait(&ps), 0);
	claude_step(c, &ps);
	turns++;
}

static void
turn(void)
{
	turn_with(true);
}

static void
say(void)
{
	static const char body[] =
	    "{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
	struct api_error e;

	request = openai_request_parse(body, sizeof body - 1, &e);
	ck_assert_ptr_nonnull(request);
	transport_say(&c->transport, request, 0,
	    &(struct claude_initialize){.system = request->system}, "m");
}

static void
await(enum claude_event_type type)
{
	int64_t patience = 0;

	claude_event_clear(&event);
	while (!claude_next(c, &event)) {
		ck_assert_msg(aid_patient(&patience), "no event came");
		turn();
	}
	ck_assert_int_eq(event.type, type);
	claude_event_clear(&event);
}

static void
await_over(void)
{
	int64_t patience = 0;

	while (!claude_over(c)) {
		ck_assert_msg(aid_patient(&patience), "it is not over");
		ck_assert(!claude_next(c, &event));
		turn();
	}
}

static void
await_stopped(void)
{
	int64_t patience = 0;

	claude_stop(c);
	while (!claude_stopped(c)) {
		ck_assert_msg(aid_patient(&patience), "it does not stop");
		ck_assert(!claude_next(c, &event));
		turn();
	}
}

static void
finish(void)
{
	pid_t pid = c->guard.pid;

	await_stopped();
	claude_free(c);
	chat_request_free(request);
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

static void
a_turn(void)
{
	int before = aid_open_fds();

	start("read line; case $line in *hello*) echo '{\"type\":\"x\"}';; "
	      "esac; echo '" RESULT "'; read line; exit 5");
	say();
	await(CLAUDE_OTHER);
	await(CLAUDE_RESULT);
	ck_assert(!c->transport.busy);
	claude_stop(c);
	ck_assert_int_eq(c->guard.phase, GUARD_EXITING);
	finish();
	ck_assert_int_eq(aid_open_fds(), before);
}

START_TEST(a_turn_and_its_end)
{
	aid_in_process(a_turn);
}
END_TEST

static void
interrupted(void)
{
	start("read line; echo '{\"type\":\"x\"}'; read line; "
	      "case $line in *interrupt*) echo '" RESULT "';; esac; "
	      "read line || exit 6");
	say();
	await(CLAUDE_OTHER);
	claude_stop(c);
	ck_assert_int_eq(c->guard.phase, GUARD_INTERRUPTING);
	await_stopped();
	ck_assert(WIFEXITED(c->guard.status)); /* no TERM was needed */
	ck_assert_int_eq(WEXITSTATUS(c->guard.status), 6);
	finish();
}

START_TEST(a_turn_under_way_is_interrupted)
{
	aid_in_process(interrupted);
}
END_TEST

/* Two lines in one write, so that the second one is there already. */
static void
deaf(void)
{
	start("printf '{\"type\":\"x\"}\\n{\"type\":\"y\"}\\n'; read line; "
	      "read line");
	say();
	await(CLAUDE_OTHER);
	claude_stop(c);
	ck_assert(!claude_next(c, &event));
	finish();
}

START_TEST(one_that_is_stopped_is_not_listened_to)
{
	aid_in_process(deaf);
}
END_TEST

static void
cut(void)
{
	start("read line; echo '{\"type\":\"x\"}'; read line; echo no; "
	      "sleep 60");
	say();
	await(CLAUDE_OTHER);
	claude_cut(c);
	ck_assert_int_eq(c->guard.phase, GUARD_TERMINATING);
	ck_assert_int_eq(c->transport.in.fd, -1);
	claude_cut(c);
	await_stopped();
	finish();
}

START_TEST(a_cut_one_gets_no_interrupt)
{
	aid_in_process(cut);
}
END_TEST

static void
early_end(void)
{
	start("echo oh no >&2; exit 3");
	say();
	await_over();
	ck_assert(c->guard.ended);
	ck_assert_int_eq(WEXITSTATUS(c->guard.status), 3);
	ck_assert_str_eq(buf_str(&c->transport.tail), "oh no\n");
	finish();
}

START_TEST(an_early_end_comes_with_status_and_stderr)
{
	aid_in_process(early_end);
}
END_TEST

static void
closed_output(void)
{
	int64_t patience = 0;

	start("exec >&- 2>&-; read line; read line; sleep 60");
	say();
	while (!transport_silent(&c->transport)) {
		ck_assert(aid_patient(&patience));
		turn();
	}
	ck_assert(!claude_over(c));
	fake_clock_skip(LIMIT_CLAUDE_GRACE_MS);
	ck_assert(claude_over(c));
	ck_assert(!c->guard.ended);
	claude_stop(c);
	fake_clock_skip(LIMIT_STOP_INTERRUPT_MS);
	finish();
}

START_TEST(one_that_closes_its_output_is_over)
{
	aid_in_process(closed_output);
}
END_TEST

/* What it started holds its stdout and stderr, and says nothing. */
static void
held_output(void)
{
	int64_t patience = 0;

	start("echo '{\"type\":\"x\"}'; sleep 60 & exit 4");
	say();
	await(CLAUDE_OTHER);
	while (!transport_silent(&c->transport)) {
		ck_assert_msg(aid_patient(&patience), "its end is not seen");
		turn();
	}
	ck_assert(c->guard.ended);
	ck_assert_int_eq(WEXITSTATUS(c->guard.status), 4);
	fake_clock_skip(LIMIT_CLAUDE_GRACE_MS);
	ck_assert(claude_over(c));
	finish();
}

START_TEST(a_held_stdout_does_not_hide_its_end)
{
	aid_in_process(held_output);
}
END_TEST

/* All that it said before it died is told first. */
static void
last_words(void)
{
	int i;

	start("i=0; while [ $i -lt 3000 ]; do "
	      "echo '{\"type\":\"x\",\"y\":\"0123456789012345678901234567890"
	      "123456789012345678901234567890123456789\"}'; i=$((i+1)); done; "
	      "sleep 60 & exit 4");
	for (i = 0; i < 3000; i++)
		await(CLAUDE_OTHER);
	claude_event_clear(&event);
	ck_assert(!claude_next(c, &event));
	finish();
}

START_TEST(its_last_words_are_heard)
{
	aid_in_process(last_words);
}
END_TEST

static void
quiet(void)
{
	struct pollset ps;
	int i;

	start("read line");
	for (i = 0; i < 5; i++)
		turn();
	/* Nothing to do: no deadline, so the loop sleeps. */
	pollset_reset(&ps);
	claude_poll(c, &ps, true);
	ck_assert_int_eq(ps.deadline, CLOCK_NEVER);
	ck_assert_uint_eq(ps.n, 2);
	finish();
}

START_TEST(a_quiet_one_costs_nothing)
{
	aid_in_process(quiet);
}
END_TEST

/* A process that ended, whose pipes somebody holds, makes no loop spin. */
static void
no_spin(void)
{
	int64_t patience = 0;
	struct pollset ps;

	start("sleep 60 & exit 4");
	while (!transport_silent(&c->transport)) {
		ck_assert(aid_patient(&patience));
		turn();
	}
	fake_clock_skip(LIMIT_CLAUDE_GRACE_MS);
	pollset_reset(&ps);
	claude_poll(c, &ps, true);
	ck_assert_int_eq(ps.deadline, CLOCK_NEVER);
	turns = 0;
	claude_stop(c);
	await_stopped();
	ck_assert_int_lt(turns, 500);
	finish();
}

START_TEST(a_dead_one_does_not_spin)
{
	aid_in_process(no_spin);
}
END_TEST

/* What was to be said did not fit: its owner has to look now. */
static void
broken(void)
{
	struct pollset ps;

	start("sleep 60");
	c->transport.queue.bad = true;
	say();
	ck_assert(claude_over(c));
	pollset_reset(&ps);
	claude_poll(c, &ps, true);
	ck_assert_int_le(ps.deadline, clock_ms());
	await_stopped();
	finish();
}

START_TEST(a_broken_one_is_seen_at_once)
{
	aid_in_process(broken);
}
END_TEST

static void
freed(void)
{
	pid_t pid;
	int status;

	start("trap '' TERM; sleep 60");
	pid = c->guard.pid;
	claude_free(c);
	status = aid_wait(pid);
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	claude_free(NULL);
}

START_TEST(freeing_kills)
{
	aid_in_process(freed);
}
END_TEST

static void
not_started(void)
{
	char nothing[] = "/nonexistent/claude";
	char *argv[] = {nothing, NULL}, *envp[] = {NULL};
	struct claude_launch launch = {
	    .path = nothing, .argv = argv, .envp = envp};
	struct child_error error;
	int before = aid_open_fds();

	ck_assert_ptr_null(claude_start(&launch, &error));
	ck_assert_int_eq(error.stage, CHILD_EXEC);
	ck_assert_int_eq(error.error, ENOENT);
	ck_assert_int_eq(aid_open_fds(), before);
}

START_TEST(one_that_cannot_be_started)
{
	aid_in_process(not_started);
}
END_TEST

static void
no_descriptors(void)
{
	char path[] = "/bin/sh";
	char *argv[] = {path, NULL}, *envp[] = {NULL};
	struct claude_launch launch = {
	    .path = path, .argv = argv, .envp = envp};
	struct child_error error;
	int spare, before;

	while (dup(0) != -1)
		continue;
	for (spare = 0; spare < 7; spare++) {
		before = aid_open_fds();
		ck_assert_ptr_null(claude_start(&launch, &error));
		ck_assert_int_eq(error.error, EMFILE);
		ck_assert_int_eq(aid_open_fds(), before);
		(void)close(20 + spare);
	}
}

START_TEST(without_descriptors_nothing_leaks)
{
	aid_in_process(no_descriptors);
}
END_TEST

/* Between turns */

#define COMPLETED "{\"type\":\"command_lifecycle\",\"state\":\"completed\"}"

/* Says it behind its result, and is silent then. */
static void
says_behind_its_result(const char *what)
{
	char script[1024];
	int64_t patience = 0;

	(void)snprintf(script, sizeof script,
	    "read line; echo '" RESULT "'; read line; echo '%s'; read line; "
	    "exit 0",
	    what);
	start(script);
	say();
	await(CLAUDE_RESULT);
	ck_assert(claude_rests(c));
	ck_assert(claude_rests(c));
	ck_assert_int_eq(write(c->transport.in.fd, "\n", 1), 1);
	while (c->transport.line.len == 0) {
		ck_assert_msg(aid_patient(&patience), "it says nothing");
		turn();
	}
}

static void
completed(void)
{
	says_behind_its_result(COMPLETED);
	ck_assert(claude_rests(c));
	ck_assert_uint_eq(c->transport.line.len, 0);
	finish();
}

static void
spoken(void)
{
	says_behind_its_result(COMPLETED "\n{\"type\":\"x\"}\n" COMPLETED);
	ck_assert(!claude_rests(c));
	ck_assert_uint_eq(c->transport.line.len, 0); /* all are taken */
	finish();
}

static void
asked(void)
{
	says_behind_its_result("{\"type\":\"control_request\","
			       "\"request_id\":\"R\",\"request\":{"
			       "\"subtype\":\"can_use_tool\"}}");
	ck_assert(!claude_rests(c));
	finish();
}

/* A line that is not whole is one that goes on. */
static void
half_said(void)
{
	start("read line; echo '" RESULT "'; printf '{\"type\":'; read line");
	say();
	await(CLAUDE_RESULT);
	while (c->transport.line.len == 0)
		turn();
	ck_assert(!claude_rests(c));
	finish();
}

static void (*const behind[])(void) = {completed, spoken, asked, half_said};

START_TEST(one_that_rests_has_nothing_to_say)
{
	aid_in_process(behind[_i]);
}
END_TEST

static void
at_work(void)
{
	start("read line; read line");
	ck_assert(claude_rests(c)); /* it has nothing to do yet */
	say();
	ck_assert(!claude_rests(c));
	claude_stop(c);
	ck_assert(!claude_rests(c));
	finish();
}

START_TEST(one_at_work_does_not_rest)
{
	aid_in_process(at_work);
}
END_TEST

static void
dead_at_rest(void)
{
	int64_t patience = 0;

	start("exit 0");
	while (!c->guard.ended) {
		ck_assert(aid_patient(&patience));
		turn();
	}
	ck_assert(!claude_rests(c));
	finish();
}

START_TEST(nor_does_a_dead_one)
{
	aid_in_process(dead_at_rest);
}
END_TEST

#define CALL                                                                   \
	"{\"type\":\"control_request\",\"request_id\":\"R\",\"request\":{"     \
	"\"subtype\":\"mcp_message\",\"server_name\":\"client\",\"message\":{" \
	"\"method\":\"tools/call\",\"id\":1,\"params\":{\"_meta\":{"           \
	"\"claudecode/toolUseId\":\"T\"}}}}}"

#define USE                                                                    \
	"{\"type\":\"stream_event\",\"event\":{"                               \
	"\"type\":\"content_block_start\",\"index\":0,\"content_block\":{"     \
	"\"type\":\"tool_use\",\"id\":\"T\",\"name\":\"mcp__client__t\"}}}"

/* The words of the calls that it waits for may still come. */
static void
parked(void)
{
	int64_t patience = 0;

	start(
	    "read line; echo '" USE "'; read line; echo '" CALL
	    "'; echo '{\"type\":\"assistant\",\"message\":{\"model\":\"m\"}}'; "
	    "read line; echo '" RESULT "'; read line; exit 0");
	say();
	await(CLAUDE_TOOL_START);
	ck_assert(!claude_rests(c));
	transport_park(&c->transport);
	ck_assert(claude_rests(c));
	ck_assert_int_eq(write(c->transport.in.fd, "\n", 1), 1);
	while (strstr(buf_str(&c->transport.line), "assistant") == NULL) {
		ck_assert(aid_patient(&patience));
		turn();
	}
	ck_assert(claude_rests(c));
	ck_assert_int_eq(write(c->transport.in.fd, "\n", 1), 1);
	while (c->transport.line.len == 0) {
		ck_assert(aid_patient(&patience));
		turn();
	}
	ck_assert(!claude_rests(c)); /* its turn is over, unheard */
	finish();
}

START_TEST(a_parked_one_rests_in_its_turn)
{
	aid_in_process(parked);
}
END_TEST

/* One that is borrowed: the test is Claude and its keeper. */

static int in_of, out_of, err_of, keeper; /* the other ends */

static void
borrow(void)
{
	int in[2], out[2], err[2], lease[2];

	(void)signal(SIGPIPE, SIG_IGN);
	aid_pipe(in);
	aid_pipe(out);
	aid_pipe(err);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, lease), 0);
	in_of = in[0];
	out_of = out[1];
	err_of = err[1];
	keeper = lease[1];
	c = claude_borrow((const int[]){in[1], out[0], err[0]}, lease[0]);
	ck_assert_ptr_nonnull(c);
}

static void
end_borrowing(int before)
{
	aid_close(&in_of);
	aid_close(&out_of);
	aid_close(&err_of);
	aid_close(&keeper);
	ck_assert_int_eq(aid_open_fds(), before);
}

START_TEST(a_borrowed_one_takes_a_turn)
{
	int before = aid_open_fds();
	char some[4096];
	ssize_t n;

	borrow();
	ck_assert(claude_rests(c));
	say();
	n = read(in_of, some, sizeof some - 1);
	ck_assert_int_gt(n, 0);
	some[n] = '\0';
	ck_assert_ptr_nonnull(strstr(some, "hello"));
	ck_assert(!claude_over(c));
	ck_assert_int_eq(write(out_of, RESULT "\n", strlen(RESULT "\n")),
	    (ssize_t)strlen(RESULT "\n"));
	await(CLAUDE_RESULT);
	ck_assert(claude_rests(c));
	ck_assert(!aid_readable(keeper)); /* the lease goes on */
	claude_free(c);
	chat_request_free(request);
	end_borrowing(before);
}
END_TEST

/* Its process is its keeper's to stop, in the middle of a turn too. */
START_TEST(to_stop_a_borrowed_one_ends_the_lease)
{
	int before = aid_open_fds();

	borrow();
	if (_i > 1)
		say();
	ck_assert(!claude_stopped(c));
	if (_i % 2 == 0)
		claude_stop(c);
	else
		claude_cut(c);
	aid_expect_end(keeper);
	ck_assert(claude_stopped(c));
	ck_assert_int_eq(c->lease, -1);
	claude_stop(c);
	claude_cut(c);
	turn();
	ck_assert(claude_stopped(c));
	ck_assert(!claude_next(c, &event));
	claude_free(c);
	chat_request_free(request);
	end_borrowing(before);
}
END_TEST

/* Whoever else may hold its stdout. */
START_TEST(with_its_keeper_a_borrowed_one_ends)
{
	int before = aid_open_fds();

	borrow();
	say();
	turn();
	ck_assert(!claude_over(c));
	aid_close(&keeper);
	turn();
	turn(); /* there was nothing left to read */
	ck_assert_int_eq(c->transport.out.fd, -1);
	ck_assert(claude_over(c)); /* without waiting for a status */
	ck_assert(!claude_rests(c));
	claude_free(c);
	chat_request_free(request);
	end_borrowing(before);
}
END_TEST

/* Its client may be too slow to take it just then. */
START_TEST(what_a_borrowed_one_said_last_is_read_behind_the_lease)
{
	int before = aid_open_fds();

	borrow();
	say();
	turn();
	ck_assert_int_eq(write(out_of, RESULT "\n", strlen(RESULT "\n")),
	    (ssize_t)strlen(RESULT "\n"));
	aid_close(&keeper);
	turn_with(false);
	turn_with(false);
	ck_assert(!claude_over(c));
	await(CLAUDE_RESULT);
	turn();
	ck_assert(claude_over(c));
	ck_assert(!claude_rests(c));
	claude_free(c);
	chat_request_free(request);
	end_borrowing(before);
}
END_TEST

/* A keeper says nothing during a lease. */
START_TEST(a_keeper_that_speaks_is_none)
{
	int before = aid_open_fds();

	borrow();
	aid_send_byte(keeper);
	turn();
	turn();
	ck_assert_int_eq(c->transport.out.fd, -1);
	ck_assert(claude_over(c));
	claude_free(c);
	end_borrowing(before);
}
END_TEST

START_TEST(freeing_ends_the_lease_and_kills_nobody)
{
	int before = aid_open_fds();

	borrow();
	ck_assert_int_eq(aid_open_fds(), before + 8);
	claude_free(c);
	aid_expect_end(keeper);
	ck_assert_int_eq(aid_open_fds(), before + 4);
	end_borrowing(before);
}
END_TEST

static TCase *
borrowing(void)
{
	TCase *t = tcase_create("borrowing");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_borrowed_one_takes_a_turn);
	tcase_add_loop_test(t, to_stop_a_borrowed_one_ends_the_lease, 0, 4);
	tcase_add_test(t, with_its_keeper_a_borrowed_one_ends);
	tcase_add_test(
	    t, what_a_borrowed_one_said_last_is_read_behind_the_lease);
	tcase_add_test(t, a_keeper_that_speaks_is_none);
	tcase_add_test(t, freeing_ends_the_lease_and_kills_nobody);
	return t;
}

Suite *
suite_claude(void)
{
	Suite *s = suite_create("claude");
	TCase *t = tcase_create("claude");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_turn_and_its_end);
	tcase_add_test(t, a_turn_under_way_is_interrupted);
	tcase_add_test(t, one_that_is_stopped_is_not_listened_to);
	tcase_add_test(t, a_cut_one_gets_no_interrupt);
	tcase_add_test(t, an_early_end_comes_with_status_and_stderr);
	tcase_add_test(t, one_that_closes_its_output_is_over);
	tcase_add_test(t, a_held_stdout_does_not_hide_its_end);
	tcase_add_test(t, its_last_words_are_heard);
	tcase_add_test(t, a_quiet_one_costs_nothing);
	tcase_add_test(t, a_dead_one_does_not_spin);
	tcase_add_test(t, a_broken_one_is_seen_at_once);
	tcase_add_test(t, freeing_kills);
	tcase_add_test(t, one_that_cannot_be_started);
	tcase_add_test(t, without_descriptors_nothing_leaks);
	tcase_add_loop_test(t, one_that_rests_has_nothing_to_say, 0, 4);
	tcase_add_test(t, one_at_work_does_not_rest);
	tcase_add_test(t, nor_does_a_dead_one);
	tcase_add_test(t, a_parked_one_rests_in_its_turn);
	suite_add_tcase(s, t);
	suite_add_tcase(s, borrowing());
	return s;
}
