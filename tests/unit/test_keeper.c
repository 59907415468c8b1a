/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A shell script is Claude, the test its keeper and, in most cases, the one who
 * borrows it too: nobody waits, so they take turns.  Each case runs in a
 * process of its own, because the end of a process is swept behind.
 */
#include "keeper.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "aid.h"
#include "clock.h"
#include "fake_clock.h"
#include "keeper_lend.h"
#include "log.h"
#include "proc_tree.h"
#include "suites.h"
#include "version.h"

#include "banned.h"

#define TURN_MS   20
#define LINGER_MS 60000
#define KEY_1     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KEY_2     "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define RESULT                                                                 \
	"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false}"
/* Each line that it reads has a result. */
#define ANSWERS "while read line; do echo '" RESULT "'; done"

static char runtime[PATH_MAX + 32], home[PATH_MAX + 32], program[PATH_MAX],
    store[PATH_MAX + 32];
static char *env[] = {runtime, home, NULL};
static struct settings settings;
static struct stat program_is;
static struct keeper k;
static struct pollset last; /* what its last turn saw */
static bool as_agent;       /* whose session is to be saved */

/* The fixture of the process of a case. */
static void
set_up(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)proc_subreaper();
	(void)snprintf(
	    runtime, sizeof(runtime), "XDG_RUNTIME_DIR=%s", aid_dir());
	(void)snprintf(home, sizeof(home), "HOME=%s", aid_dir());
	(void)snprintf(store, sizeof(store), "%s/sessions.db", aid_dir());
	(void)snprintf(program, sizeof(program), "%s",
	    aid_make_file("claude", "one version", 0700));
	ck_assert_int_eq(stat(program, &program_is), 0);
	settings = (struct settings){.claude_linger_ms = LINGER_MS,
	    .claude_max_warm = 2,
	    .claude_spare = "auto",
	    .session_file = store};
	keeper_open(&k, &settings, env);
}

static struct claude *
begin(const char *script)
{
	char sh[] = "sh", dash_c[] = "-c", path[] = "/bin/sh", text[1024];
	char variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *argv[] = {sh, dash_c, text, NULL}, *envp[] = {variable, NULL};
	struct claude_launch launch = {
	    .path = path, .argv = argv, .envp = envp, .fingerprint = "f1"};
	struct child_error error;
	struct claude *c;

	(void)snprintf(text, sizeof(text), "%s", script);
	c = claude_start(&launch, &error);
	ck_assert_ptr_nonnull(c);
	return c;
}

static void
set_key(char to[WARM_KEY_BYTES], const char *key)
{
	(void)snprintf(to, WARM_KEY_BYTES, "%s", key);
}

static struct warm *
warm_of(const char *script, const char *key)
{
	const struct warm_frame frame = {.settings = &settings,
	    .env = env,
	    .cwd = aid_dir(),
	    .key_name = "",
	    .program = program,
	    .program_is = &program_is,
	    .model = !as_agent};
	struct warm *w = warm_new(begin(script), &frame);

	ck_assert_ptr_nonnull(w);
	set_key(w->key, key);
	(void)snprintf(w->name, sizeof(w->name), "a-model");
	w->cost_usd = 0.5;
	return w;
}

static struct warm *
kept(const char *script, const char *key)
{
	struct warm *w = warm_of(script, key);

	keeper_keep(&k, w);
	return w;
}

static void
turn(void)
{
	pollset_reset(&last);
	keeper_poll(&k, &last);
	pollset_until(&last, clock_ms() + TURN_MS);
	ck_assert_int_eq(pollset_wait(&last), 0);
	keeper_step(&k, &last);
}

static void
turns(int n)
{
	while (n-- > 0)
		turn();
}

static void
until_empty(void)
{
	int64_t patience = 0;

	while (!keeper_empty(&k)) {
		ck_assert_msg(aid_patient(&patience), "it is still kept");
		turn();
	}
}

/* The records that others find. */
static size_t
records(struct warm_record *ret, size_t max)
{
	int dir = warm_dir_open(env, false);
	size_t n;

	ck_assert_int_ne(dir, -1);
	n = warm_record_list(dir, NULL, ret, max);
	ck_assert_int_eq(close(dir), 0);
	return n;
}

static size_t
count_records(void)
{
	struct warm_record r[LIMIT_WARM];

	return records(r, LIMIT_WARM);
}

static struct warm_record
the_record(void)
{
	struct warm_record r[2];

	ck_assert_uint_eq(records(r, 2), 1);
	return r[0];
}

static bool
listens(void)
{
	char path[PATH_MAX], name[PATH_MAX + 32];
	struct stat st;

	ck_assert(warm_dir_path(path, sizeof(path), env));
	(void)snprintf(name, sizeof(name), "%s/%ld.sock", path, (long)getpid());
	return lstat(name, &st) == 0;
}

/* Nothing of it is left anywhere. */
static void
finish(void)
{
	until_empty();
	ck_assert_uint_eq(count_records(), 0);
	ck_assert(!listens());
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	keeper_close(&k);
}

/* Keeping */

