/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What becomes of a system call that is to fail.  The caller stands still in
 * it while the supervisor decides (seccomp_unotify(2)).
 *
 * Every error is given to every call, whether its man page has it or not: a
 * filter, a file system over a network or a newer kernel may do that.  But
 *
 *  - what cannot fail does not: exit, a signal handler's return, getpid and its
 *    like;
 *  - close() fails as it does on Linux, with the descriptor closed;
 *  - brk() has no error: it tells that the end has not moved;
 *  - what is cut short is so by all but one byte, which is really moved; a call
 *    that has nothing to move, or one byte, goes on as it is.
 */
#ifndef CCP_TEST_INJECT_H
#define CCP_TEST_INJECT_H

#include <stdbool.h>
#include <stddef.h>

struct seccomp_notif;
struct seccomp_notif_resp;

/* Which calls a fault is for. */
enum fault_scope {
	SCOPE_ANY,
	SCOPE_READ,   /* gives one byte */
	SCOPE_WRITE,  /* takes one byte */
	SCOPE_ROOM,   /* what takes room on a disk */
	SCOPE_FD,     /* what makes a descriptor */
	SCOPE_MEMORY, /* what asks for memory */
	SCOPE_DISK    /* what reads, writes or looks up regular files */
};

struct fault {
	const char *name;
	int error; /* 0: the call is cut short */
	enum fault_scope scope;
	bool stays; /* all from there on, not one */
};

/* NULL: there is none of that name. */
const struct fault *fault_find(const char *name);

/*
 * Fills in the answer to a call that fails; false: this fault is none for
 * this call, which is to go on.  listener is the notification's.
 */
bool fault_inject(const struct fault *f, int listener,
    const struct seccomp_notif *call, struct seccomp_notif_resp *ret);

/* What the call is about: "name path", as far as that can be told. */
void call_describe(const struct seccomp_notif *call, char *to, size_t size);

/* The string at an address of another process, as much as fits; "" if it
 * cannot be read. */
void process_text(int pid, unsigned long long at, char *to, size_t size);

#endif
