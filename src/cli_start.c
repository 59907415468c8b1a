/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp start: a small accept loop that gives each connection a ccp-handler of
 * its own, as systemd and launchd do.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_error.h"
#include "cli.h"
#include "cli_handlers.h"
#include "cli_notify.h"
#include "cli_setup.h"
#include "cli_wrong.h"
#include "clock.h"
#include "limits.h"
#include "listener.h"
#include "log.h"
#include "pollset.h"
#include "proc_tree.h"
#include "refused.h"
#include "signals.h"

#include "banned.h"

struct starter {
	struct setup setup;
	struct refused refused;
	struct handlers handlers;
	bool terminal;        /* there was one at the start */
	int64_t accept_after; /* out of descriptors: a pause */
	int64_t tell_after;   /* that is logged again */
	int64_t stop_next;    /* shutting down: the next step */
	int stop_signal;      /* what it sends; 0: not stopping */
};

/* No handler serves it: it is told why. */
static void
turn_away(struct starter *s, int conn, bool full)
{
	struct api_error e;

	if (full)
		api_error_set(&e, 503, "server_error", "too_many_connections",
		    "The proxy has as many connections as it may have "
		    "(MAX_CONNECTIONS): try again in a moment.");
	else
		api_error_set(&e, 503, "server_error", "no_handler",
		    "The proxy cannot start a process for this connection: "
		    "see its log.");
	refused_add(&s->refused, conn, &e);
}

/* The connection that is gone again is its client's business.  Whatever else it
 * is will be there in the next turn too, which must not spin. */
static void
accept_failed(struct starter *s)
{
	int64_t now = clock_ms();

	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ||
	    errno == ECONNABORTED || errno == EPROTO)
		return;
	if (now >= s->tell_after) {
		log_error("connections have to wait, as none can be accepted: "
			  "%s",
		    strerror(errno));
		s->tell_after = now + LIMIT_ACCEPT_TELL_MS;
	}
	s->accept_after = now + LIMIT_ACCEPT_PAUSE_MS;
}

static void
accept_from(struct starter *s, int fd)
{
	int conn = listener_accept(fd);
	bool full;

	if (conn == -1) {
		accept_failed(s);
		return;
	}
	/* Some of them may be keepers of warm processes, without one. */
	full = s->handlers.n >=
	       (size_t)(s->setup.settings.max_connections +
			(s->setup.settings.claude_linger_ms > 0
				? s->setup.settings.claude_max_warm
				: 0));
	if (!full && handlers_start(&s->handlers, conn))
		(void)close(conn);
	else
		turn_away(s, conn, full);
}

/* Shutting down: HUP lets each handler finish its request, TERM makes it stop
 * Claude and say so, KILL is for what is left then. */
static void
press_on(struct starter *s)
{
	if (s->stop_signal == 0) {
		notify_stopping();
		listeners_close(&s->setup.listeners, NULL);
		s->stop_signal = SIGHUP;
		s->stop_next = clock_ms() + LIMIT_SHUTDOWN_MS;
	} else if (s->stop_signal == SIGHUP) {
		s->stop_signal = SIGTERM;
		s->stop_next = clock_ms() + LIMIT_SHUTDOWN_TERM_MS;
	} else {
		s->stop_signal = SIGKILL;
		s->stop_next = clock_ms() + LIMIT_STOP_KILL_MS;
		handlers_kill_trees();
		return;
	}
	handlers_signal(&s->handlers, s->stop_signal);
}

static bool
has_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

	if (fd != -1)
		(void)close(fd);
	return fd != -1;
}

static void
announce(const struct starter *s)
{
	char url[LISTENER_URL_BYTES], status[512];
	size_t i;

	for (i = 0; i < s->setup.listeners.n; i++) {
		listener_url(s->setup.listeners.all[i].fd, url, sizeof(url));
		(void)printf("ccp listens on %s\n", url);
	}
	if (settings_default_key(&s->setup.settings))
		(void)printf("The API key is the default one: %s\n",
		    SETTINGS_DEFAULT_KEY);
	(void)fflush(stdout);
	setup_status(&s->setup, status, sizeof(status));
	notify_ready(status);
}

/* Requests under way are not concerned: each handler has read its own. */
static void
reload(struct starter *s)
{
	char err[512], status[600];

	notify_reloading();
	if (setup_apply(&s->setup, err, sizeof(err))) {
		log_info("reloaded");
		announce(s);
		return;
	}
	log_error("not reloaded, all stays as it was: %s", err);
	(void)snprintf(status, sizeof(status), "Not reloaded: %s", err);
	notify_ready(status);
}

/* HUP comes from a person who has changed the configuration, or because the
 * terminal is gone. */
static bool
told_to_stop(struct starter *s)
{
	struct signals_seen seen = signals_take();

	if (!seen.hup || s->stop_signal != 0)
		return seen.stop;
	if (s->terminal && !has_terminal())
		return true;
	if (!seen.stop)
		reload(s);
	return seen.stop;
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
		for (i = 0; i < s->setup.listeners.n; i++)
			pollset_want(&ps, s->setup.listeners.all[i].fd, POLLIN);
	if (pollset_wait(&ps) == -1) {
		log_error("poll: %s", strerror(errno));
		press_on(s);
	}
	refused_step(&s->refused, &ps);
	for (i = 0; i < s->setup.listeners.n; i++) {
		if (pollset_got(&ps, s->setup.listeners.all[i].fd) != 0)
			accept_from(s, s->setup.listeners.all[i].fd);
	}
	handlers_step(&s->handlers);
	if (told_to_stop(s) || clock_ms() >= s->stop_next)
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

static bool
open_all(struct starter *s, char *err, size_t errlen)
{
	s->terminal = has_terminal();
	if (signals_open() == -1) {
		(void)snprintf(err, errlen, "%s", strerror(errno));
		return false;
	}
	signals_settled();
	if (!notify_sockets(&s->setup.listeners, err, errlen))
		return false;
	s->setup.handed_over = s->setup.listeners.n > 0;
	return handlers_open(&s->handlers, s->terminal, err, errlen) &&
	       setup_apply(&s->setup, err, errlen);
}

const char cli_start_usage[] =
    "usage: ccp [start]\n"
    "Listens on HOST and PORT, or on the sockets that a service manager has\n"
    "handed over, and starts a ccp-handler for each connection, until a\n"
    "signal ends it.\n"
    "\n"
    "  PORT=9999 ccp start           on another port, this time\n"
    "  CLAUDE_PATH=demo ccp start    with answers from a stand-in\n";

int
cli_start(int argc, char **argv)
{
	struct starter s = {.stop_next = CLOCK_NEVER};
	char err[512];
	bool ok;

	if (argc > 1)
		return cli_wrong_argument("start", argv[1]);
	(void)proc_subreaper();
	ok = open_all(&s, err, sizeof(err));
	if (ok) {
		announce(&s);
		run(&s);
	} else {
		(void)fprintf(stderr, "ccp: %s\n", err);
	}
	setup_free(&s.setup);
	refused_close(&s.refused);
	handlers_free(&s.handlers);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
