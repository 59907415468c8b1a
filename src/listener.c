/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "limits.h"

#include "banned.h"

/* -1 with errno. */
static int
listen_on(const struct addrinfo *a)
{
	int fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol), on = 1;
	int error;

	if (fd == -1)
		return -1;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
	    listen(fd, LIMIT_LISTEN_BACKLOG) == 0) {
		(void)io_end_own(fd); /* accept must not wait either */
		return fd;
	}
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

static void
say_why(char *err, size_t errlen, const char *host, long port)
{
	if (errno == EADDRINUSE)
		(void)snprintf(err, errlen,
		    "port %ld of %s is in use: is ccp running already? Set "
		    "PORT to use another one",
		    port, host);
	else
		(void)snprintf(err, errlen, "cannot listen on %s port %ld: %s",
		    host, port, strerror(errno));
}

bool
listeners_open(
    struct listeners *l, const char *host, long port, char *err, size_t errlen)
{
	struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *list, *a;
	char service[16];
	bool in_use = false;
	int error;

	l->n = 0;
	(void)snprintf(service, sizeof(service), "%ld", port);
	error = getaddrinfo(host, service, &hints, &list);
	if (error != 0) {
		(void)snprintf(
		    err, errlen, "HOST %s: %s", host, gai_strerror(error));
		return false;
	}
	errno = EADDRNOTAVAIL;
	for (a = list; a != NULL && !in_use && l->n < LISTENER_MAX;
	     a = a->ai_next) {
		l->fds[l->n] = listen_on(a);
		if (l->fds[l->n] != -1)
			l->n++;
		else
			in_use = errno == EADDRINUSE;
	}
	if (l->n == 0 || in_use)
		say_why(err, errlen, host, port);
	freeaddrinfo(list);
	if (in_use)
		listeners_close(l);
	return l->n > 0;
}

void
listeners_close(struct listeners *l)
{
	while (l->n > 0)
		(void)close(l->fds[--l->n]);
}

void
listener_url(int fd, char *to, size_t len)
{
	struct sockaddr_storage here = {0};
	socklen_t size = sizeof(here);
	char host[64], port[16];

	if (getsockname(fd, (struct sockaddr *)&here, &size) == -1 ||
	    getnameinfo((struct sockaddr *)&here, size, host, sizeof(host),
		port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		(void)snprintf(to, len, "an unknown address");
	else if (here.ss_family == AF_INET6)
		(void)snprintf(to, len, "http://[%s]:%s", host, port);
	else
		(void)snprintf(to, len, "http://%s:%s", host, port);
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
