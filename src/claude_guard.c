/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_guard.h"

#include <signal.h>
#include <string.h>

#include "child.h"
#include "clock.h"
#include "limits.h"
#include "proc_tree.h"
#include "signals.h"

#include "banned.h"

/* Guards of this process that are not done.  What has lost its parent comes to
 * the process, not to a guard: whose it was cannot be told while several live,
 * so the last of them sweeps. */
static size_t living;

/* Those of them that rest, which a sweep spares with all below them. */
static pid_t resting[LIMIT_WARM_KEPT];
static size_t nresting;

void
guard_open(struct claude_guard *g, pid_t pid)
{
	memset(g, 0, sizeof(*g));
	g->pid = pid;
	g->phase = GUARD_RUNNING;
	g->deadline = CLOCK_NEVER;
	g->children = signals_children() - 1; /* it may have ended by now */
	living++;
}

void
guard_rest(struct claude_guard *g, bool resting_now)
{
	size_t i = 0;

	if (g->resting == resting_now)
		return;
	if (resting_now && nresting < LIMIT_WARM_KEPT) {
		resting[nresting++] = g->pid;
		g->resting = true;
		return;
	}
	while (i < nresting && resting[i] != g->pid)
		i++;
	if (i < nresting)
		resting[i] = resting[--nresting];
	g->resting = false;
}

/* Is it the only one whose orphans there can be, but for those that rest? */
static bool
alone(void)
{
	return living - nresting == 1;
}

static void
enter(struct claude_guard *g, enum guard_phase phase, int64_t ms)
{
	g->phase = phase;
	g->deadline = clock_ms() + ms;
}

static bool
is_known(const struct claude_guard *g, pid_t pid)
{
	size_t i;

	for (i = 0; i < g->nknown; i++) {
		if (g->known[i] == pid)
			return true;
	}
	return false;
}

/* While the process lives its children still hang below it.  Those noted
 * before stay: they may have lost their parent since. */
static void
note_descendants(struct claude_guard *g)
{
	pid_t now[LIMIT_ORPHANS];
	size_t i, n;

	if ((proc_orphans_come_here() && alone()) || g->ended)
		return;
	n = proc_descendants(g->pid, now, LIMIT_ORPHANS);
	for (i = 0; i < n && g->nknown < LIMIT_ORPHANS; i++) {
		if (!is_known(g, now[i]))
			g->known[g->nknown++] = now[i];
	}
}

static void
begin_sweep(struct claude_guard *g)
{
	size_t i;

	for (i = 0; i < g->nknown; i++)
		(void)kill(g->known[i], SIGKILL);
	enter(g, GUARD_SWEEPING, 0);
	g->give_up = clock_ms() + LIMIT_STOP_SWEEP_MS;
}

void
guard_stop(struct claude_guard *g, bool interrupted)
{
	if (g->phase != GUARD_RUNNING)
		return;
	guard_rest(g, false);
	note_descendants(g);
	if (interrupted)
		enter(g, GUARD_INTERRUPTING, LIMIT_STOP_INTERRUPT_MS);
	else
		enter(g, GUARD_EXITING, LIMIT_STOP_EXIT_MS);
	if (g->ended) /* by itself, and noticed before: nothing to wait for */
		begin_sweep(g);
}

void
guard_terminate(struct claude_guard *g, bool kill)
{
	if (g->phase != GUARD_RUNNING)
		return;
	guard_rest(g, false);
	note_descendants(g);
	if (g->ended) {
		begin_sweep(g);
		return;
	}
	child_signal(g->pid, kill ? SIGKILL : SIGTERM);
	if (kill)
		enter(g, GUARD_KILLING, LIMIT_STOP_KILL_MS);
	else
		enter(g, GUARD_TERMINATING, LIMIT_STOP_TERM_MS);
}

static void
sweep_round(struct claude_guard *g)
{
	if (alone() && proc_sweep(resting, nresting) > 0 &&
	    clock_ms() < g->give_up) {
		g->deadline = clock_ms() + LIMIT_STOP_SWEEP_ROUND_MS;
		return;
	}
	g->phase = GUARD_DONE;
	g->deadline = CLOCK_NEVER;
	living--;
}

/* The time of a phase is up while the process still lives. */
static enum guard_wish
press_on(struct claude_guard *g)
{
	switch (g->phase) {
	case GUARD_INTERRUPTING:
	case GUARD_EXITING:
		note_descendants(g);
		child_signal(g->pid, SIGTERM);
		enter(g, GUARD_TERMINATING, LIMIT_STOP_TERM_MS);
		return GUARD_END_INPUT;
	case GUARD_TERMINATING:
		note_descendants(g);
		child_signal(g->pid, SIGKILL);
		enter(g, GUARD_KILLING, LIMIT_STOP_KILL_MS);
		return GUARD_NOTHING;
	case GUARD_KILLING: /* it cannot be reaped: leave it to init */
		begin_sweep(g);
		return GUARD_NOTHING;
	case GUARD_RUNNING:
	case GUARD_SWEEPING:
	case GUARD_DONE:
		break;
	}
	return GUARD_NOTHING;
}

/* Asks only when there was a SIGCHLD: each word of an answer makes a step. */
static void
look_for_end(struct claude_guard *g)
{
	unsigned now = signals_children();
	enum child_state state;

	if (now == g->children || g->ended)
		return;
	state = child_reap(g->pid, &g->status);
	g->ended = state == CHILD_ENDED;
	if (state != CHILD_UNKNOWN)
		g->children = now;
}

enum guard_wish
guard_step(struct claude_guard *g, bool idle)
{
	look_for_end(g);
	if (g->phase == GUARD_RUNNING || g->phase == GUARD_DONE)
		return GUARD_NOTHING;
	if (g->ended && g->phase != GUARD_SWEEPING)
		begin_sweep(g);
	if (g->phase == GUARD_SWEEPING) {
		if (clock_ms() >= g->deadline)
			sweep_round(g);
		return GUARD_NOTHING;
	}
	if (g->phase == GUARD_INTERRUPTING && idle) {
		note_descendants(g);
		enter(g, GUARD_EXITING, LIMIT_STOP_EXIT_MS);
		return GUARD_END_INPUT;
	}
	return clock_ms() >= g->deadline ? press_on(g) : GUARD_NOTHING;
}
