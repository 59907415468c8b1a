/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HOST and PORT, as a unit and a plist want them.
 */
#include "service.h"

#include <sys/socket.h>

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "address.h"

#include "banned.h"

#define LOCAL "unix:"

static bool
have(const struct service *s, const struct service_address *a)
{
	size_t i;

	for (i = 0; i < s->naddresses; i++) {
		if (s->addresses[i].family == a->family &&
		    strcmp(s->addresses[i].text, a->text) == 0)
			return true;
	}
	return false;
}

static bool
add(struct service *s, const struct service_address *a)
{
	if (have(s, a))
		return true;
	if (s->naddresses == LISTENER_MAX)
		return service_fail(
		    s, "HOST stands for more than %d addresses", LISTENER_MAX);
	s->addresses[s->naddresses++] = *a;
	return true;
}

static bool
add_local(struct service *s, const char *path)
{
	struct service_address a = {.family = AF_UNIX};

	(void)snprintf(a.text, sizeof(a.text), "%s", path);
	if (path[0] != '/')
		return service_fail(s,
		    "HOST %s%s: a service needs an absolute path", LOCAL, path);
	return add(s, &a);
}

static bool
add_found(struct service *s, const struct addrinfo *found)
{
	struct service_address a = {.family = found->ai_family};

	if (getnameinfo(found->ai_addr, found->ai_addrlen, a.text,
		sizeof(a.text), NULL, 0, NI_NUMERICHOST) != 0)
		return service_fail(s, "HOST has an unknown kind of address");
	a.reachable = !address_loopback(found->ai_addr);
	return add(s, &a);
}

static bool
add_name(struct service *s, const char *host)
{
	const struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *list, *a;
	int error = getaddrinfo(host, NULL, &hints, &list);
	bool ok = true;

	if (error != 0)
		return service_fail(
		    s, "HOST %s: %s", host, gai_strerror(error));
	for (a = list; ok && a != NULL; a = a->ai_next)
		ok = add_found(s, a);
	freeaddrinfo(list);
	return ok;
}

static bool
add_host(struct service *s, const char *text, size_t len)
{
	char host[SERVICE_PLACE_BYTES];

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if ((size_t)snprintf(host, sizeof(host), "%.*s", (int)len, text) >=
	    sizeof(host))
		return service_fail(s, "HOST %.40s...: too long", text);
	if (strncmp(host, LOCAL, strlen(LOCAL)) == 0)
		return add_local(s, host + strlen(LOCAL));
	return add_name(s, host);
}

static bool
check(struct service *s)
{
	char url[SERVICE_URL_BYTES];
	size_t i;
	bool tcp = false;

	if (s->naddresses == 0)
		return service_fail(s, "HOST has no address in it");
	for (i = 0; i < s->naddresses; i++) {
		tcp |= s->addresses[i].family != AF_UNIX;
		service_url(s, &s->addresses[i], url, sizeof(url));
		if (s->addresses[i].reachable &&
		    settings_default_key(&s->settings))
			return service_fail(s,
			    "other machines can reach %s (HOST): set an "
			    "API_KEY of your own first, with ccp config set "
			    "API_KEY",
			    url);
	}
	if (tcp && s->settings.port == 0)
		return service_fail(s,
		    "PORT is 0, any free one: a service needs one that stays");
	return true;
}

bool
service_addresses(struct service *s)
{
	const char *hosts = s->settings.host;
	size_t len;
	bool ok = true;

	s->naddresses = 0;
	while (ok && *(hosts += strspn(hosts, ", ")) != '\0') {
		len = strcspn(hosts, ", ");
		ok = add_host(s, hosts, len);
		hosts += len;
	}
	return ok && check(s);
}

bool
service_addresses_free(struct service *s)
{
	const struct listeners none = {.n = 0};
	struct listeners l;
	char err[512];

	if (!listeners_open(&l, &none, s->settings.host, s->settings.port, err,
		sizeof(err)))
		return service_fail(s, "%s", err);
	listeners_close(&l, NULL);
	return true;
}

void
service_url(const struct service *s, const struct service_address *a, char *to,
    size_t len)
{
	if (a->family == AF_UNIX)
		(void)snprintf(to, len, LOCAL "%s", a->text);
	else if (a->family == AF_INET6)
		(void)snprintf(
		    to, len, "http://[%s]:%ld/v1", a->text, s->settings.port);
	else
		(void)snprintf(
		    to, len, "http://%s:%ld/v1", a->text, s->settings.port);
}

void
service_tell_where(struct service *s, const char *manager)
{
	char url[SERVICE_URL_BYTES];
	size_t i;

	for (i = 0; i < s->naddresses; i++) {
		service_url(s, &s->addresses[i], url, sizeof(url));
		if (i == 0)
			buf_addf(&s->said, "%s listens on %s", manager, url);
		else
			buf_addf(&s->said, ", %s", url);
	}
	buf_addf(&s->said, ".\n");
}
