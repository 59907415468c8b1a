/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp config edit: a draft beside config.json, an editor, and the loader's own
 * opinion before the draft takes the file's place.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "cli_config.h"
#include "cli_say.h"
#include "config_change.h"
#include "io.h"
#include "limits.h"

#include "banned.h"

extern char **environ;

struct draft {
	const char *path;     /* of config.json */
	char name[PATH_MAX];  /* of the draft */
	char *before, *after; /* the texts; before NULL: there was no file */
};

/* --- the draft --------------------------------------------------------- */

static bool
write_draft(int fd, const char *text)
{
	FILE *to = fdopen(fd, "w");
	bool ok;

	if (to == NULL) {
		(void)close(fd);
		return false;
	}
	ok = fputs(text, to) != EOF;
	return fclose(to) == 0 && ok;
}

/* config-XXXXXX.json, so that an editor knows what it is. */
static int
open_draft(struct draft *d)
{
	const char *slash = strrchr(d->path, '/');
	char dir[PATH_MAX];

	(void)snprintf(
	    dir, sizeof dir, "%.*s", (int)(slash - d->path), d->path);
	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		return -1;
	(void)snprintf(d->name, sizeof d->name, "%.*s/config-XXXXXX.json",
	    PATH_MAX - 32, dir);
	return mkstemps(d->name, sizeof(".json") - 1);
}

static bool
make_draft(struct draft *d)
{
	size_t len = 0;
	int fd;

	d->before = io_read_file(d->path, LIMIT_CONFIG_BYTES, &len);
	if (d->before == NULL && errno != ENOENT) {
		(void)cli_complain("%s: %s", d->path, strerror(errno));
		return false;
	}
	if (d->before != NULL && strlen(d->before) < len) {
		(void)cli_complain("%s is no text", d->path);
		return false;
	}
	fd = open_draft(d);
	if (fd != -1 &&
	    write_draft(fd, d->before != NULL ? d->before : "{\n}\n"))
		return true;
	(void)cli_complain("cannot write %s: %s", d->name, strerror(errno));
	if (fd != -1)
		(void)unlink(d->name);
	return false;
}

/* --- the editor -------------------------------------------------------- */

/* NULL: none was chosen, and there is no terminal for the usual one. */
static const char *
editor(void)
{
	static const char *const names[] = {"VISUAL", "EDITOR"};
	const char *value;
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		value = settings_getenv(environ, names[i]);
		if (value != NULL && value[0] != '\0')
			return value;
	}
	return isatty(STDIN_FILENO) == 1 ? "vi" : NULL;
}

/* The variable may hold options too, so a shell reads it, as everywhere.
 * Signals from the keyboard are the editor's. */
static pid_t
start_editor(const char *file)
{
	CLEANUP_BUF struct buf script = BUF_INIT(LIMIT_SETTING_BYTES);
	pid_t pid;

	buf_addf(&script, "%s \"$@\"", editor());
	if (!buf_ok(&script)) {
		errno = E2BIG;
		return -1;
	}
	pid = fork();
	if (pid != 0)
		return pid;
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)execl("/bin/sh", "sh", "-c", buf_str(&script), editor(), file,
	    (char *)NULL);
	_exit(127);
}

static bool
run_editor(const struct draft *d)
{
	char text[64];
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	pid = start_editor(d->name);
	if (pid == -1) {
		(void)cli_complain("%s: %s", editor(), strerror(errno));
		return false;
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	child_status_text(status, text, sizeof text);
	(void)cli_complain("the editor, %s, has failed (%s): nothing is "
			   "changed",
	    editor(), text);
	return false;
}

/* --- what becomes of it ------------------------------------------------ */

/* False: what is wrong with it has been said. */
static bool
check_draft(struct draft *d)
{
	char *const nothing[] = {NULL};
	struct settings s;
	char err[512];
	size_t len;

	free(d->after);
	d->after = io_read_file(d->name, LIMIT_CONFIG_BYTES, &len);
	if (d->after == NULL) {
		(void)cli_complain("%s: %s", d->name, strerror(errno));
		return false;
	}
	if (settings_load(&s, d->name, nothing, err, sizeof err) == -1) {
		(void)cli_complain("%s", err);
		return false;
	}
	settings_free(&s);
	return true;
}

/* True: edit it again.  An end of the input is a no. */
static bool
ask_again(void)
{
	char line[64];

	for (;;) {
		(void)printf("Edit it again, or discard it? [e/d] ");
		(void)fflush(stdout);
		if (fgets(line, sizeof line, stdin) == NULL)
			return false;
		if (line[0] == 'e' || line[0] == 'E')
			return true;
		if (line[0] == 'd' || line[0] == 'D')
			return false;
	}
}

/* Until the draft is right, or given up.  *ret_keep: it stays where it is, for
 * a person to go on with. */
static bool
edit_draft(struct draft *d, bool *ret_keep)
{
	while (run_editor(d)) {
		if (check_draft(d))
			return true;
		if (!isatty(STDIN_FILENO)) {
			*ret_keep = true;
			(void)cli_complain(
			    "nothing is changed; the draft is %s", d->name);
			return false;
		}
		if (!ask_again()) {
			(void)printf("Nothing is changed\n");
			return false;
		}
	}
	return false;
}

static bool
listens_elsewhere(const struct config_job *j, const struct settings *old)
{
	char *const nothing[] = {NULL};
	struct settings s;
	char err[256];
	bool other;

	if (settings_load(&s, j->path, nothing, err, sizeof err) == -1)
		return false;
	other = old->host != NULL &&
	        (s.port != old->port || strcmp(s.host, old->host) != 0);
	settings_free(&s);
	return other;
}

static void
say_weak_keys(const char *path)
{
	char *const nothing[] = {NULL};
	struct settings s;
	char err[256];

	if (settings_load(&s, path, nothing, err, sizeof err) == -1)
		return;
	config_say_weak_keys(s.api_key, s.api_keys);
	settings_free(&s);
}

static int
put_in_place(const struct config_job *j, const struct draft *d, bool *ret_keep)
{
	char *const nothing[] = {NULL};
	struct settings old;
	char err[CONFIG_CHANGE_ERR_BYTES];
	bool followed;

	if (d->before != NULL && strcmp(d->before, d->after) == 0) {
		(void)printf("Nothing is changed\n");
		return EXIT_SUCCESS;
	}
	/* The old one may have been wrong: then nothing is known of it. */
	if (settings_load(&old, j->path, nothing, err, sizeof err) == -1)
		old = (struct settings){.host = NULL};
	if (!config_change_replace(
		j->path, d->before, d->after, err, sizeof err)) {
		*ret_keep = true;
		settings_free(&old);
		return cli_complain("%s; the draft is %s", err, d->name);
	}
	(void)printf("%s is changed\n", j->path);
	followed = !listens_elsewhere(j, &old) || config_place_changed(j);
	settings_free(&old);
	config_say_remarks(j->path);
	say_weak_keys(j->path);
	return followed ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
config_edit(const struct config_job *j)
{
	struct draft d = {.path = j->path};
	int status = EXIT_FAILURE;
	bool keep = false;

	if (editor() == NULL)
		return cli_complain("the standard input is no terminal, and "
				    "neither VISUAL nor EDITOR is set: set "
				    "one, or use ccp config set");
	if (make_draft(&d)) {
		if (edit_draft(&d, &keep))
			status = put_in_place(j, &d, &keep);
		if (!keep)
			(void)unlink(d.name);
	}
	free(d.before);
	free(d.after);
	return status;
}
