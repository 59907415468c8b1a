/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a Claude process is given, as pure data: argv, environment, directory,
 * and the lines for its stdin.  Nothing of a request goes into argv but the
 * validated model name.
 */
#ifndef CCP_CLAUDE_ARGS_H
#define CCP_CLAUDE_ARGS_H

#include <stdbool.h>

#include "buf.h"
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

/* Each appends one line with its line end.  Client text is followed by a
 * blank block, which keeps the CLI from interpreting it (only the last text
 * block of a line is examined for @files, slash commands and the like;
 * measured with 2.1.197). */
void claude_line_initialize(
    struct buf *to, const char *id, const char *system, bool append);
void claude_line_user(struct buf *to, const struct chat_message *m, bool query);
void claude_line_assistant(
    struct buf *to, const struct chat_message *m, const char *model);
void claude_line_interrupt(struct buf *to, const char *id);

/* A fresh random UUID (version 4). */
void claude_uuid(char to[37]);

#endif
