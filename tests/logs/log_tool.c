/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many processes that log to one file at once:
 *
 *   log_tool PATH MAX_SIZE MAX_FILES PROCESSES LINES
 *
 * Each has a number; all begin at the same time, and each line is "line P N" and
 * something of a length of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

static _Noreturn void
fail(const char *what)
{
	perror(what);
	_exit(1);
}

static _Noreturn void
work(const int *gate, long process, long lines)
{
	char byte;
	long i;

	(void)close(gate[1]);
	if (read(gate[0], &byte, 1) != 0)
		fail("read");
	for (i = 0; i < lines; i++)
		log_info("line %ld %ld %0*ld.", process, i,
		    (int)(1 + (process * 7 + i) % 90), i);
	_exit(0);
}

int
main(int argc, char **argv)
{
	long processes, lines, i;
	int gate[2], status, bad = 0;

	if (argc != 6)
		return 2;
	processes = strtol(argv[4], NULL, 10);
	lines = strtol(argv[5], NULL, 10);
	log_open("tool", LOG_LEVEL_INFO);
	log_set_file(
	    argv[1], strtol(argv[2], NULL, 10), strtol(argv[3], NULL, 10));
	if (pipe(gate) == -1)
		fail("pipe");
	for (i = 0; i < processes; i++) {
		switch (fork()) {
		case -1:
			fail("fork");
		case 0:
			work(gate, i, lines);
		default:
			break;
		}
	}
	(void)close(gate[0]);
	(void)close(gate[1]);
	while (wait(&status) != -1)
		bad |= status;
	return bad == 0 ? 0 : 1;
}
