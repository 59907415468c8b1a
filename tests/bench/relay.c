/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relay PORT CLAUDE: the least that a program started for each connection can
 * be, as a supervisor of sockets starts one.  "relay - CLAUDE" is that program,
 * with the connection as its standard input: it starts CLAUDE and passes the
 * text of its lines on as chunks of a stream: a poll, a read and a send for
 * each, and nothing else is looked at, checked, kept or limited.  What ccp costs
 * beyond it is ccp's.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define READ_BYTES 65536

static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream"
			   "\r\nTransfer-Encoding: chunked\r\n\r\n";

/* Returns where its output is read. */
static int
start(char *claude)
{
	char name[] = "claude", print[] = "--print", verbose[] = "--verbose";
	char output[] = "--output-format", json[] = "stream-json";
	char partial[] = "--include-partial-messages", prompt[] = "hello";
	char *argv[] = {
	    name, print, verbose, output, json, partial, prompt, NULL};
	int fds[2];
	pid_t pid;

	if (pipe(fds) == -1)
		fail("pipe");
	pid = fork();
	if (pid == -1)
		fail("fork");
	if (pid == 0) {
		if (dup2(fds[1], STDOUT_FILENO) == -1)
			_exit(1);
		(void)close(fds[0]);
		(void)close(fds[1]);
		(void)execv(claude, argv);
		_exit(1);
	}
	(void)close(fds[1]);
	return fds[0];
}

/* Adds the chunk of a line's text, if it has one; returns its length. */
static size_t
chunk(char *to, size_t room, const char *line, size_t len)
{
	static const char key[] = "\"text_delta\",\"text\":\"";
	const char *text = memmem(line, len, key, sizeof(key) - 1), *end;
	int n;

	if (text == NULL)
		return 0;
	text += sizeof(key) - 1;
	end = memchr(text, '"', len - (size_t)(text - line));
	if (end == NULL)
		return 0;
	n = snprintf(to, room, "%zx\r\ndata: {\"content\":\"%.*s\"}\n\n\r\n",
	    (size_t)(end - text) + 22, (int)(end - text), text);
	return n > 0 && (size_t)n < room ? (size_t)n : 0;
}

/* Of whole lines; what is left of the last one moves to the front. */
static size_t
pass_on(int fd, char *lines, size_t len)
{
	static char out[4 * READ_BYTES];
	size_t used = 0, at = 0;
	const char *end;

	while ((end = memchr(lines + at, '\n', len - at)) != NULL) {
		used += chunk(out + used, sizeof(out) - used, lines + at,
		    (size_t)(end - lines) - at);
		at = (size_t)(end - lines) + 1;
	}
	if (used > 0 && send(fd, out, used, MSG_NOSIGNAL) == -1)
		exit(0);
	memmove(lines, lines + at, len - at);
	return len - at;
}

static _Noreturn void
serve(int fd, char *claude)
{
	static char lines[2 * READ_BYTES];
	struct pollfd ps[] = {{.fd = fd, .events = 0}, {.events = POLLIN}};
	size_t len = 0;
	ssize_t n = recv(fd, lines, READ_BYTES, 0);

	if (n <= 0 || send(fd, head, sizeof(head) - 1, MSG_NOSIGNAL) == -1)
		exit(0);
	ps[1].fd = start(claude);
	while (len < READ_BYTES && poll(ps, 2, -1) > 0 && ps[0].revents == 0) {
		n = read(ps[1].fd, lines + len, READ_BYTES);
		if (n <= 0)
			break;
		len = pass_on(fd, lines, len + (size_t)n);
	}
	(void)send(fd, "0\r\n\r\n", 5, MSG_NOSIGNAL);
	while (recv(fd, lines, READ_BYTES, 0) > 0)
		continue;
	exit(0);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd, on = 1;

	if (argc != 3)
		return 2;
	if (strcmp(argv[1], "-") == 0)
		serve(STDIN_FILENO, argv[2]);
	at.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	(void)signal(SIGCHLD, SIG_IGN);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (void *)&at, sizeof(at)) == -1 ||
	    listen(listener, SOMAXCONN) == -1)
		fail("listen");
	while ((fd = accept(listener, NULL, NULL)) != -1) {
		switch (fork()) {
		case -1:
			fail("fork");
		case 0:
			(void)close(listener);
			if (fd != STDIN_FILENO &&
			    (dup2(fd, STDIN_FILENO) == -1 || close(fd) == -1))
				fail("dup2");
			(void)execl(
			    argv[0], argv[0], "-", argv[2], (char *)NULL);
			fail("exec");
		}
		(void)close(fd);
	}
	fail("accept");
}
