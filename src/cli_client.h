/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small HTTP client for what the ccp command asks its own server: one
 * request, one answer, on a connection of its own.
 */
#ifndef CCP_CLI_CLIENT_H
#define CCP_CLI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "http_body.h"

enum client_failure {
	CLIENT_FINE,
	CLIENT_NO_ADDRESS, /* HOST is no address and no name that is known */
	CLIENT_UNREACHED,  /* nobody listens: error is an errno */
	CLIENT_TIMEOUT,
	CLIENT_CUT,     /* the connection ended before the answer did */
	CLIENT_GARBLED, /* what came is no HTTP */
};

struct client {
	int fd; /* -1: none */
	int64_t deadline;
	enum client_failure failure;
	int error;
	int status; /* 0: the head has not come */
	bool whole; /* all of the answer has come */
	struct buf raw, content;
	struct http_body body;
	bool until_close;
};

/*
 * The address that a client of this machine would use for one entry of HOST
 * (0.0.0.0 and :: are loopback then), as the entry stands at *at, which moves
 * on.  False at the end.  "unix:/path" stays as it is; IPv6 addresses lose
 * their brackets.
 */
#define CLIENT_HOST_BYTES 256
bool client_next_host(const char **at, char entry[CLIENT_HOST_BYTES]);

/* Can other machines reach any entry of HOST?  By its literals and names alone:
 * a name that is no loopback one counts as reachable. */
bool client_hosts_reachable(const char *host);
const char *client_reach(const char *entry);

/* "http://127.0.0.1:8888", "unix:/path": for a person. */
void client_name(const char *entry, long port, char *to, size_t len);

/* Connects.  deadline: clock_ms() by which all has to be over.  False: failure
 * says why.  The caller frees with client_close() in any case. */
bool
client_open(struct client *c, const char *entry, long port, int64_t deadline);
void client_close(struct client *c);

/* Sends a request with the Host and "Connection: close" that it needs; fields:
 * further ones, each with CR LF; body: NULL for none. */
bool client_send(struct client *c, const char *method_path, const char *entry,
    const char *fields, const struct buf *body);

/* Waits for more of the answer: its status, then content.  False when it is
 * whole, or a failure. */
bool client_more(struct client *c);

#endif
