/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "work_dir.h"

#include <sys/stat.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "banned.h"

#define SPACE   " \t\r\n\v\f"
#define BETWEEN ":," /* entries of ALLOWED_DIRS */

/* A part of a text. */
struct span {
	const char *at;
	size_t len;
};

static struct span
trim(const char *at, size_t len)
{
	while (len > 0 && strchr(SPACE, at[len - 1]) != NULL)
		len--;
	while (len > 0 && strchr(SPACE, *at) != NULL) {
		at++;
		len--;
	}
	return (struct span){at, len};
}

/* Without what a person may put around a path.  What stands in quotes is
 * meant as it is: a name may end in a space. */
static struct span
bare(const char *text)
{
	struct span s = trim(text, strlen(text));

	if (s.len >= 2 && strchr("\"'`", s.at[0]) != NULL &&
	    s.at[s.len - 1] == s.at[0])
		return (struct span){s.at + 1, s.len - 2};
	return s;
}

static bool
from_home(struct span s)
{
	return s.len >= 1 && s.at[0] == '~' && (s.len == 1 || s.at[1] == '/');
}

bool
work_dir_like_path(const char *text)
{
	struct span s = bare(text);

	return (s.len > 0 && s.at[0] == '/') || from_home(s);
}

/* Is path dir, or below it?  Both are absolute and resolved. */
static bool
within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len > 0 && dir[len - 1] == '/') /* the root */
		len--;
	return strncmp(path, dir, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

bool
work_dir_next(const char **at, char entry[PATH_MAX])
{
	struct span s = {*at, 0};

	while (s.len == 0 && **at != '\0') {
		*at += strspn(*at, BETWEEN);
		s = trim(*at, strcspn(*at, BETWEEN));
		*at += strcspn(*at, BETWEEN);
	}
	if (s.len == 0 || s.len >= PATH_MAX)
		return false;
	memcpy(entry, s.at, s.len);
	entry[s.len] = '\0';
	return true;
}

static enum work_dir_problem
problem_of_errno(void)
{
	switch (errno) {
	case ENOENT:
	case ENAMETOOLONG:
	case ELOOP:
		return WORK_DIR_MISSING;
	case ENOTDIR:
		return WORK_DIR_FILE;
	case EACCES:
	case EPERM:
		return WORK_DIR_DENIED;
	default:
		return WORK_DIR_UNREADABLE;
	}
}

static enum work_dir_problem
resolve(struct span s, const struct work_dir_rules *rules, char path[PATH_MAX])
{
	char whole[PATH_MAX];
	const char *home = "";
	int n;

	if (from_home(s)) {
		home = rules->home;
		if (home == NULL || home[0] != '/')
			return WORK_DIR_NO_HOME;
		s.at++;
		s.len--;
	} else if (s.len == 0 || (s.at[0] != '/' && !rules->relative)) {
		return WORK_DIR_NO_PATH;
	}
	if (s.len >= PATH_MAX)
		return WORK_DIR_MISSING;
	n = snprintf(whole, sizeof whole, "%s%.*s", home, (int)s.len, s.at);
	if (n < 0 || (size_t)n >= sizeof whole)
		return WORK_DIR_MISSING;
	return realpath(whole, path) == NULL ? problem_of_errno() : WORK_DIR_OK;
}

static bool
allowed(const char *path, const struct work_dir_rules *rules)
{
	const char *at = rules->allowed;
	char entry[PATH_MAX], dir[PATH_MAX];

	if (at[strspn(at, BETWEEN SPACE)] == '\0')
		return true;
	while (work_dir_next(&at, entry)) {
		if (resolve((struct span){entry, strlen(entry)}, rules, dir) ==
			WORK_DIR_OK &&
		    within(path, dir))
			return true;
	}
	return false;
}

static bool
of_the_system(const char *path)
{
	return within(path, "/proc") || within(path, "/sys") ||
	       within(path, "/dev");
}

static enum work_dir_problem
find(struct span s, const struct work_dir_rules *rules, char path[PATH_MAX])
{
	enum work_dir_problem problem = resolve(s, rules, path);
	struct stat st;

	if (problem != WORK_DIR_OK)
		return problem;
	if (of_the_system(path))
		return WORK_DIR_SYSTEM;
	if (!allowed(path, rules))
		return WORK_DIR_OUTSIDE;
	if (stat(path, &st) == -1)
		return problem_of_errno();
	if (!S_ISDIR(st.st_mode))
		return WORK_DIR_FILE;
	return access(path, R_OK | X_OK) == -1 ? problem_of_errno()
	                                       : WORK_DIR_OK;
}

enum work_dir_problem
work_dir_find(
    const char *text, const struct work_dir_rules *rules, char path[PATH_MAX])
{
	return find(bare(text), rules, path);
}

enum work_dir_problem
work_dir_check(
    const char *exact, const struct work_dir_rules *rules, char path[PATH_MAX])
{
	return find((struct span){exact, strlen(exact)}, rules, path);
}

const char *
work_dir_problem_text(enum work_dir_problem problem)
{
	static const char *const texts[WORK_DIR_PROBLEMS] = {
	    [WORK_DIR_OK] = "it is usable",
	    [WORK_DIR_NO_PATH] = "a path has to begin with / or with ~/",
	    [WORK_DIR_NO_HOME] = "there is no home directory that ~ could mean",
	    [WORK_DIR_MISSING] = "it does not exist",
	    [WORK_DIR_FILE] = "it is a file, not a directory",
	    [WORK_DIR_DENIED] = "ccp is not permitted to enter and read it",
	    [WORK_DIR_SYSTEM] = "/proc, /sys and /dev belong to the system",
	    [WORK_DIR_OUTSIDE] = ("it is not in one of the directories that "
				  "ALLOWED_DIRS names"),
	    [WORK_DIR_UNREADABLE] = "the system reports an error about it",
	};

	return texts[problem];
}
