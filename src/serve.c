/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "serve.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "access.h"
#include "address.h"
#include "exchange.h"
#include "http_response.h"
#include "io.h"
#include "ledger.h"
#include "limits.h"
#include "log.h"
#include "route.h"
#include "signals.h"
#include "wrong_key.h"

#include "banned.h"

struct server {
	struct http_conn *conn;
	const struct settings *settings;
	const struct api_error *refusal; /* of every request, or NULL */
	struct exchange x;         /* the request under way, or the last */
	const struct route *route; /* of x, once it is admitted */
	unsigned wrong_keys;       /* on this connection */
	bool open;                 /* x is a request to be answered */
	bool over;                 /* the connection is */
};

/* A request's beginning: who asks, for what, in which form. */

static void
begin(struct server *s, const struct http_head *head)
{
	exchange_end(&s->x);
	exchange_begin(&s->x, head);
	s->route = NULL;
	s->open = true;
}

static void
refuse_bad(struct server *s, int status)
{
	struct api_error e;

	/* It may have been admitted already, if it is the body that is bad:
	 * then it keeps its id, its time and what its page may read. */
	if (!s->open)
		begin(s, http_conn_head(s->conn));
	if (status == 413)
		api_error_set(&e, 413, "invalid_request_error", NULL,
		    "The body is longer than the %u MiB that are taken: send "
		    "less of the conversation.",
		    LIMIT_BODY_BYTES >> 20);
	else if (status == 500)
		api_error_set(&e, 500, "server_error", NULL, "Out of memory.");
	else
		api_error_set(&e, status, "invalid_request_error", NULL,
		    "This is not an HTTP request that can be served: %s.",
		    http_reason(status));
	exchange_error(&s->x, &e);
}

/* Whatever it is, it is not to be served. */
static bool
refused(struct server *s, struct api_error *e)
{
	if (s->refusal == NULL)
		return false;
	*e = *s->refusal;
	http_conn_close_after(s->conn);
	return true;
}

/* The media type without its parameters (RFC 9110 8.3.1). */
static bool
is_json(const struct http_head *head)
{
	const struct http_field *field = http_field(head, "content-type", NULL);
	struct http_slice type;

	if (field == NULL)
		return false;
	type =
	    http_slice_first(field->value, http_slice_find(field->value, ";"));
	return http_slice_is_nocase(http_slice_trim(type), "application/json");
}

/* Compressed, say (RFC 9110 8.4): nothing here undoes that. */
static bool
is_coded(const struct http_head *head)
{
	const struct http_field *field;
	size_t n;

	field = http_field(head, "content-encoding", &n);
	return n > 1 || (n == 1 && field->value.len > 0 &&
			    !http_slice_is_nocase(field->value, "identity"));
}

static bool
form_allowed(struct server *s, const struct route *route,
    const struct http_head *head, struct api_error *e)
{
	if (!route->takes_json)
		return true;
	if (!is_json(head)) {
		api_error_set(e, 415, "invalid_request_error", NULL,
		    "The request needs Content-Type: application/json.");
		return false;
	}
	if (is_coded(head)) {
		exchange_field(&s->x, "Accept-Encoding", "identity");
		api_error_set(e, 415, "invalid_request_error", NULL,
		    "The body must not have a Content-Encoding.");
		return false;
	}
	if (http_conn_framing(s->conn)->kind == HTTP_BODY_NONE) {
		api_error_set(e, 411, "invalid_request_error", NULL,
		    "The request needs a body with Content-Length or chunked "
		    "coding.");
		return false;
	}
	return true;
}

/* The checks that need no body, in order.  The route, or NULL when answered
 * already (e->status 0) or to be answered with *e. */
static const struct route *
admit(struct server *s, const struct http_head *head, struct api_error *e)
{
	const struct route *route;

	e->status = 0;
	if (refused(s, e) || !access_from(&s->x, head, e))
		return NULL;
	if (access_preflight(&s->x, head))
		return NULL;
	route = route_find(&s->x, head, e);
	if (route == NULL || (route->needs_key && !access_key(&s->x, head, e)))
		return NULL;
	return form_allowed(s, route, head, e) ? route : NULL;
}

static void
on_head(struct server *s)
{
	struct api_error e;

	begin(s, http_conn_head(s->conn));
	s->route = admit(s, http_conn_head(s->conn), &e);
	if (s->route != NULL)
		http_conn_read_body(s->conn);
	else if (s->x.wrong_key)
		wrong_key_answer(&s->x, &e, ++s->wrong_keys);
	else if (e.status != 0)
		exchange_error(&s->x, &e);
}

static void
on_request(struct server *s)
{
	assert(s->route != NULL); /* else its body had not been asked for */
	s->route->serve(&s->x);
}

/* The request is over: it is logged, and noted if it may have cost something.
 * A ledger that cannot be written harms nobody. */
static void
close_request(struct server *s)
{
	s->open = false;
	exchange_log(&s->x);
	if (s->route == NULL || !s->route->counted ||
	    strcmp(s->settings->usage_ledger, "on") != 0)
		return;
	if (ledger_add(&s->x.record, s->x.env) == -1)
		log_warn(
		    "%s the ledger of usage: %s", s->x.id, strerror(errno));
}

