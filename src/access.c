/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "access.h"

#include <string.h>
#include <strings.h>

#include "address.h"

#include "banned.h"

/* The name of a Host value, without port and brackets. */
static struct http_slice
host_name(struct http_slice host)
{
	const char *end;

	if (host.len > 0 && host.at[0] == '[') {
		end = memchr(host.at, ']', host.len);
		host.at++;
		host.len = end == NULL ? 0 : (size_t)(end - host.at);
		return host;
	}
	end = memchr(host.at, ':', host.len);
	if (end != NULL)
		host.len = (size_t)(end - host.at);
	return host;
}

/* Is s a word of a list separated by commas or spaces? */
static bool
in_list(struct http_slice s, const char *list)
{
	size_t word;

	while (*list != '\0') {
		list += strspn(list, ", ");
		word = strcspn(list, ", ");
		if (word == s.len && word > 0 &&
		    strncasecmp(list, s.at, word) == 0)
			return true;
		list += word;
	}
	return false;
}

static bool
host_allowed(const struct settings *s, struct http_slice host)
{
	struct http_slice name = host_name(host);

	return address_loopback_name(name.at, name.len) ||
	       address_literal(name.at, name.len) || in_list(name, s->host) ||
	       in_list(name, s->allowed_hosts);
}

/* http://localhost:3000, https://127.0.0.1, http://[::1]:80, ... */
static bool
loopback_origin(struct http_slice origin)
{
	struct http_slice name;
	size_t scheme;

	if (origin.len > 7 && strncasecmp(origin.at, "http://", 7) == 0)
		scheme = 7;
	else if (origin.len > 8 && strncasecmp(origin.at, "https://", 8) == 0)
		scheme = 8;
	else
		return false;
	name = http_slice_behind(origin, scheme);
	if (!http_host_valid(name))
		return false;
	name = host_name(name);
	return address_loopback_name(name.at, name.len) ||
	       address_loopback_literal(name.at, name.len);
}

static bool
origin_allowed(const struct settings *s, struct http_slice origin)
{
	if (settings_default_key(s))
		return loopback_origin(origin);
	if (strcmp(s->cors_origin, "*") == 0)
		return !http_slice_is(origin, "null");
	return in_list(origin, s->cors_origin);
}

static bool
refuse(struct api_error *e, const char *code, const char *message)
{
	api_error_set(e, 403, "permission_error", code, "%s", message);
	return false;
}

bool
access_from(
    struct exchange *x, const struct http_head *head, struct api_error *e)
{
	struct http_slice host = http_host(head);
	const struct http_field *origin;
	size_t origins;

	/* HTTP/1.0 needs no Host, and no browser speaks that. */
	if ((host.len > 0 || http_field(head, "host", NULL) != NULL) &&
	    !host_allowed(x->settings, host))
		return refuse(e, "host_not_allowed",
		    "This Host is not served: use localhost or an IP address, "
		    "or add the name to ALLOWED_HOSTS.");
	origin = http_field(head, "origin", &origins);
	if (origins == 0)
		return true;
	if (origins > 1 || !origin_allowed(x->settings, origin->value))
		return refuse(e, "origin_not_allowed",
		    "Web pages of this origin may not use the proxy: set an "
		    "API_KEY of your own and CORS_ORIGIN to allow them.");
	exchange_field(x, "Access-Control-Allow-Origin", "%.*s",
	    (int)origin->value.len, origin->value.at);
	exchange_field(x, "Access-Control-Expose-Headers",
	    "X-CCP-Session, X-Request-Id, Retry-After");
	exchange_field(x, "Vary", "Origin");
	return true;
}

/* Field names as a preflight lists them: nothing else is echoed. */
static bool
field_names(struct http_slice s)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_, ";
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.at[i] == '\0' || strchr(good, s.at[i]) == NULL)
			return false;
	}
	return s.len > 0 && s.len < 2048;
}

bool
access_preflight(struct exchange *x, const struct http_head *head)
{
	const struct http_field *names =
	    http_field(head, "access-control-request-headers", NULL);

	if (!http_slice_is(head->method, "OPTIONS") ||
	    http_field(head, "origin", NULL) == NULL ||
	    http_field(head, "access-control-request-method", NULL) == NULL)
		return false;
	exchange_field(x, "Access-Control-Allow-Methods", "GET, POST, OPTIONS");
	if (names != NULL && field_names(names->value))
		exchange_field(x, "Access-Control-Allow-Headers", "%.*s",
		    (int)names->value.len, names->value.at);
	else
		exchange_field(x, "Access-Control-Allow-Headers",
		    "Authorization, Content-Type, X-Request-Id");
	if (http_field(head, "access-control-request-private-network", NULL) !=
	    NULL)
		exchange_field(
		    x, "Access-Control-Allow-Private-Network", "true");
	exchange_field(x, "Access-Control-Max-Age", "600");
	exchange_empty(x, 204);
	return true;
}

/* What follows "Bearer "; empty if the field is not of that form. */
static struct http_slice
bearer(const struct http_field *field)
{
	struct http_slice key = field->value;

	if (key.len < 7 || strncasecmp(key.at, "Bearer ", 7) != 0) {
		key.len = 0;
		return key;
	}
	key.at += 7;
	key.len -= 7;
	while (key.len > 0 && key.at[0] == ' ') {
		key.at++;
		key.len--;
	}
	return key;
}

/* Whose key it is.  All are compared, whichever fits. */
static bool
know_key(struct exchange *x, struct http_slice given)
{
	const struct settings *s = x->settings;
	bool only = api_key_same(given.at, given.len, s->api_key);
	bool named = api_keys_find(s->api_keys, given.at, given.len, &x->key);

	if (named) {
		x->key_name = x->key.name;
		if (x->key.directory[0] != '\0')
			x->key_directory = x->key.directory;
	}
	/* The well-known one is no key beside others. */
	if (strcmp(s->api_key, SETTINGS_DEFAULT_KEY) == 0)
		only = only && settings_default_key(s);
	return named || only;
}

/* A name that ALLOWED_HOSTS has is one that others know this machine by, a
 * proxy of theirs as a rule.  What has no Host is no browser and no proxy. */
static bool
is_ours(const struct settings *s, struct http_slice host)
{
	struct http_slice name = host_name(host);

	return host.len == 0 || address_loopback_name(name.at, name.len) ||
	       address_loopback_literal(name.at, name.len) ||
	       in_list(name, s->host);
}

bool
access_key(
    struct exchange *x, const struct http_head *head, struct api_error *e)
{
	const struct http_field *field;
	size_t fields;

	if (settings_default_key(x->settings) &&
	    (x->reachable || !is_ours(x->settings, http_host(head))))
		return refuse(e, "default_key",
		    "The default key works on loopback addresses and under "
		    "their names only: set API_KEY.");
	field = http_field(head, "authorization", &fields);
	if (fields == 1 && know_key(x, bearer(field)))
		return true;
	x->wrong_key = fields > 0;
	exchange_field(x, "WWW-Authenticate", "Bearer realm=\"ccp\"");
	api_error_set(e, 401, "invalid_request_error", "invalid_api_key", "%s",
	    fields == 0 ? "No API key: send it as 'Authorization: Bearer KEY'."
			: "The API key is not the one of this proxy.");
	return false;
}
