/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What ccp doctor thinks of what was found.  Pure.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_keys.h"
#include "claude_version.h"
#include "cli_doctor.h"
#include "limits.h"

#include "banned.h"

static const char new_key[] = "ccp config set API_KEY \"$(openssl rand -hex "
			      "24)\", and the same key in the clients";

/* --- the report -------------------------------------------------------- */

void
doctor_say(
    struct doctor_report *r, enum doctor_level level, const char *fmt, ...)
{
	struct doctor_finding *f;
	va_list ap;

	if (r->n == DOCTOR_FINDINGS)
		return;
	f = &r->all[r->n++];
	*f = (struct doctor_finding){.level = level, .check = r->check};
	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

void
doctor_fix(struct doctor_report *r, const char *fmt, ...)
{
	struct doctor_finding *f = &r->all[r->n - 1];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f->fix, sizeof(f->fix), fmt, ap);
	va_end(ap);
}

/* --- claude ------------------------------------------------------------ */

static void
judge_login(struct doctor_report *r, const struct claude_facts *f)
{
	switch (f->login) {
	case CLAUDE_LOGIN_YES:
		doctor_say(r, DOCTOR_OK, "logged in: %s", f->account);
		break;
	case CLAUDE_LOGIN_NO:
		doctor_say(r, DOCTOR_FAIL, "claude is not logged in");
		doctor_fix(r, "run claude once in a terminal, as this user, "
			      "and log in with /login");
		break;
	case CLAUDE_LOGIN_UNKNOWN:
		doctor_say(r, DOCTOR_WARN,
		    "claude auth status gives no answer that is understood: "
		    "whether it is logged in is not known");
		doctor_fix(r, "run claude auth status; ccp test shows whether "
			      "answers come");
		break;
	}
}

void
judge_claude(struct doctor_report *r, const struct claude_facts *f, bool demo)
{
	if (f->path == NULL) {
		doctor_say(r, DOCTOR_FAIL, "%s", f->why);
		doctor_fix(r, "ccp config set CLAUDE_PATH /path/of/claude");
		return;
	}
	if (demo) {
		doctor_say(r, DOCTOR_WARN,
		    "CLAUDE_PATH is demo: answers come from a stand-in");
		doctor_fix(r, "ccp config reset CLAUDE_PATH");
		return;
	}
	if (f->version[0] == '\0') {
		doctor_say(r, DOCTOR_FAIL, "%s", f->why);
		doctor_fix(
		    r, "install Claude Code anew, or set CLAUDE_PATH to it");
		return;
	}
	doctor_say(r, f->too_old ? DOCTOR_FAIL : DOCTOR_OK, "%s, version %s%s",
	    f->path, f->version,
	    f->too_old ? ": it is older than " CLAUDE_VERSION_LEAST : "");
	if (f->too_old)
		doctor_fix(r, "claude update");
	judge_login(r, f);
}

static const char billed[] =
    "claude uses it instead of its own login, and what it does is billed to "
    "that account of the API, not to your subscription";

static void
judge_variable(struct doctor_report *r, const struct billing_facts *f)
{
	if (f->here) {
		doctor_say(r, DOCTOR_WARN, "%s is in the environment: %s",
		    f->name, billed);
		doctor_fix(r,
		    "if that is not meant: unset %s, also where your shell "
		    "sets it",
		    f->name);
	}
	if (f->manager == NULL)
		return;
	doctor_say(r, DOCTOR_WARN, "%s hands %s to every service of yours: %s",
	    f->manager, f->name, billed);
	doctor_fix(r,
	    "if that is not meant: %s %s, also where it is set at "
	    "the login",
	    strcmp(f->manager, "launchd") == 0
		? "launchctl unsetenv"
		: "systemctl --user unset-environment",
	    f->name);
}

void
judge_billing(
    struct doctor_report *r, const struct billing_facts *all, size_t n)
{
	size_t i, before = r->n;

	for (i = 0; i < n; i++)
		judge_variable(r, &all[i]);
	if (r->n == before)
		doctor_say(r, DOCTOR_OK,
		    "no key in the environment takes the place of the login");
}

/* --- who gets in ------------------------------------------------------- */

/* Beside API_KEYS the default one opens nothing. */
static void
judge_own_key(struct doctor_report *r, const char *key)
{
	if (strcmp(key, SETTINGS_DEFAULT_KEY) == 0 || !api_key_weak(key))
		return;
	doctor_say(r, DOCTOR_WARN,
	    "it has only %zu character%s: it can be guessed", strlen(key),
	    strlen(key) == 1 ? "" : "s");
	doctor_fix(r, "%s", new_key);
}

