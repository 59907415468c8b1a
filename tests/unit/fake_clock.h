/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The clock of the unit tests.  fake_clock.c defines clock_ms(), so the linker
 * does not take clock.c out of the archive: no deadline needs to be waited
 * for, and no code of ccp knows of it.
 */
#ifndef CCP_TESTS_FAKE_CLOCK_H
#define CCP_TESTS_FAKE_CLOCK_H

#include <stdint.h>

/* From now on it is that much later. */
void fake_clock_skip(int64_t ms);

/* From now on, in this case, it is later only by what is skipped. */
void fake_clock_stop(void);

#endif
