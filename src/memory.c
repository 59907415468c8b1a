/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

#include "banned.h"

#define MEMINFO_BYTES 4096

/* The number behind a name, in kB as all of them; 0: it is not there. */
static unsigned long long
value_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at == NULL ? 0 : strtoull(at + strlen(name), NULL, 10);
}

bool
memory_short(unsigned percent)
{
	CLEANUP_CLOSE int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	char text[MEMINFO_BYTES];
	unsigned long long all, left;
	ssize_t n;

	if (fd == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	all = value_of(text, "MemTotal:");
	left = value_of(text, "MemAvailable:");
	return all > 0 && left > 0 && left * 100 < all * percent;
}