static void
own_request(void)
{
	struct warm *w;
	bool soon = true;

	set_up();
	ck_assert(keeper_on(&k));
	ck_assert(keeper_empty(&k));
	ck_assert_ptr_null(keeper_take(&k, KEY_1, &soon));
	ck_assert(!soon);
	w = kept(ANSWERS, KEY_1);
	turns(3);
	ck_assert(!keeper_empty(&k));
	ck_assert(w->claude->guard.resting);
	ck_assert_str_eq(the_record().key, KEY_1);
	ck_assert_str_eq(the_record().name, "a-model");
	ck_assert_int_eq(the_record().claude, (long)w->claude->guard.pid);
	ck_assert_ptr_null(keeper_take(&k, KEY_2, &soon));
	ck_assert_ptr_eq(keeper_take(&k, KEY_1, &soon), w);
	ck_assert(!soon);
	ck_assert(!w->claude->guard.resting);
	ck_assert(keeper_empty(&k));
	ck_assert_uint_eq(count_records(), 0); /* nobody else finds it */
	ck_assert_ptr_null(keeper_take(&k, KEY_1, &soon));
	set_key(w->key, KEY_2); /* it holds more now */
	keeper_keep(&k, w);
	turn();
	ck_assert_str_eq(the_record().key, KEY_2);
	ck_assert_ptr_eq(keeper_take(&k, KEY_2, &soon), w);
	warm_free(w); /* and killed */
	while (waitpid(-1, NULL, 0) > 0)
		continue;
	turn();
	finish();
}

START_TEST(it_is_kept_and_taken)
{
	aid_in_process(own_request);
}
END_TEST

static void
its_time(void)
{
	struct warm *w;
	pid_t pid;

	set_up();
	w = kept(ANSWERS, KEY_1);
	pid = w->claude->guard.pid;
	fake_clock_skip(LINGER_MS - 5000);
	turns(2);
	ck_assert(aid_alive(pid));
	ck_assert_int_le(last.deadline, w->expires);
	fake_clock_skip(5000);
	turn();
	finish();
	ck_assert(!aid_alive(pid));
}

START_TEST(its_time_is_over)
{
	aid_in_process(its_time);
}
END_TEST

/* So that the next one is younger: records tell milliseconds. */
static void
a_moment_later(void)
{
	(void)poll(NULL, 0, 3);
}

static void
the_oldest_goes(void)
{
	struct warm *a, *b, *c;
	bool soon;

	set_up();
	a = kept(ANSWERS, KEY_1);
	a_moment_later();
	b = kept(ANSWERS, KEY_1);
	a_moment_later();
	ck_assert_uint_eq(count_records(), 2);
	c = kept(ANSWERS, KEY_2);
	ck_assert_int_ne(a->claude->guard.phase, GUARD_RUNNING);
	ck_assert_int_eq(b->claude->guard.phase, GUARD_RUNNING);
	ck_assert_int_eq(c->claude->guard.phase, GUARD_RUNNING);
	ck_assert_uint_eq(count_records(), 2);
	/* One that goes is not given to anybody. */
	ck_assert_ptr_eq(keeper_take(&k, KEY_1, &soon), b);
	ck_assert_ptr_null(keeper_take(&k, KEY_1, &soon));
	keeper_keep(&k, b);
	keeper_stop(&k, true);
	finish();
}

START_TEST(of_too_many_the_oldest_goes)
{
	aid_in_process(the_oldest_goes);
}
END_TEST

static struct warm *
kept_spare(void)
{
	struct warm *w = warm_of(ANSWERS, KEY_2);

	w->spare = true;
	keeper_keep(&k, w);
	a_moment_later();
	return w;
}

static void
one_is_spare(void)
{
	struct warm *a, *b, *first, *second;

	set_up();
	a = kept(ANSWERS, KEY_1);
	a_moment_later();
	first = kept_spare();
	b = kept(ANSWERS, KEY_1);
	a_moment_later();
	ck_assert_uint_eq(count_records(), 3);
	second = kept_spare();
	ck_assert_int_ne(first->claude->guard.phase, GUARD_RUNNING);
	ck_assert_int_eq(a->claude->guard.phase, GUARD_RUNNING);
	ck_assert_int_eq(b->claude->guard.phase, GUARD_RUNNING);
	(void)kept(ANSWERS, KEY_1);
	ck_assert_int_ne(a->claude->guard.phase, GUARD_RUNNING);
	ck_assert_int_eq(second->claude->guard.phase, GUARD_RUNNING);
	keeper_stop(&k, true);
	finish();
}

static void
one_is_spare_without_records(void)
{
	struct warm *a, *spare;

	set_up();
	k.mute_until = CLOCK_NEVER;
	a = kept(ANSWERS, KEY_1);
	spare = kept_spare();
	(void)kept(ANSWERS, KEY_1);
	ck_assert_int_eq(a->claude->guard.phase, GUARD_RUNNING);
	(void)kept(ANSWERS, KEY_1);
	ck_assert_int_ne(a->claude->guard.phase, GUARD_RUNNING);
	ck_assert_int_eq(spare->claude->guard.phase, GUARD_RUNNING);
	keeper_stop(&k, true);
	until_empty();
	keeper_close(&k);
}

