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

/* One that waits would stand still for good where Claude does, too, with both
 * their pipes full. */
static bool
never_waits(int fd)
{
	return io_end_own(fd).kind == IO_OWN;
}

static int
pipes_open(struct pipes *p)
{
	if (io_pipe(p->in) == -1 || io_pipe(p->out) == -1 ||
	    io_pipe(p->err) == -1)
		return -1;
	return never_waits(p->in[1]) && never_waits(p->out[0]) &&
	               never_waits(p->err[0])
	           ? 0
	           : -1;
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
	    .own_session = true,
	    .umask = launch->umask,
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
		c->lease = -1;
		p.in[1] = p.out[0] = p.err[0] = -1;
	}
	close_pair(p.in);
	close_pair(p.out);
	close_pair(p.err);
	return c;
}

struct claude *
claude_borrow(const int fds[3], int lease)
{
	struct claude *c = calloc(1, sizeof(*c));
	int i;

	if (c == NULL) {
		for (i = 0; i < 3; i++)
			(void)close(fds[i]);
		(void)close(lease);
		return NULL;
	}
	transport_open(&c->transport, fds[0], fds[1], fds[2], "");
	c->guard.phase = GUARD_RUNNING;
	c->guard.deadline = CLOCK_NEVER;
	c->lease = lease;
	return c;
}

static bool
borrowed(const struct claude *c)
{
	return c->lease >= 0 || c->guard.pid == 0;
}

static bool
gone(const struct claude *c)
{
	return c->guard.ended || c->over;
}

static void
end_lease(struct claude *c)
{
	if (c->lease >= 0)
		(void)close(c->lease);
	c->lease = -1;
	c->guard.phase = GUARD_DONE;
}

void
claude_free(struct claude *c)
{
	if (c == NULL)
		return;
	if (borrowed(c))
		end_lease(c);
	else if (!c->guard.ended)
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
	return transport_silent(t) &&
	       (borrowed(c) || (c->guard.ended && t->err.fd < 0) ||
		   clock_ms() >= grace_end(c));
}

void
claude_poll(const struct claude *c, struct pollset *ps, bool read_output)
{
	/* Once it is being stopped nobody waits for its words. */
	read_output |= c->guard.phase != GUARD_RUNNING;
	transport_poll(&c->transport, ps, read_output);
	if (!c->over)
		pollset_want(ps, c->lease, POLLIN);
	pollset_until(ps, c->guard.deadline);
	/* It is gone, so what can be read can be read now. */
	if (gone(c) && read_output && c->transport.out.fd >= 0)
		pollset_until(ps, transport_rests_until(&c->transport));
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

	if (gone(c) && pollset_has(ps, out) && pollset_got(ps, out) == 0)
		transport_end_output(&c->transport);
}

/* Its keeper has nothing to say but that it is over. */
static void
step_borrowed(struct claude *c, const struct pollset *ps)
{
	c->over |= pollset_got(ps, c->lease) != 0;
}

void
claude_step(struct claude *c, const struct pollset *ps)
{
	notice_last_word(c, ps);
	transport_step(&c->transport, ps);
	if (c->guard.phase != GUARD_RUNNING)
		drain(c);
	if (borrowed(c)) {
		step_borrowed(c, ps);
		return;
	}
	if (guard_step(&c->guard, !c->transport.busy) == GUARD_END_INPUT)
		transport_end_input(&c->transport);
}

bool
claude_next(struct claude *c, struct claude_event *ret)
{
	return c->guard.phase == GUARD_RUNNING &&
	       transport_next(&c->transport, ret);
}

/* What may still come of a message whose calls are told already. */
static bool
of_calls(const struct claude_event *e)
{
	return e->type == CLAUDE_OTHER || e->type == CLAUDE_TOOL_CALL ||
	       (e->type == CLAUDE_ASSISTANT && !e->synthetic);
}

bool
claude_rests(struct claude *c)
{
	struct claude_event e;
	bool quiet = true;

	while (claude_next(c, &e)) {
		quiet = quiet && (e.type == CLAUDE_COMPLETED ||
				     (c->transport.parked && of_calls(&e)));
		claude_event_clear(&e);
	}
	return quiet && !gone(c) && c->guard.phase == GUARD_RUNNING &&
	       transport_rested(&c->transport);
}

void
claude_stop(struct claude *c)
{
	bool busy = c->transport.busy || c->transport.awaiting_ack;

	if (c->guard.phase != GUARD_RUNNING)
		return;
	if (borrowed(c)) {
		end_lease(c);
		return;
	}
	/* First: what it started may be below it only as long as it lives. */
	guard_stop(&c->guard, busy);
	if (busy)
		transport_interrupt(&c->transport);
	else
		transport_end_input(&c->transport);
}

static void
terminate(struct claude *c, bool kill)
{
	guard_terminate(&c->guard, kill);
	transport_end_input(&c->transport);
}

void
claude_cut(struct claude *c)
{
	if (c->guard.phase != GUARD_RUNNING)
		return;
	if (borrowed(c)) {
		end_lease(c);
		return;
	}
	terminate(c, c->transport.calls.n > 0);
}

void
claude_kill(struct claude *c)
{
	if (c->guard.phase == GUARD_RUNNING)
		terminate(c, true);
}

bool
claude_stopped(const struct claude *c)
{
	return c->guard.phase == GUARD_DONE;
}
