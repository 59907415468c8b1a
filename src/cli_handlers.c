/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_handlers.h"

#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "limits.h"
#include "log.h"
#include "proc_tree.h"
#include "programs.h"

#include "banned.h"

extern char **environ;

bool
handlers_open(struct handlers *h, bool terminal, char *err, size_t errlen)
{
	*h = (struct handlers){.terminal = terminal, .sweep_next = CLOCK_NEVER};
	h->program = program_of_ours("ccp-handler");
	if (h->program == NULL)
		(void)snprintf(err, errlen, "ccp-handler is not installed");
	return h->program != NULL;
}

void
handlers_free(struct handlers *h)
{
	free(h->program);
	free(h->pids);
}

static bool
make_room(struct handlers *h)
{
	size_t room = h->room == 0 ? 16 : 2 * h->room;
	pid_t *pids;

	if (h->n < h->room)
		return true;
	pids = realloc(h->pids, room * sizeof(*pids));
	if (pids == NULL) {
		log_error("cannot start %s: out of memory", h->program);
		return false;
	}
	h->pids = pids;
	h->room = room;
	return true;
}

bool
handlers_start(struct handlers *h, int conn)
{
	static char name[] = "ccp-handler", counted[] = "--counted";
	char *const argv[] = {name, counted, NULL};
	struct child_error error;
	struct child_spec spec = {
	    .path = h->program,
	    .argv = argv,
	    .envp = environ,
	    .fds = {conn, conn, STDERR_FILENO},
	    .parent_death_signal = SIGTERM,
	    /* A terminal's INT is for us alone, and they have none.  Without
	     * one a session would only cost: Linux schedules each as a
	     * group of its own, made anew for each connection. */
	    .own_session = h->terminal,
	    .own_group = !h->terminal,
	};
	pid_t pid;

	if (!make_room(h))
		return false;
	pid = child_spawn(&spec, &error);
	if (pid == -1) {
		log_error(
		    "cannot start %s: %s", h->program, strerror(error.error));
		return false;
	}
	h->pids[h->n++] = pid;
	return true;
}

static bool
forget(struct handlers *h, pid_t pid)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		if (h->pids[i] == pid) {
			h->pids[i] = h->pids[--h->n];
			return true;
		}
	}
	return false;
}

static void
reap(struct handlers *h)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (!forget(h, pid) ||
		    (WIFEXITED(status) && WEXITSTATUS(status) == 0))
			continue;
		log_warn(
		    "handler %ld ended badly (status %d)", (long)pid, status);
		h->sweep_next = clock_ms();
		h->sweep_until = h->sweep_next + LIMIT_STOP_SWEEP_MS;
	}
}

static void
sweep(struct handlers *h)
{
	int64_t now = clock_ms();

	if (now < h->sweep_next)
		return;
	/* Not only until nothing is left: an orphan may arrive a little after
	 * the death of its parent. */
	(void)proc_sweep(h->pids, h->n);
	h->sweep_next =
	    now < h->sweep_until ? now + LIMIT_SHUTDOWN_SWEEP_MS : CLOCK_NEVER;
}

void
handlers_poll(const struct handlers *h, struct pollset *ps)
{
	pollset_until(ps, h->sweep_next);
}

void
handlers_step(struct handlers *h)
{
	reap(h);
	sweep(h);
}

void
handlers_signal(const struct handlers *h, int sig)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		(void)kill(h->pids[i], sig);
}

void
handlers_kill_trees(void)
{
	pid_t pids[LIMIT_PROCESS_TREE];
	size_t i, n = proc_descendants(getpid(), pids, LIMIT_PROCESS_TREE);

	for (i = 0; i < n; i++)
		(void)kill(pids[i], SIGKILL);
}

void
handlers_sweep_all(void)
{
	int rounds;

	for (rounds = 0;
	     rounds < LIMIT_STOP_SWEEP_MS / LIMIT_SHUTDOWN_SWEEP_MS &&
	     proc_sweep(NULL, 0) > 0;
	     rounds++)
		(void)poll(NULL, 0, LIMIT_SHUTDOWN_SWEEP_MS);
}
