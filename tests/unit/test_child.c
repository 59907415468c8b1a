/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "child.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char sh[] = "sh", dash_c[] = "-c";
static char path_variable[] = "PATH=/usr/bin:/bin";
static char *const env[] = {path_variable, NULL};

static struct child_spec spec;
static struct child_error error;
static int in[2], out[2]; /* to and from the child */

static void
set_up(void)
{
	aid_pipe(in);
	aid_pipe(out);
	spec = (struct child_spec){
	    .path = "/bin/sh",
	    .envp = env,
	    .fds = {in[0], out[1], out[1]},
	};
	memset(&error, 0, sizeof error);
}

static void
tear_down(void)
{
	aid_remove_dir();
}

/* Starts sh with a script, as spec says. */
static pid_t
spawn(const char *script)
{
	char text[512];
	char *const argv[] = {sh, dash_c, text, NULL};
	struct child_spec with_script = spec;

	(void)snprintf(text, sizeof text, "%s", script);
	with_script.argv = argv;
	return child_spawn(&with_script, &error);
}

static pid_t
started(const char *script)
{
	pid_t pid = spawn(script);

	ck_assert_msg(
	    pid > 0, "stage %d: %s", (int)error.stage, strerror(error.error));
	aid_close(&in[0]);
	aid_close(&out[1]);
	return pid;
}

/* What the script says on stdout and stderr. */
static const char *
output(const char *script)
{
	pid_t pid = started(script);
	const char *text = aid_read_all(out[0]);

	ck_assert_int_eq(aid_wait(pid), 0);
	return text;
}

