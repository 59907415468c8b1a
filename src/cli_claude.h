/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the claude of this machine says of itself, asked by running it.
 */
#ifndef CCP_CLI_CLAUDE_H
#define CCP_CLI_CLAUDE_H

#include <stdbool.h>

#include "settings.h"

enum claude_login {
	CLAUDE_LOGIN_UNKNOWN, /* it gave no answer that is understood */
	CLAUDE_LOGIN_NO,
	CLAUDE_LOGIN_YES,
};

struct claude_facts {
	char *path;       /* absolute, malloc'ed; NULL: not found, see why */
	char why[512];    /* path or version is missing: a sentence; else "" */
	char version[64]; /* "2.1.197"; "" where it does not tell */
	bool too_old;     /* see claude_version.h */
	enum claude_login login;
	char account[256]; /* how it is logged in, for a person; "" */
};

/*
 * Runs "claude --version" and "claude auth status" (CLI 2.1.197 prints JSON
 * with loggedIn, and exits with 1 where it is not), each with a limit of time
 * and with the environment that ccp's own Claude processes get.  The caller
 * frees it with claude_facts_clear().
 */
void claude_facts_find(
    struct claude_facts *ret, const struct settings *s, char *const *env);
void claude_facts_clear(struct claude_facts *f);

#endif
