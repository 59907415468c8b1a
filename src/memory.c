/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"

#include "banned.h"

#define TEXT_BYTES 8192 /* memory.stat is the longest: 2 KB */

static bool
read_text(const char *path, char ret[TEXT_BYTES])
{
	return io_read_start(path, ret, TEXT_BYTES) > 0;
}

/* What follows a line's first word, which is name; NULL: there is none. */
static const char *
line_of(const char *text, const char *name)
{
	size_t n = strlen(name);

	while (strncmp(text, name, n) != 0) {
		text = strchr(text, '\n');
		if (text == NULL)
			return NULL;
		text++;
	}
	return text + n;
}

/* The number there.  False: it is not told. */
static bool
value_of(const char *text, const char *name, unsigned long long *ret)
{
	const char *at = line_of(text, name);

	if (at != NULL)
		*ret = strtoull(at, NULL, 10);
	return at != NULL;
}

static bool
is_short(unsigned long long left, unsigned long long all, unsigned percent)
{
	return left < all / 100 * percent;
}

static bool
machine_short(const char *path, unsigned percent)
{
	char text[TEXT_BYTES];
	unsigned long long all, left;

	return read_text(path, text) && value_of(text, "MemTotal:", &all) &&
	       value_of(text, "MemAvailable:", &left) &&
	       is_short(left, all, percent);
}

/* A group's file of that name. */
static bool
read_group(const char *group, const char *name, char ret[TEXT_BYTES])
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", group, name);

	return n > 0 && (size_t)n < sizeof(path) && read_text(path, ret);
}

/* One that is a number.  False: it is not there, or "max". */
static bool
read_number(const char *group, const char *name, unsigned long long *ret)
{
	char text[TEXT_BYTES];

	if (!read_group(group, name, text) || !isdigit((unsigned char)text[0]))
		return false;
	*ret = strtoull(text, NULL, 10);
	return true;
}

/* Beyond the one its processes are killed, beyond the other they stand still
 * until something is given back.  False: it has none, as most. */
static bool
limit_of(const char *group, unsigned long long *ret)
{
	unsigned long long high;
	bool limited = read_number(group, "memory.max", ret);

	if (read_number(group, "memory.high", &high) &&
	    (!limited || high < *ret)) {
		*ret = high;
		limited = true;
	}
	return limited;
}

/* Of what is in use: that the kernel gives back when it must.  False: it is
 * not told. */
static bool
cache_of(const char *group, unsigned long long *ret)
{
	char text[TEXT_BYTES];
	unsigned long long more;

	if (!read_group(group, "memory.stat", text) ||
	    !value_of(text, "inactive_file ", ret))
		return false;
	if (value_of(text, "active_file ", &more))
		*ret += more;
	if (value_of(text, "slab_reclaimable ", &more))
		*ret += more;
	return true;
}

static bool
in_use_short(unsigned long long used, unsigned long long all, unsigned percent)
{
	return is_short(used < all ? all - used : 0, all, percent);
}

/* The kernel has to add up memory.stat, so it is asked last. */
static bool
group_short(const char *group, unsigned percent)
{
	unsigned long long all, used, cache;

	if (!limit_of(group, &all) ||
	    !read_number(group, "memory.current", &used) ||
	    !in_use_short(used, all, percent) || !cache_of(group, &cache))
		return false;
	used -= cache < used ? cache : used;
	return in_use_short(used, all, percent);
}

/* The directory of this process's group.  One that cannot be seen from here
 * begins with ".." (cgroup_namespaces(7)). */
static bool
find_group(const struct memory_files *files, char ret[PATH_MAX])
{
	char text[TEXT_BYTES];
	const char *at;
	size_t len;
	int n;

	at = read_text(files->member, text) ? line_of(text, "0::") : NULL;
	len = at == NULL ? 0 : strcspn(at, "\n");
	if (len == 0 || (len == 3 && strncmp(at, "/..", 3) == 0) ||
	    strncmp(at, "/../", 4) == 0)
		return false;
	if (at[len - 1] == '/')
		len--;
	n = snprintf(ret, PATH_MAX, "%s%.*s", files->groups, (int)len, at);
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