START_TEST(of_spare_ones_there_is_one)
{
	aid_in_process(_i == 0 ? one_is_spare : one_is_spare_without_records);
}
END_TEST

/* Else one connection after another would take all descriptors. */
static void
no_more_fit(void)
{
	int i;

	set_up();
	settings.claude_max_warm = LIMIT_WARM;
	for (i = 0; i < LIMIT_WARM_KEPT; i++) {
		ck_assert(keeper_has_room(&k));
		keeper_end(&k, warm_of("while :; do sleep 9; done", KEY_1));
	}
	ck_assert(!keeper_has_room(&k));
	keeper_close(&k);
}

START_TEST(those_that_do_not_end_count)
{
	aid_in_process(no_more_fit);
}
END_TEST

/* Behind its turn, without being asked. */
static void
it_speaks(void)
{
	struct warm *w;

	set_up();
	w = kept("read line; echo '{\"type\":\"x\"}'; read line", KEY_1);
	turns(3);
	ck_assert(!keeper_empty(&k));
	ck_assert_int_eq(write(w->claude->transport.in.fd, "\n", 1), 1);
	finish();
}

static void
it_dies(void)
{
	struct warm *w;

	set_up();
	w = kept(ANSWERS, KEY_1);
	ck_assert_int_eq(kill(w->claude->guard.pid, SIGKILL), 0);
	finish();
}

static void
it_closes_its_output(void)
{
	set_up();
	(void)kept("exec >&-; read line", KEY_1);
	finish();
}

static void
another_configuration(void)
{
	char path[PATH_MAX];

	set_up();
	(void)kept(ANSWERS, KEY_1);
	fake_clock_skip(LIMIT_WARM_LOOK_MS);
	turns(2);
	ck_assert(!keeper_empty(&k));
	(void)snprintf(path, sizeof(path), "%s/.ccp", aid_dir());
	ck_assert_int_eq(mkdir(path, 0700), 0);
	(void)aid_make_file(".ccp/config.json", "{}", 0600);
	turns(2);
	ck_assert(!keeper_empty(&k)); /* it is not looked at all the time */
	fake_clock_skip(LIMIT_WARM_LOOK_MS);
	finish();
	ck_assert(!keeper_on(&k));
}

static void
another_program(void)
{
	set_up();
	(void)kept(ANSWERS, KEY_1);
	(void)aid_make_file("claude", "another version", 0700);
	fake_clock_skip(LIMIT_WARM_LOOK_MS);
	finish();
	ck_assert(keeper_on(&k)); /* what begins now is new */
}

static void
no_program(void)
{
	set_up();
	(void)kept(ANSWERS, KEY_1);
	ck_assert_int_eq(unlink(program), 0);
	fake_clock_skip(LIMIT_WARM_LOOK_MS);
	finish();
}

static void (*const ends[])(void) = {it_speaks, it_dies, it_closes_its_output,
    another_configuration, another_program, no_program};

START_TEST(what_ends_it)
{
	aid_in_process(ends[_i]);
}
END_TEST

static void
all_stop(void)
{
	bool soon;

	set_up();
	(void)kept(ANSWERS, KEY_1);
	(void)kept(ANSWERS, KEY_2);
	keeper_stop(&k, true);
	ck_assert(!keeper_on(&k));
	ck_assert_ptr_null(keeper_take(&k, KEY_1, &soon));
	ck_assert_uint_eq(count_records(), 0);
	/* One whose turn ends only now is not kept either. */
	(void)kept(ANSWERS, KEY_1);
	ck_assert_ptr_null(keeper_take(&k, KEY_1, &soon));
	ck_assert_uint_eq(count_records(), 0);
	finish();
}

START_TEST(all_of_them_stop)
{
	aid_in_process(all_stop);
}
END_TEST

static void
closed(void)
{
	int before;
	struct warm *w;
	pid_t pid;
	int status;

	set_up();
	before = aid_open_fds();
	w = kept(ANSWERS, KEY_1);
	pid = w->claude->guard.pid;
	keeper_close(&k);
	status = aid_wait(pid); /* macOS' WTERMSIG wants a variable */
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	ck_assert_int_eq(aid_open_fds(), before);
	ck_assert_uint_eq(count_records(), 0);
	ck_assert(!listens());
}

START_TEST(closing_kills)
{
	aid_in_process(closed);
}
END_TEST

START_TEST(when_any_are_kept)
{
	struct keeper one = {.settings = &settings};

	ck_assert(!keeper_on(NULL));
	settings = (struct settings){.claude_linger_ms = 1,
	    .claude_max_warm = 1,
	    .claude_spare = "auto"};
	ck_assert(keeper_on(&one));
	ck_assert(!keeper_spares(&one));
	one.started = true; /* by ccp start */
	ck_assert(keeper_spares(&one));
	settings.claude_spare = "0";
	ck_assert(!keeper_spares(&one));
	one.started = false;
	settings.claude_spare = "1";
	ck_assert(keeper_spares(&one));
	settings.claude_max_warm = 0;
	ck_assert(!keeper_on(&one));
	ck_assert(!keeper_spares(&one));
	settings.claude_max_warm = 1;
	settings.claude_linger_ms = 0;
	ck_assert(!keeper_on(&one));
}
END_TEST

