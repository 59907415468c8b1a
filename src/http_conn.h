/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One client connection: requests one after the other within limits and
 * deadlines, and their responses.  It never waits: the owner adds it to a
 * poll set, lets it do its I/O, and then asks for what happened until there is
 * nothing more.
 *
 *      HEAD -> (owner: read_body) -> REQUEST -> (owner: respond) -> HEAD ...
 *
 * On a socket a FIN that arrives while a response is owed means that the
 * client is gone (POLLRDHUP, so pipelined bytes before it stay unread; a
 * client that half-closes after its request is served only if the response is
 * complete before the owner waits again).  Where the system has no POLLRDHUP,
 * reading ahead by LIMIT_READ_BYTES does the same.  A FIN within a head is the
 * END, within a body the client is GONE.
 * On pipes and files the end of input only ends the requests: responses that
 * are owed are written, and a request that it cuts short is BAD (400).
 */
#ifndef CCP_HTTP_CONN_H
#define CCP_HTTP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "http_framing.h"
#include "pollset.h"

enum http_conn_event {
	HTTP_CONN_NOTHING, /* wait */
	HTTP_CONN_HEAD,    /* a head is complete: respond now, or read_body */
	HTTP_CONN_REQUEST, /* its body is complete too: respond */
	HTTP_CONN_BAD,  /* no request came of it: respond http_conn_status() */
	HTTP_CONN_GONE, /* the client left, or a write failed or stalled */
	HTTP_CONN_END,  /* finished in order; everything is written */
};

struct http_conn;

/* in and out may be the same; they stay the caller's.  NULL: out of memory. */
struct http_conn *http_conn_new(int in, int out);
void http_conn_free(struct http_conn *c);

/* What to wait for; what to do now that the wait is over. */
void http_conn_poll(const struct http_conn *c, struct pollset *ps);
void http_conn_step(struct http_conn *c, const struct pollset *ps);

/* The next thing that happened.  GONE and END repeat for ever. */
enum http_conn_event http_conn_next(struct http_conn *c);

/* Of the request under way; valid until the http_conn_next() after its
 * response is complete.  head is NULL when BAD came before a head was read. */
const struct http_head *http_conn_head(const struct http_conn *c);
const struct http_framing *http_conn_framing(const struct http_conn *c);
const struct buf *http_conn_body(const struct http_conn *c);

/* After BAD: 400, 408, 413, 414, 417, 431, 501, 505, or 500 when out of
 * memory. */
int http_conn_status(const struct http_conn *c);

/* After HEAD: the body is wanted.  Sends 100 Continue if it was asked for and
 * nothing of the body has come (RFC 9110 10.1.1). */
void http_conn_read_body(struct http_conn *c);

/*
 * Responds whole.  more: further field lines, as in struct http_response, or
 * NULL.  For HEAD requests the body is left out and its length kept.  If the
 * request's body was not read to its end, or status is one of BAD, the
 * connection closes after it, gently: what the client still sends is read and
 * dropped for a while, so that it gets to see the response.
 */
void http_conn_respond(struct http_conn *c, int status, const char *type,
    const char *more, const char *body, size_t len);

/* The connection closes after the response under way. */
void http_conn_close_after(struct http_conn *c);

/* Responds piece by piece: begin, data ..., end. */
void http_conn_stream_begin(
    struct http_conn *c, int status, const char *type, const char *more);
void http_conn_stream_data(struct http_conn *c, const char *bytes, size_t len);
/* One piece of several parts. */
void http_conn_stream_parts(
    struct http_conn *c, const struct http_slice *parts, size_t nparts);

/* While held, what is to be written waits for the end of it: several pieces that
 * are made at once are one write, and the end of a response can be made to come
 * behind something else. */
void http_conn_hold(struct http_conn *c);
void http_conn_unhold(struct http_conn *c);

/* whole false: the end is not clean, so the last chunk is left out and the
 * connection closes. */
void http_conn_stream_end(struct http_conn *c, bool whole);

/* Ends the connection at once, within a response too: GONE. */
void http_conn_abort(struct http_conn *c);

/* Bytes written by us that the client has not taken yet. */
size_t http_conn_backlog(const struct http_conn *c);

/* Our own shutdown: between requests the connection ends at once; a response
 * under way is finished first. */
void http_conn_shutdown(struct http_conn *c);

#endif