static void
assert_failed(enum child_stage stage, int number)
{
	int before = aid_open_fds();

	error.stage = CHILD_FORK;
	error.error = 0;
	ck_assert_int_eq(spawn("echo no"), -1);
	ck_assert_int_eq(error.stage, stage);
	ck_assert_int_eq(error.error, number);
	ck_assert_int_eq(aid_open_fds(), before);
	/* No zombie either. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

START_TEST(exec_failures_are_told)
{
	spec.path = "/nonexistent/claude";
	assert_failed(CHILD_EXEC, ENOENT);
	spec.path = "/dev";
	assert_failed(CHILD_EXEC, EACCES);
	spec.path = "/bin/sh/claude";
	assert_failed(CHILD_EXEC, ENOTDIR);
	(void)aid_make_dir();
	spec.path = aid_make_file("plain", "text", 0644);
	assert_failed(CHILD_EXEC, EACCES);
	spec.path = aid_make_file("no-format", "text", 0755);
	assert_failed(CHILD_EXEC, ENOEXEC);
	spec.path =
	    aid_make_file("no-interpreter", "#!/nonexistent/sh\n", 0755);
	assert_failed(CHILD_EXEC, ENOENT);
}
END_TEST

START_TEST(chdir_failures_are_told)
{
	spec.cwd = "/nonexistent/project";
	assert_failed(CHILD_CHDIR, ENOENT);
	spec.cwd = "/bin/sh";
	assert_failed(CHILD_CHDIR, ENOTDIR);
	spec.cwd = "";
	assert_failed(CHILD_CHDIR, ENOENT);
}
END_TEST

START_TEST(descriptors_that_are_none_are_told)
{
	spec.fds[1] = -1;
	assert_failed(CHILD_SETUP, EBADF);
	spec.fds[1] = 999;
	assert_failed(CHILD_SETUP, EBADF);
}
END_TEST

START_TEST(a_signal_that_is_none_is_told)
{
#ifdef CCP_LINUX
	spec.parent_death_signal = 9999;
	assert_failed(CHILD_SETUP, EINVAL);
#endif
}
END_TEST

START_TEST(cwd_is_entered)
{
	spec.cwd = "/";
	ck_assert_str_eq(output("pwd"), "/\n");
}
END_TEST

START_TEST(argv_and_environment_are_exactly_these)
{
	static char one[] = "ONE=1 ", empty[] = "EMPTY=";
	char *const few[] = {path_variable, one, empty, NULL};

	spec.envp = few;
	ck_assert_str_eq(output("env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e "
				"^OLDPWD= | sort"),
	    "EMPTY=\nONE=1 \nPATH=/usr/bin:/bin\n");
}
END_TEST

START_TEST(equal_descriptors)
{
	ck_assert_str_eq(output("echo one; echo two >&2"), "one\ntwo\n");
}
END_TEST

/* The parent's ends of a child's pipes stand on 0, 1 and 2 themselves, in
 * every order, with the report pipe above them. */
START_TEST(descriptors_in_odd_orders)
{
	static const int orders[][3] = {
	    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	const int *order = orders[_i];
	int err[2], saved[3], i;
	pid_t pid;

	aid_pipe(err);
	for (i = 0; i < 3; i++)
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
	ck_assert_int_eq(dup2(in[0], order[0]), order[0]);
	ck_assert_int_eq(dup2(out[1], order[1]), order[1]);
	ck_assert_int_eq(dup2(err[1], order[2]), order[2]);
	memcpy(spec.fds, order, sizeof spec.fds);
	pid = spawn("read x; echo \"out $x\"; echo \"err $x\" >&2");
	for (i = 0; i < 3; i++)
		(void)dup2(saved[i], i);
	ck_assert_int_gt(pid, 0);
	aid_close(&out[1]);
	aid_close(&err[1]);
	ck_assert_int_eq(write(in[1], "word\n", 5), 5);
	ck_assert_str_eq(aid_read_all(out[0]), "out word\n");
	ck_assert_str_eq(aid_read_all(err[0]), "err word\n");
	ck_assert_int_eq(aid_wait(pid), 0);
}
END_TEST

/* The report pipe itself comes to stand on 0 and 1. */
static void
with_nothing_below_three(void)
{
	int to[2] = {fcntl(in[0], F_DUPFD, 20), fcntl(out[1], F_DUPFD, 20)};
	int i;
	pid_t pid;

	for (i = 0; i < 20; i++)
		(void)close(i);
	spec.fds[0] = to[0];
	spec.fds[1] = spec.fds[2] = to[1];
	spec.path = "/nonexistent/claude";
	if (spawn("") != -1 || error.stage != CHILD_EXEC ||
	    error.error != ENOENT)
		_exit(1);
	spec.path = "/bin/sh";
	pid = spawn("echo fine");
	if (pid == -1)
		_exit(2);
	while (waitpid(pid, &i, 0) == -1)
		continue;
	_exit(WIFEXITED(i) ? WEXITSTATUS(i) : 3);
}

START_TEST(a_parent_without_standard_descriptors)
{
	/* Above what is closed there. */
	int keep = fcntl(out[0], F_DUPFD, 50);

	aid_in_process(with_nothing_below_three);
	aid_close(&out[1]);
	ck_assert_str_eq(aid_read_all(keep), "fine\n");
}
END_TEST

START_TEST(all_other_descriptors_are_closed)
{
	static const int some[] = {5, 9, 60, 200, 600};
	size_t i;

	for (i = 0; i < COUNT(some); i++)
		(void)dup2(in[1], some[i]); /* not close-on-exec */
	ck_assert_str_eq(
	    output("for n in 3 4 5 6 7 8 9 60 200 600; do "
		   "[ -e /dev/fd/$n ] && echo open $n; done; echo done"),
	    "done\n");
}
END_TEST

START_TEST(the_parents_descriptors_stay)
{
	int before = aid_open_fds();
	pid_t pid = spawn("read x");

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(aid_open_fds(), before);
	aid_close(&in[0]);
	aid_close(&in[1]);
	(void)aid_wait(pid);
}
END_TEST

START_TEST(signals_are_default_and_unblocked)
{
	static const int some[] = {
	    SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1};
	sigset_t set;
	size_t i;

	(void)sigemptyset(&set);
	for (i = 0; i < COUNT(some); i++) {
		(void)signal(some[i], SIG_IGN);
		(void)sigaddset(&set, some[i]);
	}
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	ck_assert_int_gt(spawn("for s in PIPE TERM INT HUP USR1; do "
			       "sh -c \"kill -$s \\$\\$; echo alive $s\"; "
			       "done 2>/dev/null; echo done"),
	    0);
	aid_close(&out[1]);
	(void)signal(SIGCHLD, SIG_DFL);
	ck_assert_str_eq(aid_read_all(out[0]), "done\n");
}
END_TEST

#ifdef __linux__
START_TEST(no_signal_is_ignored_or_blocked)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGRTMAX, SIG_IGN);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &all, NULL), 0);
	/* 32 and 33 belong to the C library, whose posix_spawn (that of make)
	 * leaves them ignored: nobody can change that. */
	ck_assert_str_eq(output("exec sed -nE 's/^(SigIgn:.0{7})18/\\100/; "
				"/^Sig(Blk|Ign):/p' /proc/self/status"),
	    "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}
END_TEST
#endif

START_TEST(the_session_is_its_own_or_ours)
{
	pid_t pid;

	spec.own_session = true;
	pid = spawn("read x");
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(getsid(pid), pid);
	ck_assert_int_eq(getpgid(pid), pid);
	child_signal(pid, SIGKILL);
	(void)aid_wait(pid);
	spec.own_session = false;
	spec.own_group = true;
	pid = spawn("read x");
	ck_assert_int_eq(getsid(pid), getsid(0));
	ck_assert_int_eq(getpgid(pid), pid);
	child_signal(pid, SIGKILL);
	(void)aid_wait(pid);
	spec.own_group = false;
	pid = spawn("read x");
	ck_assert_int_eq(getsid(pid), getsid(0));
	ck_assert_int_eq(getpgid(pid), getpgrp());
	(void)kill(pid, SIGKILL);
	(void)aid_wait(pid);
}
END_TEST

START_TEST(files_are_private)
{
	(void)umask(0);
	ck_assert_int_eq(strtol(output("umask"), NULL, 8), 077);
}
END_TEST

START_TEST(files_are_as_private_as_is_said)
{
	(void)umask(077);
	spec.umask = 022;
	ck_assert_int_eq(strtol(output("umask"), NULL, 8), 022);
}
END_TEST

/* The parent of the child: starts it and dies. */
static void
orphan(void)
{
	if (spawn("exec 1>&- 2>&-; read x && exit; sleep 60") == -1)
		_exit(1);
	_exit(0);
}

#ifdef CCP_LINUX
/* Nobody holds the reading end of in but the child, which therefore is gone
 * when a write fails. */
static void
expect_gone(void)
{
	int64_t start = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(fcntl(in[1], F_SETFL, O_NONBLOCK), 0);
	aid_close(&in[0]);
	while (write(in[1], " ", 1) != -1 || errno != EPIPE)
		ck_assert_msg(aid_patient(&start), "the child lives on");
}

START_TEST(a_child_dies_with_its_parent)
{
	spec.parent_death_signal = _i == 0 ? SIGKILL : SIGTERM;
	aid_in_process(orphan);
	expect_gone();
}
END_TEST
#endif

/* Without the signal it lives on, and can still answer. */
START_TEST(else_it_survives)
{
	int live[2];

	aid_pipe(live);
	spec.fds[1] = live[1];
	aid_in_process(orphan);
	aid_close(&live[1]);
	aid_expect_end(live[0]); /* it runs: it has closed its stdout */
	aid_close(&in[0]);
	ck_assert_int_eq(write(in[1], "end\n", 4), 4);
}
END_TEST

/* With so many descriptors as there are, and one more each time: it starts, or
 * says that there are too few. */
static void
with_few_descriptors(void)
{
	const struct rlimit many = {64, 64};
	struct rlimit few = many;
	int status, started = 0, refused = 0;
	pid_t pid;

	set_up();
	for (few.rlim_cur = 4; few.rlim_cur < 24; few.rlim_cur++) {
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
		pid = spawn("exit 0");
		if (pid == -1) {
			/* EINVAL: of F_DUPFD above the limit */
			ck_assert(
			    error.error == EMFILE || error.error == EINVAL);
			refused++;
			continue;
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
		started++;
	}
	ck_assert_int_gt(started, 0);
	ck_assert_int_gt(refused, 0);
}

START_TEST(few_descriptors_are_told)
{
	aid_in_process(with_few_descriptors);
}
END_TEST

START_TEST(reap_does_not_wait)
{
	pid_t pid = started("read x; exit 7");
	int64_t start = 0;
	int status = -1;

	ck_assert_int_eq(child_reap(pid, &status), CHILD_RUNS);
	ck_assert_int_eq(status, -1);
	aid_close(&in[1]);
	while (child_reap(pid, &status) == CHILD_RUNS)
		ck_assert(aid_patient(&start));
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 7);
	/* Reaped already: it counts as ended. */
	status = -1;
	ck_assert_int_eq(child_reap(pid, &status), CHILD_ENDED);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(signals_reach_the_whole_group)
{
	pid_t pid;
	int status;

	spec.own_session = true;
	pid = started("sleep 60 & echo x; wait");
	aid_await_byte(out[0]);
	aid_await_byte(out[0]);
	child_signal(pid, SIGTERM);
	status = aid_wait(pid);
	ck_assert(WIFSIGNALED(status));
	aid_expect_end(out[0]); /* sleep held it too */
}
END_TEST

static const char *
status_of(const char *script)
{
	static char text[32];
	pid_t pid;

	aid_pipe(in);
	aid_pipe(out);
	spec.fds[0] = in[0];
	spec.fds[1] = spec.fds[2] = out[1];
	pid = started(script);
	child_status_text(aid_wait(pid), text, sizeof text);
	return text;
}

START_TEST(status_texts)
{
	char small[5];

	ck_assert_str_eq(status_of("exit 0"), "exit 0");
	ck_assert_str_eq(status_of("exit 1"), "exit 1");
	ck_assert_str_eq(status_of("exit 255"), "exit 255");
	ck_assert_str_eq(status_of("kill -9 $$"), "signal 9");
	ck_assert_str_eq(status_of("kill -15 $$"), "signal 15");
	child_status_text(0, small, sizeof small);
	ck_assert_str_eq(small, "exit");
}
END_TEST

Suite *
suite_child(void)
{
	Suite *s = suite_create("child");
	TCase *t = tcase_create("child");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, exec_failures_are_told);
	tcase_add_test(t, chdir_failures_are_told);
	tcase_add_test(t, descriptors_that_are_none_are_told);
	tcase_add_test(t, a_signal_that_is_none_is_told);
	tcase_add_test(t, cwd_is_entered);
	tcase_add_test(t, argv_and_environment_are_exactly_these);
	tcase_add_test(t, equal_descriptors);
	tcase_add_loop_test(t, descriptors_in_odd_orders, 0, 6);
	tcase_add_test(t, a_parent_without_standard_descriptors);
	tcase_add_test(t, all_other_descriptors_are_closed);
	tcase_add_test(t, the_parents_descriptors_stay);
	tcase_add_test(t, signals_are_default_and_unblocked);
#ifdef __linux__
	tcase_add_test(t, no_signal_is_ignored_or_blocked);
#endif
#ifdef CCP_LINUX
	tcase_add_loop_test(t, a_child_dies_with_its_parent, 0, 2);
#endif
	tcase_add_test(t, else_it_survives);
	tcase_add_test(t, the_session_is_its_own_or_ours);
	tcase_add_test(t, files_are_private);
	tcase_add_test(t, files_are_as_private_as_is_said);
	tcase_add_test(t, few_descriptors_are_told);
	tcase_add_test(t, reap_does_not_wait);
	tcase_add_test(t, signals_reach_the_whole_group);
	tcase_add_test(t, status_texts);
	suite_add_tcase(s, t);
	return s;
}