/* Lending */

/* What its keeper answers; NULL: it refuses. */
static struct claude *
await_loan(int fd, struct warm_state *ret)
{
	enum warm_result got = WARM_WAIT;
	int fds[WARM_FDS];
	int64_t patience = 0;
	size_t n = WARM_FDS;
	struct claude *c;

	while (got == WARM_WAIT) {
		ck_assert_msg(aid_patient(&patience), "nothing is lent");
		turn();
		got = warm_receive(fd, ret, sizeof(*ret), fds, &n);
	}
	if (got == WARM_GONE) {
		ck_assert_int_eq(close(fd), 0);
		return NULL;
	}
	ck_assert_uint_eq(n, WARM_FDS);
	c = claude_borrow(fds, fd);
	ck_assert_ptr_nonnull(c);
	return c;
}

static struct claude *
ask_for(const struct warm_record *r, struct warm_state *ret)
{
	int fd = warm_call(env, r, WARM_BORROW);

	ck_assert_int_ne(fd, -1);
	return await_loan(fd, ret);
}

static struct claude *
borrow(void)
{
	const struct warm_record r = the_record();
	struct warm_state s;
	struct claude *c = ask_for(&r, &s);

	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(s.magic, WARM_MAGIC);
	ck_assert_double_eq(s.cost_usd, 0.5);
	return c;
}

/* A turn of the borrower's: a line, and its result. */
static void
use(struct claude *c)
{
	int64_t patience = 0;
	bool ended = false;
	struct claude_event e;
	struct pollset ps;

	ck_assert_int_eq(write(c->transport.in.fd, "x\n", 2), 2);
	while (!ended) {
		ck_assert(aid_patient(&patience));
		turn();
		pollset_reset(&ps);
		claude_poll(c, &ps, true);
		pollset_until(&ps, clock_ms());
		ck_assert_int_eq(pollset_wait(&ps), 0);
		claude_step(c, &ps);
		while (claude_next(c, &e)) {
			ended |= e.type == CLAUDE_RESULT;
			claude_event_clear(&e);
		}
	}
}

static void
make_back(struct warm_back *b, const char *key)
{
	memset(b, 0, sizeof(*b));
	b->magic = WARM_MAGIC;
	b->cost_usd = 0.75;
	set_key(b->key, key);
}

/* The keeper closes the lease once it has it back. */
static void
expect_closed(int fd)
{
	int64_t patience = 0;
	size_t n = 0;
	char c;

	while (warm_receive(fd, &c, 1, NULL, &n) == WARM_WAIT) {
		ck_assert_msg(aid_patient(&patience), "it is not closed");
		turn();
	}
}

static void
lent_and_back(void)
{
	struct warm *w;
	struct claude *c;
	struct warm_back b;
	bool soon;

	set_up();
	w = kept(ANSWERS, KEY_1);
	c = borrow();
	ck_assert_uint_eq(count_records(), 0); /* to nobody else */
	ck_assert_ptr_null(keeper_take(&k, KEY_1, &soon));
	ck_assert(!soon);
	use(c);
	fake_clock_skip(10L * LINGER_MS); /* a turn may take long */
	turns(2);
	ck_assert_int_eq(w->claude->guard.phase, GUARD_RUNNING);
	/* The sweep behind another one waits until it is done. */
	ck_assert(!w->claude->guard.resting);
	make_back(&b, KEY_2);
	ck_assert(warm_send(c->lease, &b, sizeof(b), NULL, 0));
	expect_closed(c->lease);
	claude_free(c);
	ck_assert_str_eq(the_record().key, KEY_2);
	ck_assert_double_eq(w->cost_usd, 0.75);
	turns(2);
	ck_assert(w->claude->guard.resting);
	ck_assert_ptr_eq(keeper_take(&k, KEY_2, &soon), w);
	keeper_keep(&k, w);
	keeper_stop(&k, true);
	finish();
}

START_TEST(it_is_lent_and_comes_back)
{
	aid_in_process(lent_and_back);
}
END_TEST

