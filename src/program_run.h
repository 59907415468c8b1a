/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a program to its end and takes what it prints.
 */
#ifndef CCP_PROGRAM_RUN_H
#define CCP_PROGRAM_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

struct program_result {
	int status;    /* as of waitpid(2), once it has ended */
	bool late;     /* it had to be killed: its time was over */
	int error;     /* errno; not 0: it could not be started */
	bool too_much; /* what it printed was cut at the buffers' bounds */
};

/*
 * argv[0] is the absolute path.  Its input is empty; its output is added to
 * out and its errors to err (may be the same buffer), each within the bound
 * that the caller has set.  After ms milliseconds its process group is killed.
 * Its own end is what counts: what it leaves running in the background is
 * neither waited for nor ended, though it has the pipes too.
 * True: it ended by itself with exit status 0.
 */
bool program_run(char *const *argv, char *const *env, int64_t ms,
    struct buf *out, struct buf *err, struct program_result *ret);

#endif
