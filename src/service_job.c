/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a service is to be made of: whose it is, the configuration as its
 * handlers will see it, the programs, and PATH.
 */
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "claude_find.h"
#include "cleanup.h"
#include "programs.h"

#include "banned.h"

extern char **environ;

/* Which of our environment count at the installation: what the unit has of
 * them it has from there. */
static const char *const taken[] = {"HOST", "PORT", "CLAUDE_PATH", NULL};

static const char least_path[] = "/usr/local/bin:/usr/bin:/bin";

/* --- whose it is ------------------------------------------------------- */

/* The User= of the installed unit; false: there is none. */
static bool
installed_user(struct service *s, char *to, size_t len)
{
	if (!SERVICE_RUN(s, "systemctl", "--system", "show", "-p", "User",
		"--value", "ccp@status.service"))
		return false;
	(void)snprintf(to, len, "%.*s", (int)strcspn(buf_str(&s->out), "\n"),
	    buf_str(&s->out));
	return to[0] != '\0';
}

static bool
find_user(struct service *s, const char *name)
{
	char found[sizeof(s->user)] = "";
	const struct passwd *pw;

	if (name == NULL && s->system && installed_user(s, found, sizeof found))
		name = found;
	if (name == NULL && s->system)
		name = settings_getenv(environ, "SUDO_USER");
	s->named = name != NULL;
	pw = name != NULL ? getpwnam(name) : getpwuid(geteuid());
	if (pw == NULL)
		return service_fail(s, "there is no user \"%s\"",
		    name != NULL ? name : "of this process");
	if (strlen(pw->pw_name) >= sizeof(s->user))
		return service_fail(s, "the name %s is too long", pw->pw_name);
	(void)snprintf(s->user, sizeof(s->user), "%s", pw->pw_name);
	s->uid = pw->pw_uid;
	/* As everywhere else in ccp a HOME of one's own counts. */
	name = s->system ? NULL : settings_getenv(environ, "HOME");
	s->home = strdup(name != NULL ? name : pw->pw_dir);
	return s->home != NULL || service_fail(s, "out of memory");
}

/* --- what its handlers see --------------------------------------------- */

static bool
out_of_memory(struct service *s)
{
	return service_fail(s, "out of memory");
}

static bool
make_env(struct service *s)
{
	const char *path = settings_getenv(environ, "PATH");
	const char *value;
	size_t i, n = 0;

	s->env = calloc(8, sizeof(*s->env));
	if (s->env == NULL)
		return service_fail(s, "out of memory");
	s->env[n++] = service_text("HOME=%s", s->home);
	s->env[n++] = service_text("USER=%s", s->user);
	s->env[n++] = service_text("LOGNAME=%s", s->user);
	s->env[n++] = service_text(
	    "PATH=%s", path != NULL && !s->system ? path : least_path);
	for (i = 0; taken[i] != NULL; i++) {
		value = settings_getenv(environ, taken[i]);
		if (value != NULL && value[0] != '\0')
			s->env[n++] = service_text("%s=%s", taken[i], value);
	}
	for (i = 0; i < n; i++) {
		if (s->env[i] == NULL)
			return service_fail(s, "out of memory");
	}
	value = settings_getenv(environ, "CLAUDE_PATH");
	s->claude_path = value != NULL && value[0] != '\0' ? value : NULL;
	return true;
}

static void
free_env(struct service *s)
{
	size_t i;

	for (i = 0; s->env != NULL && s->env[i] != NULL; i++)
		free(s->env[i]);
	free(s->env);
	s->env = NULL;
}

static bool
load(struct service *s)
{
	CLEANUP_FREE char *file = settings_path(s->env);

	s->hidden = s->system && s->uid != geteuid() && file != NULL &&
	            faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) == -1 &&
	            errno == EACCES;
	return settings_load(&s->settings, s->hidden ? NULL : file, s->env,
		   s->err, sizeof(s->err)) == 0;
}

bool
service_as_installed(struct service *s, const struct service_manager *m)
{
	CLEANUP_FREE char *path = m->variable(s, "PATH");
	CLEANUP_FREE char *claude = m->variable(s, "CLAUDE_PATH");
	size_t n = 0;

	if (path == NULL)
		path = m->inherited(s, "PATH");
	free_env(s);
	settings_free(&s->settings);
	s->env = calloc(6, sizeof(*s->env));
	if (s->env == NULL)
		return out_of_memory(s);
	s->env[n++] = service_text("HOME=%s", s->home);
	s->env[n++] = service_text("USER=%s", s->user);
	s->env[n++] = service_text("LOGNAME=%s", s->user);
	s->env[n++] = service_text("PATH=%s", path == NULL ? least_path : path);
	if (claude != NULL)
		s->env[n++] = service_text("CLAUDE_PATH=%s", claude);
	while (n > 0 && s->env[n - 1] != NULL)
		n--;
	return n == 0 ? load(s) : out_of_memory(s);
}