/* What is known of its conversation goes with it, both ways. */
static void
state_goes_along(void)
{
	struct warm_record r;
	struct warm_state s;
	struct warm_back b;
	struct claude_transport *t;
	struct claude *c;

	set_up();
	t = &kept(ANSWERS, KEY_1)->claude->transport;
	(void)snprintf(t->session, sizeof(t->session), "S-1");
	(void)snprintf(t->last_uuid, sizeof(t->last_uuid), "U-1");
	r = the_record();
	c = ask_for(&r, &s);
	ck_assert_ptr_nonnull(c);
	ck_assert_str_eq(s.session, "S-1");
	ck_assert_str_eq(s.uuid, "U-1");
	ck_assert_uint_eq(s.parked, 0);
	ck_assert_uint_eq(s.calls.n, 0);
	make_back(&b, KEY_1);
	(void)snprintf(b.session, sizeof(b.session), "S-2");
	(void)snprintf(b.uuid, sizeof(b.uuid), "U-2");
	b.parked = 1;
	b.calls.n = 1;
	(void)snprintf(b.calls.all[0].use, CLAUDE_CALL_ID_BYTES, "toolu_1");
	(void)snprintf(b.calls.all[0].request, CLAUDE_CALL_ID_BYTES, "R-1");
	(void)snprintf(b.calls.all[0].rpc, CLAUDE_CALL_ID_BYTES, "1");
	ck_assert(warm_send(c->lease, &b, sizeof(b), NULL, 0));
	expect_closed(c->lease);
	claude_free(c);
	ck_assert_str_eq(t->session, "S-2");
	ck_assert_str_eq(t->last_uuid, "U-2");
	ck_assert(t->parked);
	r = the_record();
	c = ask_for(&r, &s);
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(s.parked, 1);
	ck_assert_uint_eq(s.calls.n, 1);
	ck_assert_str_eq(s.calls.all[0].request, "R-1");
	claude_free(c);
	finish();
}

START_TEST(its_state_goes_along)
{
	aid_in_process(state_goes_along);
}
END_TEST

static void
claim_comes_back(void)
{
	struct warm_back b;
	struct claude *c;
	struct warm *w;
	int life[2];

	set_up();
	aid_pipe(life);
	w = kept(ANSWERS, KEY_1);
	c = borrow();
	make_back(&b, KEY_1);
	ck_assert(warm_send(c->lease, &b, sizeof(b), &life[1], 1));
	aid_close(&life[1]);
	expect_closed(c->lease);
	claude_free(c);
	ck_assert_int_ge(w->claim, 0);
	ck_assert(!aid_readable(life[0])); /* it is held */
	keeper_stop(&k, true);
	until_empty();
	aid_expect_end(life[0]);
	finish();
}

START_TEST(a_claim_comes_back_with_it)
{
	aid_in_process(claim_comes_back);
}
END_TEST

#define CALL                                                                   \
	"{\"type\":\"control_request\",\"request_id\":\"R-1\",\"request\":{"   \
	"\"subtype\":\"mcp_message\",\"server_name\":\"client\","              \
	"\"message\":{\"method\":\"tools/call\",\"id\":7,\"params\":{"         \
	"\"_meta\":{\"claudecode/toolUseId\":\"toolu_1\"}}}}}"

/* It is parked, and has not asked for its call yet. */
static struct warm *
kept_early(void)
{
	struct warm *w = warm_of("read line; echo '" CALL "'; " ANSWERS, KEY_1);
	struct claude_transport *t = &w->claude->transport;

	t->calls.n = 1;
	(void)snprintf(t->calls.all[0].use, CLAUDE_CALL_ID_BYTES, "toolu_1");
	t->busy = true;
	transport_park(t);
	keeper_keep(&k, w);
	return w;
}

static void
almost_ready(void)
{
	struct warm_record r;
	struct warm_state s;
	struct claude *c;
	struct warm *w;
	size_t n = 0;
	bool soon;
	int fd;

	set_up();
	w = kept_early();
	ck_assert_ptr_null(keeper_take(&k, KEY_1, &soon));
	ck_assert(soon);
	r = the_record();
	fd = warm_call(env, &r, WARM_BORROW);
	turns(3);
	ck_assert_int_eq(warm_receive(fd, &s, sizeof(s), NULL, &n), WARM_WAIT);
	fake_clock_skip(LIMIT_WARM_ASK_MS);
	expect_closed(fd); /* too late */
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(w->claude->guard.phase, GUARD_RUNNING);
	fd = warm_call(env, &r, WARM_BORROW);
	turns(3);
	ck_assert_int_eq(write(w->claude->transport.in.fd, "\n", 1), 1);
	while (!transport_ready(&w->claude->transport))
		turn();
	c = await_loan(fd, &s);
	ck_assert_ptr_nonnull(c);
	ck_assert_str_eq(s.calls.all[0].request, "R-1");
	ck_assert_uint_eq(s.parked, 1);
	claude_free(c);
	finish();
}

START_TEST(one_that_is_almost_ready_is_waited_for)
{
	aid_in_process(almost_ready);
}
END_TEST

/* It may go back before the CLI has asked for its calls. */
static void
back_early(void)
{
	struct warm_back b;
	struct claude *c;
	struct warm *w;
	bool soon;

	set_up();
	w = kept("read line; echo '" CALL "'; " ANSWERS, KEY_1);
	c = borrow();
	make_back(&b, KEY_2);
	b.parked = 1;
	b.calls.n = 1;
	(void)snprintf(b.calls.all[0].use, CLAUDE_CALL_ID_BYTES, "toolu_1");
	ck_assert(warm_send(c->lease, &b, sizeof(b), NULL, 0));
	expect_closed(c->lease);
	claude_free(c);
	ck_assert_int_eq(w->claude->guard.phase, GUARD_RUNNING);
	ck_assert_ptr_null(keeper_take(&k, KEY_2, &soon));
	ck_assert(soon);
	ck_assert_int_eq(write(w->claude->transport.in.fd, "\n", 1), 1);
	while (!transport_ready(&w->claude->transport))
		turn();
	ck_assert_ptr_eq(keeper_take(&k, KEY_2, &soon), w);
	keeper_keep(&k, w);
	keeper_stop(&k, true);
	finish();
}

