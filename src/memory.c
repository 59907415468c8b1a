/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

#include "banned.h"

#define TEXT_BYTES 8192 /* memory.stat is the longest: 2 KB */

/* The beginning of a file of the kernel's. */
static bool
read_text(const char *path, char ret[TEXT_BYTES])
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, ret, TEXT_BYTES - 1);

	ret[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* What follows a line's first word, which is name; NULL: there is none. */
static const char *
line_of(const char *text, const char *name)
{
	size_t n = strlen(name);

	while (strncmp(text, name, n) != 0) {
		text = strchr(text, '\n');
		if (text++ == NULL)
			return NULL;
	}
	return text + n;
}

/* The number there; 0: it is not there. */
static unsigned long long
value_of(const char *text, const char *name)
{
	const char *at = line_of(text, name);

	return at == NULL ? 0 : strtoull(at, NULL, 10);
}

/* Both in kB. */
static bool
is_short(unsigned long long left, unsigned long long all, unsigned percent)
{
	return left * 100 < all * percent;
}

static bool
machine_short(const char *path, unsigned percent)
{
	char text[TEXT_BYTES];
	unsigned long long all, left;

	if (!read_text(path, text))
		return false;
	all = value_of(text, "MemTotal:");
	left = value_of(text, "MemAvailable:");
	return left > 0 && is_short(left, all, percent);
}

/* A group's file of that name. */
static bool
read_group(const char *group, const char *name, char ret[TEXT_BYTES])
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", group, name);

	return n > 0 && (size_t)n < sizeof(path) && read_text(path, ret);
}

/* Most groups have no limit: "max", or, the outermost one, no such file. */
static bool
group_short(const char *group, unsigned percent)
{
	char text[TEXT_BYTES];
	unsigned long long all, used, cache;

	if (!read_group(group, "memory.max", text) ||
	    !isdigit((unsigned char)text[0]))
		return false;
	all = strtoull(text, NULL, 10);
	if (!read_group(group, "memory.current", text))
		return false;
	used = strtoull(text, NULL, 10);
	if (!read_group(group, "memory.stat", text))
		return false;
	cache = value_of(text, "inactive_file ") +
	        value_of(text, "active_file ") +
	        value_of(text, "slab_reclaimable ");
	used -= cache < used ? cache : used;
	return is_short(
	    (all - (used < all ? used : all)) >> 10, all >> 10, percent);
}

/* The directory of this process's group.  One that cannot be seen from here
 * has ".." in its name (cgroup_namespaces(7)). */
static bool
find_group(const struct memory_files *files, char ret[PATH_MAX])
{
	char text[TEXT_BYTES];
	const char *at;
	int n;

	at = read_text(files->member, text) ? line_of(text, "0::") : NULL;
	if (at == NULL || strstr(at, "/..") != NULL)
		return false;
	n = snprintf(
	    ret, PATH_MAX, "%s%.*s", files->groups, (int)strcspn(at, "\n"), at);
	return n > 0 && n < PATH_MAX;
}

bool
memory_short_by(const struct memory_files *files, unsigned percent)
{
	size_t root = strlen(files->groups);
	char group[PATH_MAX];
	char *last;

	if (machine_short(files->machine, percent))
		return true;
	if (!find_group(files, group))
		return false;
	do {
		if (group_short(group, percent))
			return true;
		last = strrchr(group, '/');
		if (last != NULL)
			*last = '\0';
	} while (last != NULL && strlen(group) >= root);
	return false;
}

bool
memory_short(unsigned percent)
{
	static const struct memory_files here = {
	    .machine = "/proc/meminfo",
	    .member = "/proc/self/cgroup",
	    .groups = "/sys/fs/cgroup",
	};

	return memory_short_by(&here, percent);
}
