/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Processes, pipes and waiting, for tests of what runs on a real system.
 * Nothing sleeps to prove something: waiting ends with its condition, or the
 * test fails after AID_PATIENCE_MS.
 */
#ifndef CCP_TESTS_AID_H
#define CCP_TESTS_AID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define AID_PATIENCE_MS 10000

/* A look at the state of things, in between; false once patience is over.
 *	while (!done && aid_patient(&start)) ...
 * start is 0 at first. */
bool aid_patient(int64_t *start);

/* Runs body in a process of its own and expects it to end well; a failed
 * assertion in it is reported as one of the test. */
void aid_in_process(void (*body)(void));

/* For a process that the test starts and ends: says on fd that it runs, and
 * does nothing from then on.  If the test fails it ends after a minute. */
_Noreturn void aid_idle(int fd);

/* pipe(2), or the test fails. */
void aid_pipe(int fds[2]);
void aid_close(int *fd);

/* All that comes until the end of fd, which is closed; valid until the next
 * call. */
const char *aid_read_all(int fd);

/* One byte, or the test fails. */
void aid_send_byte(int fd);
void aid_await_byte(int fd);

/* Is there something to read (or the end) now? */
bool aid_readable(int fd);

/* Every writer of the pipe is gone. */
void aid_expect_end(int fd);

/* The wait status of a child that ends. */
int aid_wait(pid_t pid);

/* Does the process exist and is no zombie? */
bool aid_alive(pid_t pid);

/* A descriptor that others hold too: is O_NONBLOCK not set, or set on a socket
 * where nothing else keeps a send from waiting (io.h)? */
bool aid_shared(int fd);

/* How many descriptors are open. */
int aid_open_fds(void);

/* A directory that is removed with what is in it at the end of the test
 * (aid_remove_dir), and a file in it. */
const char *aid_make_dir(void);
const char *aid_dir(void);
const char *aid_make_file(const char *name, const char *text, mode_t mode);
void aid_remove_dir(void);

#endif
