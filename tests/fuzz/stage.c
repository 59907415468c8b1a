/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stage.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "clock.h"
#include "far_end.h"
#include "lines.h"
#include "require.h"
#include "script.h"

#define RECORD_END     0xFF
#define FAR_BYTES      (64u << 20)
#define FIRST_PID      0x40000000 /* no system has so many */
#define MOST_STARTED   24
#define MOST_WAIT_MS   400000
#define FAR_LONGEST    100000
#define MOST_SILENT_MS 90000000
#define MOST_TURNS     3000 /* in which nothing new happens */
#define MOST_ROUNDS    3    /* of a sweep that still finds something */

struct process {
	struct far_end out, err;
	int in;
	struct buf heard;
	bool ended, reaped;
	int status;
};

static struct {
	struct stage_options o;
	struct script script;
	int64_t now, script_ended;
	size_t turns;
	bool woken; /* by what no descriptor tells */
	/* the client */
	struct far_end client; /* to the handler */
	int reader;            /* from it, perhaps the same */
	int handler[2];        /* the handler's ends */
	bool fin, reads, gone;
	int64_t unread; /* milliseconds that passed while it did not read */
	struct buf sent, got;
	/* the rest of the world */
	struct process processes[MOST_STARTED];
	size_t started, current, orphans;
	bool term, hup, stopped;
	bool key_elsewhere; /* in the script */
} st;

/* --- the client ----------------------------------------------------------- */

static void
client_close(void)
{
	if (st.reader != st.client.fd)
		far_close_fd(&st.reader);
	st.reader = -1;
	far_close(&st.client);
	st.gone = true;
}

static void
client_fin(void)
{
	st.fin = true;
	if (st.o.pipes)
		far_close_fd(&st.client.fd);
	else
		(void)shutdown(st.client.fd, SHUT_WR);
}

static void
client_request(const uint8_t *body, size_t len)
{
	char head[512];
	int n = snprintf(head, sizeof(head),
	    "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
	    "Authorization: Bearer " STAGE_KEY "\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    len);

	far_say(&st.client, head, (size_t)n);
	far_say(&st.client, body, len);
}

static void
client_long_request(size_t bytes)
{
	struct buf body;

	far_long_text(&body,
	    "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"a",
	    bytes, "\"}]}");
	client_request((const uint8_t *)buf_str(&body), body.len);
	buf_free(&body);
}

static void
client_step(void)
{
	far_flush(&st.client, &st.sent);
	if (st.reader >= 0 && st.reads)
		(void)far_read(st.reader, &st.got);
}

/* --- Claude --------------------------------------------------------------- */

static void
process_end(struct process *p, int status)
{
	if (p->ended)
		return;
	p->ended = true;
	p->status = status;
	far_flush(&p->out, NULL); /* what it said before is said */
	far_flush(&p->err, NULL);
	far_close_fd(&p->in);
	far_close(&p->out);
	far_close(&p->err);
	st.woken = true;
}

static struct process *
process_of(pid_t pid)
{
	size_t i = (size_t)(pid - FIRST_PID);

	REQUIRE(pid >= FIRST_PID && i < st.started);
	return &st.processes[i];
}

static void
process_step(struct process *p)
{
	far_flush(&p->out, NULL);
	far_flush(&p->err, NULL);
	if (p->in < 0 || st.o.deaf)
		return;
	if (!far_read(p->in, &p->heard)) {
		far_close_fd(&p->in);
		if (!st.o.lingers)
			process_end(p, 0);
	}
}

static int
own_copy(int fd, bool never_waits)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	REQUIRE(copy >= 0);
	if (never_waits)
		far_never_wait(copy);
	return copy;
}

static void
check_spec(const struct child_spec *spec)
{
	char *const *p;

	REQUIRE(spec->path[0] == '/' && spec->own_session);
	REQUIRE(spec->parent_death_signal == SIGKILL);
	REQUIRE(spec->cwd == NULL || spec->cwd[0] == '/');
	for (p = spec->argv; *p != NULL; p++)
		REQUIRE(strstr(*p, STAGE_KEY) == NULL);
	for (p = spec->envp; *p != NULL; p++)
		REQUIRE(strstr(*p, STAGE_KEY) == NULL);
}