static void
on_over(struct server *s)
{
	if (s->x.task != NULL)
		s->x.task->ops->cancel(s->x.task);
	if (s->open && !s->x.finished) {
		exchange_failed(&s->x, "client_left");
		close_request(s);
	}
	s->open = false;
	s->over = true;
}

static void
log_answer(struct server *s)
{
	if (!s->open || !s->x.finished)
		return;
	close_request(s);
}

/* What happened on the connection.  One request at a time: while Claude is
 * being stopped behind the last answer, the next request waits. */
static void
take_events(struct server *s)
{
	enum http_conn_event event = HTTP_CONN_HEAD;

	while (!s->over && event != HTTP_CONN_NOTHING) {
		if (s->x.task != NULL && s->x.finished)
			return;
		event = http_conn_next(s->conn);
		if (event == HTTP_CONN_HEAD)
			on_head(s);
		else if (event == HTTP_CONN_REQUEST)
			on_request(s);
		else if (event == HTTP_CONN_BAD)
			refuse_bad(s, http_conn_status(s->conn));
		else if (event != HTTP_CONN_NOTHING)
			on_over(s);
		log_answer(s); /* before a pipelined request takes its place */
	}
}

/* TERM: whoever waits is told; Claude is stopped.  HUP: the request under way
 * is finished, then the connection ends. */
static void
take_signals(struct server *s)
{
	struct signals_seen seen = signals_take();
	struct api_error e;

	if (seen.stop || seen.hup) {
		http_conn_shutdown(s->conn);
		if (s->x.keeper != NULL)
			keeper_stop(s->x.keeper, seen.stop);
	}
	if (!seen.stop || !s->open || s->x.finished)
		return;
	api_error_set(&e, 503, "server_error", "shutting_down",
	    "The proxy is shutting down.");
	if (s->x.task != NULL)
		s->x.task->ops->abort(s->x.task, &e);
	else /* its body is still on the way */
		exchange_error(&s->x, &e);
}

/* Frees a task that is done; was there one? */
static bool
retire(struct server *s)
{
	struct task *task = s->x.task;

	if (task == NULL || !task->ops->done(task))
		return false;
	task->ops->free(task);
	s->x.task = NULL;
	return true;
}

static void
turn(struct server *s, struct pollset *ps)
{
	struct task *task = s->x.task;

	pollset_reset(ps);
	pollset_want(ps, signals_fd(), POLLIN);
	if (!s->over)
		http_conn_poll(s->conn, ps);
	if (task != NULL)
		task->ops->poll(task, ps);
	if (s->x.keeper != NULL)
		keeper_poll(s->x.keeper, ps);
	if (pollset_wait(ps) == -1 && !s->over) {
		log_error("poll: %s", strerror(errno));
		on_over(s);
	}
	take_signals(s);
	/* Before the connection: what has ended is not given to a request. */
	if (s->x.keeper != NULL)
		keeper_step(s->x.keeper, ps);
	if (!s->over)
		http_conn_step(s->conn, ps);
	if (task != NULL)
		task->ops->step(task, ps);
	(void)retire(s);
	/* Again behind a task that was answered or cancelled before it had
	 * anything to stop: what waits behind it makes no descriptor ready. */
	do {
		log_answer(s);
		take_events(s);
	} while (retire(s));
	log_answer(s);
}

static int
serve(struct server *s, int in, int out, char *const *env)
{
	struct pollset ps;

	io_no_delay(in);
	io_small_buffer(out, LIMIT_SOCKET_BYTES);
	s->conn = http_conn_new(in, out);
	if (s->conn == NULL)
		return -1;
	s->x.conn = s->conn;
	s->x.settings = s->settings;
	s->x.env = env;
	s->x.reachable = address_fd_reachable(in);
	address_fd_peer(in, s->x.client, sizeof(s->x.client));
	address_fd_user(in, s->x.user, sizeof(s->x.user));
	while (!s->over || s->x.task != NULL)
		turn(s, &ps);
	exchange_end(&s->x);
	http_conn_free(s->conn);
	return 0;
}

int
serve_refusal(int in, int out, const struct api_error *why)
{
	static char *no_env[] = {NULL};
	struct server s = {.refusal = why};

	return serve(&s, in, out, no_env);
}

void
serve_keeper(struct keeper *keeper)
{
	struct signals_seen seen;
	struct pollset ps;

	while (!keeper_empty(keeper)) {
		pollset_reset(&ps);
		pollset_want(&ps, signals_fd(), POLLIN);
		keeper_poll(keeper, &ps);
		if (pollset_wait(&ps) == -1)
			return;
		seen = signals_take();
		if (seen.stop || seen.hup)
			keeper_stop(keeper, seen.stop);
		keeper_step(keeper, &ps);
	}
}

int
serve_connection(int in, int out, const struct settings *settings,
    char *const *env, struct keeper *keeper)
{
	struct server s = {.settings = settings, .x.keeper = keeper};
	struct api_error e;

	if (settings == NULL) {
		api_error_set(&e, 500, "server_error", "configuration",
		    "The configuration of this proxy is broken: its log names "
		    "the line.");
		return serve_refusal(in, out, &e);
	}
	return serve(&s, in, out, env);
}
