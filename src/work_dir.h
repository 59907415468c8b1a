/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which directory a text names, and whether Claude may work there.
 */
#ifndef CCP_WORK_DIR_H
#define CCP_WORK_DIR_H

#include <limits.h>
#include <stdbool.h>

enum work_dir_problem {
	WORK_DIR_OK,
	WORK_DIR_NO_PATH,    /* not absolute */
	WORK_DIR_NO_HOME,    /* begins with ~, and there is no HOME */
	WORK_DIR_MISSING,    /* does not exist */
	WORK_DIR_FILE,       /* is no directory, or below a file */
	WORK_DIR_DENIED,     /* this user may not enter and read it */
	WORK_DIR_SYSTEM,     /* /proc, /sys, /dev or below */
	WORK_DIR_OUTSIDE,    /* not in one of the allowed */
	WORK_DIR_UNREADABLE, /* another error of the system */
	WORK_DIR_PROBLEMS    /* how many there are */
};

struct work_dir_rules {
	const char *home;    /* HOME, NULL: unset */
	const char *allowed; /* as ALLOWED_DIRS; "": all */
	bool relative;       /* to the current directory is fine too */
};

/* Does the text have the form of an absolute path, or begin with ~ or ~/?
 * White space around it and a pair of quotes or backticks are passed over. */
bool work_dir_like_path(const char *text);

/*
 * The directory that a text names, as a person gives it: white space around
 * it, one pair of quotes or backticks and a slash at the end are fine, ~ is
 * HOME.  Symbolic links are resolved before anything is checked.  path is
 * undefined unless the result is WORK_DIR_OK.
 */
enum work_dir_problem work_dir_find(
    const char *text, const struct work_dir_rules *rules, char path[PATH_MAX]);

/* The same of a path that is meant letter by letter. */
enum work_dir_problem work_dir_check(
    const char *exact, const struct work_dir_rules *rules, char path[PATH_MAX]);

/* The next entry of a list like ALLOWED_DIRS, without white space around it;
 * *at moves on.  False at the end, or where entry has no room for it. */
bool work_dir_next(const char **at, char entry[PATH_MAX]);

/* "it does not exist": for a person, within a sentence. */
const char *work_dir_problem_text(enum work_dir_problem problem);

#endif
