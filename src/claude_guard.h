/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A Claude process as something to be stopped: its pid, the phases of a stop,
 * the sweep behind it.  It stays with the handler that started the process.
 *
 *   RUNNING -> INTERRUPTING -> EXITING -> TERMINATING -> KILLING
 *                  each of them, once the process has ended -> SWEEPING -> DONE
 *
 * An interrupt lets the CLI end the commands of its Bash tool (19 ms); without
 * it they survive TERM and KILL of the process group.  The sweep is for what
 * is left all the same: commands sent into the background.
 */
#ifndef CCP_CLAUDE_GUARD_H
#define CCP_CLAUDE_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "limits.h"

enum guard_phase {
	GUARD_RUNNING,
	GUARD_INTERRUPTING, /* interrupt sent */
	GUARD_EXITING,      /* stdin closed: it saves the session and leaves */
	GUARD_TERMINATING,  /* TERM sent */
	GUARD_KILLING,      /* KILL sent */
	GUARD_SWEEPING,
	GUARD_DONE,
};

struct claude_guard {
	pid_t pid;
	bool ended;
	int status;        /* of waitpid(2), once it has ended */
	unsigned children; /* signals_children() when it was last asked for */
	enum guard_phase phase;
	int64_t deadline; /* clock_ms() when the phase is over */
	int64_t give_up;  /* SWEEPING: the last round */
	bool resting;
	/* Where orphans do not come to us (macOS), or other guards live: who
	 * they were while their parent still lived. */
	pid_t known[LIMIT_ORPHANS];
	size_t nknown;
};

/* From then on it is to be stepped until it is DONE. */
void guard_open(struct claude_guard *g, pid_t pid);

/* The process waits for another turn, or for another handler's: what others
 * leave behind is swept around it.  It is until it is stopped, or not resting
 * any more. */
void guard_rest(struct claude_guard *g, bool resting_now);

/* Enters INTERRUPTING or EXITING; the caller has sent the interrupt or closed
 * stdin. */
void guard_stop(struct claude_guard *g, bool interrupted);

/* Enters TERMINATING at once: TERM is sent; or KILLING, by KILL. */
void guard_terminate(struct claude_guard *g, bool kill);

/* What guard_step() asks of the owner of the transport. */
enum guard_wish { GUARD_NOTHING, GUARD_END_INPUT };

/* Notices the end of the process, goes on to the next phase when it is time.
 * idle: the transport has no turn under way. */
enum guard_wish guard_step(struct claude_guard *g, bool idle);

#endif
