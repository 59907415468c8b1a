/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp doctor: what of ccp is installed as a service of this user's systemd.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "cli_doctor.h"
#include "limits.h"
#include "program_run.h"
#include "programs.h"

#include "banned.h"

#define LISTENS_BYTES 1024

/* Where a user's systemd looks, the first one counts. */
static const char *const system_places[] = {"/etc/systemd/user",
    "/usr/local/lib/systemd/user", "/usr/local/share/systemd/user",
    "/usr/lib/systemd/user", "/usr/share/systemd/user", NULL};

static void
own_place(const struct doctor *d, char to[PATH_MAX])
{
	const char *config = settings_getenv(d->env, "XDG_CONFIG_HOME");

	if (config != NULL && config[0] == '/')
		(void)snprintf(to, PATH_MAX, "%.2000s/systemd/user", config);
	else
		(void)snprintf(
		    to, PATH_MAX, "%.2000s/.config/systemd/user", d->home);
}

static bool
joined(char to[PATH_MAX], const char *dir, const char *name)
{
	return (size_t)snprintf(to, PATH_MAX, "%s/%s", dir, name) < PATH_MAX;
}

static bool
find_unit(const struct doctor *d, const char *name, char to[PATH_MAX])
{
	char own[PATH_MAX];
	size_t i;

	own_place(d, own);
	if (joined(to, own, name) && access(to, R_OK) == 0)
		return true;
	(void)snprintf(
	    own, sizeof(own), "%.2000s/.local/share/systemd/user", d->home);
	if (joined(to, own, name) && access(to, R_OK) == 0)
		return true;
	for (i = 0; system_places[i] != NULL; i++) {
		if (joined(to, system_places[i], name) && access(to, R_OK) == 0)
			return true;
	}
	to[0] = '\0';
	return false;
}

/* The values of a key in a unit file, a space between; an empty one forgets
 * those before. */
static void
read_values(const char *path, const char *name, char *to, size_t size)
{
	FILE *f = fopen(path, "re");
	char line[1024];
	const char *value;
	size_t len = strlen(name), n;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		value = line + len + 1;
		value += strspn(value, " \t");
		n = strlen(to);
		if (*value == '\0')
			to[0] = '\0';
		else if (n + strlen(value) + 2 < size)
			(void)snprintf(
			    to + n, size - n, "%s%s", n == 0 ? "" : " ", value);
	}
	if (f != NULL)
		(void)fclose(f);
}

/* The unit, and what the user has put beside it. */
static void
read_unit(const struct doctor *d, const char *unit, const char *path,
    const char *name, char *to, size_t size)
{
	char own[PATH_MAX], pattern[PATH_MAX];
	glob_t found = {0};
	size_t i;

	to[0] = '\0';
	read_values(path, name, to, size);
	own_place(d, own);
	(void)snprintf(
	    pattern, sizeof(pattern), "%.3000s/%s.d/*.conf", own, unit);
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (i = 0; i < found.gl_pathc; i++)
			read_values(found.gl_pathv[i], name, to, size);
	}
	globfree(&found);
}

static bool
is_enabled(const struct doctor *d)
{
	char own[PATH_MAX], link[PATH_MAX];

	own_place(d, own);
	return (joined(link, own, "sockets.target.wants/ccp.socket") &&
		   access(link, F_OK) == 0) ||
	       access("/etc/systemd/user/sockets.target.wants/ccp.socket",
		   F_OK) == 0;
}

/* Without the marks that systemd takes before a path, and the arguments. */
static void
first_word(char *command)
{
	size_t marks = strspn(command, "-@:+!");

	memmove(command, command + marks, strlen(command + marks) + 1);
	command[strcspn(command, " \t")] = '\0';
}

static void
ask_linger(const struct doctor *d, struct unit_facts *f)
{
	static char show[] = "show-user", property[] = "--property=Linger";
	static char value[] = "--value";
	const char *path = settings_getenv(d->env, "PATH");
	CLEANUP_FREE char *loginctl =
	    program_on_path("loginctl", path == NULL ? "" : path);
	char user[32];
	char *argv[] = {loginctl, show, user, property, value, NULL};
	CLEANUP_BUF struct buf out = BUF_INIT(LIMIT_PROGRAM_BYTES);
	struct program_result r;

	(void)snprintf(user, sizeof(user), "%lu", (unsigned long)getuid());
	if (loginctl == NULL ||
	    !program_run(argv, d->env, LIMIT_PROGRAM_MS, &out, &out, &r))
		return;
	if (strcmp(buf_str(&out), "yes\n") == 0)
		f->linger = LINGER_YES;
	else if (strcmp(buf_str(&out), "no\n") == 0)
		f->linger = LINGER_NO;
}

void
doctor_service(struct doctor *d)
{
	char socket[PATH_MAX], service[PATH_MAX], listens[LISTENS_BYTES] = "";
	char program[PATH_MAX] = "";
	struct unit_facts f = {
	    .socket = socket, .listens = listens, .program = program};

	if (find_unit(d, "ccp.socket", socket)) {
		f.enabled = is_enabled(d);
		read_unit(d, "ccp.socket", socket, "ListenStream", listens,
		    sizeof(listens));
	}
	if (find_unit(d, "ccp@.service", service))
		read_unit(d, "ccp@.service", service, "ExecStart", program,
		    sizeof(program));
	first_word(program);
	f.executable = program_executable(program);
	if (f.enabled)
		ask_linger(d, &f);
	judge_units(&d->report, &f, &d->settings);
}
