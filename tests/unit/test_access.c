/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "access.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "exchange_bed.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct api_error error;

/* A GET with these field lines, each with its LF. */
static const struct http_head *
get(const char *fields)
{
	char text[8192];

	(void)snprintf(
	    text, sizeof text, "GET /v1/models HTTP/1.1\n%s\n", fields);
	return exchange_bed_request(text);
}

static bool
host_passes(const char *host)
{
	char fields[1024];

	(void)snprintf(fields, sizeof fields, "Host: %s\n", host);
	if (access_from(&bed_x, get(fields), &error))
		return true;
	ck_assert_int_eq(error.status, 403);
	ck_assert_str_eq(error.code, "host_not_allowed");
	return false;
}

START_TEST(hosts)
{
	static const char *const pass[] = {"localhost", "localhost:8888",
	    "LOCALHOST", "localhost.:80", "ccp.localhost:1", "127.0.0.1",
	    "127.0.0.1:8888", "[::1]", "[::1]:8888", "192.168.7.7:8888",
	    "[fd00::1]"};
	static const char *const refused[] = {"example.com", "example.com:8888",
	    "localhost.example.com", "127.0.0.1.nip.io", "xlocalhost", "127.1",
	    "", ":8888", "ccp"};
	size_t i;

	for (i = 0; i < COUNT(pass); i++)
		ck_assert_msg(host_passes(pass[i]), "%s", pass[i]);
	for (i = 0; i < COUNT(refused); i++)
		ck_assert_msg(!host_passes(refused[i]), "%s", refused[i]);
}
END_TEST

START_TEST(allowed_hosts)
{
	bed_settings.host = "ccp.lan";
	bed_settings.allowed_hosts = "one.example, TWO.example";
	ck_assert(host_passes("ccp.lan"));
	ck_assert(host_passes("CCP.lan:8888"));
	ck_assert(host_passes("one.example:80"));
	ck_assert(host_passes("two.EXAMPLE"));
	ck_assert(!host_passes("one.example,"));
	ck_assert(!host_passes("one"));
	ck_assert(!host_passes("x.one.example"));
	ck_assert(!host_passes("one.example.x"));
	ck_assert(!host_passes(""));
}
END_TEST

START_TEST(http_1_0_needs_no_host)
{
	ck_assert(access_from(
	    &bed_x, exchange_bed_request("GET / HTTP/1.0\n\n"), &error));
}
END_TEST

/* RFC 9112 3.2.2: Host does not count then. */
START_TEST(an_absolute_target_names_the_host)
{
	ck_assert(!access_from(&bed_x,
	    exchange_bed_request("GET http://evil.example/v1/models HTTP/1.1\n"
				 "Host: localhost\n\n"),
	    &error));
	ck_assert_str_eq(error.code, "host_not_allowed");
	ck_assert(access_from(&bed_x,
	    exchange_bed_request("GET http://localhost:8888/ HTTP/1.1\n"
				 "Host: evil.example\n\n"),
	    &error));
}
END_TEST

/* The Access-Control-Allow-Origin of an answer, NULL if refused. */
static const char *
origin_gets(const char *origin)
{
	char fields[2048];

	(void)snprintf(
	    fields, sizeof fields, "Host: localhost\nOrigin: %s\n", origin);
	if (!access_from(&bed_x, get(fields), &error)) {
		ck_assert_int_eq(error.status, 403);
		ck_assert_str_eq(error.code, "origin_not_allowed");
		exchange_error(&bed_x, &error);
		ck_assert_ptr_null(
		    exchange_bed_field("Access-Control-Allow-Origin"));
		return NULL;
	}
	exchange_empty(&bed_x, 204);
	ck_assert_str_eq(exchange_bed_field("Vary"), "Origin");
	ck_assert_ptr_nonnull(
	    exchange_bed_field("Access-Control-Expose-Headers"));
	return exchange_bed_field("Access-Control-Allow-Origin");
}

START_TEST(with_the_default_key_only_loopback_origins)
{
	static const char *const pass[] = {"http://localhost",
	    "http://localhost:3000", "https://localhost",
	    "HTTP://LOCALHOST:3000", "http://app.localhost:1",
	    "http://127.0.0.1:5173", "https://127.8.8.8", "http://[::1]:80"};
	static const char *const refused[] = {"https://example.com",
	    "http://localhost.example.com", "http://127.0.0.1.nip.io",
	    "http://192.168.1.2", "http://[fd00::1]", "null", "*", "",
	    "localhost", "file://localhost", "http://", "https://",
	    "http://localhost:80@example.com", "http://localhost@example.com",
	    "http://user@localhost", "http://localhost/",
	    "http://localhost:80x", "http://localhost https://example.com",
	    "chrome-extension://localhost"};
	static const char *const cors[] = {"*", "https://example.com", ""};
	size_t i, k;

	for (k = 0; k < COUNT(cors); k++) {
		bed_settings.cors_origin = cors[k];
		for (i = 0; i < COUNT(pass); i++)
			ck_assert_str_eq(origin_gets(pass[i]), pass[i]);
		for (i = 0; i < COUNT(refused); i++)
			ck_assert_msg(
			    origin_gets(refused[i]) == NULL, "%s", refused[i]);
	}
}
END_TEST

