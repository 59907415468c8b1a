/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __APPLE__
#include <sys/random.h>
#endif

#include "cleanup.h"

#include "banned.h"

/* Where the call is refused, by a filter say. */
static bool
from_device(void *to, size_t len)
{
	CLEANUP_CLOSE int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	char *at = to;
	ssize_t n = 0;

	for (; fd != -1 && len > 0; at += n, len -= (size_t)n) {
		do
			n = read(fd, at, len);
		while (n == -1 && errno == EINTR);
		if (n <= 0)
			return false;
	}
	return fd != -1;
}

void
random_bytes(void *to, size_t len)
{
	if (getentropy(to, len) != 0 && !from_device(to, len))
		abort();
}

static void
hex(char *to, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		to[2 * i] = digits[bytes[i] >> 4];
		to[2 * i + 1] = digits[bytes[i] & 15];
	}
	to[2 * n] = '\0';
}

void
random_hex(char *to, size_t bytes)
{
	unsigned char raw[128];

	if (bytes > sizeof(raw))
		abort();
	random_bytes(raw, bytes);
	hex(to, raw, bytes);
}

void
random_uuid(char to[37])
{
	unsigned char raw[16];
	char plain[33];

	random_bytes(raw, sizeof(raw));
	raw[6] = (unsigned char)((raw[6] & 0x0f) | 0x40);
	raw[8] = (unsigned char)((raw[8] & 0x3f) | 0x80);
	hex(plain, raw, sizeof(raw));
	(void)snprintf(to, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", plain, plain + 8,
	    plain + 12, plain + 16, plain + 20);
}
