/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exec_time RUNS PROGRAM...: how long each of the programs takes from exec to
 * its first byte, in turns, RUNS times.  Standard input and output are one
 * socket, in which a request waits already: as an acceptor starts a handler.
 * One line of JSON: a list of microseconds for each program.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

static const char request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n"
			      "Connection: close\r\n\r\n";

static pid_t
start(const char *program, int fd)
{
	char *argv[] = {(char *)(uintptr_t)program, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	if (posix_spawn(&pid, program, &actions, NULL, argv, environ) != 0)
		fail(program);
	(void)posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static int64_t
run(const char *program)
{
	int64_t took, before;
	char answer[4096];
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
		fail("socketpair");
	if (write(fds[0], request, sizeof(request) - 1) == -1)
		fail("write");
	before = now_us();
	pid = start(program, fds[1]);
	if (recv(fds[0], answer, sizeof(answer), 0) <= 0)
		fail(program);
	took = now_us() - before;
	(void)close(fds[0]);
	(void)close(fds[1]);
	(void)waitpid(pid, NULL, 0);
	return took;
}

int
main(int argc, char **argv)
{
	int programs = argc - 2, n, i, runs;
	int64_t *took;

	if (argc < 3)
		return 2;
	runs = atoi(argv[1]);
	took = calloc((size_t)(programs * runs) + 1, sizeof(*took));
	if (took == NULL)
		fail("calloc");
	for (i = 0; i < programs; i++)
		(void)run(argv[2 + i]); /* warms the caches */
	for (n = 0; n < runs; n++)
		for (i = 0; i < programs; i++)
			took[i * runs + n] = run(argv[2 + i]);
	(void)printf("[");
	for (i = 0; i < programs; i++) {
		(void)printf("%s[", i == 0 ? "" : ",");
		for (n = 0; n < runs; n++)
			(void)printf("%s%lld", n == 0 ? "" : ",",
			    (long long)took[i * runs + n]);
		(void)printf("]");
	}
	(void)printf("]\n");
	return 0;
}