START_TEST(with_an_own_key_cors_origin_decides)
{
	bed_settings.api_key = "of-my-own";
	bed_settings.cors_origin = "*";
	ck_assert_str_eq(
	    origin_gets("https://example.com"), "https://example.com");
	ck_assert_str_eq(origin_gets("http://localhost"), "http://localhost");
	ck_assert_ptr_null(origin_gets("null")); /* a sandboxed page */
	bed_settings.cors_origin =
	    "https://one.example, https://two.example:444";
	ck_assert_str_eq(
	    origin_gets("https://one.example"), "https://one.example");
	ck_assert_str_eq(
	    origin_gets("https://two.example:444"), "https://two.example:444");
	ck_assert_ptr_null(origin_gets("https://two.example"));
	ck_assert_ptr_null(origin_gets("http://one.example"));
	ck_assert_ptr_null(origin_gets("https://one.example.com"));
	ck_assert_ptr_null(origin_gets("https://one.example,"));
	ck_assert_ptr_null(origin_gets("*"));
	ck_assert_ptr_null(origin_gets(""));
	bed_settings.cors_origin = "";
	ck_assert_ptr_null(origin_gets("https://one.example"));
	ck_assert_ptr_null(origin_gets("http://localhost"));
}
END_TEST

START_TEST(two_origins_are_refused)
{
	ck_assert(!access_from(&bed_x,
	    get("Host: localhost\nOrigin: http://localhost\n"
		"Origin: http://localhost\n"),
	    &error));
	ck_assert_int_eq(error.status, 403);
}
END_TEST

START_TEST(without_an_origin_no_cors_fields)
{
	ck_assert(access_from(&bed_x, get("Host: localhost\n"), &error));
	exchange_empty(&bed_x, 204);
	ck_assert_ptr_null(exchange_bed_field("Access-Control-Allow-Origin"));
	ck_assert_ptr_null(exchange_bed_field("Vary"));
}
END_TEST

/* Preflights */

static const struct http_head *
options(const char *fields)
{
	char text[8192];

	(void)snprintf(text, sizeof text,
	    "OPTIONS /v1/chat/completions HTTP/1.1\nHost: localhost\n%s\n",
	    fields);
	return exchange_bed_request(text);
}

START_TEST(a_preflight_is_answered)
{
	const struct http_head *head = options(
	    "Origin: http://localhost:3000\nAccess-Control-Request-Method: "
	    "POST\nAccess-Control-Request-Headers: authorization, "
	    "x-stainless-os\n");

	ck_assert(access_from(&bed_x, head, &error));
	ck_assert(access_preflight(&bed_x, head));
	ck_assert(bed_x.finished);
	ck_assert_str_eq(exchange_bed_answer(),
	    "HTTP/1.1 204 No Content\n"
	    "Connection: keep-alive\n"
	    "X-Request-Id: *\n"
	    "Access-Control-Allow-Origin: http://localhost:3000\n"
	    "Access-Control-Expose-Headers: X-CCP-Session, X-Request-Id, "
	    "Retry-After\n"
	    "Vary: Origin\n"
	    "Access-Control-Allow-Methods: GET, POST, OPTIONS\n"
	    "Access-Control-Allow-Headers: authorization, x-stainless-os\n"
	    "Access-Control-Max-Age: 600\n"
	    "\n");
}
END_TEST

static void
assert_standard_names(const char *asked_for)
{
	char fields[4096];

	(void)snprintf(fields, sizeof fields,
	    "Origin: http://localhost\nAccess-Control-Request-Method: POST\n"
	    "Access-Control-Request-Headers: %s\n",
	    asked_for);
	ck_assert(access_preflight(&bed_x, options(fields)));
	ck_assert_str_eq(exchange_bed_field("Access-Control-Allow-Headers"),
	    "Authorization, Content-Type, X-Request-Id");
}