static void
judge_own_keys(struct doctor_report *r, const struct settings *s)
{
	size_t before = r->n;
	const char *at = s->api_keys;
	struct api_key key;

	judge_own_key(r, s->api_key);
	while (api_keys_next(&at, &key)) {
		if (!key.weak)
			continue;
		doctor_say(r, DOCTOR_WARN,
		    "the one of API_KEYS that is called %s has fewer than %d "
		    "characters: it can be guessed",
		    key.name, LIMIT_GOOD_KEY);
		doctor_fix(r, "give it another key: ccp config set API_KEYS, "
			      "or ccp config edit");
		break; /* the next time the next one */
	}
	if (r->n == before)
		doctor_say(r, DOCTOR_OK, "it is one of your own");
}

void
judge_key(struct doctor_report *r, const struct settings *s, bool reachable)
{
	if (settings_default_key(s) && reachable)
		doctor_say(r, DOCTOR_FAIL,
		    "it is the default one, which everybody knows, and other "
		    "machines can reach HOST %s: ccp start refuses that",
		    s->host);
	else if (settings_default_key(s))
		doctor_say(r, DOCTOR_WARN,
		    "it is the default one, which everybody knows: every "
		    "program and user of this machine can use your login");
	else {
		judge_own_keys(r, s);
		return;
	}
	doctor_fix(r, "%s", new_key);
}

void
judge_browsers(
    struct doctor_report *r, const struct settings *s, bool reachable)
{
	if (settings_default_key(s)) {
		doctor_say(r, DOCTOR_OK,
		    "with the default key only pages of this machine may use "
		    "ccp");
		return;
	}
	if (strcmp(s->cors_origin, "*") != 0) {
		doctor_say(r, DOCTOR_OK, "CORS_ORIGIN is %s",
		    s->cors_origin[0] == '\0' ? "empty: no page of another "
						"origin may use ccp"
					      : s->cors_origin);
		return;
	}
	doctor_say(r, reachable ? DOCTOR_WARN : DOCTOR_OK,
	    "a page of any origin may use ccp, if it has the key%s",
	    reachable ? ", and HOST is reached from other machines" : "");
	if (reachable)
		doctor_fix(r, "ccp config set CORS_ORIGIN "
			      "https://the.only.page");
}

void
judge_permissions(struct doctor_report *r, const struct settings *s)
{
	if (strcmp(s->claude_permission_mode, "bypassPermissions") != 0) {
		doctor_say(r, DOCTOR_OK, "CLAUDE_PERMISSION_MODE is %s",
		    s->claude_permission_mode);
		return;
	}
	doctor_say(r, DOCTOR_WARN,
	    "CLAUDE_PERMISSION_MODE is bypassPermissions: whoever has the API "
	    "key can run any command as you");
	doctor_fix(r, "ccp config reset CLAUDE_PERMISSION_MODE, unless that is "
		      "meant");
}

void
judge_config_mode(struct doctor_report *r, const char *path, mode_t mode,
    bool owner, bool exposed)
{
	if (!owner || (mode & 022) != 0) {
		doctor_say(r, DOCTOR_FAIL,
		    "%s %s: whoever can write it decides what runs as you",
		    path,
		    owner ? "can be written by others" : "is not your own");
		doctor_fix(
		    r, owner ? "chmod 600 %s" : "sudo chown $USER %s", path);
	} else if (exposed) {
		doctor_say(r, DOCTOR_WARN,
		    "%s can be read by others, with the key in it", path);
		doctor_fix(r, "chmod 600 %s", path);
	}
}

/* --- where ------------------------------------------------------------- */

static void
judge_taken(struct doctor_report *r, const struct address_facts *f)
{
	doctor_say(r, DOCTOR_FAIL, "%s is taken by %s%s, which is not this ccp",
	    f->name, f->holder[0] == '\0' ? "another program" : f->holder,
	    strncmp(f->holder, "node ", 5) == 0
		? ", perhaps the Node.js version of ccp"
		: "");
	doctor_fix(r, "end that program, or choose another port: ccp config "
		      "set PORT 8889");
}

void
judge_address(struct doctor_report *r, const struct address_facts *f)
{
	switch (f->state) {
	case ADDRESS_FREE:
		doctor_say(r, DOCTOR_OK, "%s is free", f->name);
		break;
	case ADDRESS_OURS:
		doctor_say(r, DOCTOR_OK, "ccp answers on %s", f->name);
		break;
	case ADDRESS_TAKEN:
		judge_taken(r, f);
		break;
	case ADDRESS_UNUSABLE:
		doctor_say(r, DOCTOR_FAIL, "%s", f->why);
		doctor_fix(r, "HOST must name addresses of this machine: ccp "
			      "config set HOST 127.0.0.1");
		break;
	}
}

/* --- the service ------------------------------------------------------- */

