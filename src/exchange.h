/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One request and its response, as the endpoints see them.
 */
#ifndef CCP_EXCHANGE_H
#define CCP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api_error.h"
#include "api_keys.h"
#include "buf.h"
#include "http_conn.h"
#include "limits.h"
#include "request_record.h"
#include "request_times.h"
#include "settings.h"
#include "task.h"

struct keeper;

struct exchange {
	struct http_conn *conn;
	const struct settings *settings;
	char *const *env;      /* of the process, for a child */
	struct keeper *keeper; /* of warm processes; NULL: there are none */
	bool reachable;        /* over an address that is not loopback */
	char client[64];       /* its address */
	char user[48];     /* on a local socket: "uid 1000, pid 4711", or "" */
	struct task *task; /* what goes on; owned by the poll loop */

	char id[LIMIT_REQUEST_ID_BYTES + 1]; /* X-Request-Id */
	char method[16], path[128];          /* for the log, cut to fit */
	int64_t started;                     /* clock_ms() */
	struct buf fields;                   /* field lines of the response */
	const char *key_name;      /* of API_KEYS; "": of API_KEY, or of none */
	const char *key_directory; /* NULL: none; both point into key */
	struct api_key key;
	const char *session; /* X-CCP-Session; static text, NULL: none */
	int status;          /* sent; 0: not yet */
	bool finished;       /* the response is complete */
	bool wrong_key;      /* it has a key, which is none of ours */
	/* Of what Claude does for it, and how it failed; whole only with
	 * exchange_log(). */
	struct request_record record;
	struct request_times times;
};

/* head: NULL where none could be parsed.  The id is the client's own
 * X-Request-Id if that is sane, else a new one. */
void exchange_begin(struct exchange *x, const struct http_head *head);

/* Frees what belongs to the exchange, not its connection or task. */
void exchange_end(struct exchange *x);

/* Adds a field to the response; before it begins. */
void exchange_field(struct exchange *x, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Responds whole: with JSON, with an error object, with no body at all. */
void exchange_json(struct exchange *x, int status, const struct buf *json);
void exchange_error(struct exchange *x, const struct api_error *e);
void exchange_empty(struct exchange *x, int status);

/* Responds with server-sent events: 200 first, then each with a JSON text that
 * the caller puts between exchange_event_begin(), which clears the buffer, and
 * exchange_stream_event(). */
void exchange_stream_begin(struct exchange *x);
void exchange_event_begin(struct buf *event);
void exchange_stream_event(struct exchange *x, struct buf *event);
/* One in parts: what exchange_event_begin() begins first, EXCHANGE_EVENT_END at
 * the end. */
#define EXCHANGE_EVENT_END "\n\n"
void exchange_stream_parts(
    struct exchange *x, const struct http_slice *parts, size_t nparts);
void exchange_stream_comment(struct exchange *x);

/* done: ends with [DONE].  Else the connection closes without it. */
void exchange_stream_end(struct exchange *x, bool done);

/* Claude's first word is there, or another one. */
void exchange_spoken(struct exchange *x);

/* Notes for the record why it failed; the first reason counts. */
void exchange_failed(struct exchange *x, const char *code);

/* Completes the record of a request that is over, and logs it. */
void exchange_log(struct exchange *x);

#endif
