/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_client.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "address.h"
#include "cleanup.h"
#include "clock.h"
#include "io.h"
#include "limits.h"
#include "pollset.h"

#include "banned.h"

#define LOCAL     "unix:"
#define READ_SIZE 4096

static bool
fail(struct client *c, enum client_failure why, int error)
{
	c->failure = why;
	c->error = error;
	return false;
}

/* --- where ------------------------------------------------------------- */

bool
client_next_host(const char **at, char entry[CLIENT_HOST_BYTES])
{
	size_t len;

	*at += strspn(*at, ", ");
	len = strcspn(*at, ", ");
	if (len == 0)
		return false;
	if ((*at)[0] == '[' && (*at)[len - 1] == ']' && len > 2)
		(void)snprintf(
		    entry, CLIENT_HOST_BYTES, "%.*s", (int)len - 2, *at + 1);
	else
		(void)snprintf(entry, CLIENT_HOST_BYTES, "%.*s", (int)len, *at);
	*at += len;
	return true;
}

static bool
is_local(const char *entry)
{
	return strncmp(entry, LOCAL, strlen(LOCAL)) == 0;
}

static bool
entry_reachable(const char *entry)
{
	size_t len = strlen(entry);

	return !is_local(entry) && !address_loopback_name(entry, len) &&
	       !address_loopback_literal(entry, len);
}

bool
client_hosts_reachable(const char *host)
{
	char entry[CLIENT_HOST_BYTES];

	while (client_next_host(&host, entry)) {
		if (entry_reachable(entry))
			return true;
	}
	return false;
}

const char *
client_reach(const char *entry)
{
	if (strcmp(entry, "0.0.0.0") == 0)
		return "127.0.0.1";
	return strcmp(entry, "::") == 0 ? "::1" : entry;
}

void
client_name(const char *entry, long port, char *to, size_t len)
{
	const char *host = client_reach(entry);
	bool six = strchr(host, ':') != NULL;

	if (is_local(entry))
		(void)snprintf(to, len, "%s", entry);
	else
		(void)snprintf(to, len, "http://%s%s%s:%ld", six ? "[" : "",
		    host, six ? "]" : "", port);
}

/* --- connecting -------------------------------------------------------- */

/* Waits for the descriptor; false: the time is over. */
static bool
wait_for(struct client *c, short events)
{
	struct pollset ps;

	do {
		if (clock_ms() >= c->deadline)
			return fail(c, CLIENT_TIMEOUT, 0);
		pollset_reset(&ps);
		pollset_until(&ps, c->deadline);
		pollset_want(&ps, c->fd, events);
		if (pollset_wait(&ps) == -1)
			return fail(c, CLIENT_UNREACHED, errno);
	} while (pollset_got(&ps, c->fd) == 0);
	return true;
}

static bool
connect_to(struct client *c, const struct sockaddr *sa, socklen_t len)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (c->fd != -1)
		(void)close(c->fd);
	c->fd = socket(sa->sa_family, SOCK_STREAM, 0);
	if (c->fd == -1)
		return fail(c, CLIENT_UNREACHED, errno);
	(void)fcntl(c->fd, F_SETFD, FD_CLOEXEC);
	(void)io_end_own(c->fd);
	if (connect(c->fd, sa, len) == 0)
		return true;
	if (errno != EINPROGRESS && errno != EINTR)
		return fail(c, CLIENT_UNREACHED, errno);
	if (!wait_for(c, POLLOUT))
		return false;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
		error = errno;
	return error == 0 || fail(c, CLIENT_UNREACHED, error);
}

static bool
connect_local(struct client *c, const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(sun.sun_path))
		return fail(c, CLIENT_NO_ADDRESS, 0);
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	return connect_to(c, (const struct sockaddr *)&sun, sizeof(sun));
}

