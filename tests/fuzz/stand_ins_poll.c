/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The poll set of ccp's own, but that it waits for the stage (stage.h).
 */
#include <string.h> /* before what bans parts of it */

#define pollset_wait pollset_wait_really
#include "../../src/pollset.c" /* NOLINT(bugprone-suspicious-include) */
#undef pollset_wait

#include "stage.h"

int pollset_wait(struct pollset *ps);

int
pollset_wait(struct pollset *ps)
{
	return stage_wait(ps);
}
