/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_conn_state.h"

#include <sys/socket.h>

#include <poll.h>

#include "clock.h"
#include "limits.h"

#include "banned.h"

/* A FIN behind bytes that are not read yet: POLLRDHUP tells; elsewhere only
 * reading ahead does. */
#if defined(POLLRDHUP) && !defined(CCP_PORTABLE)
#define FIN_EVENT POLLRDHUP
#else
#define FIN_EVENT 0
#endif
#define LOST_EVENTS (POLLERR | POLLHUP | POLLNVAL)

static bool
is_over(const struct http_conn *c)
{
	return c->phase == END || c->phase == GONE;
}

static bool
is_owed(const struct http_conn *c)
{
	return c->phase == DECIDE || c->phase == OWED || c->phase == STREAM;
}

static bool
is_reading(const struct http_conn *c)
{
	if (c->input_ended || c->input.len >= HTTP_CONN_INPUT_BYTES)
		return false;
	return c->phase == IDLE || c->phase == HEAD || c->phase == BODY ||
	       c->phase == LINGER;
}

void
http_conn_enter(struct http_conn *c, enum phase phase, int64_t ms)
{
	c->phase = phase;
	c->deadline = clock_ms() + ms;
}

void
http_conn_lost(struct http_conn *c)
{
	c->phase = GONE;
	c->before_hold = 0;
	buf_free(&c->output);
}

/* Closing a socket with unread input resets the connection, which may take
 * the response away from a client that has not read it yet.  So the client
 * gets a FIN, and what it still sends is dropped (RFC 9112 9.6). */
void
http_conn_close_gently(struct http_conn *c)
{
	if (c->in.kind == IO_SOCKET && c->out.kind == IO_SOCKET &&
	    !c->input_ended && shutdown(c->out.fd, SHUT_WR) == 0) {
		http_conn_enter(c, LINGER, LIMIT_LINGER_MS);
		/* A full buffer would not be read into any more. */
		c->dropped = c->input.len;
		buf_clear(&c->input);
	} else {
		c->phase = END;
	}
}

/* Has the client said that it sends nothing more? */
static bool
client_is_done(const struct http_conn *c)
{
	return c->have_head && c->status == 0 && c->body_read &&
	       !c->framing.keep_alive && c->input.len == 0;
}

static void
response_written(struct http_conn *c)
{
	c->seen = 0;
	if (c->keep && c->input.len > 0)
		http_conn_enter(c, HEAD, LIMIT_HEAD_MS);
	else if (c->keep)
		http_conn_enter(c, IDLE, LIMIT_KEEPALIVE_MS);
	else if (client_is_done(c))
		c->phase = END;
	else
		http_conn_close_gently(c);
}

/* A window begins: until its end the client must take everything or
 * LIMIT_WRITE_MIN_BYTES. */
void
http_conn_pace(struct http_conn *c)
{
	c->stall = clock_ms() + LIMIT_WRITE_STALL_MS;
	c->taken = 0;
}

/* How much may be written now. */
static size_t
due(const struct http_conn *c)
{
	return c->held ? c->before_hold : c->output.len;
}

static void
write_some(struct http_conn *c)
{
	ssize_t n;

	n = io_write(&c->out, buf_str(&c->output), due(c));
	if (n == IO_AGAIN)
		return;
	if (n < 0) {
		http_conn_lost(c);
		return;
	}
	buf_consume(&c->output, (size_t)n);
	c->taken += (size_t)n;
	if (c->held)
		c->before_hold -= (size_t)n;
	if (due(c) > 0) {
		if (c->taken >= LIMIT_WRITE_MIN_BYTES)
			http_conn_pace(c);
		return;
	}
	c->stall = CLOCK_NEVER;
	if (c->phase == FLUSH && c->output.len == 0)
		response_written(c);
}

/* Where a write cannot wait it is tried at once, which saves a turn of the
 * loop. */
void
http_conn_send(struct http_conn *c)
{
	if (!buf_ok(&c->output)) {
		http_conn_lost(c);
		return;
	}
	if (c->output.len == 0) {
		if (c->phase == FLUSH)
			response_written(c);
		return;
	}
	if (c->stall == CLOCK_NEVER)
		http_conn_pace(c);
	if (c->out.kind != IO_SHARED)
		write_some(c);
}

static void
read_some(struct http_conn *c)
{
	size_t room;
	ssize_t n;
	char *to;

	to = buf_reserve(&c->input, LIMIT_READ_BYTES, &room);
	if (to == NULL) {
		if (!buf_ok(&c->input))
			http_conn_lost(c);
		return;
	}
	n = io_read(&c->in, to, room);
	if (n == IO_AGAIN)
		return;
	if (n <= 0) {
		c->input_ended = true;
		return;
	}
	buf_commit(&c->input, (size_t)n);
	if (c->phase == IDLE)
		http_conn_enter(c, HEAD, LIMIT_HEAD_MS);
}

static void
drop_input(struct http_conn *c)
{
	c->dropped += c->input.len;
	buf_clear(&c->input);
	if (c->input_ended || c->dropped > LIMIT_LINGER_BYTES ||
	    c->now >= c->deadline)
		c->phase = END;
}

/* Does the client still want the response that it is owed? */
static void
watch_client(struct http_conn *c, short in, short out)
{
	if (out & LOST_EVENTS)
		http_conn_lost(c);
	if (c->in.kind != IO_SOCKET)
		return;
	if (in & (FIN_EVENT | LOST_EVENTS))
		http_conn_lost(c);
	else if (in & POLLIN)
		read_some(c);
	if (c->input_ended)
		http_conn_lost(c);
}

void
http_conn_step(struct http_conn *c, const struct pollset *ps)
{
	short in = pollset_got(ps, c->in.fd);
	short out = pollset_got(ps, c->out.fd);

	c->now = clock_ms();
	if (due(c) > 0 && (out & (POLLOUT | LOST_EVENTS)))
		write_some(c);
	if (is_owed(c))
		watch_client(c, in, out);
	else if (is_reading(c) && (in & (POLLIN | LOST_EVENTS)))
		read_some(c);
	if (c->phase == LINGER)
		drop_input(c);
	if (!is_over(c) && c->now >= c->stall)
		http_conn_lost(c);
}

void
http_conn_poll(const struct http_conn *c, struct pollset *ps)
{
	if (is_over(c))
		return;
	if (due(c) > 0) {
		pollset_want(ps, c->out.fd, POLLOUT);
		pollset_until(ps, c->stall);
	}
	if (is_reading(c)) {
		pollset_want(ps, c->in.fd, POLLIN);
		/* One that has passed woke the owner, who may be too busy
		 * to ask what became of it; it must not spin. */
		if (c->now < c->deadline)
			pollset_until(ps, c->deadline);
	}
	if (!is_owed(c))
		return;
	/* A pipe whose reader is gone says so; unasked, but for macOS, where
	 * nothing is looked at for which no event is wanted.  The end of an
	 * input pipe would do the same, and means nothing. */
	pollset_want(ps, c->out.fd, POLLHUP);
	if (c->in.kind != IO_SOCKET)
		return;
	if (FIN_EVENT != 0)
		pollset_want(ps, c->in.fd, FIN_EVENT);
	else if (c->input.len < LIMIT_READ_BYTES)
		pollset_want(ps, c->in.fd, POLLIN);
}
