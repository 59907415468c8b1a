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
	bool own_session;        /* its own, without a terminal */
	bool own_group;          /* of processes, in the same session */
	mode_t umask;            /* 0: 077 */
};

enum child_stage { CHILD_FORK = 1, CHILD_SETUP, CHILD_CHDIR, CHILD_EXEC };

struct child_error {
	enum child_stage stage;
	int error; /* errno of that stage */
};

/*
 * vfork (elsewhere than on Linux fork), setsid, prctl(PR_SET_PDEATHSIG) with a
 * getppid check against the race, default signals, umask, every descriptor above
 * 2 closed, chdir, execve; posix_spawn cannot do prctl and umask.  A failure
 * before exec comes back in the memory that both share (elsewhere over a
 * close-on-exec pipe; a libc whose vfork is a fork wants --enable-portable).
 * Returns the pid, or -1 with *ret set.  The caller owns fds[] and closes its
 * copies.
 *
 * A session of its own is a process group of its own, and has no controlling
 * terminal: the child can neither read what is typed at that of "ccp start",
 * nor put words into its input (TIOCSTI), nor be stopped by it (tty_ioctl(4):
 * TIN, TTOU).
 */
pid_t child_spawn(const struct child_spec *spec, struct child_error *ret);

enum child_state {
	CHILD_RUNS,
	CHILD_ENDED,
	CHILD_UNKNOWN, /* the system does not say: ask again */
};

/* Collects pid without waiting: ENDED with *ret_status as of waitpid(2).  A pid
 * that is no child of ours counts as ended with status 0. */
enum child_state child_reap(pid_t pid, int *ret_status);

/* Signals the process group of pid, and pid itself. */
void child_signal(pid_t pid, int sig);

/* A short text for a waitpid(2) status: "exit 1", "signal 9". */
void child_status_text(int status, char *to, size_t len);

#endif
