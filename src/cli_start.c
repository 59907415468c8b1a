/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp start: a small accept loop that gives each connection a ccp-handler of
 * its own, as systemd and launchd do.
 */
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "api_error.h"
#include "child.h"
#include "claude_find.h"
#include "cleanup.h"
#include "cli.h"
#include "clock.h"
#include "limits.h"
#include "listener.h"
#include "log.h"
#include "pollset.h"
#include "proc_tree.h"
#include "programs.h"
#include "refused.h"
#include "settings.h"
#include "signals.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "banned.h"

#define SWEEP_ROUND_MS  20
#define ACCEPT_PAUSE_MS 100

extern char **environ;

struct starter {
	struct settings settings;
	struct listeners listeners;
	struct refused refused;
	char *handler;   /* path of ccp-handler */
	pid_t *handlers; /* those running, settings.max_connections at most */
	size_t n;
	int64_t accept_after;            /* out of descriptors: a pause */
	int64_t sweep_next, sweep_until; /* after a handler died badly */
	int64_t stop_next;               /* shutting down: the next step */
	int stop_signal;                 /* what it sends; 0: not stopping */
};

/* A unit of Type=notify hears it; nobody else does. */
static void
tell_systemd(const char *state)
{
#ifdef HAVE_SYSTEMD
	(void)sd_notify(0, state);
#else
	(void)state;
#endif
}

static void
spawn_handler(struct starter *s, int conn)
{
	static char name[] = "ccp-handler";
	char *const argv[] = {name, NULL};
	struct child_error error;
	struct api_error e;
	struct child_spec spec = {
	    .path = s->handler,
	    .argv = argv,
	    .envp = environ,
	    .fds = {conn, conn, STDERR_FILENO},
	    .parent_death_signal = SIGTERM,
	    .own_group = true, /* a terminal's INT is for us alone */
	};
	pid_t pid = child_spawn(&spec, &error);

	if (pid == -1) {
		log_error(
		    "cannot start %s: %s", s->handler, strerror(error.error));
		api_error_set(&e, 503, "server_error", "no_handler",
		    "The proxy cannot start a process for this connection: "
		    "see its log.");
		refused_add(&s->refused, conn, &e);
		return;
	}
	s->handlers[s->n++] = pid;
	(void)close(conn);
}

static void
accept_from(struct starter *s, int fd)
{
	int conn = listener_accept(fd);
	struct api_error e;

	if (conn == -1) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS)
			s->accept_after = clock_ms() + ACCEPT_PAUSE_MS;
		return;
	}
	if (s->n < (size_t)s->settings.max_connections) {
		spawn_handler(s, conn);
		return;
	}
	api_error_set(&e, 503, "server_error", "too_many_connections",
	    "The proxy has as many connections as it may have "
	    "(MAX_CONNECTIONS): try again in a moment.");
	refused_add(&s->refused, conn, &e);
}

static bool
forget(struct starter *s, pid_t pid)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->handlers[i] == pid) {
			s->handlers[i] = s->handlers[--s->n];
			return true;
		}
	}
	return false;
}

/* A handler sweeps behind its own Claude; one that was killed could not, and
 * what it left has come to us as its subreaper. */
static void
reap(struct starter *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (!forget(s, pid) ||
		    (WIFEXITED(status) && WEXITSTATUS(status) == 0))
			continue;
		log_warn(
		    "handler %ld ended badly (status %d)", (long)pid, status);
		s->sweep_next = clock_ms();
		s->sweep_until = s->sweep_next + LIMIT_STOP_SWEEP_MS;
	}
}

static void
sweep(struct starter *s)
{
	int64_t now = clock_ms();

	if (now < s->sweep_next)
		return;
	/* Not only until nothing is left: an orphan may arrive a little after
	 * the death of its parent. */
	(void)proc_sweep(s->handlers, s->n);
	s->sweep_next =
	    now < s->sweep_until ? now + SWEEP_ROUND_MS : CLOCK_NEVER;
}

/* Shutting down: HUP lets each handler finish its request, TERM makes it stop
 * Claude and say so, KILL is for what is left then. */
static void
press_on(struct starter *s)
{
	size_t i;

	if (s->stop_signal == 0) {
		tell_systemd("STOPPING=1");
		listeners_close(&s->listeners);
		s->stop_signal = SIGHUP;
		s->stop_next = clock_ms() + LIMIT_SHUTDOWN_MS;
	} else if (s->stop_signal == SIGHUP) {
		s->stop_signal = SIGTERM;
		s->stop_next = clock_ms() + LIMIT_SHUTDOWN_TERM_MS;
	} else {
		s->stop_signal = SIGKILL;
		s->stop_next = clock_ms() + LIMIT_STOP_KILL_MS;
	}
	for (i = 0; i < s->n; i++)
		(void)kill(s->handlers[i], s->stop_signal);
}

