/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "route.h"

#include <stdio.h>
#include <string.h>

#include "chat.h"
#include "exchange_bed.h"
#include "health.h"
#include "models.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct api_error error;

static const struct route *
find(const char *method, const char *target)
{
	char text[1024];

	(void)snprintf(text, sizeof text, "%s %s HTTP/1.1\nHost: localhost\n\n",
	    method, target);
	error.status = -1;
	return route_find(&bed_x, exchange_bed_request(text), &error);
}

START_TEST(the_endpoints)
{
	static const struct {
		const char *method, *target;
		void (*serve)(struct exchange *x);
		bool needs_key, takes_json;
	} rows[] = {
	    {"GET", "/health", health_serve, false, false},
	    {"HEAD", "/health", health_serve, false, false},
	    {"GET", "/v1/models", models_serve, true, false},
	    {"HEAD", "/v1/models", models_serve, true, false},
	    {"GET", "/v1/models?limit=2&x", models_serve, true, false},
	    {"GET", "http://localhost/v1/models", models_serve, true, false},
	    {"GET", "/v1/models/", models_serve, true, false},
	    {"GET", "/v1/models/?x", models_serve, true, false},
	    {"GET", "/v1/models/x", models_serve_one, true, false},
	    {"HEAD", "/v1/models/a/b/", models_serve_one, true, false},
	    {"GET", "/health/", health_serve, false, false},
	    {"POST", "/v1/chat/completions", chat_serve, true, true},
	    {"POST", "/v1/chat/completions/", chat_serve, true, true},
	    {"POST", "/v1/chat/completions?api-version=1", chat_serve, true,
		true},
	};
	const struct route *route;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		route = find(rows[i].method, rows[i].target);
		ck_assert_msg(route != NULL, "%s", rows[i].target);
		ck_assert(route->serve == rows[i].serve);
		ck_assert(route->needs_key == rows[i].needs_key);
		ck_assert(route->takes_json == rows[i].takes_json);
		ck_assert(!bed_x.finished);
	}
}
END_TEST

START_TEST(no_such_path)
{
	static const char *const targets[] = {"/", "//", "/v1", "/v1/",
	    "/v1/models//", "/v1/modelsx", "/V1/models", "/health//",
	    "//health", "/healthz", "/v1/chat/completion", "/v1%2Fmodels",
	    "/v1/../health", "/*"};
	static const char *const methods[] = {
	    "GET", "HEAD", "POST", "OPTIONS", "DELETE"};
	size_t i, k;

	for (i = 0; i < COUNT(targets); i++) {
		for (k = 0; k < COUNT(methods); k++) {
			ck_assert_msg(find(methods[k], targets[i]) == NULL,
			    "%s", targets[i]);
			ck_assert_int_eq(error.status, 404);
			ck_assert_str_eq(error.type, "invalid_request_error");
			ck_assert(!bed_x.finished);
		}
	}
}
END_TEST

static void
assert_refused(const char *method, const char *target, const char *allow)
{
	ck_assert_ptr_null(find(method, target));
	ck_assert_int_eq(error.status, 405);
	exchange_error(&bed_x, &error);
	ck_assert_str_eq(exchange_bed_field("Allow"), allow);
}

START_TEST(no_such_method)
{
	assert_refused("POST", "/health", "GET, HEAD, OPTIONS");
	assert_refused("PUT", "/v1/models", "GET, HEAD, OPTIONS");
	assert_refused("PUT", "/v1/models/", "GET, HEAD, OPTIONS");
	assert_refused("DELETE", "/v1/models/x", "GET, HEAD, OPTIONS");
	assert_refused("GET", "/v1/chat/completions", "POST, OPTIONS");
	assert_refused("HEAD", "/v1/chat/completions", "POST, OPTIONS");
	assert_refused("DELETE", "/v1/chat/completions", "POST, OPTIONS");
	/* Methods are case-sensitive. */
	assert_refused("get", "/health", "GET, HEAD, OPTIONS");
	assert_refused("GETS", "/health", "GET, HEAD, OPTIONS");
}
END_TEST

static void
assert_options(const char *target, const char *allow)
{
	char text[256];

	ck_assert_ptr_null(find("OPTIONS", target));
	ck_assert_int_eq(error.status, 0);
	ck_assert(bed_x.finished);
	(void)snprintf(text, sizeof text,
	    "HTTP/1.1 204 No Content\nConnection: keep-alive\n"
	    "X-Request-Id: *\nAllow: %s\n\n",
	    allow);
	ck_assert_str_eq(exchange_bed_answer(), text);
}

START_TEST(options_tells_the_methods)
{
	assert_options("/health", "GET, HEAD, OPTIONS");
	assert_options("/v1/chat/completions", "POST, OPTIONS");
	assert_options("*", "GET, HEAD, POST, OPTIONS");
}
END_TEST

START_TEST(health_and_models_answer)
{
	find("GET", "/health")->serve(&bed_x);
	ck_assert_str_eq(exchange_bed_answer(),
	    "HTTP/1.1 200 OK\nConnection: keep-alive\n"
	    "Content-Type: application/json; charset=utf-8\n"
	    "Content-Length: *\nX-Request-Id: *\n\n{\"status\":\"ok\"}");
	find("GET", "/v1/models")->serve(&bed_x);
	ck_assert_ptr_nonnull(strstr(exchange_bed_answer(),
	    "{\"object\":\"list\",\"data\":[{\"id\":\"sonnet\","));
	ck_assert_ptr_nonnull(
	    strstr(exchange_bed_answer(), "\"claude-opus-4-6\""));
}
END_TEST

Suite *
suite_route(void)
{
	Suite *s = suite_create("route");
	TCase *t = tcase_create("route");

	tcase_add_checked_fixture(t, exchange_bed_open, exchange_bed_close);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_endpoints);
	tcase_add_test(t, no_such_path);
	tcase_add_test(t, no_such_method);
	tcase_add_test(t, options_tells_the_methods);
	tcase_add_test(t, health_and_models_answer);
	suite_add_tcase(s, t);
	return s;
}
