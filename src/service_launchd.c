/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The service in the hands of launchd: an agent of the user's that is started
 * anew for each connection.
 */
#include "service.h"

#include <sys/socket.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "io.h"
#include "service_plist.h"

#include "banned.h"

#define LABEL       "ccp"
#define PROGRAM_KEY "<key>ProgramArguments</key>"

/* --- launchctl --------------------------------------------------------- */

static char *
domain(const struct service *s)
{
	return service_text("gui/%lu", (unsigned long)s->uid);
}

static char *
target(const struct service *s)
{
	return service_text("gui/%lu/" LABEL, (unsigned long)s->uid);
}

static bool
with_target(struct service *s, const char *verb)
{
	CLEANUP_FREE char *where = target(s);

	if (where == NULL)
		return service_fail(s, "out of memory");
	return SERVICE_RUN(s, "launchctl", verb, where);
}

static bool
is_loaded(struct service *s)
{
	return with_target(s, "print");
}

/* Right after a bootout launchd refuses it for a moment. */
static bool
load(struct service *s)
{
	CLEANUP_FREE char *where = domain(s), *plist = plist_path(s);
	int i;

	if (where == NULL || plist == NULL)
		return service_fail(s, "out of memory");
	(void)with_target(s, "enable");
	for (i = 0; i < LIMIT_SERVICE_RETRIES; i++) {
		if (SERVICE_RUN(s, "launchctl", "bootstrap", where, plist))
			return is_loaded(s);
		service_pause();
	}
	return false;
}

static bool
answers(struct service *s)
{
	if (s->system)
		return service_fail(s,
		    "--system is for systemd: with launchd ccp is an agent of "
		    "the user's");
	if (SERVICE_RUN(s, "launchctl", "version") ||
	    strstr(s->err, "was not found") == NULL)
		return true;
	return service_fail(s,
	    "there is no launchctl here\nccp start serves without it, until "
	    "it is stopped.");
}

/* --- handlers ---------------------------------------------------------- */

/* launchd has no list of what it started.  Those of "ccp start" have an
 * argument. */
static bool
list_handlers(struct service *s)
{
	CLEANUP_BUF struct buf pattern = BUF_INIT(LIMIT_UNIT_BYTES);
	CLEANUP_FREE char *uid = service_text("%lu", (unsigned long)s->uid);
	CLEANUP_FREE char *handler = plist_read(s, PROGRAM_KEY);
	const char *p;

	if (handler == NULL || uid == NULL)
		return false;
	buf_addch(&pattern, '^');
	for (p = handler; *p != '\0'; p++) {
		if (strchr(".[]()*+?{}|^$\\", *p) != NULL)
			buf_addch(&pattern, '\\');
		buf_addch(&pattern, *p);
	}
	buf_addch(&pattern, '$');
	return SERVICE_RUN(s, "pgrep", "-U", uid, "-f", buf_str(&pattern));
}

/* How many there are, each sent the signal; 0: none is sent. */
static long
each_handler(struct service *s, int number)
{
	const char *p;
	char *end;
	long n = 0, pid;

	if (!list_handlers(s))
		return 0;
	for (p = buf_str(&s->out);; p = end) {
		pid = strtol(p, &end, 10);
		if (end == p || pid <= 1)
			return n;
		n++;
		if (number != 0)
			(void)kill((pid_t)pid, number);
	}
}

/* --- the verbs --------------------------------------------------------- */

static bool
stop(struct service *s)
{
	int64_t end = clock_ms() + LIMIT_SERVICE_STOP_MS;
	long n, left;

	if (is_loaded(s) && !with_target(s, "bootout"))
		return false;
	n = each_handler(s, SIGTERM);
	while ((left = each_handler(s, 0)) > 0 && clock_ms() < end)
		service_pause();
	if (left != 0)
		return service_fail(s,
		    "it listens no more, but %ld of its connections have not "
		    "ended",
		    left);
	if (n > 0)
		buf_addf(&s->said, "%ld connection%s ended.\n", n,
		    n == 1 ? " was" : "s were");
	return true;
}

