/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp config: what only matters before a value is stored.
 */
#include "cli_config.h"

#include <sys/stat.h>

#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api_keys.h"
#include "claude_find.h"
#include "cleanup.h"
#include "home_path.h"
#include "screen_text.h"
#include "settings_words.h"
#include "work_dir.h"

#include "banned.h"

extern char **environ;

/* what: "", or whose directory it is. */
static bool
check_directory(const struct setting *row, const char *what, const char *text,
    char *err, size_t errlen)
{
	/* It is read elsewhere than here: a relative path would be another. */
	const struct work_dir_rules rules = {
	    settings_getenv(environ, "HOME"), "", .relative = false};
	CLEANUP_BUF struct buf shown = BUF_INIT(PATH_MAX);
	enum work_dir_problem problem;
	char path[PATH_MAX];

	problem = work_dir_find(text, &rules, path);
	if (problem == WORK_DIR_OK)
		return true;
	screen_text_add(&shown, text);
	(void)snprintf(err, errlen,
	    "%s: must name a directory that can be used, which %s%s is not: %s",
	    row->name, what, buf_str(&shown), work_dir_problem_text(problem));
	return false;
}

static bool
check_directories(
    const struct setting *row, const char *text, char *err, size_t errlen)
{
	char entry[PATH_MAX];

	while (work_dir_next(&text, entry)) {
		if (!check_directory(row, "", entry, err, errlen))
			return false;
	}
	return true;
}

static bool
check_keys(
    const struct setting *row, const char *lines, char *err, size_t errlen)
{
	char what[LIMIT_KEY_NAME_BYTES + sizeof("'s ")];
	struct api_key key;

	while (api_keys_next(&lines, &key)) {
		(void)snprintf(what, sizeof what, "%s's ", key.name);
		if (key.directory[0] != '\0' &&
		    !check_directory(row, what, key.directory, err, errlen))
			return false;
	}
	return true;
}

static bool
from_anywhere(const char *text)
{
	return text[0] == '/' || strncmp(text, "~/", 2) == 0;
}

/* Whether it can be written is another matter: another user may use it. */
static bool
check_file(
    const struct setting *row, const char *text, char *err, size_t errlen)
{
	CLEANUP_BUF struct buf shown = BUF_INIT(PATH_MAX);
	char path[PATH_MAX];
	const char *wrong;
	struct stat st;

	if (text[0] == '\0')
		return true;
	wrong = from_anywhere(text) ? home_path(path, text, environ)
	                            : "must be an absolute path, or begin "
	                              "with ~/";
	if (wrong != NULL) {
		(void)snprintf(err, errlen, "%s: %s", row->name, wrong);
		return false;
	}
	if (path[strlen(path) - 1] != '/' &&
	    (lstat(path, &st) == -1 || S_ISREG(st.st_mode)))
		return true;
	screen_text_add(&shown, text);
	(void)snprintf(err, errlen,
	    "%s: must name a regular file, or one that is not there yet, "
	    "which %s is not",
	    row->name, buf_str(&shown));
	return false;
}

/* Addresses stand for themselves, but a name has to be one here and now. */
static bool
check_name(const char *word, size_t len, char *err, size_t errlen)
{
	const struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	CLEANUP_FREE char *name = strndup(word, len);
	struct addrinfo *list = NULL;
	int error;

	if (name == NULL)
		error = EAI_MEMORY;
	else
		error = getaddrinfo(name, NULL, &hints, &list);
	if (error == 0) {
		freeaddrinfo(list);
		return true;
	}
	(void)snprintf(err, errlen,
	    "HOST: no address is known for the name %.*s: %s", (int)len, word,
	    gai_strerror(error));
	return false;
}

static bool
check_addresses(const char *hosts, char *err, size_t errlen)
{
	const char *word;
	size_t len;

	while ((word = settings_next_word(&hosts, &len)) != NULL) {
		if (strncmp(word, "unix:", 5) == 0 ||
		    settings_word_is_address(word, len))
			continue;
		if (!check_name(word + (*word == '['), len - 2 * (*word == '['),
			err, errlen))
			return false;
	}
	return true;
}

/* A file that has it is still read: it was allowed once. */
static bool
check_origins(const char *origins, char *err, size_t errlen)
{
	const char *word;
	size_t len;

	while ((word = settings_next_word(&origins, &len)) != NULL) {
		if (len != 4 || strncasecmp(word, "null", 4) != 0)
			continue;
		(void)snprintf(err, errlen,
		    "CORS_ORIGIN: must not hold null, which every page can "
		    "have for its origin");
		return false;
	}
	return true;
}

static bool
check_claude(const char *text, char *err, size_t errlen)
{
	const struct settings s = {.claude_path = text};
	CLEANUP_FREE char *found = NULL;

	if (strchr(text, '/') != NULL && !from_anywhere(text)) {
		(void)snprintf(err, errlen,
		    "CLAUDE_PATH: must be an absolute path, begin with ~/, or "
		    "be the name of a program");
		return false;
	}
	found = claude_find(&s, environ, err, errlen);
	return found != NULL;
}

bool
config_check_place(const struct setting *row, const struct setting_value *v,
    char *err, size_t errlen)
{
	if (config_is(row, "CLAUDE_PATH"))
		return check_claude(v->text, err, errlen);
	if (config_is(row, "CLAUDE_WORKING_DIR"))
		return v->text[0] == '\0' ||
		       check_directory(row, "", v->text, err, errlen);
	if (config_is(row, "ALLOWED_DIRS"))
		return check_directories(row, v->text, err, errlen);
	if (config_is(row, "API_KEYS"))
		return check_keys(row, v->text, err, errlen);
	if (config_is(row, "HOST"))
		return check_addresses(v->text, err, errlen);
	if (config_is(row, "CORS_ORIGIN"))
		return check_origins(v->text, err, errlen);
	if (config_is(row, "SESSION_FILE") || config_is(row, "LOG_FILE"))
		return check_file(row, v->text, err, errlen);
	return true;
}
