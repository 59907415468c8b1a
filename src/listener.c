/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "io.h"
#include "limits.h"

#include "banned.h"

#define HOST_BYTES 256
#define LOCAL      "unix:"

struct opening {
	struct listeners *l;
	const struct listeners *old;
	long port;
	char *err;
	size_t errlen;
};

static bool
holds(const struct listeners *l, int fd)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (l->all[i].fd == fd)
			return true;
	}
	return false;
}

static struct sockaddr_storage
address_of(int fd)
{
	struct sockaddr_storage here = {0};
	socklen_t len = sizeof(here);

	if (getsockname(fd, (struct sockaddr *)&here, &len) == -1)
		here.ss_family = AF_UNSPEC;
	return here;
}

static const struct listener *
find(const struct listeners *l, const struct sockaddr *address)
{
	struct sockaddr_storage here;
	size_t i;

	for (i = 0; i < l->n; i++) {
		here = address_of(l->all[i].fd);
		if (address_same((const struct sockaddr *)&here, address))
			return &l->all[i];
	}
	return NULL;
}

/* True if the address needs no socket: there is one already. */
static bool
have(struct opening *o, const struct sockaddr *address)
{
	const struct listener *found;

	if (find(o->l, address) != NULL)
		return true;
	found = find(o->old, address);
	if (found != NULL)
		o->l->all[o->l->n++] = *found;
	return found != NULL;
}

static void
set_option(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* Sets SO_REUSEPORT where one of l has that port; are there such? */
static bool
share_port(const struct listeners *l, const struct sockaddr *address, int on)
{
	struct sockaddr_storage here;
	bool any = false;
	size_t i;

	for (i = 0; i < l->n; i++) {
		here = address_of(l->all[i].fd);
		if (!address_same_port((const struct sockaddr *)&here, address))
			continue;
		set_option(l->all[i].fd, SOL_SOCKET, SO_REUSEPORT, on);
		any = true;
	}
	return any;
}

static int
bind_and_listen(int fd, const struct addrinfo *a)
{
	return bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
	               listen(fd, LIMIT_LISTEN_BACKLOG) == 0
	           ? 0
	           : errno;
}

/*
 * 127.0.0.1 and 0.0.0.0 collide, so that neither could follow the other
 * without a gap; with SO_REUSEPORT on both sides they do not.  It is set for
 * this moment, and on our own, so that nobody else's port is shared.  0, or an
 * errno.
 */
static int
bind_beside_ours(const struct opening *o, int fd, const struct addrinfo *a)
{
	bool in_old = share_port(o->old, a->ai_addr, 1);
	bool in_new = share_port(o->l, a->ai_addr, 1);
	int error = EADDRINUSE;

	if (in_old || in_new) {
		set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
		error = bind_and_listen(fd, a);
		set_option(fd, SOL_SOCKET, SO_REUSEPORT, 0);
	}
	(void)share_port(o->l, a->ai_addr, 0);
	(void)share_port(o->old, a->ai_addr, 0);
	return error;
}

/* 0, or an errno. */
static int
listen_on(struct opening *o, const struct addrinfo *a)
{
	int fd, error;

	if (have(o, a->ai_addr))
		return 0;
	fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
	if (fd == -1)
		return errno;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (a->ai_family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	error = bind_and_listen(fd, a);
	if (error == EADDRINUSE)
		error = bind_beside_ours(o, fd, a);
	if (error != 0) {
		(void)close(fd);
		return error;
	}
	(void)io_end_own(fd); /* accept must not wait either */
	o->l->all[o->l->n++] = (struct listener){.fd = fd};
	return 0;
}

static bool
say_why(const struct opening *o, const char *host, int error)
{
	if (error == EADDRINUSE)
		(void)snprintf(o->err, o->errlen,
		    "port %ld of %s is in use: is ccp running already? Set "
		    "PORT to use another one; ccp doctor says who has it",
		    o->port, host);
	else
		(void)snprintf(o->err, o->errlen,
		    "cannot listen on %s port %ld: %s", host, o->port,
		    strerror(error));
	return false;
}

/* One address of several may be missing on this machine (localhost is ::1
 * too), but none may be somebody else's. */
static bool
open_name(struct opening *o, const char *host)
{
	struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *list, *a;
	char service[16];
	int error, why = EADDRNOTAVAIL;
	bool any = false;

	(void)snprintf(service, sizeof(service), "%ld", o->port);
	error = getaddrinfo(host, service, &hints, &list);
	if (error != 0) {
		(void)snprintf(o->err, o->errlen, "HOST %s: %s", host,
		    gai_strerror(error));
		return false;
	}
	for (a = list; a != NULL && o->l->n < LISTENER_MAX; a = a->ai_next) {
		error = listen_on(o, a);
		any |= error == 0;
		if (error != 0)
			why = error;
		if (error == EADDRINUSE)
			break;
	}
	freeaddrinfo(list);
	return (any && why != EADDRINUSE) || say_why(o, host, why);
}

static bool
open_local(struct opening *o, const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct listener made = {.has_file = true};

	if ((size_t)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path) <
		sizeof(sun.sun_path) &&
	    have(o, (const struct sockaddr *)&sun))
		return true;
	made.fd = local_socket_open(path, &made.file, o->err, o->errlen);
	if (made.fd == -1)
		return false;
	(void)io_end_own(made.fd);
	o->l->all[o->l->n++] = made;
	return true;
}

static bool
open_host(struct opening *o, const char *text, size_t len)
{
	char host[HOST_BYTES];

	if (o->l->n == LISTENER_MAX) {
		(void)snprintf(o->err, o->errlen,
		    "HOST stands for more than %d addresses", LISTENER_MAX);
		return false;
	}
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if ((size_t)snprintf(host, sizeof(host), "%.*s", (int)len, text) >=
	    sizeof(host)) {
		(void)snprintf(o->err, o->errlen, "HOST %s...: too long", host);
		return false;
	}
	if (strncmp(host, LOCAL, strlen(LOCAL)) == 0)
		return open_local(o, host + strlen(LOCAL));
	return open_name(o, host);
}

bool
listeners_open(struct listeners *l, const struct listeners *old,
    const char *hosts, long port, char *err, size_t errlen)
{
	struct opening o = {l, old, port, err, errlen};
	bool ok = true;
	size_t len;

	l->n = 0;
	while (ok && *(hosts += strspn(hosts, ", ")) != '\0') {
		len = strcspn(hosts, ", ");
		ok = open_host(&o, hosts, len);
		hosts += len;
	}
	if (ok && l->n == 0) {
		(void)snprintf(err, errlen, "HOST has no address in it");
		return false;
	}
	if (!ok)
		listeners_close(l, old);
	return ok;
}

static bool
listens(int fd)
{
	int type = 0, accepting = 0;
	socklen_t len = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &len) ==
	           0 &&
	       accepting != 0;
}

