/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_conn.h"

#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "http_body.h"
#include "http_conn_state.h"
#include "http_response.h"
#include "io.h"
#include "limits.h"

#include "banned.h"

struct http_conn *
http_conn_new(int in, int out)
{
	struct http_conn *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->in = io_end_of(in);
	c->out = io_end_of(out);
	buf_init(&c->input, HTTP_CONN_INPUT_BYTES);
	buf_init(&c->head_bytes, LIMIT_HEAD_BYTES);
	buf_init(&c->body, LIMIT_BODY_BYTES);
	buf_init(&c->output, LIMIT_OUT_BYTES);
	c->phase = IDLE;
	c->now = clock_ms();
	c->deadline = c->now + LIMIT_HEAD_MS;
	c->stall = CLOCK_NEVER;
	return c;
}

void
http_conn_free(struct http_conn *c)
{
	if (c == NULL)
		return;
	buf_free(&c->input);
	buf_free(&c->head_bytes);
	buf_free(&c->body);
	buf_free(&c->output);
	free(c);
}

/* No request comes of what was read, or none that can be answered well. */
static void
refuse(struct http_conn *c, int status)
{
	c->status = status;
	c->event = HTTP_CONN_BAD;
	c->phase = OWED;
}

static void
forget_request(struct http_conn *c)
{
	c->old = false;
	c->have_head = false;
	c->framing = (struct http_framing){.kind = HTTP_BODY_NONE};
	c->body_read = false;
	c->status = 0;
	buf_free(&c->body);
}

/* A head of len bytes is moved to where it stays. */
static void
accept_head(struct http_conn *c, size_t len)
{
	int status;

	buf_clear(&c->head_bytes);
	(void)buf_add(&c->head_bytes, buf_str(&c->input), len);
	buf_consume(&c->input, len);
	if (!buf_ok(&c->head_bytes)) {
		http_conn_lost(c);
		return;
	}
	(void)http_parse_head(buf_str(&c->head_bytes), len, 0, &c->head);
	c->have_head = true;
	status = http_framing(&c->head, &c->framing);
	if (status != 0) {
		refuse(c, status);
		return;
	}
	c->body_read =
	    c->framing.kind == HTTP_BODY_NONE ||
	    (c->framing.kind == HTTP_BODY_LENGTH && c->framing.length == 0);
	c->phase = DECIDE;
	c->event = HTTP_CONN_HEAD;
}

/* Some clients send an empty line behind a body. */
static bool
only_empty_lines(const struct buf *b)
{
	const char *s = buf_str(b);
	size_t i;

	for (i = 0; i < b->len; i++) {
		if (s[i] != '\r' && s[i] != '\n')
			return false;
	}
	return true;
}

/* The head is not complete and will not be, or not in time. */
static void
stop_waiting_for_head(struct http_conn *c)
{
	if (only_empty_lines(&c->input))
		c->phase = END;
	else if (!c->input_ended)
		refuse(c, 408);
	else if (c->in.kind == IO_SOCKET)
		c->phase = END;
	else
		refuse(c, 400);
}

static void
advance_head(struct http_conn *c)
{
	ssize_t n;

	n = http_parse_head(
	    buf_str(&c->input), c->input.len, c->seen, &c->head);
	c->seen = c->input.len;
	if (n > 0)
		accept_head(c, (size_t)n);
	else if (n != HTTP_MORE)
		refuse(c, (int)-n);
	else if (c->input_ended || c->now >= c->deadline)
		stop_waiting_for_head(c);
}

static void
advance_body(struct http_conn *c)
{
	size_t used;
	int r;

	r = http_body_step(
	    &c->decoder, buf_str(&c->input), c->input.len, &used, &c->body);
	buf_consume(&c->input, used);
	if (r == HTTP_BODY_DONE) {
		c->body_read = true;
		c->phase = OWED;
		c->event = HTTP_CONN_REQUEST;
	} else if (r != HTTP_BODY_MORE) {
		refuse(c, -r);
	} else if (c->input_ended && c->in.kind == IO_SOCKET) {
		http_conn_lost(c);
	} else if (c->input_ended) {
		refuse(c, 400);
	} else if (c->now >= c->deadline) {
		refuse(c, 408);
	}
}

enum http_conn_event
http_conn_next(struct http_conn *c)
{
	enum http_conn_event event;

	if (c->old && (c->phase == IDLE || c->phase == HEAD))
		forget_request(c);
	if (c->phase == IDLE && (c->input_ended || c->now >= c->deadline))
		c->phase = END;
	else if (c->phase == HEAD)
		advance_head(c);
	else if (c->phase == BODY)
		advance_body(c);
	if (c->phase == END)
		return HTTP_CONN_END;
	if (c->phase == GONE)
		return HTTP_CONN_GONE;
	event = c->event;
	c->event = HTTP_CONN_NOTHING;
	return event;
}

