/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_find.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "home_path.h"
#include "programs.h"

#include "banned.h"

/* Below HOME, and below the root. */
static const char *const home_places[] = {".local/bin", ".claude/local",
    ".npm-global/bin", ".bun/bin", ".volta/bin", NULL};
static const char system_places[] =
    "/usr/local/bin:/opt/homebrew/bin:/usr/bin:/snap/bin";

static char *
by_path(const char *path, char *const *env, char *err, size_t errlen)
{
	char expanded[PATH_MAX], absolute[PATH_MAX];
	const char *use = expanded, *wrong = home_path(expanded, path, env);

	if (wrong != NULL) {
		(void)snprintf(err, errlen, "CLAUDE_PATH %s", wrong);
		return NULL;
	}
	if (use[0] != '/') {
		if (realpath(use, absolute) == NULL)
			absolute[0] = '\0';
		use = absolute;
	}
	if (program_executable(use))
		return strdup(use);
	(void)snprintf(err, errlen,
	    "CLAUDE_PATH is %s, which is not an executable file", path);
	return NULL;
}

static char *
in_home(const char *name, const char *home)
{
	char dir[PATH_MAX], *found = NULL;
	size_t i;

	for (i = 0; found == NULL && home_places[i] != NULL; i++) {
		(void)snprintf(dir, sizeof(dir), "%s/%s", home, home_places[i]);
		found = program_on_path(name, dir);
	}
	return found;
}

static char *
by_name(const char *name, const char *home, const char *path, char *err,
    size_t errlen)
{
	char *found = program_on_path(name, path);

	if (found == NULL && home[0] != '\0')
		found = in_home(name, home);
	if (found == NULL)
		found = program_on_path(name, system_places);
	if (found == NULL)
		(void)snprintf(err, errlen,
		    "no executable \"%s\" was found on PATH: install Claude "
		    "Code, or set CLAUDE_PATH to the absolute path of it",
		    name);
	return found;
}

char *
claude_find(
    const struct settings *s, char *const *env, char *err, size_t errlen)
{
	const char *home = settings_getenv(env, "HOME");
	const char *path = settings_getenv(env, "PATH");
	char *found;

	home = home == NULL ? "" : home;
	path = path == NULL ? "" : path;
	if (strcmp(s->claude_path, "demo") == 0) {
		found = program_of_ours("ccp-demo-claude");
		if (found == NULL)
			(void)snprintf(
			    err, errlen, "ccp's demo backend is not installed");
		return found;
	}
	if (strchr(s->claude_path, '/') != NULL)
		return by_path(s->claude_path, env, err, errlen);
	return by_name(s->claude_path, home, path, err, errlen);
}
