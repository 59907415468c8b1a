/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_setup.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "api_keys.h"
#include "buf.h"
#include "claude_find.h"
#include "cleanup.h"
#include "log.h"
#include "log_setup.h"
#include "session_place.h"
#include "settings_remarks.h"
#include "work_dir.h"

#include "banned.h"

#define REMARKS_BYTES 65536

extern char **environ;

static bool
same_place(const struct settings *a, const struct settings *b)
{
	return a->host != NULL && a->port == b->port &&
	       strcmp(a->host, b->host) == 0;
}

/* The well-known key is none for other machines. */
static bool
check_key(const struct settings *s, const struct listeners *l, char *err,
    size_t errlen)
{
	char url[LISTENER_URL_BYTES];
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (!settings_default_key(s) ||
		    !address_fd_reachable(l->all[i].fd))
			continue;
		listener_url(l->all[i].fd, url, sizeof(url));
		(void)snprintf(err, errlen,
		    "other machines can reach %s (HOST): set an API_KEY of "
		    "your own first",
		    url);
		return false;
	}
	return true;
}

/* What stays may be in both; a port 0 is not looked for anew. */
static bool
listen_at(const struct setup *s, const struct settings *fresh,
    struct listeners *l, char *err, size_t errlen)
{
	if (s->handed_over || same_place(&s->settings, fresh))
		*l = s->listeners;
	else if (!listeners_open(
		     l, &s->listeners, fresh->host, fresh->port, err, errlen))
		return false;
	if (check_key(fresh, l, err, errlen))
		return true;
	listeners_close(l, &s->listeners);
	return false;
}

/* A request will fail for it; until then somebody may make it. */
static void
check_directory(const char *what, const char *of, const char *text)
{
	const struct work_dir_rules rules = {
	    settings_getenv(environ, "HOME"), "", .relative = true};
	char path[PATH_MAX];
	enum work_dir_problem problem;

	if (text[0] == '\0')
		return;
	problem = work_dir_find(text, &rules, path);
	if (problem != WORK_DIR_OK)
		log_warn("%s%s %s is not usable: %s", what, of, text,
		    work_dir_problem_text(problem));
}

static void
check_directories(const struct settings *s)
{
	const char *keys = s->api_keys, *dirs = s->allowed_dirs;
	char entry[PATH_MAX];
	struct api_key key;

	check_directory("CLAUDE_WORKING_DIR", "", s->claude_working_dir);
	while (api_keys_next(&keys, &key))
		check_directory(
		    "API_KEYS: the directory of ", key.name, key.directory);
	while (work_dir_next(&dirs, entry))
		check_directory("ALLOWED_DIRS:", "", entry);
}

/* Keys that are none, and the like. */
static void
tell_remarks(const struct settings *s, const char *file)
{
	CLEANUP_BUF struct buf lines = BUF_INIT(REMARKS_BYTES);
	const char *at, *end;

	settings_weak_keys(s, &lines);
	if (file != NULL)
		settings_remarks(file, &lines);
	for (at = buf_str(&lines); (end = strchr(at, '\n')) != NULL;
	     at = end + 1)
		log_warn("%.*s", (int)(end - at), at);
}

static void
tell(const struct settings *s, const char *claude)
{
	char err[PATH_MAX + 256];

	if (strcmp(s->claude_path, "demo") == 0)
		log_warn("CLAUDE_PATH is demo: answers come from a stand-in, "
			 "not from Claude");
	else
		log_info("claude is %s", claude);
	if (strcmp(s->claude_permission_mode, "bypassPermissions") == 0)
		log_warn("CLAUDE_PERMISSION_MODE is bypassPermissions: whoever "
			 "has the API key can run any command as you");
	check_directories(s);
	if (!session_place_check(s, environ, err, sizeof(err)))
		log_warn("%s", err);
}

bool
setup_apply(struct setup *s, char *err, size_t errlen)
{
	CLEANUP_FREE char *file = settings_path(environ), *claude = NULL;
	struct settings fresh;
	struct listeners l;

	if (settings_load(&fresh, file, environ, err, errlen) == -1)
		return false;
	/* What would only fail later comes before anything is opened. */
	claude = claude_find(&fresh, environ, err, errlen);
	if (claude == NULL || !listen_at(s, &fresh, &l, err, errlen)) {
		settings_free(&fresh);
		return false;
	}
	listeners_close(&s->listeners, &l);
	s->listeners = l;
	settings_free(&s->settings);
	s->settings = fresh;
	log_setup(&fresh, environ);
	tell(&fresh, claude);
	tell_remarks(&fresh, file);
	return true;
}

void
setup_status(const struct setup *s, char *to, size_t len)
{
	CLEANUP_BUF struct buf line =
	    BUF_INIT((LISTENER_MAX + 1) * LISTENER_URL_BYTES);
	char url[LISTENER_URL_BYTES];
	size_t i;

	for (i = 0; i < s->listeners.n; i++) {
		listener_url(s->listeners.all[i].fd, url, sizeof(url));
		buf_addf(&line, "%s%s", i == 0 ? "Listening on " : ", ", url);
	}
	(void)snprintf(to, len, "%s", buf_str(&line));
}

void
setup_free(struct setup *s)
{
	listeners_close(&s->listeners, NULL);
	settings_free(&s->settings);
}