static bool
start(struct service *s)
{
	return is_loaded(s) || load(s);
}

/* What there was before a change. */
struct before {
	bool loaded, old_loaded;
};

static bool
roll_back(struct service *s, const struct before *b, const char *old)
{
	char why[sizeof(s->err)];
	CLEANUP_FREE char *where = domain(s);

	memcpy(why, s->err, sizeof(why));
	(void)with_target(s, "bootout");
	service_undo(s);
	if (b->loaded)
		(void)load(s);
	if (b->old_loaded && where != NULL)
		(void)SERVICE_RUN(s, "launchctl", "bootstrap", where, old);
	buf_clear(&s->said);
	memcpy(s->err, why, sizeof(why));
	return false;
}

static bool
set_aside(struct service *s, const char *old, struct before *b)
{
	CLEANUP_FREE char *to = old == NULL ? NULL : service_aside(old);
	CLEANUP_FREE char *where = domain(s);

	if (old == NULL)
		return true;
	if (to == NULL || where == NULL)
		return service_fail(s, "out of memory");
	b->old_loaded = SERVICE_RUN(s, "launchctl", "bootout", where, old);
	/* It may bear our label. */
	if (b->old_loaded)
		b->loaded = is_loaded(s);
	if (!service_rename(s, old, to))
		return false;
	buf_addf(&s->said, "%s is now %s.\n", old, to);
	return true;
}

/* What listens now has to make room for what shall. */
static bool
unload(struct service *s, const struct before *b)
{
	return !b->loaded || with_target(s, "bootout");
}

static bool
write_agent(struct service *s)
{
	CLEANUP_FREE char *logs = service_text("%s/.ccp/logs", s->home);

	if (logs == NULL)
		return service_fail(s, "out of memory");
	return service_mkdir(s, logs) && plist_write(s);
}

/* launchd opens the log for each handler and never sets it aside; where
 * LOG_FILE is that very file, the handlers do. */
static bool
tell_log(struct service *s)
{
	CLEANUP_FREE char *log = plist_log_path(s);
	const char *file = s->settings.log_file;
	bool in_home = strncmp(file, "~/", 2) == 0;
	CLEANUP_FREE char *set = service_text(
	    "%s%s", in_home ? s->home : "", in_home ? file + 1 : file);

	if (log == NULL || set == NULL)
		return service_fail(s, "out of memory");
	if (strcmp(log, set) != 0)
		buf_addf(&s->said,
		    "Its log, ~/.ccp/logs/ccp.log, grows without end, unless "
		    "LOG_FILE is that file:\n"
		    "  ccp config set LOG_FILE '~/.ccp/logs/ccp.log'\n");
	return true;
}

/* launchd loads an agent whose port is taken, and says nothing: so it is
 * tried before. */
static bool
install(struct service *s, const char *old)
{
	struct before b = {.loaded = is_loaded(s)};

	if (!set_aside(s, old, &b) || !unload(s, &b) ||
	    !service_addresses_free(s) || !write_agent(s) || !load(s))
		return roll_back(s, &b, old);
	service_commit(s);
	service_tell_where(s, "launchd");
	return tell_log(s);
}

static bool
move(struct service *s)
{
	struct before b = {.loaded = is_loaded(s)};

	if (!unload(s, &b) || (b.loaded && !service_addresses_free(s)) ||
	    !plist_move(s) || (b.loaded && !load(s)))
		return roll_back(s, &b, NULL);
	service_commit(s);
	if (b.loaded)
		service_tell_where(s, "launchd");
	return true;
}

static bool
uninstall(struct service *s)
{
	CLEANUP_FREE char *plist = plist_path(s);
	CLEANUP_FREE char *log = plist_log_path(s);

	if (plist == NULL || log == NULL)
		return service_fail(s, "out of memory");
	if (!stop(s) || !service_remove(s, plist))
		return false;
	if (access(log, F_OK) == 0)
		buf_addf(&s->said, "Its log is left: %s\n", log);
	return true;
}

