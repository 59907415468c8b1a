/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp session: what is remembered of conversations, for a person to see and to
 * remove.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "cleanup.h"
#include "cli.h"
#include "cli_say.h"
#include "cli_session_show.h"
#include "cli_sessions.h"
#include "cli_wrong.h"
#include "session_place.h"
#include "session_store.h"
#include "settings.h"

#include "banned.h"

extern char **environ;

/* What a verb works with.  store NULL: there is none yet. */
struct job {
	struct settings settings;
	struct session_place place;
	struct session_store *store;
	int64_t now;
	const char *id; /* or its beginning; NULL: none was given */
	bool json;
};

/* A result of the store that is none. */
static int
complain_store(const struct job *j, enum store_result r)
{
	char text[PATH_MAX + 256];

	session_place_tell(&j->place, r, errno, text, sizeof(text));
	return cli_complain("%s", text);
}

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* --- the verbs --------------------------------------------------------- */

static int
list(struct job *j)
{
	struct sessions s = {0};
	enum store_result r = STORE_OK;
	int status = EXIT_SUCCESS;

	if (j->store != NULL)
		r = sessions_load(&s, j->store, j->now);
	sessions_mark_warm(&s, environ);
	if (r != STORE_OK)
		status = complain_store(j, r);
	else if (s.out_of_memory)
		status = cli_complain("out of memory");
	else if (j->json)
		show_json_list(&s);
	else
		show_table(&s, j->now, settings_getenv(environ, "HOME"));
	sessions_free(&s);
	return status;
}

/* The session that is meant, in *s; NULL: it has been said why there is none,
 * and *ret_status is set. */
static const struct listed_session *
find(struct job *j, struct sessions *s, int *ret_status)
{
	const struct listed_session *found;
	enum store_result r = STORE_OK;
	bool many = false;

	*s = (struct sessions){0};
	*ret_status = EXIT_FAILURE;
	if (j->store != NULL)
		r = sessions_load(s, j->store, j->now);
	sessions_mark_warm(s, environ);
	if (r != STORE_OK || s->out_of_memory) {
		*ret_status = r != STORE_OK ? complain_store(j, r)
		                            : cli_complain("out of memory");
		return NULL;
	}
	found = sessions_find(s, j->id, &many);
	if (found == NULL)
		(void)fprintf(stderr,
		    many ? "ccp: several sessions begin with \"%.36s\": give "
			   "more of the id\n"
			 : "ccp: no session begins with \"%.36s\": see ccp "
			   "session list\n",
		    j->id);
	return found;
}

static int
show(struct job *j)
{
	const struct listed_session *found;
	struct contexts c = {0};
	struct sessions s;
	enum store_result r;
	int status;

	found = find(j, &s, &status);
	if (found != NULL) {
		r = contexts_load(&c, j->store, found->state.session, j->now);
		status = EXIT_SUCCESS;
		if (r != STORE_OK)
			status = complain_store(j, r);
		else if (c.out_of_memory)
			status = cli_complain("out of memory");
		else if (j->json)
			show_json_session(found, &c);
		else
			show_session(found, &c, j->now);
	}
	contexts_free(&c);
	sessions_free(&s);
	return status;
}

static enum store_result
remove_session(struct job *j, const char *id, size_t *ret_contexts)
{
	struct contexts c;
	enum store_result r = contexts_load(&c, j->store, id, j->now);
	char key[SESSION_KEY_BYTES];
	size_t i;

	/* The contexts first: what is left after a failure leads nowhere. */
	for (i = 0; r == STORE_OK && i < c.n; i++)
		r = store_delete(j->store, c.all[i].key, c.all[i].keylen);
	*ret_contexts = c.n;
	contexts_free(&c);
	if (r == STORE_OK)
		r = store_delete(j->store, key, session_state_key(key, id));
	return r;
}

static int
clear_one(struct job *j)
{
	const struct listed_session *found;
	struct sessions s;
	enum store_result r;
	size_t contexts;
	int status;

	found = find(j, &s, &status);
	if (found != NULL) {
		r = remove_session(j, found->state.session, &contexts);
		status = r == STORE_OK ? EXIT_SUCCESS : complain_store(j, r);
		if (r == STORE_OK && j->json)
			(void)printf(
			    "{\"removed\": [\"%s\"]}\n", found->state.session);
		else if (r == STORE_OK)
			(void)printf("Removed session %s, and %zu answer%s "
				     "that led to it.\n",
			    found->state.session, contexts, plural(contexts));
	}
	sessions_free(&s);
	return status;
}

struct clearing {
	size_t sessions, contexts;
};

/* What is no conversation is what the store needs itself. */
static bool
keep_other(void *arg, const void *key, size_t keylen, const void *value,
    size_t len, int64_t expires)
{
	struct clearing *c = arg;

	(void)keylen;
	(void)value;
	(void)len;
	(void)expires;
	switch (*(const char *)key) {
	case SESSION_KEY_STATE:
		c->sessions++;
		return false;
	case SESSION_KEY_CONTEXT:
	case SESSION_KEY_LEGACY:
		c->contexts++;
		return false;
	default:
		return true;
	}
}

