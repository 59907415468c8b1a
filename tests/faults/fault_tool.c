/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a program and makes one of its system calls fail:
 *
 *     fault_tool FROM FAULT AT REPORT CONTROL PROGRAM [ARGUMENT...]
 *
 * FROM: request, main or child (supervise.h).  FAULT: one of inject.c, or
 * "none".  REPORT is the descriptor where one line of JSON goes, CONTROL that
 * of a pipe: nothing is counted before a byte comes (-1: from the beginning).
 * Ends with 77 where the system has no way to do it.
 *
 * Calls are stopped by seccomp's notifications, as only these reach them all:
 * a preloaded library does not see what the C library calls by itself (malloc,
 * opendir, fork, a signal handler's return), and ptrace keeps LeakSanitizer from
 * looking for leaks.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CANNOT 77

#ifdef __linux__

#include <fcntl.h>

#include "supervise.h"

#define ARGUMENTS 6
#define SECONDS   30

static void
put_text(FILE *to, const char *text)
{
	(void)fputc('"', to);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
			(void)fputc('?', to);
		else
			(void)fputc(*text, to);
	}
	(void)fputc('"', to);
}

static long
cpu_ms(const struct rusage *used)
{
	return (used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1000 +
	       (used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1000;
}

static void
report(int fd, const struct plan *plan, const struct outcome *o)
{
	static const char *const ends[] = {"itself", "spins", "hangs"};
	FILE *to = fdopen(fd, "w");
	long i;

	if (to == NULL)
		return;
	(void)fprintf(to,
	    "{\"end\":\"%s\",\"status\":%d,\"cpu_ms\":%ld,\"calls\":%ld,"
	    "\"counted\":%ld,\"injected\":%ld,\"left\":%ld,"
	    "\"strays\":%ld,\"first\":",
	    ends[o->end], o->status, cpu_ms(&o->used), o->calls, o->counted,
	    o->injected, o->left, o->strays);
	put_text(to, o->first);
	(void)fprintf(to, ",\"fds\":");
	for (i = 0; i < o->nfds; i++) {
		(void)fputc(i == 0 ? '[' : ',', to);
		put_text(to, o->fds[i]);
	}
	(void)fprintf(to, "%s,\"names\":\"", o->nfds > 0 ? "]" : "null");
	for (i = 0; plan->fault == NULL && i < o->counted && i < MOST_NAMES;
	     i++)
		(void)fprintf(to, "%s%s", i == 0 ? "" : " ", o->names[i]);
	(void)fprintf(to, "\"}\n");
	(void)fclose(to);
}

static bool
read_from(const char *word, enum from *ret)
{
	if (strcmp(word, "request") == 0)
		*ret = FROM_REQUEST;
	else if (strcmp(word, "main") == 0)
		*ret = FROM_MAIN;
	else if (strcmp(word, "child") == 0)
		*ret = FROM_CHILD;
	else
		return false;
	return true;
}

static int
own_fd(const char *number)
{
	int fd = (int)strtol(number, NULL, 10);

	return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1;
}

static bool
read_plan(struct plan *p, char **argv)
{
	const char *most = getenv("FAULT_TOOL_MOST");

	p->fault = fault_find(argv[2]);
	p->at = strtol(argv[3], NULL, 10);
	p->control = own_fd(argv[5]);
	p->most = most == NULL ? 20000 : strtol(most, NULL, 10);
	p->seconds = SECONDS;
	p->argv = argv + ARGUMENTS;
	return read_from(argv[1], &p->from) &&
	       (p->fault != NULL || strcmp(argv[2], "none") == 0);
}

int
main(int argc, char **argv)
{
	static struct outcome o;
	struct plan p;
	int to;

	if (argc <= ARGUMENTS || !read_plan(&p, argv) ||
	    (to = own_fd(argv[4])) == -1) {
		(void)fprintf(stderr,
		    "usage: fault_tool request|main|child FAULT|none AT "
		    "REPORT CONTROL PROGRAM [ARGUMENT...]\n");
		return EXIT_FAILURE;
	}
	if (!supervise(&p, &o)) {
		(void)fprintf(stderr, "fault_tool: %s\n", strerror(errno));
		return CANNOT;
	}
	report(to, &p, &o);
	return EXIT_SUCCESS;
}

#else

int
main(void)
{
	(void)fprintf(stderr, "fault_tool: there is no seccomp here\n");
	return CANNOT;
}

#endif
