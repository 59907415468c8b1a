/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the Claude Code CLI is.
 */
#ifndef CCP_CLAUDE_FIND_H
#define CCP_CLAUDE_FIND_H

#include <stddef.h>

#include "settings.h"

/*
 * The absolute path behind CLAUDE_PATH: "demo" is ccp's own stand-in; a name
 * with a slash is a path (~/ is HOME); any other name is looked up on PATH
 * and then where installers put it, which a service's PATH does not list
 * (~/.local/bin, ~/.claude/local, npm's usual prefixes and that of ~/.npmrc).
 * malloc'ed; NULL sets err to a sentence that says what to do.
 */
char *claude_find(
    const struct settings *s, char *const *env, char *err, size_t errlen);

#endif
