/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load PORT TOTAL AT_ONCE KEEP: a client that is no bottleneck.  The request is
 * read from standard input, to its end.  It is sent TOTAL times, to loopback,
 * by AT_ONCE connections at a time; KEEP 1: each of them is used again and
 * again, 0: for one request.  The result is a line of JSON:
 *
 *   {"wall":us,"bytes":n,"bad":n,"first":[us...],"word":[us...],
 *    "end":[us...],"deltas":n}
 *
 * first: from before connect(), or on a kept connection before the request, to
 * the first byte; word: to the first delta with text; end: to the last byte.
 *
 * As soon as all of the first AT_ONCE have their first word, or byte where
 * there are none, it says "begun" on a line.  After the result it holds all
 * connections open, with KEEP 1, until SIGTERM.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bench.h"

#define REQUEST_BYTES 65536
#define READ_BYTES    65536
#define LINE_BYTES    4096
#define EVENTS        256

enum state { CLOSED, CONNECTING, SENDING, HEAD, BODY };

/* Of a body, what is to come. */
enum framing { TO_LENGTH, CHUNK_SIZE, CHUNK, CHUNK_END, LAST };

struct conn {
	int fd; /* -1: none */
	enum state state;
	enum framing framing;
	size_t sent, left; /* of the request; of the body or chunk */
	size_t number;     /* of the request */
	int64_t began;
	char line[LINE_BYTES]; /* of the head, of a chunk's size, of an event */
	size_t len;
	char event[LINE_BYTES];
	size_t event_len;
	int status;
	bool chunked;
};

static char request[REQUEST_BYTES];
static size_t request_len, total, at_once, next, done, begun;
static bool keep, told;
static int port, poller;
static struct conn *conns;
static int64_t *first, *word, *end;
static uint64_t deltas, bytes, bad;

/* --- connections --------------------------------------------------------- */

static void
want(size_t i, int what, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.u64 = i};

	if (epoll_ctl(poller, what, conns[i].fd, &e) == -1)
		fail("epoll_ctl");
}

static void
hang_up(size_t i)
{
	(void)close(conns[i].fd);
	conns[i].fd = -1;
	conns[i].state = CLOSED;
}

static void
connect_one(size_t i)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		fail("socket");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (void *)&to, sizeof(to)) == -1 && errno != EINPROGRESS)
		fail("connect");
	conns[i].fd = fd;
	conns[i].state = CONNECTING;
	want(i, EPOLL_CTL_ADD, EPOLLOUT);
}

/* The next request, on a connection that is there or not. */
static void
begin(size_t i)
{
	struct conn *c = &conns[i];

	if (next == total)
		return;
	c->number = next++;
	c->began = now_us();
	c->sent = c->len = c->event_len = c->left = 0;
	c->status = 0;
	c->chunked = false;
	if (c->fd == -1) {
		connect_one(i);
	} else {
		c->state = SENDING;
		want(i, EPOLL_CTL_MOD, EPOLLOUT);
	}
}

static void
finish(size_t i, bool ok)
{
	struct conn *c = &conns[i];

	end[c->number] = now_us() - c->began;
	if (!ok || c->status != 200)
		bad++;
	done++;
	if (!ok || !keep)
		hang_up(i);
	begin(i);
}

static void
send_some(size_t i)
{
	struct conn *c = &conns[i];
	ssize_t n =
	    send(c->fd, request + c->sent, request_len - c->sent, MSG_NOSIGNAL);

	if (n == -1 && errno != EAGAIN) {
		finish(i, false);
		return;
	}
	c->sent += n > 0 ? (size_t)n : 0;
	if (c->sent < request_len)
		return;
	c->state = HEAD;
	want(i, EPOLL_CTL_MOD, EPOLLIN);
}

/* --- responses ----------------------------------------------------------- */

static void
note_begun(struct conn *c)
{
	if (c->number < at_once)
		begun++;
	if (told || begun < at_once)
		return;
	told = true;
	(void)printf("begun\n");
	(void)fflush(stdout);
}

/* A line of an event stream: has it text? */
static void
take_event(struct conn *c)
{
	static const char key[] = "\"content\":\"";
	const char *at;

	c->event[c->event_len] = '\0';
	c->event_len = 0;
	if (strncmp(c->event, "data: {", 7) != 0)
		return;
	at = strstr(c->event, key);
	if (at == NULL || at[sizeof(key) - 1] == '"')
		return;
	deltas++;
	if (word[c->number] != 0)
		return;
	word[c->number] = now_us() - c->began;
	note_begun(c);
}

static void
take_body(struct conn *c, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (data[i] == '\n')
			take_event(c);
		else if (c->event_len < sizeof(c->event) - 1)
			c->event[c->event_len++] = data[i];
	}
}

