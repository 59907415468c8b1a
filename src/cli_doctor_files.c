/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp doctor: the configuration, directories, and the store of sessions.
 */
#include <sys/stat.h>

#include <cjson/cJSON.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api_keys.h"
#include "cleanup.h"
#include "cli_doctor.h"
#include "io.h"
#include "json_text.h"
#include "limits.h"
#include "log_setup.h"
#include "runtime_dir.h"
#include "session_place.h"
#include "session_store.h"
#include "settings_remarks.h"
#include "state_dir.h"
#include "work_dir.h"

#include "banned.h"

/* --- the configuration ------------------------------------------------- */

static void
say_unknown(struct doctor_report *r, const char *name)
{
	const struct setting *row = settings_find(name);

	if (row != NULL && strcmp(row->name, name) == 0)
		return;
	if (row == NULL)
		row = settings_nearest(name);
	doctor_say(
	    r, DOCTOR_WARN, "config.json has a key that is ignored: %s", name);
	if (row != NULL)
		doctor_fix(r, "write it as %s, if that is meant", row->name);
	else
		doctor_fix(r, "see ccp-config(5) for the keys that there are");
}

/* Keys of the file that settings_load() passes over. */
static void
check_unknown(struct doctor_report *r, const char *file)
{
	struct json_text_error e;
	size_t len = 0;
	CLEANUP_FREE char *text = io_read_file(file, LIMIT_CONFIG_BYTES, &len);
	const cJSON *one;
	cJSON *root;

	if (text == NULL || !json_text_check(text, len, &e))
		return;
	root = cJSON_Parse(text);
	cJSON_ArrayForEach(one, root) say_unknown(r, one->string);
	cJSON_Delete(root);
}

static void
check_mode(struct doctor_report *r, const char *file)
{
	struct stat st;

	if (stat(file, &st) == 0)
		judge_config_mode(r, file, st.st_mode, st.st_uid == getuid(),
		    settings_exposed(file));
}

void
doctor_configuration(struct doctor *d)
{
	CLEANUP_FREE char *file = settings_path(d->env);
	struct doctor_report *r = &d->report;
	size_t before = r->n;
	char err[512];

	if (d->home[0] != '/') {
		doctor_say(r, DOCTOR_FAIL,
		    "HOME is not set: neither config.json nor the login of "
		    "claude is found");
		doctor_fix(r, "set HOME to your home directory");
	}
	d->configured =
	    settings_load(&d->settings, file, d->env, err, sizeof(err)) == 0;
	if (!d->configured) {
		doctor_say(r, DOCTOR_FAIL, "%s", err);
		doctor_fix(r,
		    "mend it in %s or in the environment; "
		    "ccp-config(5) has every key",
		    file == NULL ? "config.json" : file);
	}
	if (file != NULL) {
		check_unknown(r, file);
		check_mode(r, file);
	}
	if (r->n == before)
		doctor_say(r, DOCTOR_OK, "%s",
		    file == NULL || access(file, F_OK) == 0
			? "config.json is valid"
			: "there is no config.json: all is as by default, or "
			  "as the environment says");
}

/* --- directories ------------------------------------------------------- */

/* Really makes a file there: rights alone do not tell of a disk that is
 * full or read-only.  0, or an errno. */
static int
try_to_write(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/.ccp-doctor-XXXXXX",
		dir) >= sizeof(path))
		return ENAMETOOLONG;
	fd = mkstemp(path);
	if (fd == -1)
		return errno;
	(void)close(fd);
	(void)unlink(path);
	return 0;
}

static void
check_writable(struct doctor_report *r, const char *what, const char *dir)
{
	int error = try_to_write(dir);

	if (error == 0)
		return;
	doctor_say(r, DOCTOR_FAIL, "%s %s: nothing can be written there: %s",
	    what, dir, strerror(error));
	doctor_fix(r,
	    "make it a directory that you can write to: mkdir -p "
	    "%s; chmod u+rwx %s",
	    dir, dir);
}

/* It is made when it is needed: so what counts is the first directory above
 * it that is there. */