pid_t
stage_start(const struct child_spec *spec, struct child_error *ret)
{
	struct process *p = &st.processes[st.started];

	check_spec(spec);
	if (st.o.no_start || st.started == MOST_STARTED) {
		*ret = (struct child_error){CHILD_FORK, EAGAIN};
		return -1;
	}
	p->in = own_copy(spec->fds[0], true);
	p->out.fd = own_copy(spec->fds[1], true);
	p->err.fd = own_copy(spec->fds[2], true);
	buf_init(&p->out.queue, FAR_BYTES);
	buf_init(&p->err.queue, FAR_BYTES);
	buf_init(&p->heard, FAR_BYTES);
	st.current = st.started++;
	st.orphans = st.o.left_child ? MOST_ROUNDS : 0;
	return (pid_t)(FIRST_PID + st.current);
}

bool
stage_reap(pid_t pid, int *ret_status)
{
	struct process *p = process_of(pid);

	if (p->ended)
		*ret_status = p->reaped ? 0 : p->status;
	p->reaped = p->ended;
	return p->ended;
}

void
stage_signal(pid_t pid, int sig)
{
	struct process *p = process_of(pid);

	REQUIRE(!p->reaped || sig == SIGKILL);
	if (sig == SIGKILL || (sig == SIGTERM && !st.o.stubborn))
		process_end(p, sig);
}

size_t
stage_sweep(void)
{
	return st.orphans == 0 ? 0 : st.orphans--;
}

void
stage_take_signals(bool *ret_term, bool *ret_hup)
{
	*ret_term = st.term;
	*ret_hup = st.hup;
	st.term = st.hup = false;
}

/* --- the script ----------------------------------------------------------- */

static void
say_line(struct process *p, const uint8_t *text, size_t len)
{
	far_say(&p->out, text, len);
	far_say(&p->out, "\n", 1);
}

static void
say_long_text(struct process *p, size_t bytes)
{
	struct buf line;

	far_long_text(&line,
	    "{\"type\":\"stream_event\",\"event\":{\"type\":"
	    "\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
	    "\"text_delta\",\"text\":\"a",
	    bytes, "\"}}}\n");
	far_say(&p->out, buf_str(&line), line.len);
	buf_free(&line);
}

static void
process_does(uint8_t what, const uint8_t *arg, size_t len)
{
	struct process *p = &st.processes[st.current];
	int digit = len > 0 ? arg[0] % 8 : 0;

	if (st.started == 0)
		return;
	if (what == 'l')
		say_line(p, arg, len);
	else if (what == 'g')
		say_long_text(p, script_number(arg, len, FAR_LONGEST));
	else if (what == 'o')
		far_say(&p->out, arg, len);
	else if (what == 'e')
		far_say(&p->err, arg, len);
	else if (what == 'c')
		far_close(&p->out);
	else if (what == 'i')
		far_close_fd(&p->in);
	else if (what == 'q')
		process_end(p, digit << 8);
	else if (what == 'k')
		process_end(p, SIGKILL);
	else if (what == 'n')
		st.current = (size_t)digit % st.started;
}

static void
pass(int64_t ms)
{
	st.now += ms;
	if (!st.reads)
		st.unread += ms;
}

static void
signal_comes(bool *which)
{
	*which = st.stopped = st.woken = true;
}

static bool
client_does(uint8_t what, const uint8_t *arg, size_t len)
{
	if (what == 'b')
		far_say(&st.client, arg, len);
	else if (what == 'r')
		client_request(arg, len);
	else if (what == 'p')
		client_long_request(script_number(arg, len, FAR_LONGEST));
	else if (what == 'f' && !st.fin && !st.gone)
		client_fin();
	else if (what == 'x' && !st.gone)
		client_close();
	else if (what == 's')
		st.reads = !st.reads;
	else
		return false;
	return true;
}

static void
happen(uint8_t what, const uint8_t *arg, size_t len)
{
	if (client_does(what, arg, len))
		return;
	if (what == 'w') {
		pass((int64_t)script_number(arg, len, MOST_WAIT_MS));
		st.woken = true;
	} else if (what == 't')
		signal_comes(&st.term);
	else if (what == 'h')
		signal_comes(&st.hup);
	else
		process_does(what, arg, len);
}

/* One record; true: the next one belongs to it. */
static bool
play_one(void)
{
	struct script_record r;

	if (!script_next(&st.script, &r))
		return false;
	happen(r.what, r.arg, r.len);
	return r.more;
}

