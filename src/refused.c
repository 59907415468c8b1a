/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "refused.h"

#include <sys/socket.h>

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api_error.h"
#include "cleanup.h"
#include "clock.h"
#include "http_response.h"
#include "io.h"
#include "limits.h"

#include "banned.h"

#define RETRY_AFTER "1"

static void
drop(struct refused *r, size_t i)
{
	(void)close(r->fds[i]);
	r->n--;
	memmove(&r->fds[i], &r->fds[i + 1], (r->n - i) * sizeof(r->fds[0]));
	memmove(&r->deadlines[i], &r->deadlines[i + 1],
	    (r->n - i) * sizeof(r->deadlines[0]));
}

static void
answer(int conn)
{
	CLEANUP_BUF struct buf out = BUF_INIT(4096), json = BUF_INIT(2048);
	struct http_response head = {
	    .status = 503,
	    .length_kind = HTTP_LENGTH_KNOWN,
	    .type = "application/json; charset=utf-8",
	    .more = "Retry-After: " RETRY_AFTER "\r\n",
	    .date = (int64_t)time(NULL),
	};
	struct io_end end = io_end_of(conn);
	struct api_error e;

	api_error_set(&e, 503, "server_error", "too_many_connections",
	    "The proxy has as many connections as it may have "
	    "(MAX_CONNECTIONS): try again in a moment.");
	api_error_json(&json, &e);
	head.length = json.len;
	http_response_head(&out, &head);
	buf_add(&out, buf_str(&json), json.len);
	/* A fresh socket's buffer takes it whole. */
	(void)io_write(&end, buf_str(&out), out.len);
	(void)shutdown(conn, SHUT_WR);
}

void
refused_add(struct refused *r, int conn)
{
	answer(conn);
	if (r->n == REFUSED_MAX)
		drop(r, 0);
	r->fds[r->n] = conn;
	r->deadlines[r->n] = clock_ms() + LIMIT_LINGER_MS;
	r->n++;
}

void
refused_poll(const struct refused *r, struct pollset *ps)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		pollset_want(ps, r->fds[i], POLLIN);
		pollset_until(ps, r->deadlines[i]);
	}
}

/* Reads and drops; true once the client has closed, or failed to. */
static bool
drained(int conn)
{
	struct io_end end = io_end_of(conn);
	char waste[4096];
	ssize_t n = io_read(&end, waste, sizeof(waste));

	return n == 0 || n == IO_FAILED;
}

void
refused_step(struct refused *r, const struct pollset *ps)
{
	int64_t now = clock_ms();
	size_t i = 0;

	while (i < r->n) {
		if (now >= r->deadlines[i] ||
		    (pollset_got(ps, r->fds[i]) != 0 && drained(r->fds[i])))
			drop(r, i);
		else
			i++;
	}
}

void
refused_close(struct refused *r)
{
	while (r->n > 0)
		drop(r, 0);
}
