/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "child.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef CCP_LINUX
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "cleanup.h"
#include "io.h"
#include "limits.h"
#include "signals.h"

#include "banned.h"

#define FIRST_FREE_FD 3
#define PRIVATE       077

/* Below: in the child, between fork and exec.  Only async-signal-safe calls. */

static void
close_from(int first)
{
	long max;
	int fd;

#if defined(CCP_LINUX) && defined(SYS_close_range)
	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0) == 0)
		return;
#endif
	max = sysconf(_SC_OPEN_MAX);
	if (max < 0 || max > LIMIT_FD_GUESS)
		max = LIMIT_FD_GUESS;
	for (fd = first; fd < max; fd++)
		(void)close(fd);
}

/* Puts from[] on 0, 1, 2 and *report, unless it is -1, right above. */
static int
arrange_fds(const int from[3], int *report)
{
	int high[3], i, first = FIRST_FREE_FD, moved;

	/* Out of the way of 0..2 first, in whatever order they came. */
	for (i = 0; i < 3; i++) {
		high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD + 1);
		if (high[i] == -1)
			return -1;
	}
	if (*report != -1) {
		moved = fcntl(*report, F_DUPFD_CLOEXEC, FIRST_FREE_FD + 1);
		if (moved == -1)
			return -1;
		*report = moved;
	}
	for (i = 0; i < 3; i++) {
		if (dup2(high[i], i) == -1)
			return -1;
	}
	if (*report != -1) {
		if (dup2(*report, FIRST_FREE_FD) == -1 ||
		    fcntl(FIRST_FREE_FD, F_SETFD, FD_CLOEXEC) == -1)
			return -1;
		*report = first++;
	}
	close_from(first);
	return 0;
}

static int
die_with_parent(int sig, pid_t parent)
{
#ifdef CCP_LINUX
	if (sig != 0 && prctl(PR_SET_PDEATHSIG, sig) == -1)
		return -1;
	/* The parent may have died before the call. */
	if (sig != 0 && getppid() != parent)
		_exit(127);
#else
	(void)sig;
	(void)parent;
#endif
	return 0;
}

/* How the child tells why it could not: in memory that it shares with its
 * parent, or, with fd not -1, over a pipe. */
struct report {
	struct child_error *shared;
	int fd;
};

static _Noreturn void
report_and_exit(const struct report *r, enum child_stage stage)
{
	struct child_error e = {.stage = stage, .error = errno};

	if (r->fd == -1)
		*r->shared = e;
	else if (write(r->fd, &e, sizeof(e)) == -1)
		_exit(126);
	_exit(127);
}

static _Noreturn void
become(const struct child_spec *spec, struct report r, pid_t parent)
{
	signals_reset();
	(void)umask(spec->umask == 0 ? PRIVATE : spec->umask);
	if (spec->own_session && setsid() == -1)
		report_and_exit(&r, CHILD_SETUP);
	if (spec->own_group && setpgid(0, 0) == -1)
		report_and_exit(&r, CHILD_SETUP);
	if (die_with_parent(spec->parent_death_signal, parent) == -1)
		report_and_exit(&r, CHILD_SETUP);
	if (arrange_fds(spec->fds, &r.fd) == -1)
		report_and_exit(&r, CHILD_SETUP);
	if (spec->cwd != NULL && chdir(spec->cwd) == -1)
		report_and_exit(&r, CHILD_CHDIR);
	(void)execve(spec->path, spec->argv, spec->envp);
	report_and_exit(&r, CHILD_EXEC);
}

/* Above: in the child. */

static pid_t
failed(struct child_error *ret, enum child_stage stage)
{
	ret->error = errno;
	ret->stage = stage;
	return -1;
}

static void
wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
}

#ifdef CCP_LINUX

/*
 * With vfork the parent rests until the exec and lends the child its memory, so
 * no page of it is copied: fork took a tenth of a request's processor time.  The
 * child changes nothing of it but *ret.  POSIX would have it call nothing but
 * exec; on Linux it is a process like fork's but for the memory (vfork(2)).
 * Signals are blocked meanwhile, as our handlers would run in the child, too,
 * until signals_reset().
 */
pid_t
child_spawn(const struct child_spec *spec, struct child_error *ret)
{
	const struct report report = {.shared = ret, .fd = -1};
	const pid_t parent = getpid();
	sigset_t all, old;
	pid_t pid;

	ret->error = 0;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
	if (pid == 0) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Vfork) */
		become(spec, report, parent);
	}
	if (pid == -1)
		(void)failed(ret, CHILD_FORK);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid == -1 || ret->error == 0)
		return pid;
	wait_for(pid);
	return -1;
}

#else

/* Waits for exec (end of file) or a report of failure. */
static bool
started(int report, struct child_error *ret)
{
	struct child_error e;
	ssize_t n;

	do
		n = read(report, &e, sizeof(e));
	while (n == -1 && errno == EINTR);
	if (n == (ssize_t)sizeof(e)) {
		*ret = e;
		return false;
	}
	return true;
}

pid_t
child_spawn(const struct child_spec *spec, struct child_error *ret)
{
	pid_t parent = getpid(), pid;
	int report[2];
	bool ok;

	if (io_pipe(report) == -1)
		return failed(ret, CHILD_FORK);
	pid = fork();
	if (pid == 0)
		become(spec, (struct report){.fd = report[1]}, parent);
	if (pid == -1)
		(void)failed(ret, CHILD_FORK);
	(void)close(report[1]);
	ok = pid > 0 && started(report[0], ret);
	(void)close(report[0]);
	if (pid > 0 && !ok)
		wait_for(pid);
	return ok ? pid : -1;
}

#endif

enum child_state
child_reap(pid_t pid, int *ret_status)
{
	pid_t got;
	int status = 0;

	do
		got = waitpid(pid, &status, WNOHANG);
	while (got == -1 && errno == EINTR);
	if (got == 0)
		return CHILD_RUNS;
	/* Only that there is no such child says that it is gone. */
	if (got == -1 && errno != ECHILD)
		return CHILD_UNKNOWN;
	*ret_status = got == pid ? status : 0;
	return CHILD_ENDED;
}

void
child_signal(pid_t pid, int sig)
{
	(void)kill(-pid, sig);
	(void)kill(pid, sig);
}

void
child_status_text(int status, char *to, size_t len)
{
	if (WIFSIGNALED(status))
		(void)snprintf(to, len, "signal %d", WTERMSIG(status));
	else
		(void)snprintf(to, len, "exit %d", WEXITSTATUS(status));
}
