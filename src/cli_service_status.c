/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp service status: all that one wants to know, on one screen.
 */
#include "cli_service.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "claude_find.h"
#include "cleanup.h"
#include "cli_claude.h"
#include "cli_say.h"
#include "cli_style.h"
#include "limits.h"
#include "screen_text.h"
#include "warm_record.h"

#include "banned.h"

extern char **environ;

#define LABEL_COLUMNS 14
#define TIME_COLUMNS  21

struct status {
	struct warm_record warm[LIMIT_WARM_RECORDS]; /* the user's own */
	size_t nwarm;
	const struct service_manager *manager;
	struct service *service;
	struct service_state state;
	struct service_log log;
	struct claude_facts claude;
	char *old; /* unit of the Node.js version */
};

/* --- gathering --------------------------------------------------------- */

/* Another user's are nobody's business. */
static void
find_warm(struct status *st)
{
	CLEANUP_CLOSE int dir = -1;

	if (st->service->uid != geteuid())
		return;
	dir = warm_dir_open(st->service->env, false);
	if (dir != -1)
		st->nwarm =
		    warm_record_list(dir, NULL, st->warm, LIMIT_WARM_RECORDS);
}

static bool
gather(struct status *st)
{
	struct service *s = st->service;

	if (!st->manager->state(s, &st->state))
		return false;
	st->old = st->manager->old(s);
	if (!st->state.installed)
		return true;
	st->manager->log(s, &st->log);
	if (!service_as_installed(s, st->manager))
		return false;
	find_warm(st);
	/* Nobody runs another user's programs. */
	if (s->uid == geteuid())
		claude_facts_find(&st->claude, &s->settings, s->env);
	else if (s->hidden)
		(void)snprintf(st->claude.why, sizeof(st->claude.why),
		    "not known: the configuration is %s's alone", s->user);
	else
		st->claude.path = claude_find(&s->settings, s->env,
		    st->claude.why, sizeof(st->claude.why));
	return true;
}

static int
exit_status(const struct status *st)
{
	if (!st->state.installed)
		return SERVICE_NOT_INSTALLED;
	return st->state.listening ? EXIT_SUCCESS : SERVICE_NOT_LISTENING;
}

/* --- the screen -------------------------------------------------------- */

/* What follows stands in the second column. */
static void
label(const char *text)
{
	(void)printf("%s%-*s%s", style(STYLE_DIM), LABEL_COLUMNS, text,
	    style(STYLE_PLAIN));
}

static void
show_text(const char *name, enum style colour, const char *text)
{
	label(name);
	(void)fputs(style(colour), stdout);
	style_wrap(text, LABEL_COLUMNS);
	(void)fputs(style(STYLE_PLAIN), stdout);
}

static void
show_headline(const struct status *st)
{
	label("service");
	if (!st->state.installed)
		(void)printf("%snot installed%s\n", style(STYLE_WARN),
		    style(STYLE_PLAIN));
	else
		(void)printf("%s%s%s, in the hands of %s%s\n",
		    style(st->state.listening ? STYLE_GOOD : STYLE_BAD),
		    st->state.listening ? "listening" : "not listening",
		    style(STYLE_PLAIN), st->manager->name,
		    st->service->system ? " (system)" : "");
	if (st->state.problem[0] != '\0')
		show_text("", STYLE_PLAIN, st->state.problem);
}

static const char *
starts(const struct status *st)
{
	if (!st->state.enabled)
		return "only by ccp service start: it is not enabled";
	if (st->service->system || st->state.linger == 1)
		return "with the machine; stops when that does";
	if (st->state.linger == 0)
		return "when you log in; stops when you log out (unless you "
		       "say: loginctl enable-linger)";
	return "when you log in; stops when you log out";
}

static void
show_where(const struct status *st)
{
	size_t i;

	for (i = 0; i < st->state.n; i++)
		show_text(
		    i == 0 ? "address" : "", STYLE_PLAIN, st->state.where[i]);
	show_text("starts", STYLE_PLAIN, starts(st));
}

