/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp: the command a person types.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io.h"
#include "log.h"
#include "version.h"

#include "banned.h"

static int cli_version(void);
static int cli_help(void);

static const struct {
	const char *name, *alias, *other;
	int (*run)(void);
	const char *help;
} verbs[] = {
    {"start", "", "", cli_start, "serve in the foreground (the default)"},
    {"version", "-v", "--version", cli_version, "print the version"},
    {"help", "-h", "--help", cli_help, "print this"},
};
#define NVERBS (sizeof(verbs) / sizeof(verbs[0]))

static int
cli_version(void)
{
	(void)printf("ccp " CCP_VERSION "\n");
	return EXIT_SUCCESS;
}

static int
cli_help(void)
{
	size_t i;

	(void)printf("ccp: an OpenAI-compatible proxy for Claude Code\n\n"
		     "usage: ccp [command]\n\n");
	for (i = 0; i < NVERBS; i++)
		(void)printf("  %-8s  %s\n", verbs[i].name, verbs[i].help);
	(void)printf("\nThe configuration is ~/.ccp/config.json and the "
		     "environment: see ccp-config(5).\n");
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "start";
	size_t i;

	io_keep_std();
	(void)umask(077);
	log_open("ccp", LOG_LEVEL_INFO);
	if (argc > 2) {
		(void)fprintf(stderr, "ccp: too many arguments\n");
		return CLI_USAGE;
	}
	for (i = 0; i < NVERBS; i++) {
		if (strcmp(verb, verbs[i].name) == 0 ||
		    (verb[0] == '-' && (strcmp(verb, verbs[i].alias) == 0 ||
					   strcmp(verb, verbs[i].other) == 0)))
			return verbs[i].run();
	}
	(void)fprintf(
	    stderr, "ccp: unknown command \"%s\": see ccp help\n", verb);
	return CLI_USAGE;
}
