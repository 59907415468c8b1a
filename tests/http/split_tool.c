/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a client is answered must not depend on how its bytes came.  Each case
 * is served whole, byte by byte, and once for each of its bytes, split there;
 * the answers must be the same but for their dates and made-up ids.  It is
 * served cut off at each of its bytes, too: then the first of these answers
 * must come, or none, and nothing else.
 *
 * All in this process, as a handler would do it from serve_connection() on:
 * pollset.c gets a poll() that gives the next piece when, and only when, the
 * handler has read what there was and waits.  So nothing depends on time, and
 * a case costs microseconds where a process would cost milliseconds.
 *
 * stdin: cases, each "BYTES ANSWERS EVERY\n" and so many bytes, of which that
 * many answers come.  They are split at every so manieth byte, and where they
 * are long at each near their ends; EVERY 0: nowhere.  Of those behind the byte
 * that brings the last answer, and the end, few are: nothing is read there.
 *
 * stdout, for each: "RUNS POINT LENGTH\n" and the answers to the whole.  POINT
 * is where a split made a difference, 0: nowhere; else the answers to that
 * follow in the same form.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int feeding_poll(struct pollfd *fds, nfds_t n, int timeout);
#define poll feeding_poll
#include "../../src/pollset.c" /* NOLINT: with that poll() */
#undef poll

#include "buf.h"
#include "log.h"
#include "log_setup.h"
#include "serve.h"
#include "settings.h"
#include "signals.h"

#include "banned.h"

extern char **environ;

#define MARK             "HTTP/1.1 " /* of an answer */
#define CASE_BYTES_MAX   (1u << 20)
#define ANSWER_BYTES_MAX (4u << 20)
#define LONG             2000
#define ENDS             64 /* bytes at either end that are all split at */
#define DEAF             7 /* bytes skipped where no answer is left to be given */
#define HANG_S           300 /* no case takes that long */

struct wanted {
	size_t len;
	size_t answers;
	size_t every;
	char *bytes;
};

/* The client of the run under way. */
static struct client {
	int fd;
	const struct wanted *wanted;
	size_t point; /* the first piece */
	size_t step;  /* all others */
	size_t sent;
	bool shut;
	struct buf got;
} client;