static void
show_connections(const struct status *st)
{
	label("connections");
	if (st->state.connections < 0)
		(void)printf("not known");
	else
		(void)printf("%ld now", st->state.connections);
	if (st->state.accepted >= 0)
		(void)printf(", %ld since it listens", st->state.accepted);
	(void)printf("\n");
}

/* Spare ones have no session yet; as a model none has one. */
static void
show_warm(const struct status *st)
{
	CLEANUP_BUF struct buf text = BUF_INIT(1024);
	const struct warm_record *w;
	size_t i;

	for (i = 0; i < st->nwarm; i++) {
		w = &st->warm[i];
		buf_clear(&text);
		buf_addf(&text, "claude %ld, for %lld s, %s, ", w->claude,
		    (long long)(time(NULL) - w->since / 1000),
		    w->model ? "model" : "agent");
		screen_text_add(&text, w->name);
		if (w->session[0] != '\0')
			buf_addf(&text, ", session %.8s", w->session);
		show_text(i == 0 ? "warm" : "", STYLE_PLAIN, buf_str(&text));
	}
}

static void
show_line(const char *name, const struct service_line *line)
{
	CLEANUP_BUF struct buf text = BUF_INIT(2 * sizeof(line->text));
	int room = style_columns(stdout) - LABEL_COLUMNS - TIME_COLUMNS;
	char when[32] = "";
	struct tm tm;

	label(name);
	if (localtime_r(&line->when, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	screen_text_cut(&text, line->text, room < 20 ? 20 : (size_t)room);
	(void)printf("%-*s%s\n", TIME_COLUMNS, when, buf_str(&text));
}

static void
show_log(const struct status *st)
{
	size_t i;

	if (st->log.last.text[0] != '\0') {
		show_line("last request", &st->log.last);
	} else {
		label("last request");
		(void)printf("none in the log\n");
	}
	if (st->log.nerrors == 0) {
		label("last errors");
		(void)printf("none\n");
	}
	for (i = 0; i < st->log.nerrors; i++)
		show_line(i == 0 ? "last errors" : "", &st->log.errors[i]);
}

static void
show_login(const struct claude_facts *c)
{
	CLEANUP_BUF struct buf text = BUF_INIT(sizeof(*c));
	enum style colour = STYLE_WARN;

	buf_addf(&text, "%s%s, ", c->version, c->too_old ? " (too old)" : "");
	if (c->login == CLAUDE_LOGIN_YES) {
		colour = c->too_old ? STYLE_WARN : STYLE_PLAIN;
		buf_addf(&text, "logged in (%s)", c->account);
	} else if (c->login == CLAUDE_LOGIN_NO) {
		buf_addstr(
		    &text, "not logged in: run claude, and /login there");
	} else {
		buf_addstr(&text, "it does not say whether it is logged in");
	}
	show_text("", colour, buf_str(&text));
}

static void
show_claude(const struct status *st)
{
	const struct claude_facts *c = &st->claude;

	if (c->path == NULL) {
		show_text("claude", STYLE_BAD, c->why);
		return;
	}
	show_text("claude", STYLE_PLAIN, c->path);
	if (st->service->uid != geteuid())
		return;
	if (c->version[0] == '\0')
		show_text("", STYLE_BAD, c->why);
	else
		show_login(c);
}

static void
show_screen(const struct status *st)
{
	(void)style_open(stdout, environ);
	show_headline(st);
	if (st->state.installed) {
		show_where(st);
		show_connections(st);
		show_warm(st);
		show_log(st);
		show_claude(st);
	} else {
		label("");
		(void)printf("ccp service install does that\n");
	}
	if (st->old != NULL)
		show_text("another ccp", STYLE_PLAIN, st->old);
}

/* --- JSON -------------------------------------------------------------- */

static void
add_text(cJSON *to, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0')
		(void)cJSON_AddNullToObject(to, name);
	else
		(void)cJSON_AddStringToObject(to, name, text);
}

static void
add_count(cJSON *to, const char *name, long count)
{
	if (count < 0)
		(void)cJSON_AddNullToObject(to, name);
	else
		(void)cJSON_AddNumberToObject(to, name, (double)count);
}

static cJSON *
line_json(const struct service_line *line)
{
	cJSON *object;

	if (line->text[0] == '\0')
		return cJSON_CreateNull();
	object = cJSON_CreateObject();
	(void)cJSON_AddNumberToObject(object, "time", (double)line->when);
	(void)cJSON_AddStringToObject(object, "text", line->text);
	return object;
}

static void
add_claude(cJSON *to, const struct claude_facts *c)
{
	static const char *const words[] = {
	    [CLAUDE_LOGIN_UNKNOWN] = NULL,
	    [CLAUDE_LOGIN_NO] = "no",
	    [CLAUDE_LOGIN_YES] = "yes",
	};
	cJSON *object = cJSON_AddObjectToObject(to, "claude");

	add_text(object, "path", c->path);
	add_text(object, "problem", c->why);
	add_text(object, "version", c->version);
	add_text(object, "logged_in", words[c->login]);
	add_text(object, "account", c->account);
}

static void
add_warm(cJSON *to, const struct status *st)
{
	cJSON *list = cJSON_AddArrayToObject(to, "warm"), *one;
	int64_t seconds;
	size_t i;

	for (i = 0; i < st->nwarm; i++) {
		one = cJSON_CreateObject();
		(void)cJSON_AddNumberToObject(
		    one, "claude", (double)st->warm[i].claude);
		seconds = st->warm[i].since / 1000;
		(void)cJSON_AddNumberToObject(one, "since", (double)seconds);
		add_text(one, "mode", st->warm[i].model ? "model" : "agent");
		add_text(one, "model", st->warm[i].name);
		add_text(one, "session", st->warm[i].session);
		(void)cJSON_AddItemToArray(list, one);
	}
}

static cJSON *
make_json(const struct status *st)
{
	cJSON *root = cJSON_CreateObject(), *list;
	size_t i;

	add_text(root, "manager", st->manager->name);
	add_text(root, "scope", st->service->system ? "system" : "user");
	(void)cJSON_AddBoolToObject(root, "installed", st->state.installed);
	(void)cJSON_AddBoolToObject(root, "enabled", st->state.enabled);
	(void)cJSON_AddBoolToObject(root, "listening", st->state.listening);
	add_text(root, "problem", st->state.problem);
	list = cJSON_AddArrayToObject(root, "addresses");
	for (i = 0; i < st->state.n; i++)
		(void)cJSON_AddItemToArray(
		    list, cJSON_CreateString(st->state.where[i]));
	add_count(root, "connections", st->state.connections);
	add_count(root, "accepted", st->state.accepted);
	add_warm(root, st);
	if (st->state.linger < 0)
		(void)cJSON_AddNullToObject(root, "linger");
	else
		(void)cJSON_AddBoolToObject(root, "linger", st->state.linger);
	(void)cJSON_AddItemToObject(
	    root, "last_request", line_json(&st->log.last));
	list = cJSON_AddArrayToObject(root, "last_errors");
	for (i = 0; i < st->log.nerrors; i++)
		(void)cJSON_AddItemToArray(list, line_json(&st->log.errors[i]));
	add_claude(root, &st->claude);
	add_text(root, "other_ccp", st->old);
	return root;
}

static void
print_json(cJSON *root)
{
	if (!cli_print_json(root))
		(void)printf("null\n");
}

void
service_show_problem(const char *manager, const char *problem)
{
	cJSON *root = cJSON_CreateObject();

	add_text(root, "manager", manager);
	add_text(root, "problem", problem);
	print_json(root);
}

int
service_show_status(
    const struct service_manager *m, struct service *s, bool json)
{
	struct status st = {.manager = m, .service = s};
	int result = EXIT_FAILURE;

	if (!gather(&st)) {
		if (json)
			service_show_problem(m->name, s->err);
		else
			(void)fprintf(stderr, "ccp: %s\n", s->err);
	} else {
		if (json)
			print_json(make_json(&st));
		else
			show_screen(&st);
		result = exit_status(&st);
	}
	claude_facts_clear(&st.claude);
	free(st.old);
	return result;
}