START_TEST(one_that_is_almost_ready_may_come_back)
{
	aid_in_process(back_early);
}
END_TEST

/* The borrower's end, at any time, is the process's. */

static void
until_gone(pid_t pid)
{
	turn();
	finish();
	ck_assert(!aid_alive(pid));
}

/* A turn may be under way: an agent is interrupted, so that its own tools end;
 * a model has none. */
static void
gives_up(void)
{
	const struct claude_guard *g;
	struct claude *c;
	pid_t pid;

	set_up();
	g = &kept(ANSWERS, KEY_1)->claude->guard;
	pid = g->pid;
	c = borrow();
	claude_stop(c);
	claude_free(c);
	while (g->phase == GUARD_RUNNING)
		turn();
	/* A model may wait for tools by now. */
	ck_assert_int_eq(
	    g->phase, as_agent ? GUARD_INTERRUPTING : GUARD_KILLING);
	until_gone(pid);
}

static void
agent_given_up(void)
{
	as_agent = true;
	gives_up();
}

static _Noreturn void
borrow_and_idle(int tell)
{
	int fds[WARM_FDS], fd;
	const struct warm_record r = the_record();
	struct pollfd p = {.events = POLLIN};
	struct warm_state s;
	size_t n = WARM_FDS;

	fd = warm_call(env, &r, WARM_BORROW);
	p.fd = fd;
	ck_assert_int_eq(poll(&p, 1, AID_PATIENCE_MS), 1);
	ck_assert_int_eq(warm_receive(fd, &s, sizeof(s), fds, &n), WARM_GOT);
	ck_assert_uint_eq(n, WARM_FDS);
	aid_idle(tell);
}

/* In the middle of its turn. */
static void
is_killed(void)
{
	int64_t patience = 0;
	pid_t pid, borrower;
	int tell[2], status;

	set_up();
	aid_pipe(tell);
	pid = kept(ANSWERS, KEY_1)->claude->guard.pid;
	borrower = fork();
	ck_assert_int_ne(borrower, -1);
	if (borrower == 0)
		borrow_and_idle(tell[1]);
	while (!aid_readable(tell[0])) {
		ck_assert(aid_patient(&patience));
		turn();
	}
	turns(3);
	ck_assert(aid_alive(pid));
	ck_assert_int_eq(kill(borrower, SIGKILL), 0);
	status = aid_wait(borrower);
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	until_gone(pid);
}

static void
claude_dies(void)
{
	struct claude *c;
	pid_t pid;

	set_up();
	pid = kept(ANSWERS, KEY_1)->claude->guard.pid;
	c = borrow();
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	expect_closed(c->lease);
	claude_free(c);
	until_gone(pid);
}

static void
stopped_meanwhile(void)
{
	struct claude *c;
	pid_t pid;

	set_up();
	pid = kept(ANSWERS, KEY_1)->claude->guard.pid;
	c = borrow();
	keeper_stop(&k, true);
	expect_closed(c->lease);
	claude_free(c);
	until_gone(pid);
}

/* A loan may come to its end, and is not kept behind it. */
static void
stopped_but_for_loans(void)
{
	struct warm_back b;
	struct claude *c;
	struct warm *w;
	pid_t pid;

	set_up();
	w = kept(ANSWERS, KEY_1);
	pid = w->claude->guard.pid;
	c = borrow();
	keeper_stop(&k, false);
	use(c);
	ck_assert_int_eq(w->claude->guard.phase, GUARD_RUNNING);
	make_back(&b, KEY_1);
	ck_assert(warm_send(c->lease, &b, sizeof(b), NULL, 0));
	expect_closed(c->lease);
	claude_free(c);
	ck_assert_uint_eq(count_records(), 0);
	until_gone(pid);
}

/* Who has borrowed it may be slow to read what it said last. */
static void
words_unread(bool stopped)
{
	char text[64];
	struct claude *c;

	set_up();
	(void)kept("read line; echo one; echo two; exec >&-; read line; exit 0",
	    KEY_1);
	c = borrow();
	ck_assert_int_eq(write(c->transport.in.fd, "x\n", 2), 2);
	while (!aid_readable(c->transport.out.fd))
		turn();
	turns(3);
	if (stopped)
		keeper_stop(&k, true);
	else
		ck_assert_int_eq(write(c->transport.in.fd, "x\n", 2), 2);
	until_empty();
	ck_assert_int_eq(read(c->transport.out.fd, text, sizeof(text)), 8);
	ck_assert_int_eq(memcmp(text, "one\ntwo\n", 8), 0);
	claude_free(c);
}

static void
claude_ends_unread(void)
{
	words_unread(false);
}

static void
stopped_unread(void)
{
	words_unread(true);
}

static void (*const bad_ends[])(void) = {gives_up, agent_given_up, is_killed,
    claude_dies, stopped_meanwhile, stopped_but_for_loans, claude_ends_unread,
    stopped_unread};