static _Noreturn void
fail(const char *what)
{
	(void)fprintf(stderr, "split_tool: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Takes what has been answered; was there anything? */
static bool
drain(void)
{
	char bytes[16384];
	bool some = false;
	ssize_t n;

	while ((n = recv(client.fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		if (!buf_add(&client.got, bytes, (size_t)n))
			fail("an endless answer");
		some = true;
	}
	return some;
}

static bool
all_answered(void)
{
	const char *at = buf_str(&client.got);
	size_t n = 0;

	while ((at = strstr(at, MARK)) != NULL) {
		at += strlen(MARK);
		n++;
	}
	return n >= client.wanted->answers;
}

/* The next piece, or the end; false if there is nothing to be done. */
static bool
feed(void)
{
	const struct wanted *w = client.wanted;
	size_t n = client.sent == 0 ? client.point : client.step;

	if (client.shut || (client.sent == w->len && !all_answered()))
		return false;
	if (client.sent == w->len) {
		(void)shutdown(client.fd, SHUT_WR);
		client.shut = true;
		return true;
	}
	if (n > w->len - client.sent)
		n = w->len - client.sent;
	if (send(client.fd, w->bytes + client.sent, n, 0) != (ssize_t)n)
		fail("send");
	client.sent += n;
	return true;
}

static int
feeding_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	int r = poll(fds, n, 0);

	if (r != 0 || timeout == 0)
		return r;
	if (drain() || feed())
		return poll(fds, n, 0);
	return poll(fds, n, timeout);
}

/* Overwrites what stands behind each mark. */
static void
replace(struct buf *b, const char *mark, const char *by)
{
	char *at, *end;

	if (b->len == 0)
		return;
	at = b->mem + b->off;
	end = at + b->len;
	while ((at = strstr(at, mark)) != NULL) {
		at += strlen(mark);
		if ((size_t)(end - at) < strlen(by))
			return;
		memcpy(at, by, strlen(by));
	}
}

/* One connection; its answers are in client.got. */
static void
run(const struct wanted *w, size_t point, size_t step,
    const struct settings *settings)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
		fail("socketpair");
	client = (struct client){
	    .fd = fds[0], .wanted = w, .point = point, .step = step};
	buf_init(&client.got, ANSWER_BYTES_MAX);
	if (serve_connection(fds[1], fds[1], settings, environ, NULL) == -1)
		fail("serve_connection");
	(void)close(fds[1]);
	(void)drain();
	(void)close(fds[0]);
	replace(&client.got, "\r\nDate: ", "Sun, 06 Nov 1994 08:49:37 GMT");
	replace(
	    &client.got, "\r\nX-Request-Id: req_", "000000000000000000000000");
}

static bool
same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(buf_str(a), buf_str(b), a->len) == 0;
}

static void
say(size_t runs, size_t point, const struct buf *answers)
{
	(void)printf("%zu %zu %zu\n", runs, point, answers->len);
	(void)fwrite(buf_str(answers), 1, answers->len, stdout);
}

static bool
split_here(const struct wanted *w, size_t point)
{
	if (w->len > LONG && (point <= ENDS || point + ENDS >= w->len))
		return true;
	return point % w->every == 0;
}

/* Are they the first ones of all? */
static bool
first_of(const struct buf *answers, const struct buf *all)
{
	const char *next = buf_str(all) + answers->len;

	return answers->len <= all->len &&
	       memcmp(buf_str(answers), buf_str(all), answers->len) == 0 &&
	       (*next == '\0' || strncmp(next, MARK, strlen(MARK)) == 0);
}

static bool
cut_off(const struct wanted *w, size_t point, const struct settings *settings,
    const struct buf *whole)
{
	struct wanted part = {.bytes = w->bytes, .len = point};

	buf_free(&client.got);
	run(&part, point, point, settings);
	return first_of(&client.got, whole);
}

/* Where a split makes a difference; 0: nowhere.  client.got is then that. */
static size_t
split(const struct wanted *w, const struct settings *settings,
    const struct buf *whole, size_t *runs)
{
	size_t point, skip;

	run(w, w->len > LONG ? w->every : 1, w->len > LONG ? w->every : 1,
	    settings);
	++*runs;
	if (!same(&client.got, whole))
		return w->len;
	for (point = 1; point < w->len; point++) {
		if (!split_here(w, point))
			continue;
		*runs += 2;
		if (!cut_off(w, point, settings, whole))
			return point;
		skip = client.got.len == whole->len ? DEAF : 0;
		buf_free(&client.got);
		run(w, point, w->len, settings);
		if (!same(&client.got, whole))
			return point;
		point += skip;
	}
	buf_free(&client.got);
	return 0;
}

static void
try_case(const struct wanted *w, const struct settings *settings)
{
	struct buf whole;
	size_t runs = 1, point;

	(void)alarm(HANG_S);
	run(w, w->len, w->len, settings);
	whole = client.got;
	buf_init(&client.got, 0);
	point = w->every == 0 ? 0 : split(w, settings, &whole, &runs);
	say(runs, point, &whole);
	if (point > 0) {
		say(runs, point, &client.got);
		buf_free(&client.got);
	}
	buf_free(&whole);
}

/* false at the end of stdin. */
static bool
read_case(struct wanted *w)
{
	char line[100], *at = line;

	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	w->len = strtoul(at, &at, 10);
	w->answers = strtoul(at, &at, 10);
	w->every = strtoul(at, &at, 10);
	if (w->len == 0 || w->len > CASE_BYTES_MAX)
		fail("no case");
	w->bytes = malloc(w->len);
	if (w->bytes == NULL || fread(w->bytes, 1, w->len, stdin) != w->len)
		fail("half a case");
	return true;
}

int
main(void)
{
	char *file = settings_path(environ), why[512];
	struct settings settings;
	struct wanted w;

	log_open("split_tool", LOG_LEVEL_ERROR);
	if (settings_load(&settings, file, environ, why, sizeof(why)) == -1)
		fail(why);
	log_setup(&settings, environ);
	if (signals_open() == -1)
		fail("signals");
	while (read_case(&w)) {
		try_case(&w, &settings);
		free(w.bytes);
	}
	settings_free(&settings);
	free(file);
	return 0;
}
