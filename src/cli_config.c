/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp config: the configuration file, for a person.  Its command line.
 */
#include "cli_config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cli_say.h"
#include "cli_wrong.h"

#include "banned.h"

extern char **environ;

static int
path(const struct config_job *j)
{
	cJSON *one;

	if (!j->json) {
		(void)printf("%s\n", j->path);
		return EXIT_SUCCESS;
	}
	one = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(one, "path", j->path);
	(void)cJSON_AddBoolToObject(one, "exists", access(j->path, F_OK) == 0);
	return config_print_json(one);
}

static const struct {
	const char *name, *alias;
	int (*run)(const struct config_job *j);
	bool takes_key, needs_key, takes_json, takes_reveal;
} verbs[] = {
    {"list", "ls", config_list, false, false, true, false},
    {"get", "", config_get, true, true, true, true},
    {"reset", "", config_reset, true, true, false, false},
    {"edit", "", config_edit, false, false, false, false},
    {"path", "", path, false, false, true, false},
    {"help", "", config_help, true, false, true, false},
};
#define NVERBS (sizeof(verbs) / sizeof(verbs[0]))

const char cli_config_usage[] =
    "usage: ccp config list [--json]              (or ls)\n"
    "       ccp config get KEY [--json] [--reveal]\n"
    "       ccp config set KEY VALUE...\n"
    "       ccp config reset KEY\n"
    "       ccp config edit\n"
    "       ccp config path [--json]\n"
    "       ccp config help [KEY] [--json]\n"
    "A KEY may be in any case; the words of a VALUE are joined by a space.\n"
    "API keys are masked, unless --reveal asks for one.\n"
    "\n"
    "  ccp config list                     what counts, and where it is from\n"
    "  ccp config set port 9999            change ~/.ccp/config.json\n"
    "  ccp config set MODELS 'fast=haiku, best=opus'\n"
    "  ccp config set API_KEY -            asks for it, and shows nothing\n"
    "  ccp config set API_KEY -- --odd--   a value that looks like an option\n"
    "  ccp config reset port               back to the default\n"
    "  ccp config edit                     in VISUAL, EDITOR or vi, checked\n"
    "  ccp config help                     every key, and what it may be\n";

static int
finish(struct config_job *j, int status)
{
	free(j->path);
	if (fflush(stdout) == EOF || ferror(stdout))
		return cli_complain("standard output: cannot be written");
	return status;
}

static bool
open_job(struct config_job *j)
{
	j->path = settings_path(environ);
	if (j->path == NULL)
		(void)cli_complain(
		    "HOME is not set, so there is no place for config.json");
	/* A limit on the size of files is an error to be told. */
	(void)signal(SIGXFSZ, SIG_IGN);
	return j->path != NULL;
}

/* All that follows the key is the value, but for a "--" right behind it. */
static int
run_set(int argc, char **argv)
{
	struct config_job j = {.path = NULL};
	bool asks = true;
	int i = 2;

	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (i < argc)
		j.key = argv[i++];
	if (i < argc && strcmp(argv[i], "--") == 0) {
		asks = false;
		i++;
	}
	if (j.key == NULL)
		return cli_wrong_missing("config", "KEY");
	if (j.key[0] == '-')
		return cli_wrong_argument("config", j.key);
	if (i >= argc)
		return cli_wrong_missing("config", "VALUE");
	if (!open_job(&j))
		return EXIT_FAILURE;
	return finish(&j, config_set(&j, argc - i, argv + i, asks));
}

/* CLI_USAGE: the sub-command does not go with what was given; 0. */
static int
check_words(const struct config_job *j, size_t v)
{
	const char *name = verbs[v].name;

	if (j->key != NULL && (!verbs[v].takes_key || j->key[0] == '\0'))
		return cli_wrong_argument("config", j->key);
	if (j->key == NULL && verbs[v].needs_key)
		return cli_wrong_missing("config", "KEY");
	if (j->json && !verbs[v].takes_json)
		return cli_wrong("config", "config %s takes no --json", name);
	if (j->reveal && !verbs[v].takes_reveal)
		return cli_wrong("config", "config %s takes no --reveal", name);
	return 0;
}

static int
run_verb(struct config_job *j, const char *name)
{
	const char *names[NVERBS + 2] = {[NVERBS] = "set"};
	int status;
	size_t v;

	for (v = 0; v < NVERBS; v++) {
		names[v] = verbs[v].name;
		if (name == NULL ||
		    (strcmp(name, verbs[v].name) != 0 &&
			(name[0] == '\0' || strcmp(name, verbs[v].alias) != 0)))
			continue;
		status = check_words(j, v);
		if (status != 0)
			return status;
		if (!open_job(j))
			return EXIT_FAILURE;
		return finish(j, verbs[v].run(j));
	}
	return cli_wrong_command("config", name, names);
}

int
cli_config(int argc, char **argv)
{
	struct config_job j = {.path = NULL};
	const char *verb = NULL;
	int i;

	if (argc > 1 && strcmp(argv[1], "set") == 0)
		return run_set(argc, argv);
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			j.json = true;
		else if (strcmp(argv[i], "--reveal") == 0)
			j.reveal = true;
		else if (argv[i][0] == '-' || j.key != NULL)
			return cli_wrong_argument("config", argv[i]);
		else if (verb == NULL)
			verb = argv[i];
		else
			j.key = argv[i];
	}
	return run_verb(&j, verb);
}