START_TEST(a_lease_that_ends_early)
{
	aid_in_process(bad_ends[_i]);
}
END_TEST

/* What is no warm_back. */
static int kind;

static void
bad_back(void)
{
	struct warm_back b;
	struct claude *c;
	size_t len = sizeof(b), n = 0;
	int fds[WARM_FDS];
	pid_t pid;

	set_up();
	pid = kept(ANSWERS, KEY_1)->claude->guard.pid;
	c = borrow();
	make_back(&b, KEY_1);
	switch (kind) {
	case 0:
		b.magic++;
		break;
	case 1:
		len--;
		break;
	case 2:
		memset(b.key, 'x', sizeof(b.key));
		break;
	case 3:
		memset(b.session, 'x', sizeof(b.session));
		break;
	case 4:
		memset(b.uuid, 'x', sizeof(b.uuid));
		break;
	case 5:
		b.calls.n = LIMIT_PARKED_CALLS + 1;
		break;
	case 6:
		memset(b.answer.title, 'x', sizeof(b.answer.title));
		break;
	case 7:
		memset(b.answer.id, 'x', sizeof(b.answer.id));
		break;
	case 8:
		memset(b.answer.system, 'x', sizeof(b.answer.system));
		break;
	case 9: /* it is one that has only the first byte */
		len = 1;
		break;
	default: /* more than a claim */
		fds[0] = fds[1] = fds[2] = c->transport.in.fd;
		n = 2;
		break;
	}
	ck_assert(warm_send(c->lease, &b, len, fds, n));
	expect_closed(c->lease);
	claude_free(c);
	until_gone(pid);
}

START_TEST(what_comes_back_is_looked_at)
{
	kind = _i;
	aid_in_process(bad_back);
}
END_TEST

/* Asking */

