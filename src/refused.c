/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "refused.h"

#include <sys/socket.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "http_response.h"
#include "io.h"
#include "limits.h"
#include "log.h"
#include "random.h"

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
answer(int conn, const struct api_error *why)
{
	CLEANUP_BUF struct buf out = BUF_INIT(4096), json = BUF_INIT(2048);
	char more[128], id[25];
	struct http_response head = {
	    .status = why->status,
	    .length_kind = HTTP_LENGTH_KNOWN,
	    .type = "application/json; charset=utf-8",
	    .more = more,
	    .date = (int64_t)time(NULL),
	};
	struct io_end end = io_end_of(conn);

	random_hex(id, 12);
	(void)snprintf(more, sizeof(more),
	    "X-Request-Id: req_%s\r\nRetry-After: " RETRY_AFTER "\r\n", id);
	api_error_json(&json, why);
	head.length = json.len;
	http_response_head(&out, &head);
	buf_add(&out, buf_str(&json), json.len);
	/* A fresh socket's buffer takes it whole. */
	(void)io_write(&end, buf_str(&out), out.len);
	(void)shutdown(conn, SHUT_WR);
	log_warn("req_%s - - %d: %s", id, why->status, why->message);
}

void
refused_add(struct refused *r, int conn, const struct api_error *why)
{
	answer(conn, why);
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
