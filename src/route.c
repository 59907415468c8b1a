/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "route.h"

#include <string.h>

#include "chat.h"
#include "cleanup.h"
#include "health.h"
#include "models.h"

#include "banned.h"

static const struct route routes[] = {
    {"GET", "/health", false, false, false, health_serve},
    {"GET", "/v1/models", true, false, false, models_serve},
    {"GET", MODELS_BELOW, true, false, false, models_serve_one},
    {"POST", "/v1/chat/completions", true, true, true, chat_serve},
};
#define NROUTES (sizeof(routes) / sizeof(routes[0]))

static bool
method_is(const struct route *r, struct http_slice method)
{
	return http_slice_is(method, r->method) ||
	       (strcmp(r->method, "GET") == 0 && http_slice_is(method, "HEAD"));
}

static bool
path_is(const struct route *r, struct http_slice path)
{
	size_t len = strlen(r->path);

	if (path.len > 1 && path.at[path.len - 1] == '/')
		path.len--;
	if (r->path[len - 1] != '/')
		return http_slice_is(path, r->path);
	return path.len > len && memcmp(path.at, r->path, len) == 0;
}

/* The methods of a path, or of the whole server for "*". */
static void
add_methods(struct buf *to, struct http_slice path)
{
	bool every = http_slice_is(path, "*"), get = every, post = every;
	size_t i;

	for (i = 0; i < NROUTES; i++) {
		if (!path_is(&routes[i], path))
			continue;
		get |= strcmp(routes[i].method, "GET") == 0;
		post |= strcmp(routes[i].method, "POST") == 0;
	}
	if (get)
		buf_addstr(to, "GET, HEAD, ");
	if (post)
		buf_addstr(to, "POST, ");
	if (get || post)
		buf_addstr(to, "OPTIONS");
}

static void
no_route(struct exchange *x, const struct http_head *head, const char *allow,
    struct api_error *e)
{
	if (allow[0] == '\0') {
		api_error_set(e, 404, "invalid_request_error", "not_found",
		    "There is nothing at this path: see /v1/models and "
		    "/v1/chat/completions.");
		return;
	}
	exchange_field(x, "Allow", "%s", allow);
	if (http_slice_is(head->method, "OPTIONS")) {
		e->status = 0;
		exchange_empty(x, 204);
		return;
	}
	api_error_set(e, 405, "invalid_request_error", "method_not_allowed",
	    "This path takes %s.", allow);
}

const struct route *
route_find(
    struct exchange *x, const struct http_head *head, struct api_error *e)
{
	CLEANUP_BUF struct buf allow = BUF_INIT(64);
	size_t i;

	for (i = 0; i < NROUTES; i++) {
		if (path_is(&routes[i], head->path) &&
		    method_is(&routes[i], head->method))
			return &routes[i];
	}
	add_methods(&allow, head->path);
	no_route(x, head, buf_str(&allow), e);
	return NULL;
}
