/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CCP_DEMO_MODE: how the stand-in misbehaves, for tests.
 */
#ifndef CCP_DEMO_MODES_H
#define CCP_DEMO_MODES_H

#include <stdbool.h>

#include "demo.h"

struct demo_mode {
	const char *name;
	/* Before anything is read; arg is what stands behind '=', or "". */
	void (*start)(struct demo *d, const char *arg);
	/* In place of the usual answer; d->mode_arg as above. */
	bool (*turn)(struct demo *d);
};

/* "name,name=arg,...": any number that act at the start, one that acts in the
 * turn.  An unknown name ends the program. */
void demo_modes_apply(struct demo *d, const char *list);

#endif
