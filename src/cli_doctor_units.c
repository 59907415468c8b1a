/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp doctor: what of ccp is installed as a service, of this user's or of the
 * system.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claude_find.h"
#include "cleanup.h"
#include "cli_doctor.h"
#include "programs.h"
#include "service_units.h"

#include "banned.h"

/* --- billing ----------------------------------------------------------- */

static bool
is_set(char *const *env, const char *name)
{
	const char *value = settings_getenv(env, name);

	return value != NULL && value[0] != '\0';
}

/* A service gets it from its manager, whatever this shell has. */
void
doctor_billing(struct doctor *d)
{
	struct billing_facts all[] = {
	    {.name = "ANTHROPIC_API_KEY"}, {.name = "ANTHROPIC_AUTH_TOKEN"}};
	const struct service_manager *m = NULL;
	struct service s;
	size_t i;

	if (service_open(&s, false, NULL))
		m = service_manager(&s);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CLEANUP_FREE char *value =
		    m == NULL ? NULL : m->inherited(&s, all[i].name);

		all[i].here = is_set(d->env, all[i].name);
		all[i].manager = value == NULL ? NULL : m->name;
	}
	service_close(&s);
	judge_billing(&d->report, all, i);
}

/* --- one service ------------------------------------------------------- */

/* loginctl has the last word: the file that tells state() of it may be hidden. */
static bool
ends_with_login(struct service *s)
{
	CLEANUP_FREE char *user = service_text("%lu", (unsigned long)s->uid);

	return user != NULL &&
	       SERVICE_RUN(s, "loginctl", "show-user", user,
		   "--property=Linger", "--value") &&
	       strcmp(buf_str(&s->out), "no\n") == 0;
}

/* The first address of HOST that it does not listen on. */
static void
find_missing(struct service *s, const struct service_state *state,
    char to[SERVICE_URL_BYTES])
{
	size_t i;

	/* What it refuses (a default key that others reach) others say. */
	(void)service_addresses(s);
	for (i = 0; i < s->naddresses; i++) {
		service_url(s, &s->addresses[i], to, SERVICE_URL_BYTES);
		if (!doctor_listens(state, to))
			return;
	}
	to[0] = '\0';
}

/* With the variables that it was given. */
static void
find_claude(
    struct service *s, const struct service_manager *m, char *why, size_t len)
{
	CLEANUP_FREE char *claude = NULL;

	if (!service_as_installed(s, m))
		(void)snprintf(why, len, "%.500s", s->err);
	else
		claude = claude_find(&s->settings, s->env, why, len);
	if (claude != NULL)
		why[0] = '\0';
}

/* loaded: its configuration could be read. */
static void
check_installed(struct doctor *d, struct service *s,
    const struct service_manager *m, const struct service_state *state,
    bool loaded)
{
	CLEANUP_FREE char *program = m->program(s);
	char missing[SERVICE_URL_BYTES] = "", claude[512] = "";
	struct service_facts f = {.manager = m->name,
	    .system = s->system,
	    .state = state,
	    .missing = missing,
	    .program = program == NULL ? "" : program,
	    .executable = program != NULL && program_executable(program),
	    .claude = claude,
	    .ends = state->linger == 0 && ends_with_login(s)};

	/* Another user's configuration is none of ours. */
	if (s->uid == geteuid()) {
		if (loaded)
			find_missing(s, state, missing);
		find_claude(s, m, claude, sizeof(claude));
	}
	judge_service(&d->report, &f);
}

/* --- both scopes ------------------------------------------------------- */

static void
check_old(struct doctor *d, struct service *s, const struct service_manager *m)
{
	CLEANUP_FREE char *old = m->old(s);

	if (old == NULL)
		return;
	m->explain(s, old);
	judge_old(&d->report, old, buf_str(&s->said), s->system);
	buf_clear(&s->said);
}

/* Its files may be there all the same. */
static bool
check_silent(struct doctor *d, const struct service *s)
{
	CLEANUP_FREE char *unit = unit_path(s, UNIT_SOCKET);

	if (s->system || unit == NULL || access(unit, F_OK) == -1)
		return false;
	doctor_say(&d->report, DOCTOR_WARN, "%s is there, but %.*s", unit,
	    (int)strcspn(s->err, "\n"), s->err);
	doctor_fix(&d->report,
	    "look as the user whose service it is, after a login, with "
	    "XDG_RUNTIME_DIR set; ccp start serves without it");
	return true;
}

/* True: one is installed. */
static bool
check_scope(struct doctor *d, const struct service_manager *m, bool system)
{
	struct service_state state;
	struct service s;
	bool loaded = service_open(&s, system, NULL), found = false;

	if (s.home != NULL) {
		check_old(d, &s, m);
		if (!m->answers(&s))
			found = check_silent(d, &s);
		else if (m->state(&s, &state) && state.installed) {
			check_installed(d, &s, m, &state, loaded);
			found = true;
		}
	}
	service_close(&s);
	return found;
}

void
doctor_service(struct doctor *d)
{
	const struct service_manager *m = service_manager_here();
	bool found = check_scope(d, m, false);

	if (m == &service_systemd)
		found |= check_scope(d, m, true);
	if (!found)
		doctor_say(&d->report, DOCTOR_OK,
		    "none is installed: ccp start serves, or ccp service "
		    "install");
}