/* --- what there is ----------------------------------------------------- */

static char *
old(struct service *s)
{
	CLEANUP_FREE char *dir =
	    service_text("%s/Library/LaunchAgents", s->home);
	DIR *d = dir == NULL ? NULL : opendir(dir);
	const struct dirent *e;
	char *path = NULL;
	size_t len;

	while (d != NULL && path == NULL && (e = readdir(d)) != NULL) {
		len = strlen(e->d_name);
		if (len < 6 || strcmp(e->d_name + len - 6, ".plist") != 0)
			continue;
		path = service_text("%s/%s", dir, e->d_name);
		if (path != NULL && !plist_is_original(path)) {
			free(path);
			path = NULL;
		}
	}
	if (d != NULL)
		(void)closedir(d);
	return path;
}

static void
explain(struct service *s, const char *path)
{
	CLEANUP_FREE char *to = service_aside(path);

	if (to != NULL)
		buf_addf(&s->said,
		    "  launchctl bootout gui/%lu %s\n"
		    "  mv %s %s\n",
		    (unsigned long)s->uid, path, path, to);
}

static bool
state(struct service *s, struct service_state *ret)
{
	CLEANUP_FREE char *plist = plist_path(s);

	*ret = (struct service_state){
	    .connections = -1, .accepted = -1, .linger = -1};
	if (plist == NULL)
		return service_fail(s, "out of memory");
	ret->installed = access(plist, F_OK) == 0 && !plist_is_original(plist);
	ret->enabled = ret->installed;
	if (!ret->installed)
		return true;
	ret->listening = is_loaded(s);
	ret->connections = each_handler(s, 0);
	plist_read_addresses(s, ret);
	return true;
}

/* The last LIMIT_PROGRAM_BYTES of a file, malloc'ed. */
static char *
read_tail(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "re");
	char *text = f == NULL ? NULL : malloc(LIMIT_PROGRAM_BYTES + 1);

	if (text != NULL) {
		/* Fails where the file is shorter: then it is all of it. */
		(void)fseek(f, -(long)LIMIT_PROGRAM_BYTES, SEEK_END);
		*ret_len = fread(text, 1, LIMIT_PROGRAM_BYTES, f);
		text[*ret_len] = '\0';
	}
	if (f != NULL)
		(void)fclose(f);
	return text;
}

static void
log_of(struct service *s, struct service_log *ret)
{
	CLEANUP_FREE char *path = plist_log_path(s);
	CLEANUP_FREE char *text = NULL;
	size_t len = 0, end;

	memset(ret, 0, sizeof(*ret));
	text = path == NULL ? NULL : read_tail(path, &len);
	if (text == NULL)
		return;
	/* From its end. */
	for (end = len; end > 0;) {
		text[end] = '\0';
		while (end > 0 && text[end - 1] != '\n')
			end--;
		if (text[end] != '\0')
			service_log_line(ret, text + end, 0, -1);
		end -= end > 0;
	}
}

static char *
variable(struct service *s, const char *name)
{
	CLEANUP_FREE char *key = service_text("<key>%s</key>", name);

	return key == NULL ? NULL : plist_read(s, key);
}

static char *
inherited(struct service *s, const char *name)
{
	size_t len;

	if (!SERVICE_RUN(s, "launchctl", "getenv", name))
		return NULL;
	len = strcspn(buf_str(&s->out), "\n");
	return len == 0 ? NULL
	                : service_text("%.*s", (int)len, buf_str(&s->out));
}

static char *
program(struct service *s)
{
	return plist_read(s, PROGRAM_KEY);
}

const struct service_manager service_launchd = {
    .name = "launchd",
    .answers = answers,
    .old = old,
    .explain = explain,
    .install = install,
    .uninstall = uninstall,
    .start = start,
    .stop = stop,
    .move = move,
    .state = state,
    .log = log_of,
    .variable = variable,
    .inherited = inherited,
    .program = program,
};
