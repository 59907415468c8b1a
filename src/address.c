/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

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

static bool
same4(const struct sockaddr *a, const struct sockaddr *b, bool port_alone)
{
	struct sockaddr_in x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x.sin_port == y.sin_port &&
	       (port_alone || x.sin_addr.s_addr == y.sin_addr.s_addr);
}

static bool
same6(const struct sockaddr *a, const struct sockaddr *b, bool port_alone)
{
	struct sockaddr_in6 x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x.sin6_port == y.sin6_port &&
	       (port_alone || (x.sin6_scope_id == y.sin6_scope_id &&
				  memcmp(&x.sin6_addr, &y.sin6_addr,
				      sizeof(x.sin6_addr)) == 0));
}

static bool
same_path(const struct sockaddr *a, const struct sockaddr *b)
{
	struct sockaddr_un x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x.sun_path[0] != '\0' &&
	       strncmp(x.sun_path, y.sun_path, sizeof(x.sun_path)) == 0;
}

static bool
same(const struct sockaddr *a, const struct sockaddr *b, bool port_alone)
{
	if (a->sa_family != b->sa_family)
		return false;
	switch (a->sa_family) {
	case AF_INET:
		return same4(a, b, port_alone);
	case AF_INET6:
		return same6(a, b, port_alone);
	case AF_UNIX:
		return !port_alone && same_path(a, b);
	default:
		return false;
	}
}

bool
address_same(const struct sockaddr *a, const struct sockaddr *b)
{
	return same(a, b, false);
}

bool
address_same_port(const struct sockaddr *a, const struct sockaddr *b)
{
	return same(a, b, true);
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

static void
peer6(const struct in6_addr *a, char *to, size_t len)
{
	bool mapped = IN6_IS_ADDR_V4MAPPED(a);

	(void)inet_ntop(mapped ? AF_INET : AF_INET6,
	    mapped ? a->s6_addr + 12 : a->s6_addr, to, (socklen_t)len);
}

void
address_fd_peer(int fd, char *to, size_t len)
{
	struct sockaddr_storage there = {0};
	socklen_t room = sizeof(there);
	struct sockaddr_in a4;
	struct sockaddr_in6 a6;

	to[0] = '\0';
	if (getpeername(fd, (struct sockaddr *)&there, &room) == -1)
		return;
	memcpy(&a4, &there, sizeof(a4));
	memcpy(&a6, &there, sizeof(a6));
	if (there.ss_family == AF_INET)
		(void)inet_ntop(AF_INET, &a4.sin_addr, to, (socklen_t)len);
	else if (there.ss_family == AF_INET6)
		peer6(&a6.sin6_addr, to, len);
	else if (there.ss_family == AF_UNIX)
		(void)snprintf(to, len, "unix");
}

void
address_fd_user(int fd, char *to, size_t len)
{
#if defined(CCP_LINUX)
	struct ucred peer;
	socklen_t room = sizeof(peer);

	to[0] = '\0';
	/* Of other sockets than local ones it tells no user (-1). */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &room) == 0 &&
	    peer.uid != (uid_t)-1)
		(void)snprintf(to, len, "uid %lu, pid %ld",
		    (unsigned long)peer.uid, (long)peer.pid);
#elif defined(HAVE_GETPEEREID)
	uid_t uid;
	gid_t gid;

	to[0] = '\0';
	if (getpeereid(fd, &uid, &gid) == 0)
		(void)snprintf(to, len, "uid %lu", (unsigned long)uid);
#else
	(void)fd;
	(void)len;
	to[0] = '\0';
#endif
}