static void
step_all(void)
{
	size_t i;

	client_step();
	for (i = 0; i < st.started; i++)
		process_step(&st.processes[i]);
}

/* Something new happens: the script goes on, or time, or the client leaves. */
static void
go_on(int64_t deadline)
{
	st.turns = 0;
	REQUIRE(st.now - st.script_ended < MOST_SILENT_MS);
	if (st.script.left > 0) {
		while (play_one())
			continue;
		st.script_ended = st.now;
		return;
	}
	if (deadline != CLOCK_NEVER) {
		REQUIRE(deadline > st.now);
		pass(deadline - st.now);
		st.woken = true;
		return;
	}
	REQUIRE(!st.gone); /* it would wait for ever */
	client_close();
}

int
stage_wait(struct pollset *ps)
{
	int ready;

	for (;;) {
		step_all();
		do /* libFuzzer has an alarm of its own */
			ready = poll(ps->fds, ps->n, 0);
		while (ready == -1 && errno == EINTR);
		REQUIRE(ready >= 0);
		if (ready > 0 || st.woken || ps->deadline <= st.now)
			break;
		go_on(ps->deadline);
	}
	st.woken = false;
	/* What is ready again and again without an end keeps a processor
	 * busy. */
	REQUIRE(++st.turns < MOST_TURNS);
	return 0;
}

int64_t
stage_now(void)
{
	return st.now;
}

/* --- from beginning to end ------------------------------------------------ */

static void
open_connection(void)
{
	int to[2], from[2];

	if (st.o.pipes) {
		REQUIRE(pipe(to) == 0 && pipe(from) == 0);
		st.handler[0] = to[0];
		st.handler[1] = from[1];
		st.client.fd = to[1];
		st.reader = from[0];
		far_never_wait(st.reader);
	} else {
		REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, to) == 0);
		st.handler[0] = st.handler[1] = to[0];
		st.client.fd = st.reader = to[1];
	}
	far_never_wait(st.client.fd);
}

void
stage_logged(const char *line)
{
	REQUIRE(st.key_elsewhere || strstr(line, STAGE_KEY) == NULL);
}

void
stage_open(const uint8_t *script, size_t len,
    const struct stage_options *options, int *ret_in, int *ret_out)
{
	memset(&st, 0, sizeof(st));
	st.o = *options;
	st.script = (struct script){script, len};
	st.key_elsewhere = script_has_key(&st.script);
	st.now = st.script_ended = 1000000;
	st.reads = true;
	buf_init(&st.client.queue, FAR_BYTES);
	buf_init(&st.sent, FAR_BYTES);
	buf_init(&st.got, FAR_BYTES);
	open_connection();
	*ret_in = st.handler[0];
	*ret_out = st.handler[1];
}

void
stage_result(struct stage_result *ret)
{
	if (st.handler[1] != st.handler[0])
		far_close_fd(&st.handler[1]);
	far_close_fd(&st.handler[0]);
	if (st.reader >= 0)
		(void)far_read(st.reader, &st.got);
	*ret = (struct stage_result){
	    .sent = &st.sent,
	    .got = &st.got,
	    .left = st.gone || st.fin || !st.reads || st.client.queue.len > 0 ||
	            st.unread >= LIMIT_WRITE_STALL_MS,
	    .stopped = st.stopped,
	    .started = st.started,
	    .silent = st.now - st.script_ended,
	};
}

/* It may have been cut off in the middle of a line. */
static void
check_heard(const struct process *p)
{
	const char *text = buf_str(&p->heard);
	size_t len = p->heard.len;
	struct lines l;

	while (len > 0 && text[len - 1] != '\n')
		len--;
	lines_read(&l, text, len);
	REQUIRE(l.queries <= 1);
	lines_free(&l);
}

void
stage_close(void)
{
	size_t i;

	for (i = 0; i < st.started; i++) {
		struct process *p = &st.processes[i];

		REQUIRE(p->ended && p->reaped);
		check_heard(p);
		buf_free(&p->out.queue);
		buf_free(&p->err.queue);
		buf_free(&p->heard);
	}
	client_close();
	buf_free(&st.client.queue);
	buf_free(&st.sent);
	buf_free(&st.got);
}