static void
check_future(struct doctor_report *r, const char *what, const char *dir)
{
	char path[PATH_MAX], *slash;

	(void)snprintf(path, sizeof(path), "%s", dir);
	while (access(path, F_OK) == -1 && errno == ENOENT &&
	       (slash = strrchr(path, '/')) != NULL && slash != path)
		*slash = '\0';
	if (access(path, F_OK) == -1 && errno == ENOENT)
		(void)snprintf(path, sizeof(path), "/");
	check_writable(r, what, path);
}

/* A directory that must be this user's alone cannot be opened. */
static void
say_refused(struct doctor_report *r, const char *what, const char *path,
    int error, const char *variable)
{
	doctor_say(r, DOCTOR_FAIL, "%s %s cannot be used: %s", what, path,
	    error == EPERM ? "it must be yours, and closed to others"
			   : strerror(error));
	if (error == EPERM)
		doctor_fix(
		    r, "chmod 700 %s, or remove it if it is not yours", path);
	else
		doctor_fix(
		    r, "look at it and at %s: ls -ld %s", variable, path);
}

static void
check_runtime(struct doctor *d)
{
	CLEANUP_CLOSE int fd = runtime_dir_open(d->env);
	char path[PATH_MAX] = "";
	int error = errno;

	(void)runtime_dir_path(path, sizeof(path), d->env);
	if (fd != -1)
		check_writable(&d->report, "runtime directory", path);
	else
		say_refused(&d->report, "runtime directory", path, error,
		    "XDG_RUNTIME_DIR");
}

/* Of the ledger. */
static void
check_state(struct doctor *d)
{
	static const char what[] = "state directory";
	CLEANUP_CLOSE int fd = -1;
	char path[PATH_MAX];

	if (strcmp(d->settings.usage_ledger, "off") == 0 ||
	    !state_dir_path(path, sizeof(path), d->env))
		return;
	fd = state_dir_open(d->env, false);
	if (fd != -1 || errno == ENOENT)
		check_future(&d->report, what, path);
	else
		say_refused(&d->report, what, path, errno, "XDG_STATE_HOME");
}

/* It need not be there. */
static void
check_own(struct doctor *d)
{
	char path[PATH_MAX];
	struct stat st;

	if (d->home[0] != '/' ||
	    (size_t)snprintf(path, sizeof(path), "%s/.ccp", d->home) >=
		sizeof(path) ||
	    stat(path, &st) == -1)
		return;
	check_writable(&d->report, "configuration directory", path);
	if ((st.st_mode & 077) == 0)
		return;
	doctor_say(&d->report,
	    (st.st_mode & 022) != 0 ? DOCTOR_FAIL : DOCTOR_WARN,
	    "%s is open to others", path);
	doctor_fix(&d->report, "chmod 700 %s", path);
}

static void
check_work(struct doctor *d, const char *what, const char *of, const char *text)
{
	const struct work_dir_rules rules = {d->home, "", .relative = true};
	enum work_dir_problem problem;
	char path[PATH_MAX];

	if (text[0] == '\0')
		return;
	problem = work_dir_find(text, &rules, path);
	if (problem != WORK_DIR_OK) {
		doctor_say(&d->report, DOCTOR_FAIL, "%s%s %s is not usable: %s",
		    what, of, text, work_dir_problem_text(problem));
		doctor_fix(&d->report,
		    "make it, or name another one: ccp "
		    "config set %s DIRECTORY",
		    strcspn(what, ":") < strlen(what) ? "API_KEYS" : what);
	} else if (access(path, W_OK) == -1) {
		doctor_say(&d->report, DOCTOR_WARN,
		    "%s%s %s: Claude can read there, but not write", what, of,
		    text);
	}
}

