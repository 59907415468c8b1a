/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp service: ccp as a service of systemd or launchd.
 */
#include "cli_service.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli.h"
#include "cli_say.h"
#include "cli_wrong.h"
#include "programs.h"

#include "banned.h"

extern char **environ;

const char cli_service_usage[] =
    "usage: ccp service install [--replace] [--system [--user NAME]]\n"
    "       ccp service uninstall | start | stop | restart [--system]\n"
    "       ccp service status [--json] [--system]\n"
    "systemd or launchd listens, from now on and after every login, and runs\n"
    "a ccp-handler for each connection; nothing runs while nobody asks.\n"
    "\n"
    "  install    write and enable the units (systemd) or the agent (launchd)\n"
    "             with HOST and PORT of the configuration; again: anew\n"
    "  uninstall  stop it and remove them\n"
    "  start      listen\n"
    "  stop       listen no more, and end what is being answered\n"
    "  restart    both\n"
    "  status     where it listens, connections, the last request and errors,\n"
    "             claude and its login\n"
    "\n"
    "  --replace    set the unit of the Node.js version of ccp aside\n"
    "  --system     units of the system: they serve from the boot on "
    "(systemd,\n"
    "               root)\n"
    "  --user NAME  with --system: whose Claude answers (default: who used "
    "sudo)\n"
    "  --json       the status as JSON\n"
    "\n"
    "Exit status of status: 0 it listens, 3 it is installed but does not\n"
    "listen, 4 it is not installed.\n"
    "\n"
    "  ccp service install\n"
    "  ccp config set PORT 9999         and the service listens there\n"
    "  sudo ccp service install --system --user me\n";

struct job {
	const struct service_manager *manager;
	struct service service;
	bool json;
};

const struct service_manager *
service_manager_here(void)
{
	const char *name = settings_getenv(environ, "CCP_SERVICE");
#ifdef __APPLE__
	const struct service_manager *m = &service_launchd;
#else
	const struct service_manager *m = &service_systemd;
#endif

	if (name != NULL && strcmp(name, "launchd") == 0)
		m = &service_launchd;
	else if (name != NULL && strcmp(name, "systemd") == 0)
		m = &service_systemd;
	return m;
}

const struct service_manager *
service_manager(struct service *s)
{
	const struct service_manager *m = service_manager_here();

	return m->answers(s) ? m : NULL;
}

/* --- the verbs --------------------------------------------------------- */

static int
complain(const struct service *s)
{
	return cli_complain("%s", s->err);
}

/* The rest of what there is to say. */
static int
done(struct service *s, bool ok)
{
	(void)fputs(buf_str(&s->said), stdout);
	buf_clear(&s->said);
	return ok ? EXIT_SUCCESS : complain(s);
}

static int
explain_old(struct job *j, const char *old)
{
	struct service *s = &j->service;

	j->manager->explain(s, old);
	(void)fprintf(stderr,
	    "ccp: %s\n"
	    "runs another ccp, likely its Node.js version, which wants the "
	    "same port.\nTo set it aside:\n%s"
	    "or let ccp service install --replace do that.  "
	    "~/.ccp/config.json stays in use.\n",
	    old, buf_str(&s->said));
	return EXIT_FAILURE;
}

static void
tell_more(struct job *j)
{
	struct service *s = &j->service;
	struct service_state state;

	service_tell_unseen(s);
	if (settings_default_key(&s->settings))
		buf_addf(&s->said, "The API key is the default one: %s\n",
		    SETTINGS_DEFAULT_KEY);
	if (j->manager->state(s, &state) && state.linger == 0)
		buf_addf(&s->said,
		    "It stops when you log out.  For one that stays:\n"
		    "  loginctl enable-linger\n");
}

static int
install(struct job *j)
{
	struct service *s = &j->service;
	CLEANUP_FREE char *old = j->manager->old(s);

	if (!service_plan(s))
		return complain(s);
	if (old != NULL && !s->replace)
		return explain_old(j, old);
	if (!j->manager->install(s, old))
		return done(s, false);
	(void)printf("Installed.\n");
	tell_more(j);
	return done(s, true);
}

/* True: it is installed.  False has been said, with the exit status. */
static bool
need_installed(struct job *j, int *ret_status)
{
	struct service_state state;

	*ret_status = EXIT_FAILURE;
	if (!j->manager->state(&j->service, &state))
		(void)complain(&j->service);
	else if (!state.installed)
		(void)fprintf(stderr,
		    "ccp: the service is not installed: ccp service install "
		    "does that\n");
	else
		return true;
	return false;
}

static int
uninstall(struct job *j)
{
	struct service *s = &j->service;
	struct service_state state;

	if (!j->manager->state(s, &state))
		return complain(s);
	if (!state.installed) {
		(void)printf("Nothing is installed.\n");
		return EXIT_SUCCESS;
	}
	if (!j->manager->uninstall(s))
		return done(s, false);
	(void)printf("Uninstalled.\n");
	return done(s, true);
}

