/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stand-in as another proxy runs it, which takes Claude for a program that
 * has its prompt as the last argument and nothing on standard input:
 *
 *   claude --print --output-format stream-json --verbose ... PROMPT
 *
 * becomes ccp-demo-claude with the prompt as a line on standard input, in the
 * same process.  Called as ccp calls Claude it passes all on as it is: so the
 * one way costs as many execs as the other.  CCP_BENCH_CLAUDE is the stand-in.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define LINE_BYTES 16384 /* fits into a pipe */

static void
add(char *line, size_t *len, const char *text)
{
	size_t n = strlen(text);

	if (*len + n >= LINE_BYTES) {
		(void)fprintf(stderr, "the prompt is too long\n");
		exit(1);
	}
	memcpy(line + *len, text, n + 1);
	*len += n;
}

/* Prompts of the benchmark are plain words. */
static void
put_prompt(const char *prompt)
{
	char line[LINE_BYTES];
	size_t len = 0;
	int fds[2];

	add(line, &len,
	    "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":\"");
	add(line, &len, prompt);
	add(line, &len, "\"}}\n");
	if (strpbrk(prompt, "\"\\\n") != NULL || pipe(fds) == -1 ||
	    write(fds[1], line, len) != (ssize_t)len ||
	    dup2(fds[0], STDIN_FILENO) == -1)
		fail("prompt");
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int
main(int argc, char **argv)
{
	static char option[] = "--input-format", value[] = "stream-json";
	const char *program = getenv("CCP_BENCH_CLAUDE");
	char *new[64];
	bool as_it_is = argc < 3;
	int i;

	if (program == NULL || argc >= 60)
		return 2;
	for (i = 0; i < argc; i++) {
		new[i] = argv[i];
		as_it_is |= strcmp(argv[i], "--input-format") == 0;
	}
	if (!as_it_is) {
		put_prompt(argv[argc - 1]);
		new[argc - 1] = option;
		new[argc] = value;
		argc++;
	}
	new[argc] = NULL;
	(void)execv(program, new);
	fail(program);
}
