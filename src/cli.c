/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp: the command a person types.
 */
#include "cli.h"

#include <stdbool.h>
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
	int (*run_with)(int argc, char **argv); /* instead; takes arguments */
	const char *help;
} verbs[] = {
    {"start", "", "", cli_start, NULL, "serve in the foreground (the default)"},
    {"session", "", "", NULL, cli_session,
	"list, show, clear, prune: remembered conversations"},
    {"version", "-v", "--version", cli_version, NULL, "print the version"},
    {"help", "-h", "--help", cli_help, NULL, "print this"},
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

static bool
is_verb(const char *word, size_t i)
{
	return strcmp(word, verbs[i].name) == 0 ||
	       (word[0] == '-' && (strcmp(word, verbs[i].alias) == 0 ||
				      strcmp(word, verbs[i].other) == 0));
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "start";
	size_t i;

	io_keep_std();
	(void)umask(077);
	log_open("ccp", LOG_LEVEL_INFO);
	for (i = 0; i < NVERBS; i++) {
		if (!is_verb(verb, i))
			continue;
		if (verbs[i].run_with != NULL)
			return verbs[i].run_with(argc - 1, argv + 1);
		if (argc <= 2)
			return verbs[i].run();
		(void)fprintf(stderr, "ccp: too many arguments\n");
		return CLI_USAGE;
	}
	(void)fprintf(
	    stderr, "ccp: unknown command \"%s\": see ccp help\n", verb);
	return CLI_USAGE;
}
