/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log_setup.h"

#include <stdio.h>
#include <string.h>

#include "limits.h"
#include "log.h"

#include "banned.h"

bool
log_setup_path(const struct settings *s, char *const *env, char *to, size_t len,
    char *err, size_t errlen)
{
	const char *home = settings_getenv(env, "HOME"), *file = s->log_file;
	bool in_home = strncmp(file, "~/", 2) == 0;
	int n;

	to[0] = '\0';
	if (file[0] == '\0')
		return true;
	if (in_home && (home == NULL || home[0] != '/')) {
		(void)snprintf(err, errlen,
		    "LOG_FILE begins with ~/, but HOME is not set");
		return false;
	}
	if (!in_home && file[0] != '/') {
		(void)snprintf(err, errlen,
		    "LOG_FILE must be an absolute path, or begin with ~/");
		return false;
	}
	n = snprintf(
	    to, len, "%s%s", in_home ? home : "", in_home ? file + 1 : file);
	if (n >= 0 && (size_t)n < len)
		return true;
	(void)snprintf(err, errlen, "LOG_FILE is too long a path");
	return false;
}

void
log_setup(const struct settings *s, char *const *env)
{
	char path[LIMIT_LOG_PATH_BYTES], err[128];

	log_set_level_name(s->log_level);
	log_set_json(strcmp(s->log_format, "json") == 0);
	if (log_setup_path(s, env, path, sizeof(path), err, sizeof(err))) {
		log_set_file(path, s->log_max_size, s->log_max_files);
	} else {
		log_set_file(NULL, 0, 0);
		log_error("%s", err);
	}
}
