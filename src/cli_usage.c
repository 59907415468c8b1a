/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp usage: what the ledger says, by day, model and key.
 */
#include "cli_usage.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "cleanup.h"
#include "cli.h"
#include "cli_say.h"
#include "cli_style.h"
#include "cli_usage_data.h"
#include "cli_usage_show.h"
#include "cli_wrong.h"
#include "screen_text.h"
#include "settings.h"
#include "state_dir.h"

#include "banned.h"

#define MOST_DAYS 36500

extern char **environ;

enum form { FORM_SCREEN, FORM_JSON, FORM_CSV };

struct wish {
	enum form form;
	bool forms_differ; /* more than one was asked for */
	unsigned by;       /* 0: all three */
	int64_t since_ms;
	char since[USAGE_DAY_BYTES];
};

const char cli_usage_usage[] =
    "usage: ccp usage [--since DATE|DAYS|all] [--by day|model|key]\n"
    "                 [--json | --csv]\n"
    "What was used: requests, tokens, the cache's share, cost, errors and the\n"
    "median time to the first token; of the last 30 days unless --since says\n"
    "otherwise.\n"
    "\n"
    "  --since 2026-11-01   from that day on\n"
    "  --since 7d           today and the six days before\n"
    "  --since all          all that was ever noted\n"
    "  --by day|model|key   only that table\n"
    "  --json, --csv        for programs: a row for each day, model and key,\n"
    "                       or with --by for each of that\n"
    "\n"
    "  ccp usage --since 7d --by model\n"
    "  ccp usage --since all --csv >usage.csv\n";

/* --- the command line -------------------------------------------------- */

/* Midnight of the day, some days later. */
static bool
set_since(struct wish *w, const struct tm *day, int days_later)
{
	time_t t;
	struct tm tm;

	w->since_ms = usage_midnight_ms(day, days_later);
	if (w->since_ms < 0)
		w->since_ms = 0;
	t = (time_t)(w->since_ms / 1000);
	return localtime_r(&t, &tm) != NULL &&
	       strftime(w->since, sizeof(w->since), "%Y-%m-%d", &tm) != 0;
}

static bool
since_days(struct wish *w, long days)
{
	time_t now = time(NULL);
	struct tm today;

	return days >= 1 && days <= MOST_DAYS &&
	       localtime_r(&now, &today) != NULL &&
	       set_since(w, &today, 1 - (int)days);
}

/* A day that there is: it comes back as it was given. */
static bool
since_date(struct wish *w, const char *text)
{
	struct tm day = {0};

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
		return false;
	day.tm_year = (int)strtol(text, NULL, 10) - 1900;
	day.tm_mon = (int)strtol(text + 5, NULL, 10) - 1;
	day.tm_mday = (int)strtol(text + 8, NULL, 10);
	return set_since(w, &day, 0) && strcmp(w->since, text) == 0;
}

static bool
parse_since(struct wish *w, const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (strcmp(text, "all") == 0) {
		w->since_ms = 0;
		w->since[0] = '\0';
		return true;
	}
	if (digits > 0 && digits <= 5 && strcmp(text + digits, "d") == 0)
		return since_days(w, strtol(text, NULL, 10));
	return since_date(w, text);
}

static bool
parse_by(struct wish *w, const char *text)
{
	static const struct {
		const char *name;
		enum usage_by by;
	} all[] = {{"day", USAGE_BY_DAY}, {"model", USAGE_BY_MODEL},
	    {"key", USAGE_BY_KEY}};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(text, all[i].name) == 0) {
			w->by = all[i].by;
			return true;
		}
	}
	return false;
}

static void
set_form(struct wish *w, enum form form)
{
	w->forms_differ = w->form != FORM_SCREEN && w->form != form;
	w->form = form;
}

/* NULL, or what is wrong with what follows the option. */
static const char *
take_option(struct wish *w, int option)
{
	switch (option) {
	case 's':
		return parse_since(w, optarg)
		           ? NULL
		           : "--since must be a date like 2026-11-22, days "
		             "like 7d, or all";
	case 'b':
		return parse_by(w, optarg) ? NULL
		                           : "--by must be day, model or key";
	case 'j':
		set_form(w, FORM_JSON);
		break;
	default:
		set_form(w, FORM_CSV);
		break;
	}
	return w->forms_differ ? "only one of --json and --csv" : NULL;
}

