/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_find.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "home_path.h"
#include "io.h"
#include "programs.h"

#include "banned.h"

#define NPMRC_BYTES 65536
#define WHITE       " \t\r"

/* Below HOME, and below the root.  ./bootstrap has the same. */
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

/* Where npm's "prefix = value" begins, which is one of these lines; NULL: the
 * line says something else.  It is cut behind the value. */
static char *
prefix_of(char *line)
{
	char *value = line + strspn(line, WHITE);
	size_t len;

	if (strncmp(value, "prefix", 6) != 0)
		return NULL;
	value += 6 + strspn(value + 6, WHITE);
	if (*value != '=')
		return NULL;
	value += 1 + strspn(value + 1, WHITE);
	for (len = strlen(value); len > 0; len--) {
		if (strchr(WHITE, value[len - 1]) == NULL)
			break;
	}
	if (len >= 2 && value[0] == value[len - 1] &&
	    (value[0] == '"' || value[0] == '\'')) {
		value++;
		len -= 2;
	}
	value[len] = '\0';
	return value;
}

/* The last one counts.  A section is not npm's own settings any more. */
static const char *
last_prefix(char *text)
{
	const char *prefix = NULL, *found;
	char *line, *end;

	for (line = text; line != NULL && *line != '['; line = end) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		found = prefix_of(line);
		if (found != NULL)
			prefix = found;
	}
	return prefix;
}

/* Global packages have their programs below the prefix that ~/.npmrc names. */
static char *
in_npm_prefix(const char *name, const char *home)
{
	CLEANUP_FREE char *text = NULL;
	char dir[PATH_MAX];
	const char *prefix;
	size_t len, skip = 0;

	(void)snprintf(dir, sizeof(dir), "%s/.npmrc", home);
	text = io_read_file(dir, NPMRC_BYTES, &len);
	prefix = text == NULL ? NULL : last_prefix(text);
	if (prefix == NULL)
		return NULL;
	if (strncmp(prefix, "~/", 2) == 0)
		skip = 1;
	else if (strncmp(prefix, "${HOME}/", 8) == 0)
		skip = 7;
	(void)snprintf(
	    dir, sizeof(dir), "%s%s/bin", skip > 0 ? home : "", prefix + skip);
	return program_on_path(name, dir);
}

static char *
by_name(const char *name, const char *home, const char *path, char *err,
    size_t errlen)
{
	char *found = program_on_path(name, path);

	if (found == NULL && home[0] != '\0')
		found = in_home(name, home);
	if (found == NULL && home[0] != '\0')
		found = in_npm_prefix(name, home);
	if (found == NULL)
		found = program_on_path(name, system_places);
	if (found == NULL)
		(void)snprintf(err, errlen,
		    "no executable \"%s\" was found on PATH or in the usual "
		    "places: install Claude Code, or set CLAUDE_PATH to the "
		    "absolute path of it",
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