bool
listeners_take(struct listeners *l, int fd, char *err, size_t errlen)
{
	if (l->n == LISTENER_MAX || !listens(fd)) {
		(void)snprintf(err, errlen, "%s",
		    l->n == LISTENER_MAX
			? "more sockets were handed over than can be served"
			: "a descriptor was handed over that is no listening "
			  "socket (with Accept=yes ccp-handler is to be "
			  "started)");
		return false;
	}
	(void)io_end_own(fd);
	l->all[l->n++] = (struct listener){.fd = fd};
	return true;
}

static void
close_one(const struct listener *one)
{
	struct sockaddr_storage here = address_of(one->fd);
	struct sockaddr_un sun;

	/* The file first: whoever still finds it would only be refused. */
	memcpy(&sun, &here, sizeof(sun));
	if (one->has_file)
		local_socket_remove(sun.sun_path, &one->file);
	(void)close(one->fd);
}

void
listeners_close(struct listeners *l, const struct listeners *keep)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (keep == NULL || !holds(keep, l->all[i].fd))
			close_one(&l->all[i]);
	}
	l->n = 0;
}

static void
local_url(const struct sockaddr_storage *here, char *to, size_t len)
{
	struct sockaddr_un sun;

	memcpy(&sun, here, sizeof(sun));
	(void)snprintf(to, len, LOCAL "%.*s", (int)sizeof(sun.sun_path),
	    sun.sun_path[0] != '\0' ? sun.sun_path : "(no path)");
}

void
listener_url(int fd, char *to, size_t len)
{
	struct sockaddr_storage here = {0};
	socklen_t size = sizeof(here);
	char host[64], port[16];

	if (getsockname(fd, (struct sockaddr *)&here, &size) == 0 &&
	    here.ss_family == AF_UNIX)
		local_url(&here, to, len);
	else if (getnameinfo((struct sockaddr *)&here, size, host, sizeof(host),
		     port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		(void)snprintf(to, len, "an unknown address");
	else if (here.ss_family == AF_INET6)
		(void)snprintf(to, len, "http://[%s]:%s/v1", host, port);
	else
		(void)snprintf(to, len, "http://%s:%s/v1", host, port);
}

int
listener_accept(int fd)
{
	int conn = accept(fd, NULL, NULL), flags;

	if (conn == -1)
		return -1;
	(void)fcntl(conn, F_SETFD, FD_CLOEXEC);
	/* Some systems hand the listener's O_NONBLOCK on. */
	flags = fcntl(conn, F_GETFL);
	if (flags != -1 && (flags & O_NONBLOCK) != 0)
		(void)fcntl(conn, F_SETFL, flags & ~O_NONBLOCK);
	return conn;
}
