/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_warm.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "demo_lines.h"
#include "demo_out.h"
#include "limits.h"

#include "banned.h"

static const char spoken[] =
    "{\"type\":\"system\",\"subtype\":\"task_notification\","
    "\"task_id\":\"t1\",\"status\":\"completed\"}\n";

/* A turn that nobody has asked for, as the real CLI takes one when a command
 * that it has in the background ends. */
static const char turn[] =
    "{\"type\":\"system\",\"subtype\":\"status\","
    "\"status\":\"requesting\"}\n"
    "{\"type\":\"stream_event\",\"event\":{\"type\":\"content_block_delta\","
    "\"index\":0,\"delta\":{\"type\":\"text_delta\","
    "\"text\":\"by myself\"}}}\n"
    "{\"type\":\"assistant\",\"message\":{\"role\":\"assistant\","
    "\"content\":[{\"type\":\"text\",\"text\":\"by myself\"}]},"
    "\"uuid\":\"00000000-0000-4000-8000-000000000001\"}\n"
    "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,"
    "\"result\":\"by myself\",\"num_turns\":0}\n";

void
demo_warm_second(struct demo *d, const char *arg)
{
	d->second = arg;
}

static void
die(int sig)
{
	(void)sig;
	_exit(1);
}

static void
speak(int sig)
{
	(void)sig;
	if (write(STDOUT_FILENO, spoken, sizeof(spoken) - 1) == -1)
		_exit(1);
}

static void
take_turn(int sig)
{
	(void)sig;
	if (write(STDOUT_FILENO, turn, sizeof(turn) - 1) == -1)
		_exit(1);
}

void
demo_warm_after(struct demo *d, const char *arg)
{
	if (strcmp(arg, "turn") == 0) { /* when it is told by the signal */
		(void)signal(SIGALRM, take_turn);
		return;
	}
	d->after = arg;
	(void)signal(SIGALRM, strcmp(arg, "die") == 0 ? die : speak);
}

static void
set_timer(long ms)
{
	const struct itimerval t = {
	    .it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};

	(void)setitimer(ITIMER_REAL, &t, NULL);
}

/* As the real CLI tells of a summary that it makes. */
static void
compact(void)
{
	static const char line[] =
	    "{\"type\":\"system\",\"subtype\":\"status\","
	    "\"status\":\"compacting\"}\n";

	if (write(STDOUT_FILENO, line, sizeof(line) - 1) == -1)
		demo_die("write");
}

/* A result before anything went to the API. */
static void
fail(struct demo *d)
{
	const struct demo_result r = {.subtype = "error_during_execution",
	    .text = "the stand-in was told to fail",
	    .is_error = true};

	demo_result(d, &r);
}

void
demo_warm_begin(struct demo *d)
{
	if (d->after != NULL)
		set_timer(0);
	if (++d->turns < 2 || d->second == NULL)
		return;
	if (strcmp(d->second, "die") == 0)
		exit(1);
	if (strcmp(d->second, "compact") == 0)
		compact();
	else if (strcmp(d->second, "error") == 0)
		fail(d);
	while (strcmp(d->second, "hang") == 0)
		(void)pause();
}

void
demo_warm_answered(struct demo *d)
{
	if (d->turns > 1 && d->second != NULL &&
	    strcmp(d->second, "summarize") == 0)
		compact();
}

void
demo_warm_end(struct demo *d)
{
	if (d->after != NULL)
		set_timer(LIMIT_DEMO_AFTER_MS);
}