static int
start(struct job *j)
{
	int status;

	if (!need_installed(j, &status))
		return status;
	if (!service_addresses(&j->service) || !j->manager->start(&j->service))
		return done(&j->service, false);
	(void)printf("It listens.\n");
	return done(&j->service, true);
}

static int
stop(struct job *j)
{
	int status;

	if (!need_installed(j, &status))
		return status;
	if (!j->manager->stop(&j->service))
		return done(&j->service, false);
	(void)printf("Stopped.\n");
	return done(&j->service, true);
}

static int
restart(struct job *j)
{
	int status = stop(j);

	return status == EXIT_SUCCESS ? start(j) : status;
}

static int
status(struct job *j)
{
	return service_show_status(j->manager, &j->service, j->json);
}

/* The manager of a service that is installed; NULL: none is.  service_close()
 * in any case. */
static const struct service_manager *
open_installed(struct service *s, bool system, struct service_state *state)
{
	const struct service_manager *m;

	if (!service_open(s, system, NULL))
		return NULL;
	m = service_manager(s);
	return m != NULL && m->state(s, state) && state->installed ? m : NULL;
}

/* That of the system is root's to move. */
static void
tell_of_system(struct buf *said)
{
	struct service_state state;
	struct service s;

	if (open_installed(&s, true, &state) != NULL && s.uid == geteuid())
		buf_addf(said,
		    "The service of the system stays where it is until you "
		    "run:\n  sudo ccp service install --system --user %s\n",
		    s.user);
	service_close(&s);
}

bool
service_follow(const struct settings *settings, struct buf *said)
{
	const struct service_manager *m;
	struct service_state state;
	struct service s;
	bool ok;

	m = open_installed(&s, false, &state);
	if (m == NULL) {
		service_close(&s);
		tell_of_system(said);
		return true;
	}
	s.settings.host = settings->host;
	s.settings.port = settings->port;
	ok = service_addresses(&s) && m->move(&s);
	if (ok && !state.listening)
		buf_addf(&s.said, "The service listens there when it is "
				  "started: ccp service start\n");
	buf_addstr(said, buf_str(&s.said));
	if (!ok)
		buf_addf(said, "The service stays as it was: %s\n", s.err);
	service_close(&s);
	return ok;
}

/* --- the command line -------------------------------------------------- */

static const struct {
	const char *name;
	int (*run)(struct job *j);
	bool replace, json; /* takes the option */
} verbs[] = {
    {"install", install, true, false},
    {"uninstall", uninstall, false, false},
    {"start", start, false, false},
    {"stop", stop, false, false},
    {"restart", restart, false, false},
    {"status", status, false, true},
};
#define NVERBS (sizeof(verbs) / sizeof(verbs[0]))

static bool
may(struct service *s, int (*verb)(struct job *j))
{
	if (!s->system || verb == status)
		return true;
	if (geteuid() != 0)
		return service_fail(s, "--system needs root: use sudo");
	return !s->hidden ||
	       service_fail(s,
		   "%s/.ccp/config.json cannot be read, not even by root",
		   s->home);
}

static int
run(struct job *j, int (*verb)(struct job *j), bool system, const char *user,
    bool replace)
{
	struct service *s = &j->service;
	int result = EXIT_FAILURE;

	if (service_open(s, system, user)) {
		s->replace = replace;
		if (may(s, verb))
			j->manager = service_manager(s);
	}
	if (j->manager != NULL)
		result = verb(j);
	else if (j->json)
		service_show_problem(NULL, s->err);
	else
		(void)complain(s);
	service_close(s);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		(void)fprintf(
		    stderr, "ccp: standard output: cannot be written\n");
		return EXIT_FAILURE;
	}
	return result;
}

static int
run_verb(struct job *j, const char *name, bool system, const char *user,
    bool replace)
{
	const char *names[NVERBS + 1] = {NULL};
	size_t v;

	for (v = 0; v < NVERBS; v++) {
		names[v] = verbs[v].name;
		if (name == NULL || strcmp(name, verbs[v].name) != 0)
			continue;
		if (j->json && !verbs[v].json)
			return cli_wrong(
			    "service", "service %s takes no --json", name);
		if (replace && !verbs[v].replace)
			return cli_wrong(
			    "service", "service %s takes no --replace", name);
		return run(j, verbs[v].run, system, user, replace);
	}
	return cli_wrong_command("service", name, names);
}

int
cli_service(int argc, char **argv)
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'},
	    {"replace", no_argument, NULL, 'r'},
	    {"system", no_argument, NULL, 's'},
	    {"user", required_argument, NULL, 'u'},
	    {NULL, 0, NULL, 0},
	};
	static struct job j;
	bool system = false, replace = false;
	const char *user = NULL, *name;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == 'j')
			j.json = true;
		else if (c == 'r')
			replace = true;
		else if (c == 's')
			system = true;
		else if (c == 'u')
			user = optarg;
		else
			return cli_wrong_option("service", c, argv);
	}
	name = optind < argc ? argv[optind++] : NULL;
	if (optind < argc)
		return cli_wrong_argument("service", argv[optind]);
	if (user != NULL && !system)
		return cli_wrong("service", "--user goes with --system only");
	return run_verb(&j, name, system, user, replace);
}
