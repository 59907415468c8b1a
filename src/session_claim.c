/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_claim.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "banned.h"

/* Locks of the open file description: those of the process would all end when
 * it closes any descriptor of the file. */
#ifdef F_OFD_SETLK
#define SETLK F_OFD_SETLK
#else
#define SETLK F_SETLK
#endif

#define DIGITS 15 /* hexadecimal ones that fit into an off_t */

static off_t
place_of(const char *session)
{
	off_t place = 0;
	int digits = 0;

	for (; *session != '\0' && digits < DIGITS; session++) {
		int c = *session | 0x20;

		if (c >= '0' && c <= '9')
			place = place * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			place = place * 16 + (c - 'a' + 10);
		else
			continue;
		digits++;
	}
	return place;
}

int
session_claim(const char *path, const char *session)
{
	struct flock lock = {.l_type = F_WRLCK,
	    .l_whence = SEEK_SET,
	    .l_start = place_of(session),
	    .l_len = 1};
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int error;

	if (fd == -1 || fcntl(fd, SETLK, &lock) == 0)
		return fd;
	error = errno == EACCES ? EAGAIN : errno;
	(void)close(fd);
	errno = error;
	return -1;
}
