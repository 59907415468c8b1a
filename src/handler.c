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

#include "api_error.h"
#include "cleanup.h"
#include "io.h"
#include "log.h"
#include "log_setup.h"
#include "proc_tree.h"
#include "request_times.h"
#include "runtime_dir.h"
#include "serve.h"
#include "settings.h"
#include "signals.h"
#include "slots.h"
#include "version.h"

#include "banned.h"

extern char **environ;

/*
 * A place among the connections of this user, whoever accepted them: under
 * systemd nobody else counts, and past MaxConnections it resets without a
 * word.  False only if there is none.
 */
static bool
take_place(struct slots *place, const struct settings *s)
{
	int dir = runtime_dir_open(environ);

	slots_open(place, dir, "connections", (size_t)s->max_connections, 0);
	if (dir == -1 || slots_try(place) != SLOTS_FULL)
		return true;
	return false;
}

static int
refuse(void)
{
	struct api_error e;

	api_error_set(&e, 503, "server_error", "too_many_connections",
	    "The proxy has as many connections as it may have "
	    "(MAX_CONNECTIONS): try again in a moment.");
	e.retry_after = 1;
	return serve_refusal(STDIN_FILENO, STDOUT_FILENO, &e);
}

/* Behind the connection, whose place is another one's then. */
static void
keep(struct keeper *keeper, struct slots *place)
{
	if (!keeper_empty(keeper)) {
		slots_release(place);
		io_hang_up();
		serve_keeper(keeper);
	}
	keeper_close(keeper);
}

/* counted: who accepted the connection keeps MAX_CONNECTIONS. */
static int
serve(bool counted)
{
	CLEANUP_FREE char *file = settings_path(environ);
	struct settings settings;
	struct keeper keeper;
	struct slots place;
	char why[512];
	int result;

	if (settings_load(&settings, file, environ, why, sizeof(why)) == -1) {
		log_error("%s", why);
		return serve_connection(
		    STDIN_FILENO, STDOUT_FILENO, NULL, environ, NULL);
	}
	log_setup(&settings, environ);
	slots_open(&place, -1, "connections", 0, 0); /* none */
	if (!counted && !take_place(&place, &settings)) {
		result = refuse();
	} else {
		keeper_open(&keeper, &settings, environ);
		keeper.started = counted;
		result = serve_connection(
		    STDIN_FILENO, STDOUT_FILENO, &settings, environ, &keeper);
		keep(&keeper, &place);
	}
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
		    "usage: ccp-handler [--counted | --help | --version]\n"
		    "Serves one HTTP connection on standard input and output; "
		    "see ccp-handler(8).\n"
		    "\n"
		    "  --counted  MAX_CONNECTIONS is kept by who starts it\n");
		return EXIT_SUCCESS;
	}
	(void)fprintf(stderr, "ccp-handler: unknown argument: %s\n", argument);
	return 2;
}

int
main(int argc, char **argv)
{
	bool counted = argc == 2 && strcmp(argv[1], "--counted") == 0;

	times_begin();
	if (argc > 1 && !counted)
		return usage(argv[1]);
	io_keep_std();
	(void)umask(077);
	log_open("ccp", LOG_LEVEL_INFO);
	/* Claude's tool commands outlive their sessions' leaders: have them
	 * come here, to be swept. */
	(void)proc_subreaper();
	if (signals_open() == -1 || serve(counted) == -1) {
		log_error("cannot serve: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