#define SCOPE(system)  ((system) ? "of the system: " : "")
#define SUDO(system)   ((system) ? "sudo " : "")
#define OPTION(system) ((system) ? " --system" : "")

static void
fix_service(
    struct doctor_report *r, const struct service_facts *f, const char *verb)
{
	doctor_fix(
	    r, "%sccp service %s%s", SUDO(f->system), verb, OPTION(f->system));
}

bool
doctor_listens(const struct service_state *state, const char *url)
{
	static const char any[] = "http://0.0.0.0:", both[] = "http://[::]:";
	size_t i;

	for (i = 0; i < state->n; i++) {
		if (strcmp(state->where[i], url) == 0)
			return true;
		/* A unit that was not written by ccp. */
		if (strncmp(url, any, strlen(any)) == 0 &&
		    strncmp(state->where[i], both, strlen(both)) == 0 &&
		    strcmp(url + strlen(any), state->where[i] + strlen(both)) ==
			0)
			return true;
	}
	return false;
}

static void
judge_where(struct doctor_report *r, const struct service_facts *f)
{
	const struct service_state *state = f->state;
	char where[DOCTOR_TEXT_BYTES / 2] = "nothing";
	size_t i, len = 0;

	for (i = 0; i < state->n && len < sizeof(where); i++)
		len += (size_t)snprintf(where + len, sizeof(where) - len,
		    "%s%s", i == 0 ? "" : ", ", state->where[i]);
	doctor_say(r, f->missing[0] == '\0' ? DOCTOR_OK : DOCTOR_FAIL,
	    "%s%s %s %s%s%s", SCOPE(f->system), f->manager,
	    state->listening ? "listens on" : "has it for", where,
	    f->missing[0] == '\0' ? "" : ", but HOST and PORT say ",
	    f->missing);
	if (f->missing[0] != '\0')
		fix_service(r, f, "install");
}

static void
judge_running(struct doctor_report *r, const struct service_facts *f)
{
	const struct service_state *state = f->state;
	bool broken = state->problem[0] != '\0';

	if (!state->listening) {
		doctor_say(r, broken ? DOCTOR_FAIL : DOCTOR_WARN,
		    "%sit does not listen%s%s", SCOPE(f->system),
		    broken ? ": " : "", state->problem);
		fix_service(r, f, "start");
	} else if (!state->enabled) {
		doctor_say(r, DOCTOR_WARN,
		    "%sit does not begin by itself the next time: it is not "
		    "enabled",
		    SCOPE(f->system));
		fix_service(r, f, "install");
	}
	if (f->ends) {
		doctor_say(
		    r, DOCTOR_WARN, "it runs only while you are logged in");
		doctor_fix(r, "if it shall run always: loginctl enable-linger");
	}
}

static void
judge_programs(struct doctor_report *r, const struct service_facts *f)
{
	if (f->program[0] == '\0')
		doctor_say(r, DOCTOR_FAIL,
		    "%sit has no program to start for a connection",
		    SCOPE(f->system));
	else if (!f->executable)
		doctor_say(r, DOCTOR_FAIL, "%sit starts %s, which is not there",
		    SCOPE(f->system), f->program);
	if (f->program[0] == '\0' || !f->executable)
		fix_service(r, f, "install");
	if (f->claude[0] == '\0')
		return;
	doctor_say(r, DOCTOR_FAIL, "%sas it is set up, it cannot answer: %s",
	    SCOPE(f->system), f->claude);
	doctor_fix(r,
	    "%sccp service install%s, in a shell where claude is "
	    "found",
	    SUDO(f->system), OPTION(f->system));
}

void
judge_service(struct doctor_report *r, const struct service_facts *f)
{
	judge_where(r, f);
	judge_running(r, f);
	judge_programs(r, f);
}

/* Indented lines, in one. */
static void
join_lines(const char *from, char *to, size_t size)
{
	size_t len, n = 0;

	to[0] = '\0';
	while (*(from += strspn(from, " \n")) != '\0' && n < size) {
		len = strcspn(from, "\n");
		n += (size_t)snprintf(to + n, size - n, "%s%.*s",
		    n == 0 ? "" : "; ", (int)len, from);
		from += len;
	}
}

void
judge_old(struct doctor_report *r, const char *path, const char *commands,
    bool system)
{
	char line[DOCTOR_TEXT_BYTES / 2];

	join_lines(commands, line, sizeof(line));
	doctor_say(r, DOCTOR_WARN,
	    "%sa service of another ccp is installed, likely its Node.js "
	    "version: %s",
	    SCOPE(system), path);
	doctor_fix(r,
	    "%sccp service install --replace%s puts ccp's own in its place; "
	    "without one: %s",
	    SUDO(system), OPTION(system), line);
}
