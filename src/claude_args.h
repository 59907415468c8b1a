/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a Claude process is started, as pure data: argv, environment,
 * directory.  Nothing of a request goes into argv but the validated model
 * name; texts travel on stdin (claude_lines.h).
 */
#ifndef CCP_CLAUDE_ARGS_H
#define CCP_CLAUDE_ARGS_H

#include <stdbool.h>

#include "openai_request.h"
#include "settings.h"

struct claude_launch {
	char *path;  /* absolute path of the program */
	char **argv; /* NULL-terminated */
	char **envp; /* NULL-terminated, chosen by allow-list */
	char *cwd;   /* NULL: as it is */
	/* What cannot be changed once it runs, as a SHA-256 in hex: two requests
	 * whose fingerprints differ can never share a process. */
	char fingerprint[65];
};

/*
 * path: the program, already found.  env: the environment of this process.
 * 0, or -1 when out of memory.  The caller frees with claude_launch_clear().
 */
int claude_launch_make(struct claude_launch *ret, const char *path,
    const struct settings *s, const struct chat_request *r, char *const *env);
void claude_launch_clear(struct claude_launch *l);

/* Whether the child may have this variable; more: names of CLAUDE_ENV. */
bool claude_env_allowed(const char *name, const char *more);

#endif
