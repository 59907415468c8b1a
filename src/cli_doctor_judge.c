/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What ccp doctor thinks of what was found.  Pure.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "claude_version.h"
#include "cli_client.h"
#include "cli_doctor.h"

#include "banned.h"

#define KEY_CHARS 16 /* fewer can be guessed */
#define LOCAL     "unix:"

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

static bool
is_set(char *const *env, const char *name)
{
	const char *value = settings_getenv(env, name);

	return value != NULL && value[0] != '\0';
}

void
judge_billing(struct doctor_report *r, char *const *env)
{
	static const char *const names[] = {
	    "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"};
	size_t i, found = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!is_set(env, names[i]))
			continue;
		found++;
		doctor_say(r, DOCTOR_WARN,
		    "%s is in the environment: claude uses it instead of its "
		    "own login, and what it does is billed to that account of "
		    "the API, not to your subscription",
		    names[i]);
		doctor_fix(r,
		    "if that is not meant: unset %s, also where your shell "
		    "or service manager sets it",
		    names[i]);
	}
	if (found == 0)
		doctor_say(r, DOCTOR_OK,
		    "no key in the environment takes the place of the login");
}

/* --- who gets in ------------------------------------------------------- */

static bool
entry_reachable(const char *entry)
{
	size_t len = strlen(entry);

	return strncmp(entry, LOCAL, strlen(LOCAL)) != 0 &&
	       !address_loopback_name(entry, len) &&
	       !address_loopback_literal(entry, len);
}

bool
doctor_reachable(const char *host)
{
	char entry[CLIENT_HOST_BYTES];

	while (client_next_host(&host, entry)) {
		if (entry_reachable(entry))
			return true;
	}
	return false;
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
	else if (strlen(s->api_key) < KEY_CHARS && s->api_keys[0] == '\0')
		doctor_say(r, DOCTOR_WARN,
		    "it has only %zu character%s: it can be guessed",
		    strlen(s->api_key), strlen(s->api_key) == 1 ? "" : "s");
	else {
		doctor_say(r, DOCTOR_OK, "it is one of your own");
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
	    f->original || strncmp(f->holder, "node ", 5) == 0
		? ", perhaps the Node.js version of ccp"
		: "");
	doctor_fix(r, "end that program, or choose another port: ccp config "
		      "set PORT 8889");
}

static void
judge_original(struct doctor_report *r, const struct address_facts *f)
{
	doctor_say(r, DOCTOR_WARN,
	    "a service of the Node.js version of ccp is installed: %s",
	    f->service);
	if (strstr(f->service, ".plist") != NULL)
		doctor_fix(r,
		    "launchctl bootout gui/$(id -u) %s; then remove "
		    "that file",
		    f->service);
	else
		doctor_fix(r, "systemctl --user disable --now ccp.service; "
			      "then remove that file");
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
	if (f->original)
		judge_original(r, f);
}

/* --- units ------------------------------------------------------------- */

/* Splits "127.0.0.1:8888" or "[::1]:8888" or "8888"; false: a path. */
static bool
split_listen(const char *listen, char *host, size_t len, long *port)
{
	const char *colon = strrchr(listen, ':'), *from = listen;
	size_t n;

	if (listen[0] == '/')
		return false;
	*port = strtol(colon == NULL ? listen : colon + 1, NULL, 10);
	if (colon == NULL) {
		(void)snprintf(host, len, "::"); /* both families */
		return true;
	}
	n = (size_t)(colon - from);
	if (n >= 2 && from[0] == '[' && from[n - 1] == ']') {
		from++;
		n -= 2;
	}
	(void)snprintf(host, len, "%.*s", (int)n, from);
	return true;
}

bool
doctor_listen_fits(const char *listen, const char *entry, long port)
{
	char host[CLIENT_HOST_BYTES];
	long its = 0;

	if (!split_listen(listen, host, sizeof(host), &its))
		return strncmp(entry, LOCAL, strlen(LOCAL)) == 0 &&
		       strcmp(entry + strlen(LOCAL), listen) == 0;
	if (its != port || strncmp(entry, LOCAL, strlen(LOCAL)) == 0)
		return false;
	if (strcmp(host, entry) == 0)
		return true;
	if (strcmp(host, "::") == 0)
		return strcmp(entry, "0.0.0.0") == 0;
	/* A name: a unit has its address. */
	if (address_literal(entry, strlen(entry)))
		return false;
	return !address_loopback_name(entry, strlen(entry)) ||
	       address_loopback_literal(host, strlen(host));
}

/* Each entry of HOST has a socket. */
static bool
all_fit(const char *listens, const char *host, long port)
{
	char entry[CLIENT_HOST_BYTES], one[CLIENT_HOST_BYTES];
	const char *at;
	bool fits;

	while (client_next_host(&host, entry)) {
		fits = false;
		for (at = listens; !fits && *at != '\0';
		     at += strspn(at, " ")) {
			(void)snprintf(one, sizeof(one), "%.*s",
			    (int)strcspn(at, " "), at);
			fits = doctor_listen_fits(one, entry, port);
			at += strcspn(at, " ");
		}
		if (!fits)
			return false;
	}
	return true;
}

static void
judge_linger(struct doctor_report *r, const struct unit_facts *f)
{
	if (f->linger != LINGER_NO)
		return;
	doctor_say(r, DOCTOR_WARN, "it runs only while you are logged in");
	doctor_fix(r, "if it shall run always: loginctl enable-linger");
}

static void
judge_program(struct doctor_report *r, const struct unit_facts *f)
{
	if (f->program[0] == '\0')
		doctor_say(r, DOCTOR_FAIL,
		    "%s has no ccp@.service beside it that starts ccp-handler",
		    f->socket);
	else if (!f->executable)
		doctor_say(r, DOCTOR_FAIL,
		    "ccp@.service starts %s, which is not there", f->program);
	else
		return;
	doctor_fix(r, "ccp service install");
}

void
judge_units(struct doctor_report *r, const struct unit_facts *f,
    const struct settings *s)
{
	if (!f->enabled) {
		doctor_say(r, DOCTOR_OK,
		    "none is enabled%s: ccp start serves, or ccp service "
		    "install",
		    f->socket[0] == '\0' ? "" : ", though its units are there");
		return;
	}
	if (all_fit(f->listens, s->host, s->port))
		doctor_say(
		    r, DOCTOR_OK, "%s listens on %s", f->socket, f->listens);
	else {
		doctor_say(r, DOCTOR_FAIL,
		    "%s listens on %s, but HOST is %s and PORT is %ld",
		    f->socket, f->listens[0] == '\0' ? "nothing" : f->listens,
		    s->host, s->port);
		doctor_fix(r, "ccp service install");
	}
	judge_program(r, f);
	judge_linger(r, f);
}
