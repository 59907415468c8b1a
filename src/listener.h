/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Listening sockets of "ccp start".
 */
#ifndef CCP_LISTENER_H
#define CCP_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "local_socket.h"

#define LISTENER_MAX 8

struct listener {
	int fd;
	bool has_file; /* a local socket that we made */
	struct local_socket file;
};

struct listeners {
	struct listener all[LISTENER_MAX];
	size_t n;
};

/*
 * Listens on every address of hosts, a list separated by commas: names, IPv4
 * and IPv6 addresses (these in brackets or not), all with the port (0: any
 * free one), and "unix:/path", without it.  What old listens on already is
 * not opened anew: both then hold the same descriptor.  False sets err to a
 * sentence for a person; old is as it was, and nothing else is open.
 */
bool listeners_open(struct listeners *l, const struct listeners *old,
    const char *hosts, long port, char *err, size_t errlen);

/* Takes over a descriptor that somebody else has made listen; false, with
 * err, if it does not. */
bool listeners_take(struct listeners *l, int fd, char *err, size_t errlen);

/* Closes all, and removes the files of local sockets; but not what keep (it
 * may be NULL) holds too. */
void listeners_close(struct listeners *l, const struct listeners *keep);

/* "http://127.0.0.1:8888/v1", the base URL of a client, or "unix:/path". */
#define LISTENER_URL_BYTES 160
void listener_url(int fd, char *to, size_t len);

/* Takes a connection; close-on-exec, blocking.  -1 with errno. */
int listener_accept(int fd);

#endif