static bool
connect_name(struct client *c, const char *host, long port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list, *a;
	char service[16];
	bool ok = false;

	(void)snprintf(service, sizeof(service), "%ld", port);
	if (getaddrinfo(host, service, &hints, &list) != 0)
		return fail(c, CLIENT_NO_ADDRESS, 0);
	for (a = list; !ok && a != NULL; a = a->ai_next)
		ok = connect_to(c, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(list);
	if (ok)
		c->failure = CLIENT_FINE;
	return ok;
}

bool
client_open(struct client *c, const char *entry, long port, int64_t deadline)
{
	*c = (struct client){.fd = -1, .deadline = deadline};
	buf_init(&c->raw, LIMIT_HEAD_BYTES + LIMIT_READ_BYTES);
	buf_init(&c->content, LIMIT_CLIENT_BYTES);
	if (is_local(entry))
		return connect_local(c, entry + strlen(LOCAL));
	return connect_name(c, client_reach(entry), port);
}

void
client_close(struct client *c)
{
	if (c->fd != -1)
		(void)close(c->fd);
	c->fd = -1;
	buf_free(&c->raw);
	buf_free(&c->content);
}

/* --- sending ----------------------------------------------------------- */

static bool
send_all(struct client *c, const struct buf *bytes)
{
	const struct io_end end = {c->fd, IO_SOCKET};
	size_t done = 0;
	ssize_t n;

	while (done < bytes->len) {
		if (!wait_for(c, POLLOUT))
			return false;
		n = io_write(&end, buf_str(bytes) + done, bytes->len - done);
		if (n == IO_FAILED)
			return fail(c, CLIENT_CUT, errno);
		if (n > 0)
			done += (size_t)n;
	}
	return true;
}

bool
client_send(struct client *c, const char *method_path, const char *entry,
    const char *fields, const struct buf *body)
{
	CLEANUP_BUF struct buf all = BUF_INIT(LIMIT_HEAD_BYTES);
	const char *host = is_local(entry) ? "localhost" : client_reach(entry);
	bool six = strchr(host, ':') != NULL;

	buf_addf(&all, "%s HTTP/1.1\r\nHost: %s%s%s\r\nConnection: close\r\n",
	    method_path, six ? "[" : "", host, six ? "]" : "");
	buf_addstr(&all, fields);
	if (body != NULL)
		buf_addf(&all,
		    "Content-Type: application/json\r\n"
		    "Content-Length: %zu\r\n",
		    body->len);
	buf_addstr(&all, "\r\n");
	if (body != NULL)
		buf_add(&all, buf_str(body), body->len);
	return buf_ok(&all) ? send_all(c, &all)
	                    : fail(c, CLIENT_GARBLED, ENOMEM);
}

/* --- the answer -------------------------------------------------------- */

/* The value of a field in a head that ends with an empty line; NULL. */
static const char *
field(const char *head, const char *name)
{
	const char *line = head;
	size_t len = strlen(name);

	while ((line = strstr(line, "\r\n")) != NULL &&
	       strncmp(line, "\r\n\r\n", 4) != 0) {
		line += 2;
		if (strncasecmp(line, name, len) == 0 && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, " \t");
	}
	return NULL;
}

/* "HTTP/1.1 200 OK" */
static int
status_of(const char *head)
{
	int status = 0, i;

	if (strncmp(head, "HTTP/1.", 7) != 0 || head[7] == '\0' ||
	    head[8] != ' ')
		return 0;
	for (i = 9; i < 12; i++) {
		if (head[i] < '0' || head[i] > '9')
			return 0;
		status = 10 * status + (head[i] - '0');
	}
	return status < 200 ? 0 : status;
}

static bool
begin_body(struct client *c, const char *head)
{
	const char *length = field(head, "Content-Length");
	const char *coding = field(head, "Transfer-Encoding");
	struct http_framing framing = {.kind = HTTP_BODY_NONE};

	if (coding != NULL && strncasecmp(coding, "chunked", 7) == 0) {
		framing.kind = HTTP_BODY_CHUNKED;
	} else if (length != NULL && *length >= '0' && *length <= '9') {
		framing.kind = HTTP_BODY_LENGTH;
		framing.length = strtoull(length, NULL, 10);
	} else {
		c->until_close = true;
	}
	return http_body_start(&c->body, &framing, LIMIT_CLIENT_BYTES) == 0 ||
	       fail(c, CLIENT_GARBLED, 0);
}

static bool
take_head(struct client *c)
{
	CLEANUP_FREE char *head = NULL;
	const char *text = buf_str(&c->raw), *end = strstr(text, "\r\n\r\n");

	if (c->raw.len > 0 &&
	    strncmp(text, "HTTP/1.", c->raw.len < 7 ? c->raw.len : 7) != 0)
		return fail(c, CLIENT_GARBLED, 0);
	if (end == NULL)
		return c->raw.len < LIMIT_HEAD_BYTES ||
		       fail(c, CLIENT_GARBLED, 0);
	head = strndup(text, (size_t)(end - text) + 4);
	if (head == NULL)
		return fail(c, CLIENT_GARBLED, ENOMEM);
	c->status = status_of(head);
	if (c->status == 0)
		return fail(c, CLIENT_GARBLED, 0);
	buf_consume(&c->raw, strlen(head));
	return begin_body(c, head);
}

static bool
take_body(struct client *c)
{
	size_t used = c->raw.len;
	int r = HTTP_BODY_MORE;

	if (c->until_close)
		(void)buf_add(&c->content, buf_str(&c->raw), used);
	else
		r = http_body_step(
		    &c->body, buf_str(&c->raw), c->raw.len, &used, &c->content);
	buf_consume(&c->raw, used);
	c->whole = r == HTTP_BODY_DONE;
	return (r >= 0 && buf_ok(&c->content)) || fail(c, CLIENT_GARBLED, 0);
}

static bool
take(struct client *c)
{
	if (c->status == 0 && !take_head(c))
		return false;
	return c->status == 0 || take_body(c);
}

bool
client_more(struct client *c)
{
	const struct io_end end = {c->fd, IO_SOCKET};
	char some[READ_SIZE];
	ssize_t n;

	if (c->whole || c->failure != CLIENT_FINE || !wait_for(c, POLLIN))
		return false;
	n = io_read(&end, some, sizeof(some));
	if (n == IO_AGAIN)
		return true;
	if (n <= 0) {
		c->whole = n == 0 && c->until_close;
		if (!c->whole)
			(void)fail(c, CLIENT_CUT, n == 0 ? 0 : errno);
		return false;
	}
	return buf_add(&c->raw, some, (size_t)n) ? take(c)
	                                         : fail(c, CLIENT_GARBLED, 0);
}
