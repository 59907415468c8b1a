/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conn_bed.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "clock.h"

#define PATIENCE 200 /* turns of 5 ms */

static void
make_tcp(int ret_fds[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int small = 65536; /* so that much output fills the buffers */

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(
	    bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(
	    getsockname(listener, (struct sockaddr *)&address, &len), 0);
	ret_fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	(void)setsockopt(
	    ret_fds[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	ck_assert_int_eq(
	    connect(ret_fds[0], (struct sockaddr *)&address, len), 0);
	ret_fds[1] = accept(listener, NULL, NULL);
	ck_assert_int_ge(ret_fds[1], 0);
	(void)setsockopt(
	    ret_fds[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	(void)close(listener);
}

static void
make_pipes(struct bed *b)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	b->in = fds[0];
	b->to = fds[1];
	ck_assert_int_eq(pipe(fds), 0);
	b->from = fds[0];
	b->out = fds[1];
}

void
bed_open(struct bed *b, enum bed_kind kind)
{
	int fds[2];

	(void)signal(SIGPIPE, SIG_IGN);
	memset(b, 0, sizeof *b);
	if (kind == BED_PIPES) {
		make_pipes(b);
	} else {
		if (kind == BED_TCP)
			make_tcp(fds);
		else
			ck_assert_int_eq(
			    socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		b->to = b->from = fds[0];
		b->in = b->out = fds[1];
	}
	/* The client's own descriptions, so this does not touch the others. */
	ck_assert_int_eq(fcntl(b->to, F_SETFL, O_NONBLOCK | O_RDWR), 0);
	ck_assert_int_eq(fcntl(b->from, F_SETFL, O_NONBLOCK | O_RDWR), 0);
	buf_init(&b->got, 100 * 1024 * 1024);
	b->c = http_conn_new(b->in, b->out);
	ck_assert_ptr_nonnull(b->c);
}

void
bed_open_fds(struct bed *b, int in, int out)
{
	memset(b, 0, sizeof *b);
	b->in = in;
	b->out = out;
	b->to = b->from = -1;
	b->c = http_conn_new(in, out);
	ck_assert_ptr_nonnull(b->c);
}

static void
close_end(int *fd, int *same)
{
	if (*same == *fd)
		*same = -1;
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void
bed_close(struct bed *b)
{
	if (b->in >= 0) {
		ck_assert(aid_shared(b->in));
		ck_assert(aid_shared(b->out));
	}
	http_conn_free(b->c);
	bed_server_exits(b);
	close_end(&b->to, &b->from);
	close_end(&b->from, &b->to);
	buf_free(&b->got);
}

void
bed_server_exits(struct bed *b)
{
	close_end(&b->in, &b->out);
	close_end(&b->out, &b->in);
}

void
bed_turn(struct bed *b, int ms)
{
	struct pollset ps;

	pollset_reset(&ps);
	http_conn_poll(b->c, &ps);
	pollset_until(&ps, clock_ms() + ms);
	ck_assert_int_eq(pollset_wait(&ps), 0);
	http_conn_step(b->c, &ps);
}

void
bed_send_bytes(struct bed *b, const char *bytes, size_t len)
{
	ssize_t n;
	int tries = 0;

	while (len > 0) {
		n = write(b->to, bytes, len);
		if (n < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			ck_assert_int_lt(tries++, PATIENCE);
			bed_turn(b, 5);
			ck_assert_int_eq(
			    http_conn_next(b->c), HTTP_CONN_NOTHING);
			continue;
		}
		bytes += n;
		len -= (size_t)n;
		tries = 0;
	}
}

void
bed_send(struct bed *b, const char *text)
{
	bed_send_bytes(b, text, strlen(text));
}

void
bed_send_end(struct bed *b)
{
	if (b->to == b->from) {
		ck_assert_int_eq(shutdown(b->to, SHUT_WR), 0);
	} else {
		(void)close(b->to);
		b->to = -1;
	}
}

void
bed_leave(struct bed *b)
{
	struct linger reset = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(b->to, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close_end(&b->to, &b->from);
	close_end(&b->from, &b->to);
}

void
bed_read(struct bed *b)
{
	char *to;
	size_t room;
	ssize_t n = 1;

	while (n > 0) {
		to = buf_reserve(&b->got, 65536, &room);
		ck_assert_ptr_nonnull(to);
		n = read(b->from, to, room);
		if (n > 0)
			buf_commit(&b->got, (size_t)n);
	}
	if (n == 0)
		b->got_end = true;
	else if (errno == ECONNRESET)
		b->got_reset = true;
	else
		ck_assert_int_eq(errno, EAGAIN);
}

enum http_conn_event
bed_event(struct bed *b)
{
	enum http_conn_event event = http_conn_next(b->c);
	int i;

	for (i = 0; i < PATIENCE && event == HTTP_CONN_NOTHING; i++) {
		bed_turn(b, 5);
		event = http_conn_next(b->c);
	}
	return event;
}

void
bed_expect(struct bed *b, enum http_conn_event event)
{
	ck_assert_int_eq(bed_event(b), event);
}

void
bed_expect_nothing(struct bed *b)
{
	int i;

	for (i = 0; i < 10; i++) {
		ck_assert_int_eq(http_conn_next(b->c), HTTP_CONN_NOTHING);
		bed_turn(b, 1);
	}
	ck_assert_int_eq(http_conn_next(b->c), HTTP_CONN_NOTHING);
}

/* Every response has one; its form is another test's. */
static void
cut_dates(struct buf *b)
{
	static const char end[] = " GMT\r\n";
	struct buf rest = BUF_INIT(b->max);
	const char *at = buf_str(b), *date;

	while ((date = strstr(at, "\r\nDate: ")) != NULL) {
		date += 2;
		(void)buf_add(&rest, at, (size_t)(date - at));
		at = strstr(date, end);
		ck_assert_ptr_nonnull(at);
		at += sizeof end - 1;
	}
	(void)buf_addstr(&rest, at);
	buf_free(b);
	*b = rest;
}

void
bed_expect_text(struct bed *b, const char *want)
{
	int i;

	for (i = 0; i < PATIENCE && b->got.len < strlen(want); i++) {
		bed_turn(b, 5);
		bed_read(b);
		cut_dates(&b->got);
	}
	ck_assert_str_eq(buf_str(&b->got), want);
	buf_clear(&b->got);
}

void
bed_expect_end(struct bed *b)
{
	int i;

	for (i = 0; i < PATIENCE && !b->got_end && !b->got_reset; i++) {
		bed_turn(b, 5);
		bed_read(b);
	}
	ck_assert(b->got_end);
	ck_assert_str_eq(buf_str(&b->got), "");
}

void
bed_expect_request(struct bed *b)
{
	bed_expect(b, HTTP_CONN_HEAD);
	http_conn_read_body(b->c);
	bed_expect(b, HTTP_CONN_REQUEST);
}

void
bed_expect_last(struct bed *b, const char *status_line)
{
	struct buf want = BUF_INIT(1000);

	buf_addf(&want,
	    "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
	    status_line);
	bed_expect_text(b, buf_str(&want));
	buf_free(&want);
	if (b->to != b->from) {
		bed_expect(b, HTTP_CONN_END);
		bed_server_exits(b);
		bed_expect_end(b);
		return;
	}
	bed_expect_end(b);
	bed_expect_nothing(b);
	bed_send_end(b);
	bed_expect(b, HTTP_CONN_END);
}

void
bed_expect_bad(struct bed *b, int status, const char *status_line)
{
	bed_expect(b, HTTP_CONN_BAD);
	ck_assert_int_eq(http_conn_status(b->c), status);
	http_conn_respond(b->c, status, NULL, NULL, "", 0);
	bed_expect_last(b, status_line);
}
