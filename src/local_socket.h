/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A listening local (AF_UNIX) socket, which is a file too: it stays behind
 * when its program is killed, and has to make way for the next one then.
 */
#ifndef CCP_LOCAL_SOCKET_H
#define CCP_LOCAL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct local_socket {
	dev_t dev; /* which file it is */
	ino_t ino;
};

/*
 * Makes one that only its owner can connect to (mode 0600).  A socket file of this user on which nobody listens is
 * replaced; whatever else is there is left alone.  Returns the descriptor
 * (close-on-exec), or -1 with a sentence in err.
 */
int local_socket_open(
    const char *path, struct local_socket *ret, char *err, size_t errlen);

/* Removes the file, if it still is that one. */
void local_socket_remove(const char *path, const struct local_socket *s);

#endif
