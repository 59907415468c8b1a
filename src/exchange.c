/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "random.h"
#include "request_log.h"

#include "banned.h"

#define FIELDS_BYTES 16384

static const char json_type[] = "application/json; charset=utf-8";

static bool
sane_id(struct http_slice s)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_.:/+=@";
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.at[i] == '\0' || strchr(good, s.at[i]) == NULL)
			return false;
	}
	return s.len > 0 && s.len <= LIMIT_REQUEST_ID_BYTES;
}

static void
set_id(struct exchange *x, const struct http_head *head)
{
	const struct http_field *own = NULL;

	if (head != NULL)
		own = http_field(head, "x-request-id", NULL);
	if (own != NULL && sane_id(own->value)) {
		memcpy(x->id, own->value.at, own->value.len);
		x->id[own->value.len] = '\0';
	} else {
		memcpy(x->id, "req_", 4);
		random_hex(x->id + 4, 12);
	}
}

static void
copy_slice(char *to, size_t size, struct http_slice s)
{
	(void)snprintf(
	    to, size, "%.*s", (int)(s.len < size ? s.len : size), s.at);
}

void
exchange_begin(struct exchange *x, const struct http_head *head)
{
	x->task = NULL;
	x->started = clock_ms();
	x->times = (struct request_times){.head = times_now()};
	x->status = 0;
	x->finished = false;
	x->wrong_key = false;
	x->record = (struct request_record){.mode = "", .first_byte_ms = -1};
	x->key_name = "";
	x->key_directory = NULL;
	buf_init(&x->fields, FIELDS_BYTES);
	(void)snprintf(x->method, sizeof(x->method), "-");
	(void)snprintf(x->path, sizeof(x->path), "-");
	if (head != NULL) {
		copy_slice(x->method, sizeof(x->method), head->method);
		copy_slice(x->path, sizeof(x->path), head->path);
	}
	x->session = NULL;
	set_id(x, head);
	exchange_field(x, "X-Request-Id", "%s", x->id);
}

void
exchange_end(struct exchange *x)
{
	buf_free(&x->fields);
}

void
exchange_field(struct exchange *x, const char *name, const char *fmt, ...)
{
	va_list ap;

	buf_addstr(&x->fields, name);
	buf_addstr(&x->fields, ": ");
	va_start(ap, fmt);
	(void)buf_vaddf(&x->fields, fmt, ap);
	va_end(ap);
	buf_addstr(&x->fields, "\r\n");
}

static void
add_session(struct exchange *x)
{
	if (x->session != NULL)
		exchange_field(x, "X-CCP-Session", "%s", x->session);
}

/* Nobody may take a part for the whole. */
static void
out_of_memory(struct exchange *x)
{
	log_error("%s out of memory", x->id);
	exchange_failed(x, "out_of_memory");
	http_conn_abort(x->conn);
}

static void
respond(struct exchange *x, int status, const char *type, const char *body,
    size_t len)
{
	x->status = status;
	x->finished = true;
	add_session(x);
	if (!buf_ok(&x->fields)) {
		out_of_memory(x);
		return;
	}
	http_conn_respond(
	    x->conn, status, type, buf_str(&x->fields), body, len);
}

void
exchange_json(struct exchange *x, int status, const struct buf *json)
{
	struct api_error e;

	if (buf_ok(json)) {
		respond(x, status, json_type, buf_str(json), json->len);
		return;
	}
	api_error_set(&e, 500, "server_error", NULL,
	    "The answer is too large for this proxy's memory.");
	exchange_error(x, &e);
}

void
exchange_error(struct exchange *x, const struct api_error *e)
{
	CLEANUP_BUF struct buf json = BUF_INIT(8 * LIMIT_ERROR_TEXT_BYTES);

	exchange_failed(x, e->code == NULL ? e->type : e->code);
	if (e->retry_after > 0)
		exchange_field(x, "Retry-After", "%ld", e->retry_after);
	api_error_json(&json, e);
	if (buf_ok(&json))
		respond(x, e->status, json_type, buf_str(&json), json.len);
	else
		exchange_empty(x, e->status);
}

void
exchange_empty(struct exchange *x, int status)
{
	respond(x, status, NULL, "", 0);
}

void
exchange_stream_begin(struct exchange *x)
{
	exchange_field(x, "Cache-Control", "no-cache");
	exchange_field(x, "X-Accel-Buffering", "no");
	x->status = 200;
	add_session(x);
	if (!buf_ok(&x->fields)) {
		out_of_memory(x);
		return;
	}
	http_conn_stream_begin(x->conn, 200, "text/event-stream; charset=utf-8",
	    buf_str(&x->fields));
}

void
exchange_event_begin(struct buf *event)
{
	buf_clear(event);
	buf_addstr(event, "data: ");
}

void
exchange_stream_event(struct exchange *x, struct buf *event)
{
	if (buf_addstr(event, EXCHANGE_EVENT_END))
		http_conn_stream_data(x->conn, buf_str(event), event->len);
	else
		out_of_memory(x);
}

void
exchange_stream_parts(
    struct exchange *x, const struct http_slice *parts, size_t nparts)
{
	http_conn_stream_parts(x->conn, parts, nparts);
}

void
exchange_stream_comment(struct exchange *x)
{
	static const char comment[] = ": still working\n\n";

	http_conn_stream_data(x->conn, comment, sizeof(comment) - 1);
}

void
exchange_stream_end(struct exchange *x, bool done)
{
	static const char last[] = "data: [DONE]\n\n";

	if (done)
		http_conn_stream_data(x->conn, last, sizeof(last) - 1);
	x->finished = true;
	http_conn_stream_end(x->conn, done);
}

void
exchange_spoken(struct exchange *x)
{
	if (x->record.first_byte_ms == -1)
		x->record.first_byte_ms = clock_ms() - x->started;
	if (x->times.word == 0)
		x->times.word = x->times.heard;
}

static void
copy_text(char *to, size_t size, const char *text)
{
	(void)snprintf(to, size, "%s", text);
}

void
exchange_failed(struct exchange *x, const char *code)
{
	if (x->record.error[0] == '\0')
		copy_text(x->record.error, sizeof(x->record.error), code);
}

static int64_t
unix_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
exchange_log(struct exchange *x)
{
	struct request_record *r = &x->record;

	r->when_ms = unix_ms();
	r->total_ms = clock_ms() - x->started;
	r->status = x->status;
	r->session = x->session;
	copy_text(r->id, sizeof(r->id), x->id);
	copy_text(r->method, sizeof(r->method), x->method);
	copy_text(r->path, sizeof(r->path), x->path);
	copy_text(r->key_name, sizeof(r->key_name), x->key_name);
	copy_text(r->client, sizeof(r->client), x->client);
	request_log(r);
	times_log(&x->times, x->id);
}