const struct http_head *
http_conn_head(const struct http_conn *c)
{
	return c->have_head ? &c->head : NULL;
}

const struct http_framing *
http_conn_framing(const struct http_conn *c)
{
	return &c->framing;
}

const struct buf *
http_conn_body(const struct http_conn *c)
{
	return &c->body;
}

int
http_conn_status(const struct http_conn *c)
{
	return c->status;
}

void
http_conn_read_body(struct http_conn *c)
{
	int status;

	if (c->phase != DECIDE)
		return;
	status = http_body_start(&c->decoder, &c->framing, LIMIT_BODY_BYTES);
	if (status != 0) {
		refuse(c, status);
		return;
	}
	http_conn_enter(c, BODY, LIMIT_BODY_MS);
	if (c->framing.expect_continue && !c->body_read && c->input.len == 0) {
		(void)buf_addstr(&c->output, "HTTP/1.1 100 Continue\r\n\r\n");
		http_conn_send(c);
	}
}

static void
response_complete(struct http_conn *c)
{
	c->old = true;
	c->phase = FLUSH;
	if (!c->held)
		http_conn_send(c);
}

/* Writes the head of the response; false if none is owed. */
static bool
begin_response(struct http_conn *c, struct http_response *r)
{
	if (c->phase != DECIDE && c->phase != BODY && c->phase != OWED)
		return false;
	c->event = HTTP_CONN_NOTHING;
	c->keep = c->have_head && c->status == 0 && c->body_read &&
	          c->framing.keep_alive && !c->close_after &&
	          r->length_kind != HTTP_LENGTH_CLOSE;
	c->chunked = r->length_kind == HTTP_LENGTH_CHUNKED;
	c->bodiless = c->have_head && http_slice_is(c->head.method, "HEAD");
	r->keep_alive = c->keep;
	r->date = (int64_t)time(NULL);
	http_response_head(&c->output, r);
	return true;
}

void
http_conn_respond(struct http_conn *c, int status, const char *type,
    const char *more, const char *body, size_t len)
{
	struct http_response r = {
	    .status = status,
	    .length_kind = HTTP_LENGTH_KNOWN,
	    .length = len,
	    .type = type,
	    .more = more,
	};

	if (status == 204 || status == 304) {
		r.length_kind = HTTP_LENGTH_NONE;
		len = 0;
	}
	if (!begin_response(c, &r))
		return;
	if (!c->bodiless)
		(void)buf_add(&c->output, body, len);
	response_complete(c);
}

void
http_conn_close_after(struct http_conn *c)
{
	c->close_after = true;
	c->keep = false;
}

void
http_conn_stream_begin(
    struct http_conn *c, int status, const char *type, const char *more)
{
	struct http_response r = {
	    .status = status,
	    .length_kind = HTTP_LENGTH_CLOSE,
	    .type = type,
	    .more = more,
	};

	if (c->have_head && c->head.minor > 0)
		r.length_kind = HTTP_LENGTH_CHUNKED;
	if (!begin_response(c, &r))
		return;
	c->phase = STREAM;
	/* Not written yet: it may share a packet with the first data.  The
	 * next turn of the loop writes it otherwise. */
	if (c->stall == CLOCK_NEVER)
		http_conn_pace(c);
	if (!buf_ok(&c->output))
		http_conn_lost(c);
}

void
http_conn_stream_parts(
    struct http_conn *c, const struct http_slice *parts, size_t nparts)
{
	size_t i;

	if (c->phase != STREAM || c->bodiless)
		return;
	if (c->chunked)
		http_response_chunk(&c->output, parts, nparts);
	for (i = 0; !c->chunked && i < nparts; i++)
		(void)buf_add(&c->output, parts[i].at, parts[i].len);
	if (!c->held)
		http_conn_send(c);
}

void
http_conn_stream_data(struct http_conn *c, const char *bytes, size_t len)
{
	const struct http_slice all = http_slice(bytes, len);

	http_conn_stream_parts(c, &all, 1);
}

void
http_conn_hold(struct http_conn *c)
{
	if (!c->held)
		c->before_hold = c->output.len;
	c->held = true;
}

void
http_conn_unhold(struct http_conn *c)
{
	c->held = false;
	if (c->phase == STREAM || c->phase == FLUSH)
		http_conn_send(c);
}

void
http_conn_stream_end(struct http_conn *c, bool whole)
{
	if (c->phase != STREAM)
		return;
	if (!whole)
		c->keep = false;
	else if (c->chunked && !c->bodiless)
		http_response_last_chunk(&c->output);
	response_complete(c);
}

void
http_conn_abort(struct http_conn *c)
{
	http_conn_lost(c);
}

size_t
http_conn_backlog(const struct http_conn *c)
{
	return c->output.len;
}

void
http_conn_shutdown(struct http_conn *c)
{
	http_conn_close_after(c);
	if (c->phase == IDLE)
		c->phase = END;
	else if (c->phase == HEAD)
		http_conn_close_gently(c);
}
