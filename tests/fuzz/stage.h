/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The world around a handler, as a script tells it: a client at the other end of
 * the connection, Claude processes that are never started, signals, and time,
 * which passes when nothing else happens.  One thread, no process, no waiting:
 * the same script always does the same.
 *
 * The handler is the real one down to its descriptors.  stand_ins.c defines what
 * it asks of the clock, of processes, of signals and of the log, so that the
 * linker does not take those modules out of the archive; stage_wait() is its
 * poll().
 *
 * A script is records, each ended by a byte FF; the first byte of one is what
 * happens, the rest its argument:
 *
 *   b bytes     the client sends them
 *   r JSON      the client sends a chat request with this body, and the key
 *   p number    the client sends one whose message has so many bytes
 *   f           the client sends a FIN
 *   x           the client closes the connection
 *   s           the client stops reading, or begins again
 *   l text      Claude says a line
 *   g number    Claude says a text of so many bytes
 *   o bytes     Claude says them
 *   e bytes     Claude says them on stderr
 *   c           Claude closes its stdout
 *   i           Claude closes its stdin
 *   q digit     Claude ends with that status
 *   k           Claude is killed
 *   n digit     from now on it is that process
 *   w number    so many milliseconds pass
 *   t, h        TERM and HUP come
 *
 * In lower case it is the next thing that happens once the handler has nothing
 * to do; in upper case the record behind it happens at the same time.
 */
#ifndef CCP_TESTS_FUZZ_STAGE_H
#define CCP_TESTS_FUZZ_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "child.h"
#include "pollset.h"

#define STAGE_KEY "sk-of-the-clients"

struct stage_options {
	bool pipes;      /* the connection is two pipes, no socket */
	bool no_start;   /* Claude cannot be started */
	bool lingers;    /* Claude does not end with its stdin */
	bool stubborn;   /* nor by TERM */
	bool deaf;       /* it does not read its stdin */
	bool left_child; /* something that it started outlives it */
};

/* What came of it, for the checks. */
struct stage_result {
	const struct buf *sent; /* by the client, as far as it was taken */
	const struct buf *got;  /* by the client */
	bool left;      /* the client did not wait for all of its answers, or
	                 * did not read for longer than it may */
	bool stopped;   /* a signal came */
	size_t started; /* Claude processes */
	int64_t silent; /* milliseconds since the end of the script */
};

/* Sets *ret_in and *ret_out, the handler's ends, which it does not close. */
void stage_open(const uint8_t *script, size_t len,
    const struct stage_options *options, int *ret_in, int *ret_out);

/* Nothing of the handler is left but its ends. */
void stage_result(struct stage_result *ret);

/* Every process was reaped, and was told nothing but lines. */
void stage_close(void);

/* For stand_ins.c. */
int64_t stage_now(void);
int stage_wait(struct pollset *ps);
pid_t stage_start(const struct child_spec *spec, struct child_error *ret);
bool stage_reap(pid_t pid, int *ret_status);
void stage_signal(pid_t pid, int sig);
size_t stage_sweep(void);
void stage_take_signals(bool *ret_term, bool *ret_hup);

/* A line of the log.  The key is not in it, unless the script has it somewhere
 * else than where it belongs. */
void stage_logged(const char *line);

#endif
