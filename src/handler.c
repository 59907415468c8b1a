/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp-handler: serves the one connection that is its standard input and
 * output, the way systemd (Accept=yes), launchd (inetdCompatibility), inetd
 * and "ccp start" pass it on, and a shell's pipe too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"
#include "log.h"
#include "proc_tree.h"
#include "serve.h"
#include "settings.h"
#include "signals.h"
#include "version.h"

#include "banned.h"

extern char **environ;

static int
serve(void)
{
	CLEANUP_FREE char *file = settings_path(environ);
	struct settings settings;
	char why[512];
	int result;

	if (settings_load(&settings, file, environ, why, sizeof(why)) == -1) {
		log_error("%s", why);
		return serve_connection(
		    STDIN_FILENO, STDOUT_FILENO, NULL, environ);
	}
	log_set_level_name(settings.log_level);
	result =
	    serve_connection(STDIN_FILENO, STDOUT_FILENO, &settings, environ);
	settings_free(&settings);
	return result;
}

static int
usage(const char *argument)
{
	if (strcmp(argument, "--version") == 0) {
		(void)printf("ccp-handler " CCP_VERSION "\n");
		return EXIT_SUCCESS;
	}
	if (strcmp(argument, "--help") == 0) {
		(void)printf(
		    "usage: ccp-handler\n"
		    "Serves one HTTP connection on standard input and output; "
		    "see ccp-handler(8).\n");
		return EXIT_SUCCESS;
	}
	(void)fprintf(stderr, "ccp-handler: unknown argument: %s\n", argument);
	return 2;
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return usage(argv[1]);
	io_keep_std();
	(void)umask(077);
	log_open("ccp", LOG_LEVEL_INFO);
	/* Claude's tool commands outlive their sessions' leaders: have them
	 * come here, to be swept. */
	(void)proc_subreaper();
	if (signals_open() == -1 || serve() == -1) {
		log_error("cannot serve: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