/* Only names of fields are echoed. */
START_TEST(odd_names_are_not_echoed)
{
	static const char *const odd[] = {
	    "", "x;y", "a\"b", "x: y", "<b>", "caf\xC3\xA9", "a\tb"};
	char many[3000];
	size_t i;

	for (i = 0; i < COUNT(odd); i++)
		assert_standard_names(odd[i]);
	memset(many, 'x', sizeof many - 1);
	many[sizeof many - 1] = '\0';
	assert_standard_names(many);
	ck_assert(access_preflight(
	    &bed_x, options("Origin: http://localhost\n"
			    "Access-Control-Request-Method: GET\n")));
	ck_assert_str_eq(exchange_bed_field("Access-Control-Allow-Headers"),
	    "Authorization, Content-Type, X-Request-Id");
}
END_TEST

START_TEST(private_networks_are_allowed_when_asked_for)
{
	ck_assert(access_preflight(
	    &bed_x, options("Origin: http://localhost\n"
			    "Access-Control-Request-Method: GET\n"
			    "Access-Control-Request-Private-Network: true\n")));
	ck_assert_str_eq(
	    exchange_bed_field("Access-Control-Allow-Private-Network"), "true");
}
END_TEST

START_TEST(what_is_no_preflight)
{
	ck_assert(!access_preflight(&bed_x, options("")));
	ck_assert(
	    !access_preflight(&bed_x, options("Origin: http://localhost\n")));
	ck_assert(!access_preflight(
	    &bed_x, options("Access-Control-Request-Method: GET\n")));
	ck_assert(!access_preflight(
	    &bed_x, get("Host: localhost\nOrigin: http://localhost\n"
			"Access-Control-Request-Method: GET\n")));
	ck_assert(!bed_x.finished);
}
END_TEST

/* Keys */

static bool
key_passes(const char *field)
{
	char fields[4096];

	(void)snprintf(fields, sizeof fields, "Host: localhost\n%s", field);
	return access_key(&bed_x, get(fields), &error);
}

START_TEST(bearer_keys)
{
	static const char *const pass[] = {"Authorization: Bearer my-key\n",
	    "authorization: bearer my-key\n", "AUTHORIZATION: BEARER my-key\n",
	    "Authorization: Bearer    my-key   \n"};
	static const char *const refused[] = {"Authorization: Bearer my-ke\n",
	    "Authorization: Bearer my-keys\n", "Authorization: Bearer MY-KEY\n",
	    "Authorization: Bearer my-key x\n", "Authorization: Bearer\n",
	    "Authorization: Bearer \n", "Authorization: my-key\n",
	    "Authorization: Basic my-key\n", "Authorization: Bearermy-key\n",
	    "Authorization: Bearer\tmy-key\n", "Authorization:\n",
	    "Authorization: Bearer CCP_API_KEY\n",
	    "Authorization: Bearer my-key\nAuthorization: Bearer my-key\n",
	    "X-Api-Key: my-key\n", "Api-Key: my-key\n",
	    "Proxy-Authorization: Bearer my-key\n"};
	size_t i;

	bed_settings.api_key = "my-key";
	for (i = 0; i < COUNT(pass); i++)
		ck_assert_msg(key_passes(pass[i]), "%s", pass[i]);
	for (i = 0; i < COUNT(refused); i++) {
		ck_assert_msg(!key_passes(refused[i]), "%s", refused[i]);
		ck_assert_int_eq(error.status, 401);
		ck_assert_str_eq(error.code, "invalid_api_key");
		ck_assert_ptr_null(strstr(error.message, "my-key"));
		/* No key at all is no guess. */
		ck_assert_int_eq(bed_x.wrong_key,
		    strncasecmp(refused[i], "Authorization:", 14) == 0);
	}
}
END_TEST

START_TEST(a_missing_key_says_how)
{
	ck_assert(!key_passes(""));
	exchange_error(&bed_x, &error);
	ck_assert_str_eq(
	    exchange_bed_field("WWW-Authenticate"), "Bearer realm=\"ccp\"");
	ck_assert_ptr_nonnull(
	    strstr(exchange_bed_answer(), "Authorization: Bearer"));
}
END_TEST

/* Everybody knows it. */
START_TEST(the_default_key_counts_on_loopback_only)
{
	static const char field[] = "Authorization: Bearer CCP_API_KEY\n";

	ck_assert(key_passes(field));
	bed_x.reachable = true;
	ck_assert(!key_passes(field));
	ck_assert_int_eq(error.status, 403);
	ck_assert_str_eq(error.code, "default_key");
	ck_assert(!key_passes(""));
	ck_assert_int_eq(error.status, 403);
	bed_settings.api_key = "my-key";
	ck_assert(key_passes("Authorization: Bearer my-key\n"));
	ck_assert(!key_passes(field));
	ck_assert_int_eq(error.status, 401);
}
END_TEST

