/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "limits.h"

#include "banned.h"

static void
close_pair(int fds[2])
{
	int i;

	for (i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]);
		fds[i] = -1;
	}
}

/* in[0], out[1], err[1] are the child's. */
struct pipes {
	int in[2], out[2], err[2];
};

static int
pipes_open(struct pipes *p)
{
	if (io_pipe(p->in) == -1 || io_pipe(p->out) == -1 ||
	    io_pipe(p->err) == -1)
		return -1;
	return 0;
}

static pid_t
spawn(const struct claude_launch *launch, const struct pipes *p,
    struct child_error *ret)
{
	struct child_spec spec = {
	    .path = launch->path,
	    .argv = launch->argv,
	    .envp = launch->envp,
	    .cwd = launch->cwd,
	    .fds = {p->in[0], p->out[1], p->err[1]},
	    .parent_death_signal = SIGKILL,
	    .own_group = true,
	};

	return child_spawn(&spec, ret);
}

struct claude *
claude_start(const struct claude_launch *launch, struct child_error *ret)
{
	struct pipes p = {{-1, -1}, {-1, -1}, {-1, -1}};
	struct claude *c = calloc(1, sizeof(*c));
	pid_t pid = -1;

	ret->stage = CHILD_FORK;
	if (c != NULL && pipes_open(&p) == 0)
		pid = spawn(launch, &p, ret);
	else
		ret->error = errno;
	if (pid == -1) {
		free(c);
		c = NULL;
	} else {
		transport_open(&c->transport, p.in[1], p.out[0], p.err[0],
		    launch->fingerprint);
		guard_open(&c->guard, pid);
		p.in[1] = p.out[0] = p.err[0] = -1;
	}
	close_pair(p.in);
	close_pair(p.out);
	close_pair(p.err);
	return c;
}

void
claude_free(struct claude *c)
{
	if (c == NULL)
		return;
	if (!c->guard.ended)
		child_signal(c->guard.pid, SIGKILL);
	transport_close(&c->transport);
	free(c);
}

static int64_t
grace_end(const struct claude *c)
{
	if (c->transport.ended == CLOCK_NEVER)
		return CLOCK_NEVER;
	return c->transport.ended + LIMIT_CLAUDE_GRACE_MS;
}

bool
claude_over(const struct claude *c)
{
	const struct claude_transport *t = &c->transport;

	if (t->broken != NULL)
		return true;
	return transport_silent(t) && ((c->guard.ended && t->err.fd < 0) ||
					  clock_ms() >= grace_end(c));
}

void
claude_poll(const struct claude *c, struct pollset *ps, bool read_output)
{
	/* Once it is being stopped nobody waits for its words. */
	read_output |= c->guard.phase != GUARD_RUNNING;
	transport_poll(&c->transport, ps, read_output);
	pollset_until(ps, c->guard.deadline);
	/* It is gone, so what can be read can be read now. */
	if (c->guard.ended && read_output && c->transport.out.fd >= 0)
		pollset_until(ps, clock_ms());
	if (c->guard.phase != GUARD_RUNNING)
		return;
	if (c->transport.broken != NULL) /* no pipe of it tells that */
		pollset_until(ps, clock_ms());
	else if (!claude_over(c))
		pollset_until(ps, grace_end(c));
}

/* While it is being stopped its last lines matter only to the transport. */
static void
drain(struct claude *c)
{
	struct claude_event event;

	while (transport_next(&c->transport, &event))
		claude_event_clear(&event);
}

/* It was gone before this turn of the loop and there is nothing to read: who
 * still holds its stdout is something that it started. */
static void
notice_last_word(struct claude *c, const struct pollset *ps)
{
	int out = c->transport.out.fd;

	if (c->guard.ended && pollset_has(ps, out) && pollset_got(ps, out) == 0)
		transport_end_output(&c->transport);
}

void
claude_step(struct claude *c, const struct pollset *ps)
{
	notice_last_word(c, ps);
	transport_step(&c->transport, ps);
	if (c->guard.phase != GUARD_RUNNING)
		drain(c);
	if (guard_step(&c->guard, !c->transport.busy) == GUARD_END_INPUT)
		transport_end_input(&c->transport);
}

bool
claude_next(struct claude *c, struct claude_event *ret)
{
	return c->guard.phase == GUARD_RUNNING &&
	       transport_next(&c->transport, ret);
}

void
claude_stop(struct claude *c)
{
	bool busy = c->transport.busy || c->transport.awaiting_ack;

	if (c->guard.phase != GUARD_RUNNING)
		return;
	/* First: what it started may be below it only as long as it lives. */
	guard_stop(&c->guard, busy);
	if (busy)
		transport_interrupt(&c->transport);
	else
		transport_end_input(&c->transport);
}

void
claude_cut(struct claude *c)
{
	if (c->guard.phase != GUARD_RUNNING)
		return;
	guard_terminate(&c->guard);
	transport_end_input(&c->transport);
}

bool
claude_stopped(const struct claude *c)
{
	return c->guard.phase == GUARD_DONE;
}