bool
service_open(struct service *s, bool system, const char *user)
{
	memset(s, 0, sizeof(*s));
	buf_init(&s->said, LIMIT_PROGRAM_BYTES);
	buf_init(&s->out, LIMIT_PROGRAM_BYTES);
	s->system = system;
	return find_user(s, user) && make_env(s) && load(s);
}

void
service_close(struct service *s)
{
	free_env(s);
	free(s->home);
	free(s->handler);
	free(s->claude);
	free(s->path);
	service_commit(s);
	buf_free(&s->said);
	buf_free(&s->out);
	settings_free(&s->settings);
}

void
service_tell_unseen(struct service *s)
{
	const struct setting *row;
	const char *value;
	size_t i, n = 0;

	for (row = settings_table; row->name != NULL; row++) {
		for (i = 0; taken[i] != NULL; i++) {
			if (strcmp(row->name, taken[i]) == 0)
				break;
		}
		value = settings_getenv(environ, row->name);
		if (taken[i] == NULL && value != NULL && value[0] != '\0')
			buf_addf(&s->said, "%s%s",
			    n++ == 0 ? "The service does not see what only "
				       "this shell's environment sets:\n  "
				     : ", ",
			    row->name);
	}
	if (n > 0)
		buf_addf(&s->said, "\nccp config set KEY VALUE tells it.\n");
}

/* --- programs and PATH ------------------------------------------------- */

/* Is the directory one of the list? */
static bool
listed(const char *list, const char *dir, size_t len)
{
	size_t n;

	for (; *list != '\0'; list += n + (list[n] == ':')) {
		n = strcspn(list, ":");
		if (n == len && strncmp(list, dir, len) == 0)
			return true;
	}
	return false;
}

/* Adds the directories of a list that can be in a PATH of others: absolute,
 * printable, not there yet. */
static void
add_list(struct buf *to, const char *list)
{
	size_t len, i;
	bool fine;

	for (; *list != '\0'; list += len + (list[len] == ':')) {
		len = strcspn(list, ":");
		fine = list[0] == '/' && !listed(buf_str(to), list, len);
		for (i = 0; i < len; i++)
			fine &=
			    (unsigned char)list[i] >= ' ' && list[i] != 0x7f;
		if (!fine)
			continue;
		buf_addf(to, "%s%.*s", to->len == 0 ? "" : ":", (int)len, list);
	}
}

static void
add_directory_of(struct buf *to, const char *program)
{
	CLEANUP_FREE char *dir = service_directory_of(program);

	if (dir != NULL)
		add_list(to, dir);
}

/*
 * The user's own PATH, in its order.  Behind it where claude was found and
 * where node is, for a claude that is a script, in case that is elsewhere.
 */
static bool
make_path(struct service *s)
{
	CLEANUP_BUF struct buf b = BUF_INIT(LIMIT_UNIT_BYTES / 4);
	const char *path = settings_getenv(s->env, "PATH");
	CLEANUP_FREE char *node = NULL;
	char resolved[PATH_MAX];

	add_list(&b, path);
	add_directory_of(&b, s->claude);
	node = program_on_path("node", buf_str(&b));
	if (node == NULL && realpath(s->claude, resolved) != NULL)
		add_directory_of(&b, resolved);
	add_list(&b, least_path);
	s->path = buf_steal(&b);
	return s->path != NULL || service_fail(s, "PATH is too long");
}

static bool
printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	}
	return true;
}

bool
service_plan(struct service *s)
{
	char err[512];

	if (s->system && !s->named)
		return service_fail(
		    s, "--system needs --user NAME: whose Claude shall answer");
	if (!service_addresses(s))
		return false;
	s->handler = program_of_ours("ccp-handler");
	if (s->handler == NULL)
		return service_fail(s,
		    "ccp-handler was not found: ccp is not installed as a "
		    "whole");
	s->claude = claude_find(&s->settings, s->env, err, sizeof(err));
	if (s->claude == NULL)
		return service_fail(s,
		    "%s\nIf it is somewhere else, say where: "
		    "CLAUDE_PATH=/path/of/claude ccp service install",
		    err);
	if (!printable(s->handler) || !printable(s->home) ||
	    (s->claude_path != NULL && !printable(s->claude)))
		return service_fail(s, "a path has a control character in it");
	return make_path(s);
}
