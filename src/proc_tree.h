/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The processes below this one.  A process group is not enough to end all
 * that Claude started: its Bash tool runs each command in a session of its
 * own, which survives TERM and KILL of the group (measured, CLI 2.1.197).
 */
#ifndef CCP_PROC_TREE_H
#define CCP_PROC_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Makes this process the parent of every orphaned descendant (Linux,
 * PR_SET_CHILD_SUBREAPER).  False where the system has no such thing. */
bool proc_subreaper(void);
bool proc_orphans_come_here(void); /* has that been done? */

/* The descendants of root, not root itself, as far as the system tells; at
 * most max.  Returns how many were written to pids. */
size_t proc_descendants(pid_t root, pid_t *pids, size_t max);

/*
 * One round of a sweep: KILLs every descendant of this process but the n
 * pids to spare and those below them, and reaps what has ended.  After
 * proc_subreaper() this reaches processes whose parents are gone.  Returns how
 * many may still be there: call it again until it is 0.
 */
size_t proc_sweep(const pid_t *spare, size_t n);

#endif
