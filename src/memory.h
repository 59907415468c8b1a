/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether there is a lack of memory: of the machine's, or of what a control
 * group lets this process have (a container, MemoryMax= of a unit or slice).
 */
#ifndef CCP_MEMORY_H
#define CCP_MEMORY_H

#include <stdbool.h>

/* Where the system tells. */
struct memory_files {
	const char *machine; /* as /proc/meminfo (proc_meminfo(5)) */
	const char *member;  /* as /proc/self/cgroup (cgroups(7)) */
	const char *groups;  /* as /sys/fs/cgroup of version 2 */
};

/*
 * Is less than percent of all memory to be had: MemAvailable of MemTotal, or,
 * in this process's group or one around it that has a limit, what is left of
 * memory.max or memory.high when the cache of files and of the kernel has been
 * given back (Linux, Documentation/admin-guide/cgroup-v2.rst)?  Swap is no
 * memory.  Groups of version 1 are not looked at.  False where the system does
 * not tell.
 */
bool memory_short_by(const struct memory_files *files, unsigned percent);

/* The same of the files of this system. */
bool memory_short(unsigned percent);

#endif
