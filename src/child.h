/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One child process: start it, wait for it, end it and all it left behind.
 */
#ifndef CCP_CHILD_H
#define CCP_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct child_spec {
	const char *path; /* absolute */
	char *const *argv;
	char *const *envp;
	const char *cwd;         /* NULL: as it is */
	int fds[3];              /* become 0, 1, 2; may be equal */
	int parent_death_signal; /* Linux: sent when the parent dies; 0: none */
	bool own_group;          /* a process group of its own */
};

enum child_stage { CHILD_FORK = 1, CHILD_SETUP, CHILD_CHDIR, CHILD_EXEC };

struct child_error {
	enum child_stage stage;
	int error; /* errno of that stage */
};

/*
 * fork, setpgid, prctl(PR_SET_PDEATHSIG) with a getppid check against the
 * race, default signals, umask 077, every descriptor above 2 closed, chdir,
 * execve.  A failure before exec comes back over a close-on-exec pipe, which
 * posix_spawn cannot do for prctl and chdir.  Returns the pid, or -1 with *ret
 * set.  The caller owns fds[] and closes its copies.
 */
pid_t child_spawn(const struct child_spec *spec, struct child_error *ret);

/* Collects pid without waiting: true if it has ended, with *ret_status as of
 * waitpid(2).  An unknown pid counts as ended with status 0. */
bool child_reap(pid_t pid, int *ret_status);

/* Signals the process group of pid, and pid itself. */
void child_signal(pid_t pid, int sig);

/* A short text for a waitpid(2) status: "exit 1", "signal 9". */
void child_status_text(int status, char *to, size_t len);

#endif
