/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "banned.h"

static bool
ends_with(const char *name, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && strncasecmp(name + len - n, end, n) == 0;
}

bool
address_loopback_name(const char *name, size_t len)
{
	if (len > 0 && name[len - 1] == '.')
		len--;
	return (len == 9 && ends_with(name, len, "localhost")) ||
	       (len > 10 && ends_with(name, len, ".localhost"));
}

static bool
loopback4(const struct in_addr *a)
{
	return (ntohl(a->s_addr) >> 24) == 127;
}

static bool
loopback6(const struct in6_addr *a)
{
	struct in_addr mapped;

	if (IN6_IS_ADDR_V4MAPPED(a)) {
		memcpy(&mapped, a->s6_addr + 12, sizeof(mapped));
		return loopback4(&mapped);
	}
	return IN6_IS_ADDR_LOOPBACK(a) != 0;
}

/* AF_INET, AF_INET6, or 0 where it is no address; the address in *to. */
static int
parse(const char *name, size_t len, struct in6_addr *to)
{
	char text[INET6_ADDRSTRLEN];

	if (len == 0 || len >= sizeof(text))
		return 0;
	memcpy(text, name, len);
	text[len] = '\0';
	if (strlen(text) != len)
		return 0;
	if (inet_pton(AF_INET, text, to) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, text, to) == 1 ? AF_INET6 : 0;
}

bool
address_literal(const char *name, size_t len)
{
	struct in6_addr a;

	return parse(name, len, &a) != 0;
}

bool
address_loopback_literal(const char *name, size_t len)
{
	struct in6_addr a;
	struct in_addr a4;

	switch (parse(name, len, &a)) {
	case AF_INET:
		memcpy(&a4, &a, sizeof(a4));
		return loopback4(&a4);
	case AF_INET6:
		return loopback6(&a);
	default:
		return false;
	}
}

bool
address_loopback(const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&in, sa, sizeof(in));
		return loopback4(&in.sin_addr);
	case AF_INET6:
		memcpy(&in6, sa, sizeof(in6));
		return loopback6(&in6.sin6_addr);
	case AF_UNIX:
		return true;
	default:
		return false;
	}
}

bool
address_fd_reachable(int fd)
{
	struct sockaddr_storage here;
	socklen_t len = sizeof(here);

	if (getsockname(fd, (struct sockaddr *)&here, &len) == -1)
		return false;
	return !address_loopback((const struct sockaddr *)&here);
}