/* CLI_USAGE: what is wrong has been said. */
static int
parse(struct wish *w, int argc, char **argv)
{
	static const struct option options[] = {
	    {"since", required_argument, NULL, 's'},
	    {"by", required_argument, NULL, 'b'},
	    {"json", no_argument, NULL, 'j'}, {"csv", no_argument, NULL, 'c'},
	    {NULL, 0, NULL, 0}};
	const char *wrong = NULL;
	int option;

	opterr = 0;
	while (wrong == NULL &&
	       (option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return cli_wrong_option("usage", option, argv);
		wrong = take_option(w, option);
	}
	if (wrong != NULL)
		return cli_wrong("usage", "%s", wrong);
	if (optind < argc)
		return cli_wrong_argument("usage", argv[optind]);
	return EXIT_SUCCESS;
}

/* --- reading ----------------------------------------------------------- */

static void
visit(void *arg, const struct request_record *record)
{
	struct usage_report *r = arg;
	size_t i;

	usage_sum_add(&r->total, record);
	for (i = 0; i < r->n; i++)
		usage_sum_add(&r->sums[i], record);
}

static bool
out_of_memory(const struct usage_report *r)
{
	bool is = r->total.out_of_memory;
	size_t i;

	for (i = 0; i < r->n; i++)
		is = is || r->sums[i].out_of_memory;
	return is;
}

static void
choose_sums(struct usage_report *r, const struct wish *w)
{
	static const unsigned all[USAGE_SUMS] = {
	    USAGE_BY_DAY, USAGE_BY_MODEL, USAGE_BY_KEY};

	if (w->by == 0 && w->form == FORM_SCREEN) {
		for (r->n = 0; r->n < USAGE_SUMS; r->n++)
			r->sums[r->n].by = all[r->n];
		return;
	}
	r->n = 1;
	r->sums[0].by = w->by != 0 ? w->by : all[0] | all[1] | all[2];
}

static int
load(struct usage_report *r, const struct wish *w)
{
	if (!state_dir_path(r->directory, sizeof(r->directory), environ))
		return cli_complain(
		    "no state directory: HOME and XDG_STATE_HOME "
		    "name none");
	if (ledger_read(environ, w->since_ms, visit, r, &r->reading) == -1) {
		(void)fprintf(stderr, "ccp: %s%s%s: %s\n", r->directory,
		    r->reading.failed[0] == '\0' ? "" : "/", r->reading.failed,
		    errno == EPERM ? "is not yours alone" : strerror(errno));
		return EXIT_FAILURE;
	}
	return out_of_memory(r) ? cli_complain("out of memory") : EXIT_SUCCESS;
}

/* --- showing ----------------------------------------------------------- */

static bool
switched_off(void)
{
	CLEANUP_FREE char *file = settings_path(environ);
	struct settings s;
	char err[512];
	bool off;

	/* What else is wrong with it is not asked here. */
	if (settings_load(&s, file, environ, err, sizeof(err)) == -1)
		return false;
	off = strcmp(s.usage_ledger, "off") == 0;
	settings_free(&s);
	return off;
}

static void
show_none(const struct usage_report *r, const char *home)
{
	CLEANUP_BUF struct buf path = BUF_INIT(4 * PATH_MAX);

	screen_text_path(&path, r->directory, home);
	if (r->reading.files > 0 && r->since[0] != '\0')
		(void)printf("No request since %s.  Older ones: "
			     "ccp usage --since all\n",
		    r->since);
	else if (switched_off())
		(void)printf("Requests are not noted: USAGE_LEDGER is off.\n");
	else
		(void)printf("No request is noted yet.  From the first one on "
			     "they are, in\n%s.\n",
		    buf_str(&path));
}

static void
tell_damage(const struct usage_report *r)
{
	if (r->reading.damaged > 0)
		(void)fprintf(stderr,
		    "ccp: damaged lines of the ledger, passed over: %lld\n",
		    (long long)r->reading.damaged);
}

static int
show(struct usage_report *r, const struct wish *w)
{
	const char *home = settings_getenv(environ, "HOME");

	if (w->form == FORM_JSON)
		return usage_print_json(r) ? EXIT_SUCCESS
		                           : cli_complain("out of memory");
	if (w->form == FORM_CSV) {
		usage_print_csv(r);
		tell_damage(r);
		return EXIT_SUCCESS;
	}
	(void)style_open(stdout, environ);
	if (r->total.n > 0) {
		usage_show(r, w->by == 0, home);
		return EXIT_SUCCESS;
	}
	show_none(r, home);
	tell_damage(r);
	return EXIT_SUCCESS;
}

int
cli_usage(int argc, char **argv)
{
	struct usage_report r = {0};
	struct wish w = {0};
	int status;
	size_t i;

	if (!since_days(&w, 30))
		return cli_complain("the clock cannot be read");
	if (parse(&w, argc, argv) != EXIT_SUCCESS)
		return CLI_USAGE;
	(void)snprintf(r.since, sizeof(r.since), "%s", w.since);
	choose_sums(&r, &w);
	status = load(&r, &w);
	if (status == EXIT_SUCCESS)
		status = show(&r, &w);
	usage_sum_free(&r.total);
	for (i = 0; i < r.n; i++)
		usage_sum_free(&r.sums[i]);
	if (fflush(stdout) == EOF || ferror(stdout))
		return cli_complain("standard output: cannot be written");
	return status;
}
