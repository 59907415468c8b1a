/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Modes that act before the first line is read, and the table of all.  Those
 * that act in a turn are in demo_faults.c.
 */
#include "demo_modes.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo_faults.h"
#include "demo_out.h"
#include "demo_record.h"
#include "demo_replay.h"
#include "demo_tools.h"
#include "demo_warm.h"

#include "banned.h"

#define SLOW_MS     1000
#define FLOOD_BYTES (4L * 1024 * 1024)

static void
start_exit(struct demo *d, const char *arg)
{
	(void)d;
	(void)fprintf(stderr, "error: the demo backend was told to fail\n");
	exit(arg[0] == '\0' ? 1 : (int)strtol(arg, NULL, 10));
}

static void
start_old(struct demo *d, const char *arg)
{
	d->version = arg;
}

static void
start_unknown_option(struct demo *d, const char *arg)
{
	(void)d;
	(void)arg;
	demo_die("error: unknown option '--include-partial-messages'");
}

static void
start_flood(struct demo *d, const char *arg)
{
	long n;

	(void)d;
	(void)arg;
	for (n = 0; n < FLOOD_BYTES; n += 64)
		(void)fprintf(stderr, "%063ld\n", n);
}

static void
start_never_read(struct demo *d, const char *arg)
{
	(void)d;
	(void)arg;
	for (;;)
		(void)pause();
}

static void
start_ignore_term(struct demo *d, const char *arg)
{
	(void)arg;
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	d->deaf = true;
}

/* What the Bash tool does with "nohup sleep 600 &": a process in a session of
 * its own.  "hold" keeps the pipes to ccp open in it; "orphan": what had started
 * it is gone before anybody looks. */
static void
start_grandchild(struct demo *d, const char *arg)
{
	(void)d;
	demo_command(strcmp(arg, "orphan") == 0, strcmp(arg, "hold") == 0);
}

static void
start_slow(struct demo *d, const char *arg)
{
	d->delay_ms = arg[0] == '\0' ? SLOW_MS : strtol(arg, NULL, 10);
}

/* The real CLI takes a second of a core before it reads. */
static void
start_slow_start(struct demo *d, const char *arg)
{
	(void)poll(NULL, 0, (int)strtol(arg, NULL, 10));
	demo_record_started(d);
}

static void
start_noise(struct demo *d, const char *arg)
{
	(void)arg;
	d->noise = true;
}

static void
start_hang(struct demo *d, const char *arg)
{
	(void)arg;
	d->hang = true;
}

static const struct demo_mode modes[] = {
    {"after", demo_warm_after, NULL},
    {"exit-at-once", start_exit, NULL},
    {"flood-stderr", start_flood, NULL},
    {"grandchild", start_grandchild, NULL},
    {"hang-after-result", start_hang, NULL},
    {"ignore-term", start_ignore_term, NULL},
    {"never-read", start_never_read, NULL},
    {"old", start_old, NULL},
    {"second", demo_warm_second, NULL},
    {"slow", start_slow, NULL},
    {"slow-start", start_slow_start, NULL},
    {"unknown-lines", start_noise, NULL},
    {"unknown-option", start_unknown_option, NULL},

    {"bad-json", NULL, demo_fault_bad_json},
    {"broken-stream", NULL, demo_fault_broken_stream},
    {"context", NULL, demo_fault_context},
    {"die-midway", NULL, demo_fault_die_midway},
    {"endless", NULL, demo_fault_endless},
    {"error", NULL, demo_fault_error},
    {"fallback", NULL, demo_fault_fallback},
    {"exit-silently", NULL, demo_fault_exit_silently},
    {"form", NULL, demo_tools_form},
    {"gate", NULL, demo_fault_gate},
    {"huge-line", NULL, demo_fault_huge_line},
    {"limit", NULL, demo_fault_limit},
    {"long", NULL, demo_fault_long},
    {"max-tokens", NULL, demo_fault_max_tokens},
    {"max-turns", NULL, demo_fault_max_turns},
    {"nul-bytes", NULL, demo_fault_nul_bytes},
    {"partial-line", NULL, demo_fault_partial_line},
    {"refusal", NULL, demo_fault_refusal},
    {"replay", demo_replay_open, demo_replay_turn},
    {"retry", NULL, demo_fault_retry},
    {"silent", NULL, demo_fault_silent},
    {"thinking", NULL, demo_fault_thinking},
    {"tool", NULL, demo_tools_turn},
    {"transcript", NULL, demo_fault_transcript},
    {NULL, NULL, NULL},
};

static void
apply(struct demo *d, const char *name, size_t len, const char *arg)
{
	const struct demo_mode *m;

	for (m = modes; m->name != NULL; m++) {
		if (strlen(m->name) == len && strncmp(m->name, name, len) == 0)
			break;
	}
	if (m->name == NULL)
		demo_die("CCP_DEMO_MODE: no mode %.*s", (int)len, name);
	if (m->start != NULL)
		m->start(d, arg);
	if (m->turn != NULL) {
		d->mode = m;
		d->mode_arg = arg;
	}
}

void
demo_modes_apply(struct demo *d, const char *list)
{
	char *word, *next;

	d->modes = strdup(list);
	if (d->modes == NULL)
		demo_die("out of memory");
	for (word = d->modes; word != NULL; word = next) {
		size_t len;

		next = strchr(word, ',');
		if (next != NULL)
			*next++ = '\0';
		len = strcspn(word, "=");
		apply(d, word, len, word + len + (word[len] == '='));
	}
}
