/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The service in the hands of systemd: ccp.socket and ccp@.service, in the
 * user's own directory of units or in that of the system.
 */
#include "service.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "io.h"
#include "service_journal.h"
#include "service_units.h"

#include "banned.h"

extern char **environ;

/* What there was before an installation. */
struct before {
	bool enabled, active;
	bool old_enabled, old_active;
};

static bool
answers(struct service *s)
{
	char why[256];

	if (SYSTEMCTL(s, "show", "-p", "Version", "--value"))
		return true;
	(void)snprintf(why, sizeof(why), "%.255s", s->err);
	return service_fail(s,
	    "no systemd of %s answers here (%s)%s\nccp start serves without "
	    "it, until it is stopped.",
	    s->system ? "the system" : "this user", why,
	    s->system || settings_getenv(environ, "XDG_RUNTIME_DIR") != NULL
		? ""
		: "\nIn a session that su or sudo has begun, set "
		  "XDG_RUNTIME_DIR=/run/user/UID first.");
}

static bool
is(struct service *s, const char *what, const char *unit)
{
	return SYSTEMCTL(s, what, "-q", unit);
}

/* --- the unit of the Node.js version ----------------------------------- */

static char *
old(struct service *s)
{
	char *path = unit_path(s, UNIT_OLD);

	if (path != NULL && access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static void
explain(struct service *s, const char *path)
{
	const char *scope = s->system ? "--system" : "--user";
	CLEANUP_FREE char *to = service_aside(path);

	if (to == NULL)
		return;
	buf_addf(&s->said,
	    "  systemctl %s disable --now " UNIT_OLD "\n"
	    "  mv %s %s\n"
	    "  systemctl %s daemon-reload\n",
	    scope, path, to, scope);
}

static bool
set_aside(struct service *s, const char *path, struct before *b)
{
	CLEANUP_FREE char *to = path == NULL ? NULL : service_aside(path);

	if (path == NULL)
		return true;
	b->old_enabled = is(s, "is-enabled", UNIT_OLD);
	b->old_active = is(s, "is-active", UNIT_OLD);
	if (to == NULL)
		return service_fail(s, "out of memory");
	if (!SYSTEMCTL(s, "disable", "--now", UNIT_OLD) ||
	    !service_rename(s, path, to))
		return false;
	buf_addf(&s->said, "%s is now %s.\n", path, to);
	return true;
}

/* --- installing -------------------------------------------------------- */

/* systemd only says that it failed; so it is tried what the reason can be. */
static bool
listen_now(struct service *s, const char *how)
{
	char why[sizeof(s->err)];

	if (SYSTEMCTL(s, how, UNIT_SOCKET))
		return true;
	memcpy(why, s->err, sizeof(why));
	if (service_addresses_free(s))
		memcpy(s->err, why, sizeof(why));
	return false;
}

static bool
roll_back(struct service *s, const struct before *b)
{
	char why[sizeof(s->err)];

	memcpy(why, s->err, sizeof(why));
	if (!b->enabled)
		(void)SYSTEMCTL(s, "disable", UNIT_SOCKET);
	if (!b->active)
		(void)SYSTEMCTL(s, "stop", UNIT_SOCKET);
	(void)SYSTEMCTL(s, "reset-failed", UNIT_SOCKET);
	service_undo(s);
	(void)SYSTEMCTL(s, "daemon-reload");
	if (b->enabled)
		(void)SYSTEMCTL(s, "enable", "--force", UNIT_SOCKET);
	if (b->active)
		(void)SYSTEMCTL(s, "restart", UNIT_SOCKET);
	if (b->old_enabled)
		(void)SYSTEMCTL(s, "enable", UNIT_OLD);
	if (b->old_active)
		(void)SYSTEMCTL(s, "start", UNIT_OLD);
	buf_clear(&s->said);
	memcpy(s->err, why, sizeof(why));
	return false;
}

static bool
install(struct service *s, const char *path)
{
	struct before b = {.enabled = is(s, "is-enabled", UNIT_SOCKET),
	    .active = is(s, "is-active", UNIT_SOCKET)};

	if (!set_aside(s, path, &b) ||
	    (!b.active && !service_addresses_free(s)) || !units_write(s) ||
	    !SYSTEMCTL(s, "daemon-reload") ||
	    !SYSTEMCTL(s, "enable", "--force", UNIT_SOCKET) ||
	    !listen_now(s, b.active ? "restart" : "start"))
		return roll_back(s, &b);
	service_commit(s);
	service_tell_where(s, "systemd");
	units_tell_overrides(s);
	return true;
}

/* --- connections ------------------------------------------------------- */

/* How many handlers there are; -1: systemd does not say. */
static long
instances(struct service *s)
{
	const char *p;
	long n = 0;

	if (!SYSTEMCTL(s, "list-units", "--all", "--plain", "--no-legend",
		UNIT_INSTANCES))
		return -1;
	for (p = buf_str(&s->out); (p = strchr(p, '\n')) != NULL; p++)
		n++;
	return n;
}

/* Stopping the socket leaves them alone. */
static bool
stop(struct service *s)
{
	int64_t end = clock_ms() + LIMIT_SERVICE_STOP_MS;
	long n = instances(s), left;

	if (!SYSTEMCTL(s, "stop", UNIT_SOCKET, UNIT_INSTANCES))
		return false;
	while ((left = instances(s)) > 0 && clock_ms() < end)
		service_pause();
	if (left != 0)
		return service_fail(s,
		    "it listens no more, but %ld of its connections have not "
		    "ended: see systemctl %s list-units '" UNIT_INSTANCES "'",
		    left, s->system ? "--system" : "--user");
	if (n > 0)
		buf_addf(&s->said, "%ld connection%s ended.\n", n,
		    n == 1 ? " was" : "s were");
	return true;
}

static bool
start(struct service *s)
{
	return is(s, "is-active", UNIT_SOCKET) || listen_now(s, "start");
}

static bool
uninstall(struct service *s)
{
	if (!SYSTEMCTL(s, "disable", "--now", UNIT_SOCKET) || !stop(s) ||
	    !units_remove(s) || !SYSTEMCTL(s, "daemon-reload"))
		return false;
	/* A socket that had failed stays loaded without. */
	(void)SYSTEMCTL(s, "reset-failed", UNIT_SOCKET);
	units_tell_overrides(s);
	return true;
}

static bool
move(struct service *s)
{
	struct before b = {.enabled = is(s, "is-enabled", UNIT_SOCKET),
	    .active = is(s, "is-active", UNIT_SOCKET)};

	if (!units_move(s) || !SYSTEMCTL(s, "daemon-reload") ||
	    (b.active && !listen_now(s, "restart")))
		return roll_back(s, &b);
	service_commit(s);
	if (b.active)
		service_tell_where(s, "systemd");
	return true;
}

/* --- what there is ----------------------------------------------------- */

struct shown {
	bool loaded, enabled, active, own;
	char result[64];
};

/* "127.0.0.1:8888 (Stream)", "/run/x (Stream)", "[fe80::1]:8888%eth0 (Stream)"
 */
static void
add_where(struct service_state *to, const char *text, size_t len)
{
	const char *end = memchr(text, ' ', len), *bracket, *scope;
	char *url;
	int n;

	if (to->n == LISTENER_MAX)
		return;
	n = (int)(end == NULL ? len : (size_t)(end - text));
	url = to->where[to->n++];
	bracket = text[0] == '[' ? memchr(text, ']', (size_t)n) : NULL;
	scope = bracket == NULL
	            ? NULL
	            : memchr(bracket, '%', (size_t)(text + n - bracket));
	if (scope != NULL)
		(void)snprintf(url, sizeof(to->where[0]),
		    "http://%.*s%.*s%.*s/v1", (int)(bracket - text), text,
		    (int)(text + n - scope), scope, (int)(scope - bracket),
		    bracket);
	else
		(void)snprintf(url, sizeof(to->where[0]),
		    text[0] == '/' ? "unix:%.*s" : "http://%.*s/v1", n, text);
}

static void
read_line(const char *line, struct shown *to, struct service_state *state)
{
	const char *equals = strchr(line, '=');
	const char *value;
	size_t len, name;

	if (equals == NULL)
		return;
	value = equals + 1;
	name = (size_t)(equals - line);
	len = strcspn(value, "\n");
#define LINE_IS(key)   (name == strlen(key) && strncmp(line, key, name) == 0)
#define VALUE_IS(text) (len == strlen(text) && strncmp(value, text, len) == 0)
	if (LINE_IS("LoadState"))
		to->loaded = VALUE_IS("loaded");
	else if (LINE_IS("UnitFileState"))
		to->enabled = VALUE_IS("enabled");
	else if (LINE_IS("ActiveState"))
		to->active = VALUE_IS("active");
	else if (LINE_IS("Result") && !VALUE_IS("success"))
		(void)snprintf(
		    to->result, sizeof(to->result), "%.*s", (int)len, value);
	else if (LINE_IS("NConnections"))
		state->connections = strtol(value, NULL, 10);
	else if (LINE_IS("NAccepted"))
		state->accepted = strtol(value, NULL, 10);
	else if (LINE_IS("Listen") && len > 0)
		add_where(state, value, len);
#undef LINE_IS
#undef VALUE_IS
}

static bool
state(struct service *s, struct service_state *ret)
{
	static const char properties[] =
	    "LoadState,UnitFileState,ActiveState,Result,Listen,NConnections,"
	    "NAccepted";
	CLEANUP_FREE char *own = unit_path(s, UNIT_SOCKET);
	CLEANUP_FREE char *linger =
	    service_text("/var/lib/systemd/linger/%s", s->user);
	struct shown shown = {.loaded = false};
	const char *line;

	*ret = (struct service_state){.connections = -1, .accepted = -1};
	if (own == NULL || linger == NULL)
		return service_fail(s, "out of memory");
	if (!SYSTEMCTL(s, "show", "-p", properties, UNIT_SOCKET))
		return false;
	for (line = buf_str(&s->out); *line != '\0';
	     line += strcspn(line, "\n"), line += *line == '\n')
		read_line(line, &shown, ret);
	shown.own = access(own, F_OK) == 0;
	ret->installed =
	    shown.loaded && (shown.own || shown.enabled || shown.active);
	ret->enabled = shown.enabled;
	ret->listening = shown.active;
	ret->linger = s->system ? 1 : access(linger, F_OK) == 0;
	if (!shown.active && shown.result[0] != '\0')
		(void)snprintf(ret->problem, sizeof(ret->problem),
		    "systemd says: %s", shown.result);
	return true;
}

const struct service_manager service_systemd = {
    .name = "systemd",
    .answers = answers,
    .old = old,
    .explain = explain,
    .install = install,
    .uninstall = uninstall,
    .start = start,
    .stop = stop,
    .move = move,
    .state = state,
    .log = journal_log,
    .variable = unit_variable,
    .inherited = unit_inherited,
    .program = unit_program,
};
