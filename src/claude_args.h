/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a Claude process is started, as pure data: argv, environment,
 * directory.  Nothing of a request goes into argv but the validated model
 * name and the effort, and into the environment but parameters of the API
 * (claude_body.h); texts travel on stdin (claude_lines.h).
 */
#ifndef CCP_CLAUDE_ARGS_H
#define CCP_CLAUDE_ARGS_H

#include <stdbool.h>
#include <sys/types.h>

#include "chat_request.h"
#include "settings.h"

struct claude_launch {
	char *path;  /* absolute path of the program */
	char **argv; /* NULL-terminated */
	char **envp; /* NULL-terminated, chosen by allow-list */
	char *cwd;   /* NULL: as it is */
	mode_t umask;
	/* What cannot be changed once it runs, as a SHA-256 in hex: two requests
	 * whose fingerprints differ can never share a process.  The session is
	 * not in it. */
	char fingerprint[65];
};

/* Where Claude begins.  A session is always continued at one of its answers:
 * what was aborted after that is in the session too, and a plain --resume would
 * show it to the model. */
struct claude_origin {
	const char *cwd;          /* NULL: as it is */
	const char *session, *at; /* UUIDs; NULL: a new session */
	bool fork;                /* go on in a copy */
	/* Claude is a model: no tools, settings, sessions or commands of its
	 * own; the client's tools are served to it (claude_mcp.h). */
	bool model;
};

/*
 * path: the program, already found.  env: the environment of this process.
 * 0, or -1 when out of memory.  The caller frees with claude_launch_clear().
 */
int claude_launch_make(struct claude_launch *ret, const char *path,
    const struct claude_origin *from, const struct settings *s,
    const struct chat_request *r, char *const *env);
void claude_launch_clear(struct claude_launch *l);

/* Whether the child may have this variable; more: names of CLAUDE_ENV. */
bool claude_env_allowed(const char *name, const char *more);

#endif