static bool
default_key_passes(const char *host)
{
	char text[1024];
	const struct http_head *head;

	(void)snprintf(text, sizeof text,
	    "GET /v1/models HTTP/1.1\nHost: %s\n"
	    "Authorization: Bearer CCP_API_KEY\n\n",
	    host);
	head = exchange_bed_request(text);
	if (!access_from(&bed_x, head, &error))
		return false;
	if (access_key(&bed_x, head, &error))
		return true;
	ck_assert_int_eq(error.status, 403);
	ck_assert_str_eq(error.code, "default_key");
	ck_assert(!bed_x.wrong_key);
	return false;
}

/* A name that others know this machine by is no name of loopback, though it
 * came in over that: by a proxy, or a tunnel. */
START_TEST(the_default_key_counts_under_names_of_loopback_only)
{
	static const char *const pass[] = {"localhost", "x.localhost:1",
	    "127.0.0.1:8888", "127.9.9.9", "[::1]:8888", "ccp.lan:8888"};
	static const char *const refused[] = {"ccp.example", "CCP.example:80",
	    "192.168.7.7:8888", "0.0.0.0:8888", "[fd00::1]", "8.8.8.8",
	    "[::]:8888", "evil.example"};
	size_t i;

	bed_settings.host = "127.0.0.1, ccp.lan";
	bed_settings.allowed_hosts = "ccp.example";
	for (i = 0; i < COUNT(pass); i++)
		ck_assert_msg(default_key_passes(pass[i]), "%s", pass[i]);
	for (i = 0; i < COUNT(refused); i++)
		ck_assert_msg(
		    !default_key_passes(refused[i]), "%s", refused[i]);
	bed_settings.api_key = "my-key";
	ck_assert(key_passes("Authorization: Bearer my-key\n"));
}
END_TEST

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

/* Of API_KEYS; "abc" is one of them. */
START_TEST(keys_with_names)
{
	static const char bound[] = ABC " phone ~/notes\n";
	static const char free_one[] = ABC " phone \n";

	bed_settings.api_key = "my-key";
	bed_settings.api_keys = bound;
	ck_assert(key_passes("Authorization: Bearer abc\n"));
	ck_assert_str_eq(bed_x.key_name, "phone");
	ck_assert_str_eq(bed_x.key_directory, "~/notes");
	bed_settings.api_keys = free_one;
	ck_assert(key_passes("Authorization: Bearer abc\n"));
	ck_assert_str_eq(bed_x.key_name, "phone");
	ck_assert_ptr_null(bed_x.key_directory);
	ck_assert(key_passes("Authorization: Bearer my-key\n"));
	ck_assert_str_eq(bed_x.key_name, "");
	ck_assert_ptr_null(bed_x.key_directory);
	ck_assert(!key_passes("Authorization: Bearer abcd\n"));
	ck_assert_int_eq(error.status, 401);
	ck_assert(!key_passes("Authorization: Bearer " ABC "\n"));
	ck_assert(!key_passes(""));
}
END_TEST

/* Nobody who has set keys of one's own means the one that all know. */
START_TEST(beside_others_the_default_key_opens_nothing)
{
	bed_settings.api_keys = ABC " phone \n";
	ck_assert(!key_passes("Authorization: Bearer CCP_API_KEY\n"));
	ck_assert_int_eq(error.status, 401);
	ck_assert(key_passes("Authorization: Bearer abc\n"));
	bed_x.reachable = true;
	ck_assert(key_passes("Authorization: Bearer abc\n"));
	ck_assert(!key_passes("Authorization: Bearer CCP_API_KEY\n"));
	ck_assert_int_eq(error.status, 401);
}
END_TEST

Suite *
suite_access(void)
{
	Suite *s = suite_create("access");
	TCase *t = tcase_create("access");

	tcase_add_checked_fixture(t, exchange_bed_open, exchange_bed_close);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, hosts);
	tcase_add_test(t, allowed_hosts);
	tcase_add_test(t, http_1_0_needs_no_host);
	tcase_add_test(t, an_absolute_target_names_the_host);
	tcase_add_test(t, with_the_default_key_only_loopback_origins);
	tcase_add_test(t, with_an_own_key_cors_origin_decides);
	tcase_add_test(t, two_origins_are_refused);
	tcase_add_test(t, without_an_origin_no_cors_fields);
	tcase_add_test(t, a_preflight_is_answered);
	tcase_add_test(t, odd_names_are_not_echoed);
	tcase_add_test(t, private_networks_are_allowed_when_asked_for);
	tcase_add_test(t, what_is_no_preflight);
	tcase_add_test(t, bearer_keys);
	tcase_add_test(t, a_missing_key_says_how);
	tcase_add_test(t, the_default_key_counts_on_loopback_only);
	tcase_add_test(t, the_default_key_counts_under_names_of_loopback_only);
	tcase_add_test(t, keys_with_names);
	tcase_add_test(t, beside_others_the_default_key_opens_nothing);
	suite_add_tcase(s, t);
	return s;
}
