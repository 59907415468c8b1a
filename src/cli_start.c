/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp start: a small accept loop that gives each connection a ccp-handler of
 * its own, as systemd and launchd do.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "claude_find.h"
#include "cleanup.h"
#include "cli.h"
#include "cli_handlers.h"
#include "clock.h"
#include "limits.h"
#include "listener.h"
#include "log.h"
#include "pollset.h"
#include "proc_tree.h"
#include "refused.h"
#include "settings.h"
#include "signals.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "banned.h"

#define ACCEPT_PAUSE_MS 100

extern char **environ;

struct starter {
	struct settings settings;
	struct listeners listeners;
	struct refused refused;
	struct handlers handlers;
	int64_t accept_after; /* out of descriptors: a pause */
	int64_t stop_next;    /* shutting down: the next step */
	int stop_signal;      /* what it sends; 0: not stopping */
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
accept_from(struct starter *s, int fd)
{
	int conn = listener_accept(fd);

	if (conn == -1) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS)
			s->accept_after = clock_ms() + ACCEPT_PAUSE_MS;
		return;
	}
	if (s->handlers.n < (size_t)s->settings.max_connections &&
	    handlers_start(&s->handlers, conn))
		(void)close(conn);
	else
		refused_add(&s->refused, conn);
}

/* Shutting down: HUP lets each handler finish its request, TERM makes it stop
 * Claude and say so, KILL is for what is left then. */
static void
press_on(struct starter *s)
{
	if (s->stop_signal == 0) {
		tell_systemd("STOPPING=1");
		listeners_close(&s->listeners, NULL);
		s->stop_signal = SIGHUP;
		s->stop_next = clock_ms() + LIMIT_SHUTDOWN_MS;
	} else if (s->stop_signal == SIGHUP) {
		s->stop_signal = SIGTERM;
		s->stop_next = clock_ms() + LIMIT_SHUTDOWN_TERM_MS;
	} else {
		s->stop_signal = SIGKILL;
		s->stop_next = clock_ms() + LIMIT_STOP_KILL_MS;
	}
	handlers_signal(&s->handlers, s->stop_signal);
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
	handlers_poll(&s->handlers, &ps);
	pollset_until(&ps, s->stop_next);
	refused_poll(&s->refused, &ps);
	if (clock_ms() < s->accept_after)
		pollset_until(&ps, s->accept_after);
	else
		for (i = 0; i < s->listeners.n; i++)
			pollset_want(&ps, s->listeners.all[i].fd, POLLIN);
	if (pollset_wait(&ps) == -1) {
		log_error("poll: %s", strerror(errno));
		press_on(s);
	}
	refused_step(&s->refused, &ps);
	for (i = 0; i < s->listeners.n; i++) {
		if (pollset_got(&ps, s->listeners.all[i].fd) != 0)
			accept_from(s, s->listeners.all[i].fd);
	}
	handlers_step(&s->handlers);
	if (told_to_stop() || clock_ms() >= s->stop_next)
		press_on(s);
}

static void
run(struct starter *s)
{
	while (s->stop_signal == 0 ||
	       (s->handlers.n > 0 && s->stop_signal != SIGKILL))
		turn(s);
	while (s->handlers.n > 0 && clock_ms() < s->stop_next)
		turn(s);
	handlers_sweep_all(); /* nothing of ours may stay behind */
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
	char url[LISTENER_URL_BYTES];
	size_t i;

	for (i = 0; i < s->listeners.n; i++) {
		if (!settings_default_key(&s->settings) ||
		    !address_fd_reachable(s->listeners.all[i].fd))
			continue;
		listener_url(s->listeners.all[i].fd, url, sizeof(url));
		(void)snprintf(err, errlen,
		    "other machines can reach %s (HOST): set an API_KEY of "
		    "your own first",
		    url);
		return false;
	}
	return true;
}

static void
announce(const struct starter *s)
{
	char url[LISTENER_URL_BYTES];
	size_t i;

	for (i = 0; i < s->listeners.n; i++) {
		listener_url(s->listeners.all[i].fd, url, sizeof(url));
		(void)printf("ccp listens on %s\n", url);
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
	static const struct listeners none;

	if (settings_load(&s->settings, file, environ, err, errlen) == -1)
		return false;
	if (!handlers_open(&s->handlers, err, errlen))
		return false;
	if (signals_open() == -1) {
		(void)snprintf(err, errlen, "%s", strerror(errno));
		return false;
	}
	return check(&s->settings, err, errlen) &&
	       listeners_open(&s->listeners, &none, s->settings.host,
		   s->settings.port, err, errlen) &&
	       check_key(s, err, errlen);
}

int
cli_start(void)
{
	struct starter s = {.stop_next = CLOCK_NEVER};
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
	listeners_close(&s.listeners, NULL);
	refused_close(&s.refused);
	settings_free(&s.settings);
	handlers_free(&s.handlers);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
