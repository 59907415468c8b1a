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
#include "signals.h"

#include "banned.h"

#define FIRST_FREE_FD 3
#define FD_GUESS_MAX  4096

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
	if (max < 0 || max > FD_GUESS_MAX)
		max = FD_GUESS_MAX;
	for (fd = first; fd < max; fd++)
		(void)close(fd);
}

/* Puts from[] on 0, 1, 2 and the report pipe right above; returns the new
 * report descriptor, or -1. */
static int
arrange_fds(const int from[3], int report)
{
	int high[3], i;

	/* Out of the way of 0..2 first, in whatever order they came. */
	for (i = 0; i < 3; i++) {
		high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD + 1);
		if (high[i] == -1)
			return -1;
	}
	report = fcntl(report, F_DUPFD_CLOEXEC, FIRST_FREE_FD + 1);
	if (report == -1)
		return -1;
	for (i = 0; i < 3; i++) {
		if (dup2(high[i], i) == -1)
			return -1;
	}
	if (dup2(report, FIRST_FREE_FD) == -1 ||
	    fcntl(FIRST_FREE_FD, F_SETFD, FD_CLOEXEC) == -1)
		return -1;
	close_from(FIRST_FREE_FD + 1);
	return FIRST_FREE_FD;
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

static _Noreturn void
report_and_exit(int report, enum child_stage stage)
{
	struct child_error e = {.stage = stage, .error = errno};

	if (write(report, &e, sizeof(e)) == -1)
		_exit(126);
	_exit(127);
}

static _Noreturn void
become(const struct child_spec *spec, int report, pid_t parent)
{
	int moved;

	signals_reset();
	(void)umask(077);
	if (spec->own_group && setpgid(0, 0) == -1)
		report_and_exit(report, CHILD_SETUP);
	if (die_with_parent(spec->parent_death_signal, parent) == -1)
		report_and_exit(report, CHILD_SETUP);
	moved = arrange_fds(spec->fds, report);
	if (moved == -1)
		report_and_exit(report, CHILD_SETUP);
	if (spec->cwd != NULL && chdir(spec->cwd) == -1)
		report_and_exit(moved, CHILD_CHDIR);
	(void)execve(spec->path, spec->argv, spec->envp);
	report_and_exit(moved, CHILD_EXEC);
}

/* Above: in the child. */

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

static pid_t
failed(struct child_error *ret, enum child_stage stage)
{
	ret->error = errno;
	ret->stage = stage;
	return -1;
}

pid_t
child_spawn(const struct child_spec *spec, struct child_error *ret)
{
	int report[2], status;
	pid_t parent = getpid(), pid;
	bool ok;

	if (io_pipe(report) == -1)
		return failed(ret, CHILD_FORK);
	pid = fork();
	if (pid == 0)
		become(spec, report[1], parent);
	if (pid == -1)
		(void)failed(ret, CHILD_FORK);
	(void)close(report[1]);
	/* Both sides call setpgid, so that it has happened whoever runs on. */
	if (pid > 0 && spec->own_group)
		(void)setpgid(pid, pid);
	ok = pid > 0 && started(report[0], ret);
	(void)close(report[0]);
	if (pid > 0 && !ok)
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			continue;
	return ok ? pid : -1;
}

bool
child_reap(pid_t pid, int *ret_status)
{
	pid_t got;
	int status = 0;

	do
		got = waitpid(pid, &status, WNOHANG);
	while (got == -1 && errno == EINTR);
	if (got == 0)
		return false;
	*ret_status = got == pid ? status : 0;
	return true;
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
