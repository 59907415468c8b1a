/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "append_line.h"

#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "banned.h"

/* Does the file end in the middle of a line? */
static bool
torn(int fd, off_t size)
{
	char last = '\n';

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* Bytes written, or -1. */
static ssize_t
write_line(int fd, const char *line, size_t len, bool begin_new)
{
	static char end[] = "\n";
	struct iovec parts[2] = {{end, 1}, {NULL, len}};
	ssize_t n;

	/* It is only read from, which its type cannot say. */
	memcpy(&parts[1].iov_base, &line, sizeof line);
	do {
		n = writev(
		    fd, begin_new ? parts : parts + 1, begin_new ? 2 : 1);
	} while (n == -1 && errno == EINTR);
	return n;
}

/* Nothing of another writer may go with it. */
static void
take_back(int fd, off_t size, ssize_t part)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_size == size + part)
		(void)!ftruncate(fd, size); /* or it stays */
}

bool
append_line(int fd, off_t size, const char *line, size_t len, bool locked)
{
	bool begin_new = torn(fd, size);
	ssize_t n = write_line(fd, line, len, begin_new);

	if (n == -1)
		return false;
	if ((size_t)n == len + begin_new)
		return true;
	if (locked)
		take_back(fd, size, n);
	errno = ENOSPC;
	return false;
}