static void
check_log(struct doctor *d)
{
	char path[LIMIT_LOG_PATH_BYTES], err[128], *slash;

	if (!log_setup_path(
		&d->settings, d->env, path, sizeof(path), err, sizeof(err))) {
		doctor_say(&d->report, DOCTOR_FAIL, "%s", err);
		doctor_fix(
		    &d->report, "ccp config set LOG_FILE ~/.ccp/logs/ccp.log");
		return;
	}
	slash = strrchr(path, '/');
	if (slash == NULL)
		return;
	*slash = '\0';
	check_future(
	    &d->report, "directory of LOG_FILE", path[0] == '\0' ? "/" : path);
}

void
doctor_directories(struct doctor *d)
{
	const struct settings *s = &d->settings;
	const char *keys = s->api_keys, *dirs = s->allowed_dirs;
	size_t before = d->report.n;
	char entry[PATH_MAX];
	struct api_key key;

	check_runtime(d);
	check_state(d);
	check_own(d);
	check_work(d, "CLAUDE_WORKING_DIR", "", s->claude_working_dir);
	while (api_keys_next(&keys, &key))
		check_work(
		    d, "API_KEYS: the directory of ", key.name, key.directory);
	while (work_dir_next(&dirs, entry))
		check_work(d, "ALLOWED_DIRS", "", entry);
	check_log(d);
	if (d->report.n == before)
		doctor_say(&d->report, DOCTOR_OK,
		    "all that are needed can be written, by you alone");
}

/* --- sessions ---------------------------------------------------------- */

static bool
count_one(void *arg, const void *key, size_t keylen, const void *value,
    size_t len, int64_t expires)
{
	size_t *n = arg;

	(void)key;
	(void)keylen;
	(void)value;
	(void)len;
	(void)expires;
	(*n)++;
	return true;
}

static void
tell_store(struct doctor *d, const struct session_place *p,
    enum store_result res, int error)
{
	char text[PATH_MAX + 256];

	session_place_tell(p, res, error, text, sizeof(text));
	doctor_say(&d->report, res == STORE_BUSY ? DOCTOR_WARN : DOCTOR_FAIL,
	    "%s", text);
	doctor_fix(&d->report,
	    res == STORE_BUSY ? "look again in a moment"
			      : "ccp config set SESSION_FILE to another path, "
				"or ccp config reset SESSION_FILE");
}

/* Where there is none yet. */
static bool
can_begin(struct doctor *d)
{
	char err[PATH_MAX + 256];

	if (session_place_check(&d->settings, d->env, err, sizeof(err)))
		return true;
	doctor_say(&d->report, DOCTOR_FAIL, "%s", err);
	doctor_fix(&d->report, "make its directory, or ccp config reset "
			       "SESSION_FILE");
	return false;
}

static void
check_store(struct doctor *d, const struct session_place *p)
{
	int64_t now = (int64_t)time(NULL);
	struct session_store *st;
	const char *healed = NULL;
	size_t n = 0;
	int error;
	enum store_result res = session_place_begin(&st, p, now, false);

	error = errno;
	if (res == STORE_OK) {
		res = store_each(st, now, count_one, &n);
		error = errno;
		healed = store_healed(st);
		store_end(st);
	}
	if (healed != NULL) {
		doctor_say(&d->report, DOCTOR_WARN,
		    "%s was damaged (%s) and has been put aside as %s.bad: "
		    "conversations begin anew",
		    p->path, healed, p->path);
		doctor_fix(&d->report, "nothing is to be done; should it "
				       "happen again, look at the disk");
	} else if (res == STORE_ABSENT && !can_begin(d)) {
		return;
	} else if (res == STORE_OK || res == STORE_ABSENT) {
		doctor_say(&d->report, DOCTOR_OK,
		    n == 0 ? "none is remembered" : "the store is whole");
	} else {
		tell_store(d, p, res, error);
	}
}

void
doctor_sessions(struct doctor *d)
{
	struct session_place p;
	char err[PATH_MAX + 256];

	if (session_place_find(&p, &d->settings, d->env, err, sizeof(err))) {
		check_store(d, &p);
	} else {
		doctor_say(&d->report, DOCTOR_FAIL, "%s", err);
		doctor_fix(&d->report, "ccp config reset SESSION_FILE");
	}
	session_place_clear(&p);
}
