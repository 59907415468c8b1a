/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp doctor: runs the checks and prints what they find.
 */
#include "cli_doctor.h"

#include <cjson/cJSON.h>

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli.h"
#include "cli_client.h"
#include "cli_say.h"
#include "cli_style.h"
#include "cli_wrong.h"

#include "banned.h"

extern char **environ;

#define NAME_COLUMNS 13 /* of the longest name of a check */
#define TEXT_COLUMN  (4 + 2 + NAME_COLUMNS + 2)
#define FIX_COLUMN   11

static void
key(struct doctor *d)
{
	judge_key(
	    &d->report, &d->settings, client_hosts_reachable(d->settings.host));
}

static void
browsers(struct doctor *d)
{
	judge_browsers(
	    &d->report, &d->settings, client_hosts_reachable(d->settings.host));
}

static void
permissions(struct doctor *d)
{
	judge_permissions(&d->report, &d->settings);
}

static const struct check {
	const char *name;
	void (*run)(struct doctor *d);
	bool configured;  /* it needs a configuration that is valid */
	const char *wait; /* it may take a while: what it does; NULL */
} checks[] = {
    {"configuration", doctor_configuration, false, NULL},
    {"claude", doctor_claude, true, "asking claude for its version and login"},
    {"billing", doctor_billing, false, NULL},
    {"API key", key, true, NULL},
    {"browsers", browsers, true, NULL},
    {"permissions", permissions, true, NULL},
    {"directories", doctor_directories, true, NULL},
    {"sessions", doctor_sessions, true, "reading the remembered sessions"},
    {"address", doctor_address, true, "trying the addresses in HOST"},
    {"service", doctor_service, true, NULL},
};
#define NCHECKS (sizeof(checks) / sizeof(checks[0]))

/* --- printing ---------------------------------------------------------- */

static void
print_finding(const struct doctor_finding *f)
{
	static const char *const words[] = {"ok", "warn", "FAIL"};
	static const enum style styles[] = {STYLE_GOOD, STYLE_WARN, STYLE_BAD};

	(void)printf("%s%-4s%s  %-*s  ", style(styles[f->level]),
	    words[f->level], style(STYLE_PLAIN), NAME_COLUMNS, f->check);
	style_wrap(f->text, TEXT_COLUMN);
	if (f->fix[0] == '\0')
		return;
	(void)printf("%*sfix: ", FIX_COLUMN - 5, "");
	style_wrap(f->fix, FIX_COLUMN);
}

/* Only a person sees that something takes time. */
static void
show_wait(const char *what)
{
	if (what == NULL || isatty(STDOUT_FILENO) != 1)
		return;
	(void)printf("%s%s ...%s", style(STYLE_DIM), what, style(STYLE_PLAIN));
	(void)fflush(stdout);
}

static void
hide_wait(const char *what)
{
	if (what != NULL && isatty(STDOUT_FILENO) == 1)
		(void)printf("\r%*s\r", (int)strlen(what) + 4, "");
}

static size_t
count(const struct doctor_report *r, enum doctor_level level)
{
	size_t i, n = 0;

	for (i = 0; i < r->n; i++)
		n += r->all[i].level == level;
	return n;
}

static void
print_sum(const struct doctor *d)
{
	size_t fails = count(&d->report, DOCTOR_FAIL);
	size_t warns = count(&d->report, DOCTOR_WARN);

	if (fails == 0 && warns == 0)
		(void)printf("\nAll is well.\n");
	else
		(void)printf("\n%zu problem%s to fix, %zu warning%s.\n", fails,
		    fails == 1 ? "" : "s", warns, warns == 1 ? "" : "s");
	if (!d->configured)
		(void)printf("The configuration comes first: what depends on "
			     "it was not looked at.\n");
}

static cJSON *
as_json(const struct doctor_report *r)
{
	static const char *const words[] = {"ok", "warning", "failure"};
	cJSON *root = cJSON_CreateObject(), *list, *one;
	size_t fails = count(r, DOCTOR_FAIL), warns = count(r, DOCTOR_WARN), i;

	(void)cJSON_AddBoolToObject(root, "ok", fails == 0);
	(void)cJSON_AddNumberToObject(root, "failures", (double)fails);
	(void)cJSON_AddNumberToObject(root, "warnings", (double)warns);
	list = cJSON_AddArrayToObject(root, "findings");
	for (i = 0; i < r->n; i++) {
		one = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(one, "check", r->all[i].check);
		(void)cJSON_AddStringToObject(
		    one, "level", words[r->all[i].level]);
		(void)cJSON_AddStringToObject(one, "text", r->all[i].text);
		if (r->all[i].fix[0] != '\0')
			(void)cJSON_AddStringToObject(
			    one, "fix", r->all[i].fix);
		(void)cJSON_AddItemToArray(list, one);
	}
	return root;
}

static void
print_json(const struct doctor_report *r)
{
	if (!cli_print_json(as_json(r)))
		(void)printf("null\n");
}

/* --- the command ------------------------------------------------------- */

const char cli_doctor_usage[] =
    "usage: ccp doctor [--json]\n"
    "Looks at everything that a request needs, and says of each whether it is\n"
    "well, and what mends it: the configuration, claude and its login, the\n"
    "API key, directories, the store of sessions, the address, the service.\n"
    "It changes nothing, but for a store that is damaged: that is put aside,\n"
    "as the next request would.\n"
    "\n"
    "      --json    print one JSON object\n"
    "\n"
    "The exit status is 0 where nothing fails (there may be warnings), 1 "
    "where\n"
    "something does, 2 where the command line makes no sense.\n"
    "\n"
    "  ccp doctor\n"
    "  ccp doctor --json | jq '.findings[] | select(.level != \"ok\")'\n";

static void
run_check(struct doctor *d, const struct check *c, bool json)
{
	size_t i, before = d->report.n;

	if (c->configured && !d->configured)
		return;
	d->report.check = c->name;
	if (!json)
		show_wait(c->wait);
	c->run(d);
	if (json)
		return;
	hide_wait(c->wait);
	for (i = before; i < d->report.n; i++)
		print_finding(&d->report.all[i]);
	(void)fflush(stdout);
}

static int
examine(bool json)
{
	static struct doctor d;
	size_t i;
	int status;

	d.env = environ;
	d.home = settings_getenv(environ, "HOME");
	if (d.home == NULL)
		d.home = "";
	for (i = 0; i < NCHECKS; i++)
		run_check(&d, &checks[i], json);
	if (json)
		print_json(&d.report);
	else
		print_sum(&d);
	status =
	    count(&d.report, DOCTOR_FAIL) > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (d.configured)
		settings_free(&d.settings);
	return status;
}

int
cli_doctor(int argc, char **argv)
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	bool json = false;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c != 'j')
			return cli_wrong_option("doctor", c, argv);
		json = true;
	}
	if (optind < argc)
		return cli_wrong_argument("doctor", argv[optind]);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)style_open(stdout, environ);
	return examine(json);
}