static int
connect_here(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_uint_lt(strlen(k.path), sizeof(address.sun_path));
	memcpy(address.sun_path, k.path, strlen(k.path) + 1);
	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void
bad_hello(void)
{
	const struct warm_record r = the_record();
	struct warm_hello h = {.magic = WARM_MAGIC, .wish = WARM_BORROW};
	int fd = connect_here();
	size_t len = sizeof(h), n = 0;

	(void)snprintf(h.version, sizeof(h.version), "%s", CCP_VERSION);
	memcpy(h.id, r.id, sizeof(h.id));
	memcpy(h.token, r.token, sizeof(h.token));
	switch (kind) {
	case 0:
		h.magic++;
		break;
	case 1:
		h.wish = 3;
		break;
	case 2:
		h.version[0]++;
		break;
	case 3:
		memset(h.version, 'x', sizeof(h.version));
		break;
	case 4:
		h.id[0] = h.id[0] == '0' ? '1' : '0';
		break;
	case 5:
		h.token[31] = h.token[31] == '0' ? '1' : '0';
		break;
	case 6:
		memset(h.token, 0, sizeof(h.token));
		break;
	case 7:
		len--;
		break;
	default: /* a descriptor that nobody wants */
		n = 1;
		break;
	}
	ck_assert(warm_send(fd, &h, len, &fd, n));
	expect_closed(fd);
	ck_assert_int_eq(close(fd), 0);
}

static void
refused(void)
{
	int before, after;

	set_up();
	before = aid_open_fds();
	(void)kept(ANSWERS, KEY_1);
	bad_hello();
	turns(2);
	after = aid_open_fds();
	/* The process, its record, the directory, the socket. */
	ck_assert_int_eq(after - before, 6);
	ck_assert_uint_eq(count_records(), 1); /* and is kept all the same */
	ck_assert_uint_eq(k.naskers, 0);
	keeper_stop(&k, true);
	finish();
}

START_TEST(who_asks_must_know)
{
	kind = _i;
	aid_in_process(refused);
}
END_TEST

/* So many, and no longer than that, may say nothing. */
static void
silent(void)
{
	int fds[LIMIT_WARM_ASKERS], fd, i;
	struct claude *c;

	set_up();
	(void)kept(ANSWERS, KEY_1);
	for (i = 0; i < LIMIT_WARM_ASKERS; i++) {
		fds[i] = connect_here();
		turn();
	}
	ck_assert_uint_eq(k.naskers, LIMIT_WARM_ASKERS);
	fd = connect_here();
	expect_closed(fd); /* one too many */
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(close(fds[3]), 0); /* goes without a word */
	turns(2);
	ck_assert_uint_eq(k.naskers, LIMIT_WARM_ASKERS - 1);
	c = borrow(); /* there is room for it */
	claude_free(c);
	fake_clock_skip(LIMIT_WARM_ASK_MS);
	turn();
	for (i = 0; i < LIMIT_WARM_ASKERS; i++) {
		if (i == 3)
			continue;
		aid_expect_end(fds[i]);
		ck_assert_int_eq(close(fds[i]), 0);
	}
	ck_assert_uint_eq(k.naskers, 0);
	finish();
}

START_TEST(who_says_nothing)
{
	aid_in_process(silent);
}
END_TEST

/* Of two that have found it one comes too late, and is told so. */
static void
only_once(void)
{
	struct warm_record r;
	struct warm_state s;
	struct claude *c;

	set_up();
	(void)kept(ANSWERS, KEY_1);
	r = the_record();
	c = borrow();
	ck_assert_ptr_null(ask_for(&r, &s));
	claude_free(c);
	finish();
}

START_TEST(it_is_lent_only_once)
{
	aid_in_process(only_once);
}
END_TEST

static void
dismissed(void)
{
	struct warm_record r;
	struct warm *w;
	int fd;

	set_up();
	(void)kept(ANSWERS, KEY_1);
	w = kept(ANSWERS, KEY_2);
	ck_assert_uint_eq(count_records(), 2);
	memset(&r, 0, sizeof(r));
	r.keeper = (long)getpid();
	memcpy(r.id, w->id, sizeof(r.id));
	memcpy(r.token, w->token, sizeof(r.token));
	fd = warm_call(env, &r, WARM_LEAVE);
	ck_assert_int_ne(fd, -1);
	expect_closed(fd);
	ck_assert_int_eq(close(fd), 0);
	while (count_records() > 1)
		turn();
	ck_assert_str_eq(the_record().key, KEY_1);
	keeper_stop(&k, true);
	finish();
}

START_TEST(others_may_ask_it_to_go)
{
	aid_in_process(dismissed);
}
END_TEST

/* Where nothing can be offered, one's own requests still find it. */
static void
not_offered(void)
{
	struct warm *w;
	bool soon;

	set_up();
	ck_assert_int_eq(
	    close(open(aid_make_file("ccp", "in the way", 0600), O_RDONLY)), 0);
	w = kept(ANSWERS, KEY_1);
	turns(2);
	ck_assert_int_eq(w->record, -1);
	ck_assert_ptr_eq(keeper_take(&k, KEY_1, &soon), w);
	keeper_keep(&k, w);
	keeper_stop(&k, true);
	until_empty();
	keeper_close(&k);
}

/* He stays in the queue meanwhile, and makes the socket readable. */
static void
is_out_of_descriptors(void)
{
	struct rlimit before, none;
	struct warm_record r;
	struct warm_state s;
	int fds[WARM_FDS], fd, next;
	size_t n = WARM_FDS;

	set_up();
	(void)kept(ANSWERS, KEY_1);
	r = the_record();
	fd = warm_call(env, &r, WARM_BORROW);
	next = dup(fd);
	(void)close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	turn();
	turn();
	ck_assert(!pollset_has(&last, k.listener)); /* no use in asking */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	fake_clock_skip(LIMIT_WARM_DEAF_MS);
	while (!aid_readable(fd))
		turn();
	ck_assert_int_eq(warm_receive(fd, &s, sizeof(s), fds, &n), WARM_GOT);
	ck_assert_uint_eq(n, WARM_FDS);
	keeper_close(&k);
}

START_TEST(a_keeper_without_descriptors_waits)
{
	aid_in_process(is_out_of_descriptors);
}
END_TEST

START_TEST(one_that_cannot_be_offered)
{
	aid_in_process(not_offered);
}
END_TEST

static void
make_dir(void)
{
	(void)aid_make_dir();
}

static TCase *
keeping(void)
{
	TCase *t = tcase_create("keeping");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, make_dir, aid_remove_dir);
	tcase_add_test(t, it_is_kept_and_taken);
	tcase_add_test(t, its_time_is_over);
	tcase_add_test(t, of_too_many_the_oldest_goes);
	tcase_add_loop_test(t, of_spare_ones_there_is_one, 0, 2);
	tcase_add_test(t, those_that_do_not_end_count);
	tcase_add_loop_test(t, what_ends_it, 0, sizeof(ends) / sizeof(ends[0]));
	tcase_add_test(t, all_of_them_stop);
	tcase_add_test(t, closing_kills);
	tcase_add_test(t, when_any_are_kept);
	tcase_add_test(t, one_that_cannot_be_offered);
	return t;
}

static TCase *
lending(void)
{
	TCase *t = tcase_create("lending");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, make_dir, aid_remove_dir);
	tcase_add_test(t, it_is_lent_and_comes_back);
	tcase_add_test(t, its_state_goes_along);
	tcase_add_test(t, a_claim_comes_back_with_it);
	tcase_add_test(t, one_that_is_almost_ready_is_waited_for);
	tcase_add_test(t, one_that_is_almost_ready_may_come_back);
	tcase_add_loop_test(t, a_lease_that_ends_early, 0,
	    sizeof(bad_ends) / sizeof(bad_ends[0]));
	tcase_add_loop_test(t, what_comes_back_is_looked_at, 0, 11);
	tcase_add_loop_test(t, who_asks_must_know, 0, 9);
	tcase_add_test(t, who_says_nothing);
	tcase_add_test(t, it_is_lent_only_once);
	tcase_add_test(t, others_may_ask_it_to_go);
	tcase_add_test(t, a_keeper_without_descriptors_waits);
	return t;
}

Suite *
suite_keeper(void)
{
	Suite *s = suite_create("keeper");

	suite_add_tcase(s, keeping());
	suite_add_tcase(s, lending());
	return s;
}
