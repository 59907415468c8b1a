/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ccp-handler processes of "ccp start".
 */
#ifndef CCP_CLI_HANDLERS_H
#define CCP_CLI_HANDLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pollset.h"

struct handlers {
	char *program; /* path of ccp-handler */
	bool terminal; /* there is one that they must not have */
	pid_t *pids;   /* those running */
	size_t n, room;
	int64_t sweep_next, sweep_until; /* after one died badly */
};

/* terminal: this process has one.  False, with err, where ccp-handler is not
 * installed. */
bool handlers_open(struct handlers *h, bool terminal, char *err, size_t errlen);
void handlers_free(struct handlers *h);

/* One more, for a connection that stays the caller's; false and a line in the
 * log if it cannot be. */
bool handlers_start(struct handlers *h, int conn);

void handlers_poll(const struct handlers *h, struct pollset *ps);

/* Reaps those that have ended.  One that was killed could not sweep behind
 * its own Claude, so that is done here. */
void handlers_step(struct handlers *h);

/* KILLs all that is below this process at once: where orphans do not come here
 * nothing would be known of them after the death of their parents. */
void handlers_kill_trees(void);

void handlers_signal(const struct handlers *h, int sig);

/* Ends whatever is left below this process, for at most
 * LIMIT_STOP_SWEEP_MS. */
void handlers_sweep_all(void);

#endif
