/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A shell script is the CLI.  Each case runs in a process of its own, because
 * the end of one is swept behind.
 */
#include "claude.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
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
turn(void)
{
	struct pollset ps;

	pollset_reset(&ps);
	claude_poll(c, &ps, true);
	pollset_until(&ps, clock_ms() + TURN_MS);
	ck_assert_int_eq(pollset_wait(&ps), 0);
	claude_step(c, &ps);
	turns++;
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
	suite_add_tcase(s, t);
	return s;
}