/* TERM, INT, or the terminal is gone. */
static bool
told_to_stop(void)
{
	struct signals_seen seen = signals_take();

	return seen.stop || seen.hup;
}

static void
turn(struct starter *s)
{
	struct pollset ps;
	size_t i;

	pollset_reset(&ps);
	pollset_want(&ps, signals_fd(), POLLIN);
	pollset_until(&ps, s->sweep_next);
	pollset_until(&ps, s->stop_next);
	refused_poll(&s->refused, &ps);
	if (clock_ms() < s->accept_after)
		pollset_until(&ps, s->accept_after);
	else
		for (i = 0; i < s->listeners.n; i++)
			pollset_want(&ps, s->listeners.fds[i], POLLIN);
	if (pollset_wait(&ps) == -1) {
		log_error("poll: %s", strerror(errno));
		press_on(s);
	}
	refused_step(&s->refused, &ps);
	for (i = 0; i < s->listeners.n; i++) {
		if (pollset_got(&ps, s->listeners.fds[i]) != 0)
			accept_from(s, s->listeners.fds[i]);
	}
	reap(s);
	sweep(s);
	if (told_to_stop() || clock_ms() >= s->stop_next)
		press_on(s);
}

static void
run(struct starter *s)
{
	int rounds;

	while (s->stop_signal == 0 || (s->n > 0 && s->stop_signal != SIGKILL))
		turn(s);
	while (s->n > 0 && clock_ms() < s->stop_next)
		turn(s);
	/* Nothing of ours may stay behind. */
	for (rounds = 0; rounds < LIMIT_STOP_SWEEP_MS / SWEEP_ROUND_MS &&
			 proc_sweep(NULL, 0) > 0;
	     rounds++)
		(void)poll(NULL, 0, SWEEP_ROUND_MS);
}

/* Before anything is opened: what would only fail later. */
static bool
check(const struct settings *s, char *err, size_t errlen)
{
	CLEANUP_FREE char *claude = claude_find(s, environ, err, errlen);

	if (claude == NULL)
		return false;
	if (strcmp(s->claude_path, "demo") == 0)
		log_warn("CLAUDE_PATH is demo: answers come from a stand-in, "
			 "not from Claude");
	else
		log_info("claude is %s", claude);
	if (strcmp(s->claude_permission_mode, "bypassPermissions") == 0)
		log_warn("CLAUDE_PERMISSION_MODE is bypassPermissions: whoever "
			 "has the API key can run any command as you");
	return true;
}

static bool
check_key(const struct starter *s, char *err, size_t errlen)
{
	size_t i;

	for (i = 0; i < s->listeners.n; i++) {
		if (settings_default_key(&s->settings) &&
		    address_fd_reachable(s->listeners.fds[i])) {
			(void)snprintf(err, errlen,
			    "HOST %s can be reached by other machines: set an "
			    "API_KEY of your own first",
			    s->settings.host);
			return false;
		}
	}
	return true;
}

static void
announce(const struct starter *s)
{
	char url[128];
	size_t i;

	for (i = 0; i < s->listeners.n; i++) {
		listener_url(s->listeners.fds[i], url, sizeof(url));
		(void)printf("ccp listens on %s/v1\n", url);
	}
	if (settings_default_key(&s->settings))
		(void)printf("The API key is the default one: %s\n",
		    SETTINGS_DEFAULT_KEY);
	(void)fflush(stdout);
	tell_systemd("READY=1");
}

static bool
open_all(struct starter *s, char *err, size_t errlen)
{
	CLEANUP_FREE char *file = settings_path(environ);

	if (settings_load(&s->settings, file, environ, err, errlen) == -1)
		return false;
	s->handler = program_of_ours("ccp-handler");
	if (s->handler == NULL) {
		(void)snprintf(err, errlen, "ccp-handler is not installed");
		return false;
	}
	s->handlers =
	    calloc((size_t)s->settings.max_connections, sizeof(*s->handlers));
	if (s->handlers == NULL || signals_open() == -1) {
		(void)snprintf(err, errlen, "%s", strerror(errno));
		return false;
	}
	return check(&s->settings, err, errlen) &&
	       listeners_open(&s->listeners, s->settings.host, s->settings.port,
		   err, errlen) &&
	       check_key(s, err, errlen);
}

int
cli_start(void)
{
	struct starter s = {
	    .sweep_next = CLOCK_NEVER, .stop_next = CLOCK_NEVER};
	char err[512];
	bool ok;

	(void)proc_subreaper();
	ok = open_all(&s, err, sizeof(err));
	if (ok) {
		announce(&s);
		run(&s);
	} else {
		(void)fprintf(stderr, "ccp: %s\n", err);
	}
	listeners_close(&s.listeners);
	refused_close(&s.refused);
	settings_free(&s.settings);
	free(s.handler);
	free(s.handlers);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