static int
clear(struct job *j)
{
	struct clearing c = {0, 0};
	enum store_result r = STORE_OK;
	size_t all;

	if (j->id != NULL)
		return clear_one(j);
	if (j->store != NULL)
		r = store_filter(j->store, j->now, keep_other, &c, &all);
	if (r != STORE_OK)
		return complain_store(j, r);
	if (j->json)
		(void)printf("{\"sessions\": %zu, \"answers\": %zu}\n",
		    c.sessions, c.contexts);
	else
		(void)printf("Removed %zu session%s, and %zu answer%s that led "
			     "to them.\n",
		    c.sessions, plural(c.sessions), c.contexts,
		    plural(c.contexts));
	return EXIT_SUCCESS;
}

static int
prune(struct job *j)
{
	enum store_result r = STORE_OK;
	size_t removed = 0;

	if (j->store != NULL)
		r = store_prune(j->store, j->now, &removed);
	if (r != STORE_OK)
		return complain_store(j, r);
	if (j->json)
		(void)printf("{\"records\": %zu}\n", removed);
	else
		(void)printf("Removed %zu expired record%s.\n", removed,
		    plural(removed));
	return EXIT_SUCCESS;
}

/* --- the command line -------------------------------------------------- */

static const struct {
	const char *name;
	int (*run)(struct job *j);
	bool takes_id, needs_id;
} verbs[] = {
    {"list", list, false, false},
    {"show", show, true, true},
    {"clear", clear, true, false},
    {"prune", prune, false, false},
};
#define NVERBS (sizeof(verbs) / sizeof(verbs[0]))

const char cli_session_usage[] =
    "usage: ccp session list [--json]\n"
    "       ccp session show ID [--json]\n"
    "       ccp session clear [ID] [--json]\n"
    "       ccp session prune [--json]\n"
    "An ID may be cut, as long as only one session begins so.\n"
    "\n"
    "  ccp session list          what is remembered, the last used first\n"
    "  ccp session show 0d3a     all that is known of one\n"
    "  ccp session clear 0d3a    forget it; without an ID all of them\n";

/* Opens the store that there is, and makes none. */
static int
open_job(struct job *j)
{
	CLEANUP_FREE char *file = settings_path(environ);
	char err[PATH_MAX + 512];
	enum store_result r;

	j->now = (int64_t)time(NULL);
	if (settings_load(&j->settings, file, environ, err, sizeof(err)) ==
		-1 ||
	    !session_place_find(
		&j->place, &j->settings, environ, err, sizeof(err)))
		return cli_complain("%s", err);
	r = session_place_begin(&j->store, &j->place, j->now, false);
	if (r == STORE_OK || r == STORE_ABSENT)
		return EXIT_SUCCESS;
	return complain_store(j, r);
}

/* False: what was done may not be on disk. */
static bool
close_job(struct job *j)
{
	bool ok = true;
	const char *healed = j->store == NULL ? NULL : store_healed(j->store);

	if (healed != NULL)
		(void)fprintf(stderr,
		    "ccp: %s was damaged (%s) and is now %s.bad: sessions "
		    "begin anew\n",
		    j->place.path, healed, j->place.path);
	if (j->store != NULL)
		ok = store_end(j->store);
	if (!ok)
		(void)cli_complain("%s could not be written to its end and is "
				   "now %s.bad: sessions begin anew",
		    j->place.path, j->place.path);
	session_place_clear(&j->place);
	settings_free(&j->settings);
	return ok;
}

static int
run(struct job *j, int (*verb)(struct job *j))
{
	int status = open_job(j);

	if (status == EXIT_SUCCESS)
		status = verb(j);
	if (!close_job(j))
		status = EXIT_FAILURE;
	if (fflush(stdout) == EOF || ferror(stdout))
		return cli_complain("standard output: cannot be written");
	return status;
}

/* Whether the verb may go with what was given. */
static int
run_verb(struct job *j, size_t v)
{
	if (j->id != NULL && (!verbs[v].takes_id || j->id[0] == '\0'))
		return cli_wrong_argument("session", j->id);
	if (j->id == NULL && verbs[v].needs_id)
		return cli_wrong_missing("session", "ID");
	return run(j, verbs[v].run);
}

int
cli_session(int argc, char **argv)
{
	const char *names[NVERBS + 1] = {NULL};
	struct job j = {0};
	const char *verb = NULL;
	size_t v;
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			j.json = true;
		else if (argv[i][0] == '-' || j.id != NULL)
			return cli_wrong_argument("session", argv[i]);
		else if (verb == NULL)
			verb = argv[i];
		else
			j.id = argv[i];
	}
	for (v = 0; v < NVERBS; v++) {
		names[v] = verbs[v].name;
		if (verb != NULL && strcmp(verb, verbs[v].name) == 0)
			return run_verb(&j, v);
	}
	return cli_wrong_command("session", verb, names);
}
