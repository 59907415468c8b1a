/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What "ccp start" serves with, and where: read at the start, and again for a
 * reload.
 */
#ifndef CCP_CLI_SETUP_H
#define CCP_CLI_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "listener.h"
#include "settings.h"

struct setup {
	struct settings settings;
	struct listeners listeners;
	bool handed_over; /* the listeners are; HOST and PORT do not count */
};

/*
 * Reads the configuration, listens where it says, and drops the listeners
 * that it does not name any more.  False sets err to a sentence for a person,
 * and everything is as it was.
 */
bool setup_apply(struct setup *s, char *err, size_t errlen);

/* Where it listens, as one line. */
void setup_status(const struct setup *s, char *to, size_t len);

void setup_free(struct setup *s);

#endif
