/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The inside of a connection, for http_conn.c (requests and responses) and
 * http_conn_io.c (bytes and deadlines) only.
 *
 *        first byte       head complete         read_body
 *   IDLE -----------> HEAD -----------> DECIDE ----------> BODY
 *    ^                  |                  |                 | body complete
 *    |                  | refused          | respond         v
 *    |                  '------------------+-------------> OWED
 *    |                                     v                 | stream_begin
 *    |   all written, connection kept      |   respond       v
 *    '---------------------------------- FLUSH <--------- STREAM
 *                                          |   stream_end
 *                       else: LINGER, END -'
 *
 * GONE may come from each of them.  Bytes are read in IDLE, HEAD, BODY and
 * LINGER only; http_conn_step() moves bytes, http_conn_next() judges them.
 */
#ifndef CCP_HTTP_CONN_STATE_H
#define CCP_HTTP_CONN_STATE_H

#include "buf.h"
#include "http_body.h"
#include "http_conn.h"
#include "http_framing.h"
#include "io.h"
#include "limits.h"

/* A head that is nearly too long, and then one read. */
#define HTTP_CONN_INPUT_BYTES (LIMIT_HEAD_BYTES + LIMIT_READ_BYTES)

enum phase {
	IDLE,   /* before the first byte of a request */
	HEAD,   /* within a head */
	DECIDE, /* the owner has a head and says whether it wants the body */
	BODY,   /* within a body */
	OWED,   /* a response is owed */
	STREAM, /* a response is under way */
	FLUSH,  /* it is complete but not all written */
	LINGER, /* input is read and dropped */
	END,
	GONE,
};

struct http_conn {
	struct io_end in;
	struct io_end out;
	enum phase phase;
	enum http_conn_event event; /* happened, not told yet */
	int64_t now;                /* of the last step */
	int64_t deadline;           /* of the phase */
	int64_t stall;              /* of writing, CLOCK_NEVER: nothing to do */
	size_t taken;               /* bytes written in that time */

	struct buf input;
	size_t seen; /* bytes of input that hold no complete head */
	bool input_ended;
	size_t dropped; /* bytes read while lingering */

	/* The request; old while its response is complete and the next one
	 * has not been asked for. */
	bool old;
	bool have_head;
	struct buf head_bytes; /* what the slices of head point into */
	struct http_head head;
	struct http_framing framing;
	struct http_body decoder;
	struct buf body;
	bool body_read; /* to its end */
	int status;     /* 0, or why the request is refused */

	/* The response */
	bool close_after;
	bool keep; /* the connection is kept after it */
	bool chunked;
	bool bodiless;      /* to a HEAD request */
	bool held;          /* data waits */
	size_t before_hold; /* bytes of output that do not: they came before */
	struct buf output;
};

/* Begins a window of time in which the client has to take something. */
void http_conn_pace(struct http_conn *c);
void http_conn_enter(struct http_conn *c, enum phase phase, int64_t ms);
void http_conn_lost(struct http_conn *c);

/* The client gets a FIN, and what it still sends is dropped for a while. */
void http_conn_close_gently(struct http_conn *c);

/* Something was added to the output, or the response is complete. */
void http_conn_send(struct http_conn *c);

#endif
