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

#include "cli_wrong.h"
#include "io.h"
#include "log.h"
#include "version.h"

#include "banned.h"

static int version(int argc, char **argv);
static int help(int argc, char **argv);

static const char version_usage[] = "usage: ccp version\n"
				    "Prints the version.\n"
				    "\n"
				    "  ccp version       ccp " CCP_VERSION "\n";
static const char help_usage[] =
    "usage: ccp help [command]\n"
    "Prints the commands, or all that one of them takes.\n"
    "\n"
    "  ccp help config   the same as ccp config --help\n";

static const struct {
	const char *name, *alias, *other;
	int (*run)(int argc, char **argv);
	const char *summary;
	const char *usage; /* all of it, for --help */
} verbs[] = {
    {"start", "", "", cli_start, "serve in the foreground (the default)",
	cli_start_usage},
    {"config", "", "", cli_config,
	"set, get, list, reset, edit, path, help: the configuration",
	cli_config_usage},
    {"service", "", "", cli_service,
	"install, uninstall, start, stop, restart, status", cli_service_usage},
    {"session", "", "", cli_session,
	"list, show, clear, prune: remembered conversations",
	cli_session_usage},
    {"logs", "", "", cli_logs, "the log, wherever it goes", cli_logs_usage},
    {"usage", "", "", cli_usage, "requests, tokens and cost, by day",
	cli_usage_usage},
    {"doctor", "", "", cli_doctor, "look for what is wrong, and say the fix",
	cli_doctor_usage},
    {"test", "", "", cli_test, "get one real answer through the server",
	cli_test_usage},
    {"version", "-v", "--version", version, "print the version", version_usage},
    {"help", "-h", "--help", help, "print this, or more of one command",
	help_usage},
};
#define NVERBS (sizeof(verbs) / sizeof(verbs[0]))

static bool
is_verb(const char *word, size_t i)
{
	return strcmp(word, verbs[i].name) == 0 ||
	       (word[0] == '-' && (strcmp(word, verbs[i].alias) == 0 ||
				      strcmp(word, verbs[i].other) == 0));
}

/* Its place in the table; NVERBS: it is none, which has been said. */
static size_t
find_verb(const char *word)
{
	const char *names[NVERBS + 1] = {NULL};
	size_t i;

	for (i = 0; i < NVERBS; i++) {
		if (is_verb(word, i))
			return i;
		names[i] = verbs[i].name;
	}
	(void)cli_wrong_command(NULL, word, names);
	return NVERBS;
}

static int
version(int argc, char **argv)
{
	if (argc > 1)
		return cli_wrong_argument("version", argv[1]);
	(void)printf("ccp " CCP_VERSION "\n");
	return EXIT_SUCCESS;
}

static int
help(int argc, char **argv)
{
	size_t i;

	if (argc > 2)
		return cli_wrong_argument(NULL, argv[2]);
	if (argc == 2) {
		i = find_verb(argv[1]);
		if (i == NVERBS)
			return CLI_USAGE;
		(void)fputs(verbs[i].usage, stdout);
		return EXIT_SUCCESS;
	}
	(void)printf("ccp: an OpenAI-compatible proxy for Claude Code\n\n"
		     "usage: ccp [command]\n\n");
	for (i = 0; i < NVERBS; i++)
		(void)printf("  %-8s  %s\n", verbs[i].name, verbs[i].summary);
	(void)printf("\nccp COMMAND --help has more of each.  The "
		     "configuration is ~/.ccp/config.json\n"
		     "and the environment: see ccp-config(5).\n");
	return EXIT_SUCCESS;
}

/* Anywhere behind the verb: so it can be added to what is typed already. */
static bool
wants_help(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

int
main(int argc, char **argv)
{
	static char start[] = "start";
	char *bare[] = {start, NULL};
	size_t i;

	io_keep_std();
	(void)umask(077);
	log_open("ccp", LOG_LEVEL_INFO);
	if (argc < 2)
		return cli_start(1, bare);
	i = find_verb(argv[1]);
	if (i == NVERBS)
		return CLI_USAGE;
	if (!wants_help(argc - 1, argv + 1))
		return verbs[i].run(argc - 1, argv + 1);
	(void)fputs(verbs[i].usage, stdout);
	return EXIT_SUCCESS;
}
