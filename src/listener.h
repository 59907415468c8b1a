/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Listening sockets of "ccp start".
 */
#ifndef CCP_LISTENER_H
#define CCP_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#define LISTENER_MAX 8

struct listeners {
	int fds[LISTENER_MAX];
	size_t n;
};

/*
 * Listens on every address that host stands for.  port 0: any free one.  False
 * sets err to a sentence for a person; nothing is left open then.
 */
bool listeners_open(
    struct listeners *l, const char *host, long port, char *err, size_t errlen);
void listeners_close(struct listeners *l);

/* "http://127.0.0.1:8888" of one of them. */
void listener_url(int fd, char *to, size_t len);

/* Takes a connection; close-on-exec, blocking.  -1 with errno. */
int listener_accept(int fd);

#endif