/* A line of the head without its end. */
static void
take_field(struct conn *c)
{
	if (c->status == 0)
		c->status = atoi(c->line + strcspn(c->line, " "));
	else if (strncasecmp(c->line, "content-length:", 15) == 0)
		c->left = strtoul(c->line + 15, NULL, 10);
	else if (strncasecmp(c->line, "transfer-encoding:", 18) == 0)
		c->chunked = true;
	else if (c->len == 0) {
		c->state = BODY;
		c->framing = c->chunked ? CHUNK_SIZE : TO_LENGTH;
	}
}

static void
take_size(struct conn *c)
{
	c->left = strtoul(c->line, NULL, 16);
	c->framing = c->left == 0 ? LAST : CHUNK;
}

/* Lines: of the head, of chunk sizes, and the empty ones.  True: it is over. */
static bool
take_line(struct conn *c)
{
	bool over = false;

	c->line[c->len] = '\0';
	if (c->state == HEAD) {
		take_field(c);
		over = c->state == BODY && !c->chunked && c->left == 0;
	} else if (c->framing == CHUNK_SIZE)
		take_size(c);
	else if (c->framing == CHUNK_END)
		c->framing = CHUNK_SIZE;
	else
		over = true;
	c->len = 0;
	return over;
}

/* True: the response is over. */
static bool
take_byte(struct conn *c, char byte)
{
	if (byte == '\n')
		return take_line(c);
	if (byte != '\r' && c->len < sizeof(c->line) - 1)
		c->line[c->len++] = byte;
	return false;
}

static bool
take(struct conn *c, const char *data, size_t len)
{
	size_t n;

	while (len > 0) {
		n = 1;
		if (c->state == BODY &&
		    (c->framing == TO_LENGTH || c->framing == CHUNK)) {
			n = len < c->left ? len : c->left;
			take_body(c, data, n);
			c->left -= n;
			if (c->left == 0 && c->framing == TO_LENGTH)
				return true;
			if (c->left == 0)
				c->framing = CHUNK_END;
		} else if (take_byte(c, *data))
			return true;
		data += n;
		len -= n;
	}
	return false;
}

static void
read_some(size_t i)
{
	static char data[READ_BYTES];
	struct conn *c = &conns[i];
	ssize_t n = recv(c->fd, data, sizeof(data), 0);

	if (n == -1 && errno == EAGAIN)
		return;
	if (c->state == CLOSED || c->state == SENDING || n <= 0) {
		if (c->state != CLOSED && c->number < total &&
		    end[c->number] == 0)
			finish(i, false);
		else
			hang_up(i);
		return;
	}
	if (first[c->number] == 0)
		first[c->number] = now_us() - c->began;
	bytes += (size_t)n;
	if (take(c, data, (size_t)n))
		finish(i, true);
}

static void
step(size_t i, uint32_t events)
{
	struct conn *c = &conns[i];

	if (c->fd == -1)
		return;
	if (c->state == CONNECTING)
		c->state = SENDING;
	if (c->state == SENDING && (events & EPOLLOUT))
		send_some(i);
	else if (c->state != SENDING)
		read_some(i);
}

/* --- the whole ----------------------------------------------------------- */

static void
print_list(const char *name, const int64_t *list)
{
	const char *comma = "";
	size_t i;

	(void)printf(",\"%s\":[", name);
	for (i = 0; i < total; i++, comma = ",")
		(void)printf("%s%lld", comma, (long long)list[i]);
	(void)printf("]");
}

static void
read_request(void)
{
	ssize_t n;

	while ((n = read(STDIN_FILENO, request + request_len,
		    sizeof(request) - request_len)) > 0)
		request_len += (size_t)n;
}

static void *
room(size_t size)
{
	void *p = calloc(total > at_once ? total : at_once, size);

	if (p == NULL)
		fail("calloc");
	return p;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	int64_t began;
	int n, k;
	size_t i;

	if (argc != 5)
		return 2;
	port = atoi(argv[1]);
	total = strtoul(argv[2], NULL, 10);
	at_once = strtoul(argv[3], NULL, 10);
	keep = atoi(argv[4]) != 0;
	if (at_once == 0 || total < at_once)
		return 2;
	read_request();
	conns = room(sizeof(*conns));
	first = room(sizeof(*first));
	word = room(sizeof(*word));
	end = room(sizeof(*end));
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (poller == -1)
		fail("epoll_create1");
	began = now_us();
	for (i = 0; i < at_once; i++) {
		conns[i].fd = -1;
		begin(i);
	}
	while (done < total) {
		n = epoll_wait(poller, events, EVENTS, -1);
		if (n == -1)
			fail("epoll_wait");
		for (k = 0; k < n; k++)
			step(events[k].data.u64, events[k].events);
	}
	(void)printf("{\"wall\":%lld,\"bytes\":%llu,\"bad\":%llu,"
		     "\"deltas\":%llu",
	    (long long)(now_us() - began), (unsigned long long)bytes,
	    (unsigned long long)bad, (unsigned long long)deltas);
	print_list("first", first);
	print_list("word", word);
	print_list("end", end);
	(void)printf("}\n");
	(void)fflush(stdout);
	if (keep)
		(void)pause();
	return 0;
}
