/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "program_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "child.h"
#include "cleanup.h"
#include "clock.h"
#include "io.h"
#include "limits.h"
#include "pollset.h"

#include "banned.h"

#define READ_BYTES 4096
#define PIPE_HOLDS 65536 /* bytes that no system's pipe has more of */

struct running {
	pid_t pid;
	int64_t deadline;
	struct io_end ends[2]; /* what it prints; fd -1: has ended */
	struct buf *to[2];
	bool reaped;
	struct program_result *result;
};

static void
end_of(struct io_end *end)
{
	(void)close(end->fd);
	end->fd = -1;
}

/* Whatever is too much is read all the same: the program shall not wait. */
static void
take(struct running *r, size_t i)
{
	char some[READ_BYTES];
	ssize_t n = io_read(&r->ends[i], some, sizeof(some));
	size_t room = r->to[i]->max - r->to[i]->len;

	if (n == 0 || n == IO_FAILED)
		end_of(&r->ends[i]);
	if (n <= 0)
		return;
	if ((size_t)n > room) {
		r->result->too_much = true;
		n = (ssize_t)room;
	}
	(void)buf_add(r->to[i], some, (size_t)n);
}

/* Waits for output until then, and takes some; false: there was none. */
static bool
listen_until(struct running *r, int64_t then)
{
	struct pollset ps;
	bool any = false;
	size_t i;

	pollset_reset(&ps);
	pollset_until(&ps, then);
	for (i = 0; i < 2; i++)
		pollset_want(&ps, r->ends[i].fd, POLLIN);
	(void)pollset_wait(&ps);
	for (i = 0; i < 2; i++) {
		if (pollset_got(&ps, r->ends[i].fd) == 0)
			continue;
		any = true;
		take(r, i);
	}
	return any;
}

/* Its end is waited for in steps: there is no descriptor for it.  Until it has
 * been reaped the pid is its own, and can be signalled. */
static void
turn(struct running *r)
{
	(void)listen_until(
	    r, clock_earlier(r->deadline, clock_ms() + LIMIT_PROGRAM_STEP_MS));
	r->reaped = child_reap(r->pid, &r->result->status) == CHILD_ENDED;
	if (r->reaped || r->result->late || clock_ms() < r->deadline)
		return;
	r->result->late = true;
	child_signal(r->pid, SIGKILL);
	r->deadline = clock_ms() + LIMIT_STOP_KILL_MS;
}

static bool
over(const struct running *r)
{
	return r->reaped || (r->result->late && clock_ms() >= r->deadline);
}

/* All that it has written is in the pipes now.  What it has left running may
 * keep them open, and write on: that is not waited for, and no more is taken
 * than they hold. */
static void
drain(struct running *r)
{
	size_t most = 2 * (PIPE_HOLDS / READ_BYTES);

	while (most-- > 0 && listen_until(r, clock_ms()))
		continue;
}

static bool
start(struct running *r, char *const *argv, char *const *env)
{
	CLEANUP_CLOSE int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out[2] = {-1, -1}, err[2] = {-1, -1};
	struct child_error e = {CHILD_FORK, 0};
	struct child_spec spec = {.path = argv[0],
	    .argv = argv,
	    .envp = env,
	    .parent_death_signal = SIGKILL,
	    .own_session = true};
	bool ok = in != -1 && io_pipe(out) == 0 && io_pipe(err) == 0;

	r->pid = -1;
	e.error = errno;
	if (ok) {
		spec.fds[0] = in;
		spec.fds[1] = out[1];
		spec.fds[2] = err[1];
		r->pid = child_spawn(&spec, &e);
	}
	cleanup_close_fd(&out[1]);
	cleanup_close_fd(&err[1]);
	if (r->pid == -1) {
		cleanup_close_fd(&out[0]);
		cleanup_close_fd(&err[0]);
		r->result->error = e.error;
		return false;
	}
	r->ends[0] = io_end_own(out[0]);
	r->ends[1] = io_end_own(err[0]);
	return true;
}

bool
program_run(char *const *argv, char *const *env, int64_t ms, struct buf *out,
    struct buf *err, struct program_result *ret)
{
	struct running r = {.result = ret, .to = {out, err}};
	size_t i;

	memset(ret, 0, sizeof(*ret));
	if (!start(&r, argv, env))
		return false;
	r.deadline = clock_ms() + ms;
	while (!over(&r))
		turn(&r);
	drain(&r);
	for (i = 0; i < 2; i++) {
		if (r.ends[i].fd != -1)
			end_of(&r.ends[i]);
	}
	return !ret->late && WIFEXITED(ret->status) &&
	       WEXITSTATUS(ret->status) == 0;
}
