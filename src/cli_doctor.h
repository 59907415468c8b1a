/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp doctor: a table of checks (cli_doctor.c), each of which looks at
 * something and says what it found.  What can be decided without looking is in
 * cli_doctor_judge.c, which does no I/O.
 */
#ifndef CCP_CLI_DOCTOR_H
#define CCP_CLI_DOCTOR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cli_claude.h"
#include "service.h"
#include "settings.h"

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

#define DOCTOR_FINDINGS   64
#define DOCTOR_TEXT_BYTES 1024

struct doctor_finding {
	enum doctor_level level;
	const char *check; /* its name in the table */
	char text[DOCTOR_TEXT_BYTES];
	char fix[DOCTOR_TEXT_BYTES]; /* "": nothing to mend */
};

struct doctor_report {
	struct doctor_finding all[DOCTOR_FINDINGS]; /* what is more is lost */
	size_t n;
	const char *check; /* the one that runs */
};

/* Adds a finding of the check that runs; and the fix of the last one. */
void doctor_say(struct doctor_report *r, enum doctor_level level,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void doctor_fix(struct doctor_report *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

struct doctor {
	char *const *env;
	const char *home; /* HOME; "": unset */
	struct settings settings;
	bool configured; /* settings are there */
	struct doctor_report report;
};

/* --- the checks: they look, and judge or say --------------------------- */

void doctor_configuration(struct doctor *d);
void doctor_claude(struct doctor *d);
void doctor_billing(struct doctor *d);
void doctor_directories(struct doctor *d);
void doctor_sessions(struct doctor *d);
void doctor_address(struct doctor *d);
void doctor_service(struct doctor *d);

/* --- decisions --------------------------------------------------------- */

/* demo: CLAUDE_PATH is. */
void
judge_claude(struct doctor_report *r, const struct claude_facts *f, bool demo);

/* A variable that makes Claude use the API's billing. */
struct billing_facts {
	const char *name;
	bool here;           /* it is in our environment */
	const char *manager; /* what hands it to its services, or NULL */
};
void judge_billing(
    struct doctor_report *r, const struct billing_facts *all, size_t n);

/* reachable: other machines can reach one of the addresses in HOST. */
void
judge_key(struct doctor_report *r, const struct settings *s, bool reachable);
void judge_browsers(
    struct doctor_report *r, const struct settings *s, bool reachable);
void judge_permissions(struct doctor_report *r, const struct settings *s);

/* config.json.  owner: this user is it.  exposed: as of settings_exposed(). */
void judge_config_mode(struct doctor_report *r, const char *path, mode_t mode,
    bool owner, bool exposed);

enum address_state {
	ADDRESS_FREE,
	ADDRESS_OURS,     /* ccp answers there */
	ADDRESS_TAKEN,    /* something else does, or nothing answers */
	ADDRESS_UNUSABLE, /* it cannot be listened on */
};

struct address_facts {
	enum address_state state;
	const char *name;   /* "http://127.0.0.1:8888" */
	const char *why;    /* UNUSABLE: a sentence */
	const char *holder; /* "node (pid 123)"; "": not known */
};
void judge_address(struct doctor_report *r, const struct address_facts *f);

struct service_facts {
	const char *manager;
	bool system; /* it is one of the system */
	const struct service_state *state;
	const char *missing; /* of HOST and PORT, it listens not there; "" */
	const char *program; /* that it starts for a connection; "": none */
	bool executable;
	const char *claude; /* why it does not find one; "" */
	bool ends;          /* with the login */
};
void judge_service(struct doctor_report *r, const struct service_facts *f);

/* A service of the Node.js version.  commands: what sets it aside, a line
 * each. */
void judge_old(struct doctor_report *r, const char *path, const char *commands,
    bool system);

/* Does an installed service listen on that base URL? */
bool doctor_listens(const struct service_state *state, const char *url);

#endif
