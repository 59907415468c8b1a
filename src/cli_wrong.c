/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_wrong.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "cli.h"
#include "nearest.h"
#include "screen_text.h"

#include "banned.h"

#define LINE_BYTES 512

int
cli_wrong(const char *verb, const char *fmt, ...)
{
	CLEANUP_BUF struct buf clean = BUF_INIT((size_t)4 * LINE_BYTES);
	char line[LINE_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	screen_text_add(&clean, line);
	(void)fprintf(stderr, "ccp: %s\n", buf_str(&clean));
	if (verb == NULL)
		(void)fprintf(stderr, "see ccp help\n");
	else
		(void)fprintf(stderr, "see ccp %s --help\n", verb);
	return CLI_USAGE;
}

int
cli_wrong_argument(const char *verb, const char *word)
{
	if (word[0] == '-' && word[1] != '\0')
		return cli_wrong(
		    verb, "unknown option %.*s", (int)strcspn(word, "="), word);
	return cli_wrong(verb, "unexpected argument \"%s\"", word);
}

int
cli_wrong_missing(const char *verb, const char *what)
{
	return cli_wrong(verb, "missing argument: %s", what);
}

int
cli_wrong_command(const char *verb, const char *word, const char *const *names)
{
	const char *of = verb == NULL ? "" : verb;
	const char *gap = verb == NULL ? "" : " ";
	struct nearest n;

	if (word == NULL || word[0] == '\0')
		return cli_wrong_missing(verb, "COMMAND");
	if (word[0] == '-' && word[1] != '\0')
		return cli_wrong_argument(verb, word);
	nearest_open(&n, word);
	for (; *names != NULL; names++)
		nearest_try(&n, *names);
	if (n.found == NULL)
		return cli_wrong(
		    verb, "unknown command \"%s%s%s\"", of, gap, word);
	return cli_wrong(verb,
	    "unknown command \"%s%s%s\": did you mean \"%s%s%s\"?", of, gap,
	    word, of, gap, n.found);
}

int
cli_wrong_option(const char *verb, int c, char **argv)
{
	const char letter[] = {'-', (char)optopt, '\0'};
	const char *word = argv[optind - 1];
	bool is_long = strncmp(word, "--", 2) == 0;

	if (c == ':')
		return cli_wrong(verb, "missing argument: a value for %s",
		    is_long ? word : letter);
	if (optopt == 0)
		return cli_wrong_argument(verb, word);
	/* A letter that is none leaves optind where it was. */
	if (is_long && strchr(word, '=') != NULL)
		return cli_wrong(
		    verb, "%.*s takes no value", (int)strcspn(word, "="), word);
	return cli_wrong_argument(verb, letter);
}
