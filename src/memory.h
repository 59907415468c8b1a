/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether the machine is short of memory.
 */
#ifndef CCP_MEMORY_H
#define CCP_MEMORY_H

#include <stdbool.h>

/* Is less than percent of all memory to be had (MemAvailable of
 * /proc/meminfo)?  False where the system does not tell. */
bool memory_short(unsigned percent);

#endif
