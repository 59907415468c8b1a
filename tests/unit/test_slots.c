/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "slots.h"

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "clock.h"
#include "fake_clock.h"
#include "signals.h"
#include "suites.h"
#include "tickets.h"

static char folder[] = "/tmp/ccp-slots-XXXXXX";
static int dir = -1;

static void
set_up(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(dir, -1);
}

/* How many files a directory has whose names begin so; removes them if asked. */
static int
files_in(int at, const char *prefix, bool away)
{
	int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	const struct dirent *e;
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' ||
		    strncmp(e->d_name, prefix, strlen(prefix)) != 0)
			continue;
		n++;
		if (away)
			(void)unlinkat(at, e->d_name, 0);
	}
	(void)closedir(d);
	return n;
}

/* How many wait; -1: nobody ever did. */
static int
waiting(void)
{
	int queue = tickets_open(dir, "t", false), n = -1;

	if (queue != -1) {
		n = files_in(queue, "", false);
		(void)close(queue);
	}
	return n;
}

static void
empty_queue(void)
{
	int queue = tickets_open(dir, "t", false);

	if (queue == -1)
		return;
	(void)files_in(queue, "", true);
	(void)close(queue);
}

static void
tear_down(void)
{
	empty_queue();
	(void)unlinkat(dir, "t.queue", AT_REMOVEDIR);
	(void)files_in(dir, "", true);
	(void)rmdir(folder);
	(void)close(dir);
}

START_TEST(places_are_taken_and_given_back)
{
	struct slots a, b, c;

	slots_open(&a, dir, "t", 2, 5);
	slots_open(&b, dir, "t", 2, 5);
	slots_open(&c, dir, "t", 2, 5);
	ck_assert_int_eq(slots_try(&a), SLOTS_TAKEN);
	ck_assert(a.next_try == CLOCK_NEVER);
	ck_assert_int_eq(slots_try(&b), SLOTS_TAKEN);
	ck_assert_int_eq(slots_try(&c), SLOTS_WAIT);
	ck_assert(c.next_try != CLOCK_NEVER);
	slots_release(&a);
	ck_assert_int_eq(waiting(), 1);
	ck_assert_int_eq(slots_try(&c), SLOTS_TAKEN);
	ck_assert_int_eq(waiting(), 0);
	slots_release(&b);
	slots_release(&c);
}
END_TEST

START_TEST(who_came_first_goes_first)
{
	struct slots holder, w[3], late;
	int i, k;

	slots_open(&holder, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	for (i = 0; i < 3; i++) {
		slots_open(&w[i], dir, "t", 1, 5);
		ck_assert_int_eq(slots_try(&w[i]), SLOTS_WAIT);
	}
	slots_release(&holder);
	/* Free, but somebody waits for it. */
	slots_open(&late, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&late), SLOTS_WAIT);
	for (i = 0; i < 3; i++) {
		for (k = i + 1; k < 3; k++)
			ck_assert_int_eq(slots_try(&w[k]), SLOTS_WAIT);
		ck_assert_int_eq(slots_try(&late), SLOTS_WAIT);
		ck_assert_int_eq(slots_try(&w[i]), SLOTS_TAKEN);
		slots_release(&w[i]);
	}
	ck_assert_int_eq(slots_try(&late), SLOTS_TAKEN);
	slots_release(&late);
}
END_TEST

START_TEST(a_full_queue_refuses)
{
	struct slots holder, a, b;

	slots_open(&holder, dir, "t", 1, 1);
	slots_open(&a, dir, "t", 1, 1);
	slots_open(&b, dir, "t", 1, 1);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	ck_assert_int_eq(slots_try(&a), SLOTS_WAIT);
	ck_assert_int_eq(slots_try(&b), SLOTS_FULL);
	slots_release(&a); /* it leaves */
	ck_assert_int_eq(waiting(), 0);
	ck_assert_int_eq(slots_try(&b), SLOTS_WAIT);
	slots_release(&b);
	slots_release(&holder);
}
END_TEST

START_TEST(without_a_queue_nobody_waits)
{
	struct slots a, b, c;

	slots_open(&a, dir, "t", 2, 0);
	slots_open(&b, dir, "t", 2, 0);
	slots_open(&c, dir, "t", 2, 0);
	ck_assert_int_eq(slots_try(&a), SLOTS_TAKEN);
	ck_assert_int_eq(slots_try(&b), SLOTS_TAKEN);
	ck_assert_int_eq(slots_try(&c), SLOTS_FULL);
	ck_assert_int_eq(waiting(), -1);
	slots_release(&b);
	ck_assert_int_eq(slots_try(&c), SLOTS_TAKEN);
	slots_release(&a);
	slots_release(&c);
}
END_TEST

/* What those who wait cost: together they must not take the time of those they
 * wait for. */

/* A descriptor that holds the lock of the queue. */
static int
look_at_queue(void)
{
	int lock = openat(dir, "t.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(flock(lock, LOCK_EX | LOCK_NB), 0);
	return lock;
}

START_TEST(who_waits_needs_no_look_at_all_others)
{
	struct slots holder, a, b;
	int lock;

	slots_open(&holder, dir, "t", 1, 5);
	slots_open(&a, dir, "t", 1, 5);
	slots_open(&b, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	ck_assert_int_eq(slots_try(&a), SLOTS_WAIT);
	ck_assert_int_eq(slots_try(&b), SLOTS_WAIT);
	lock = look_at_queue();
	slots_release(&holder);
	/* It stays behind a, without asking who looks at the queue. */
	ck_assert_int_eq(slots_try(&b), SLOTS_WAIT);
	ck_assert_int_eq(slots_try(&a), SLOTS_TAKEN);
	slots_release(&a);
	ck_assert_int_eq(slots_try(&b), SLOTS_TAKEN);
	ck_assert_int_eq(b.locked_out, 0);
	slots_release(&b);
	(void)close(lock);
}
END_TEST

/* Who spins while he has what he waited for takes a core. */
START_TEST(who_was_locked_out_has_nothing_to_wait_for_in_the_end)
{
	struct slots s;
	int lock = openat(dir, "t.lock", O_RDWR | O_CREAT, 0600);

	ck_assert_int_eq(flock(lock, LOCK_EX | LOCK_NB), 0);
	slots_open(&s, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&s), SLOTS_WAIT);
	ck_assert(slots_next_try(&s) != CLOCK_NEVER);
	(void)close(lock);
	ck_assert_int_eq(slots_try(&s), SLOTS_TAKEN);
	ck_assert(slots_next_try(&s) == CLOCK_NEVER);
	slots_release(&s);
}
END_TEST

#define CROWD 60

START_TEST(who_waits_looks_seldom)
{
	struct slots holder, w[CROWD];
	int i;

	fake_clock_stop();
	slots_open(&holder, dir, "t", 1, CROWD);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	for (i = 0; i < CROWD; i++) {
		slots_open(&w[i], dir, "t", 1, CROWD);
		ck_assert_int_eq(slots_try(&w[i]), SLOTS_WAIT);
		ck_assert_int_eq(slots_next_try(&w[i]) - clock_ms(),
		    i == 0 ? LIMIT_SLOTS_FIRST_MS : LIMIT_SLOTS_BEHIND_MS);
	}
	for (i = 0; i < CROWD; i++)
		slots_release(&w[i]);
	slots_release(&holder);
}
END_TEST

START_TEST(who_goes_wakes_the_next)
{
	struct slots holder, w[3];
	unsigned woken;
	int i;

	fake_clock_stop();
	ck_assert_int_eq(signals_open(), 0);
	slots_open(&holder, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	for (i = 0; i < 3; i++) {
		slots_open(&w[i], dir, "t", 1, 5);
		ck_assert_int_eq(slots_try(&w[i]), SLOTS_WAIT);
	}
	/* One that gives up lets the next one know. */
	woken = signals_woken();
	slots_release(&w[0]);
	ck_assert_uint_eq(signals_woken(), woken + 1);
	ck_assert_int_eq(slots_next_try(&w[1]), 0);
	ck_assert_int_eq(slots_try(&w[1]), SLOTS_WAIT);
	ck_assert_int_gt(slots_next_try(&w[1]), clock_ms());
	/* So does one that gives back its place... */
	slots_release(&holder);
	ck_assert_uint_eq(signals_woken(), woken + 2);
	/* not so one that takes it, as there is no other. */
	ck_assert_int_eq(slots_try(&w[1]), SLOTS_TAKEN);
	ck_assert_uint_eq(signals_woken(), woken + 2);
	slots_release(&w[2]);
	slots_release(&w[1]);
	ck_assert_uint_eq(signals_woken(), woken + 2);
}
END_TEST

/* All hold a place, and two wait. */
static void
fill(struct slots *holders, size_t places, struct slots w[2])
{
	size_t i;

	for (i = 0; i < places + 2; i++) {
		struct slots *s = i < places ? &holders[i] : &w[i - places];

		slots_open(s, dir, "t", places, 5);
		ck_assert_int_eq(
		    slots_try(s), i < places ? SLOTS_TAKEN : SLOTS_WAIT);
	}
}

static void
empty(struct slots *holders, size_t places, struct slots w[2])
{
	size_t i;

	for (i = 0; i < places + 2; i++)
		slots_release(i < places ? &holders[i] : &w[i - places]);
}

/* Both are given back while the same one is the first. */
START_TEST(who_takes_one_of_two_places_wakes_the_next)
{
	struct slots holders[2], w[2];
	unsigned woken;
	size_t back;

	ck_assert_int_eq(signals_open(), 0);
	for (back = 1; back <= 2; back++) {
		fill(holders, 2, w);
		woken = signals_woken();
		slots_release(&holders[0]);
		if (back == 2)
			slots_release(&holders[1]);
		ck_assert_uint_eq(signals_woken(), woken + back);
		ck_assert_int_eq(slots_try(&w[0]), SLOTS_TAKEN);
		ck_assert_uint_eq(signals_woken(), woken + (back == 2 ? 3 : 1));
		if (back == 2)
			ck_assert_int_eq(slots_try(&w[1]), SLOTS_TAKEN);
		empty(holders, 2, w);
	}
}
END_TEST

START_TEST(of_many_places_the_next_one_looks_himself)
{
	struct slots holders[LIMIT_SLOTS_ASKED + 1], w[2];
	unsigned woken;

	ck_assert_int_eq(signals_open(), 0);
	fill(holders, LIMIT_SLOTS_ASKED + 1, w);
	woken = signals_woken();
	slots_release(&holders[0]);
	ck_assert_int_eq(slots_try(&w[0]), SLOTS_TAKEN);
	ck_assert_uint_eq(signals_woken(), woken + 2);
	empty(holders, LIMIT_SLOTS_ASKED + 1, w);
}
END_TEST

/* One with a ticket gets the place; nobody waits behind it. */
static void
be_served(struct slots *s, unsigned long number)
{
	struct slots holder;

	slots_open(&holder, dir, "t", 1, CROWD);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	slots_open(s, dir, "t", 1, CROWD);
	ck_assert_int_eq(slots_try(s), SLOTS_WAIT);
	slots_release(&holder);
	ck_assert_int_eq(slots_try(s), SLOTS_TAKEN);
	ck_assert_uint_eq(s->number, number);
}

static int
truncate_lock(void)
{
	int lock = openat(dir, "t.lock", O_RDWR | O_CLOEXEC);
	int r = ftruncate(lock, 0);

	(void)close(lock);
	return r;
}

/* So many come and go. */
static void
let_pass(int number)
{
	struct slots s;

	while (number-- > 0) {
		slots_open(&s, dir, "t", 1, CROWD);
		ck_assert_int_eq(slots_try(&s), SLOTS_WAIT);
		slots_release(&s);
	}
}

START_TEST(the_next_is_found_near_and_far)
{
	struct slots before, first, s;
	unsigned woken;

	ck_assert_int_eq(signals_open(), 0);
	be_served(&before, 1);
	slots_open(&first, dir, "t", 1, CROWD);
	ck_assert_int_eq(slots_try(&first), SLOTS_WAIT);
	let_pass(_i);
	slots_open(&s, dir, "t", 1, CROWD);
	ck_assert_int_eq(slots_try(&s), SLOTS_WAIT);
	ck_assert_uint_eq(s.number, (unsigned)_i + 3);
	woken = signals_woken();
	slots_release(&first);
	ck_assert_uint_eq(signals_woken(), woken + 1);
	slots_release(&before);
	ck_assert_uint_eq(signals_woken(), woken + 2);
	ck_assert_int_eq(slots_try(&s), SLOTS_TAKEN);
	slots_release(&s);
}
END_TEST

/* Else who was served with a high one would wake another than the first. */
START_TEST(a_number_does_not_come_again)
{
	struct slots s;
	int lock;

	be_served(&s, 1);
	slots_release(&s);
	be_served(&s, 2);
	slots_release(&s);
	/* What is no number has no say. */
	lock = openat(dir, "t.lock", O_RDWR | O_TRUNC);
	ck_assert_int_eq(
	    write(lock, "99999999999999999999999999999999", 32), 32);
	(void)close(lock);
	be_served(&s, 1);
	slots_release(&s);
	be_served(&s, 2);
	slots_release(&s);
}
END_TEST

START_TEST(who_does_not_know_the_numbers_asks)
{
	struct slots holder, a, b;
	int lock;

	slots_open(&holder, dir, "t", 1, CROWD);
	slots_open(&a, dir, "t", 1, CROWD);
	slots_open(&b, dir, "t", 1, CROWD);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	let_pass(2 * LIMIT_TICKETS_NEAR);
	ck_assert_int_eq(slots_try(&a), SLOTS_WAIT);
	ck_assert_int_eq(slots_try(&b), SLOTS_WAIT);
	slots_release(&a);
	lock = look_at_queue();
	ck_assert_int_eq(ftruncate(lock, 0), 0);
	ck_assert_int_eq(slots_try(&b), SLOTS_WAIT);
	ck_assert_int_eq(b.locked_out, 1);
	(void)close(lock);
	slots_release(&holder);
	ck_assert_int_eq(slots_try(&b), SLOTS_TAKEN);
	slots_release(&b);
}
END_TEST

/* The directory is not read where the numbers tell what is in it. */
START_TEST(nobody_waits_where_the_numbers_say_so)
{
	struct slots s;
	int queue, ticket;

	be_served(&s, 1);
	slots_release(&s);
	queue = tickets_open(dir, "t", false);
	ticket = tickets_take(queue, 1);
	ck_assert_int_ne(ticket, -1);
	slots_open(&s, dir, "t", 1, CROWD);
	ck_assert_int_eq(slots_try(&s), SLOTS_TAKEN);
	slots_release(&s);
	/* Else it is, and nobody is passed over. */
	ck_assert_int_eq(truncate_lock(), 0);
	slots_open(&s, dir, "t", 1, CROWD);
	ck_assert_int_eq(slots_try(&s), SLOTS_WAIT);
	ck_assert_uint_eq(s.number, 2);
	tickets_drop(queue, 1, ticket);
	ck_assert_int_eq(slots_try(&s), SLOTS_TAKEN);
	slots_release(&s);
	(void)close(queue);
}
END_TEST

/* The first number has been given out again, by an older ccp or behind a write
 * that failed: what was done before says nothing of these. */
START_TEST(numbers_that_begin_again_are_not_done)
{
	struct slots holder, w[3], late;
	unsigned woken;
	int lock, i;

	ck_assert_int_eq(signals_open(), 0);
	for (i = 0; i < 3; i++) {
		be_served(&w[i], (unsigned)i + 1);
		slots_release(&w[i]);
	}
	lock = openat(dir, "t.lock", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(pwrite(lock, "4\n", 2, 0), 2);
	(void)close(lock);
	slots_open(&holder, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	for (i = 0; i < 3; i++) {
		slots_open(&w[i], dir, "t", 1, 5);
		ck_assert_int_eq(slots_try(&w[i]), SLOTS_WAIT);
		ck_assert_uint_eq(w[i].number, (unsigned)i + 1);
	}
	woken = signals_woken();
	slots_release(&holder);
	ck_assert_uint_eq(signals_woken(), woken + 1);
	slots_open(&late, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&late), SLOTS_WAIT);
	ck_assert_int_eq(slots_try(&w[0]), SLOTS_TAKEN);
	for (i = 0; i < 3; i++)
		slots_release(&w[i]);
	slots_release(&late);
}
END_TEST

START_TEST(a_number_that_cannot_be_written_comes_once)
{
	struct rlimit was, none;
	struct slots holder, w[3];
	int i;

	slots_open(&holder, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	for (i = 0; i < 3; i++) {
		if (i == 1)
			ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
		slots_open(&w[i], dir, "t", 1, 5);
		ck_assert_int_eq(slots_try(&w[i]), SLOTS_WAIT);
		ck_assert_uint_eq(w[i].number, (unsigned)i + 1);
	}
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
	for (i = 0; i < 3; i++)
		slots_release(&w[i]);
	slots_release(&holder);
}
END_TEST

/* The numbers alone would say that all of them wait. */
START_TEST(those_who_have_left_take_no_room)
{
	struct slots holder, first, s;
	int i;

	slots_open(&holder, dir, "t", 1, 2);
	slots_open(&first, dir, "t", 1, 2);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	ck_assert_int_eq(slots_try(&first), SLOTS_WAIT);
	for (i = 0; i < 2 * LIMIT_TICKETS_NEAR; i++) {
		slots_open(&s, dir, "t", 1, 2);
		ck_assert_int_eq(slots_try(&s), SLOTS_WAIT);
		ck_assert_uint_eq(s.number, (unsigned)i + 2);
		slots_release(&s);
	}
	slots_release(&first);
	slots_release(&holder);
}
END_TEST

/* A process that takes what it gets and says so, then waits to be killed. */
static pid_t
other(enum slots_result want)
{
	int said[2];
	pid_t pid;
	struct slots s;
	char c = 'x';

	ck_assert_int_eq(pipe(said), 0);
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		slots_open(&s, dir, "t", 1, 5);
		c = slots_try(&s) == want ? 'y' : 'n';
		if (write(said[1], &c, 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	ck_assert_int_eq(read(said[0], &c, 1), 1);
	ck_assert_int_eq(c, 'y');
	(void)close(said[0]);
	(void)close(said[1]);
	return pid;
}

static void
end(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(the_dead_hold_nothing)
{
	pid_t holder = other(SLOTS_TAKEN), waiter = other(SLOTS_WAIT);
	struct slots s;

	slots_open(&s, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&s), SLOTS_WAIT);
	end(holder);
	/* The one before us lives and has not looked yet. */
	ck_assert_int_eq(slots_try(&s), SLOTS_WAIT);
	end(waiter);
	ck_assert_int_eq(slots_try(&s), SLOTS_TAKEN);
	ck_assert_int_eq(waiting(), 0);
	slots_release(&s);
}
END_TEST

/* One that somebody else holds, below all that still count, would be found if
 * all were looked through. */
START_TEST(who_is_near_is_woken_without_a_look_at_the_others)
{
	struct slots before, s;
	pid_t child = fork();
	char pid[32];
	int queue, ticket, n;
	unsigned woken;

	if (child == 0) {
		for (;;)
			(void)pause();
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(signals_open(), 0);
	be_served(&before, 1);
	queue = tickets_open(dir, "t", false);
	ticket = tickets_take(queue, 1);
	ck_assert_int_ne(ticket, -1);
	n = snprintf(pid, sizeof(pid), "%ld", (long)child);
	ck_assert_int_eq(ftruncate(ticket, 0), 0);
	ck_assert_int_eq(pwrite(ticket, pid, (size_t)n, 0), n);
	slots_open(&s, dir, "t", 1, CROWD);
	ck_assert_int_eq(slots_try(&s), SLOTS_WAIT);
	woken = signals_woken();
	slots_release(&before);
	ck_assert_uint_eq(signals_woken(), woken + 1);
	slots_release(&s);
	tickets_drop(queue, 1, ticket);
	(void)close(queue);
	end(child);
}
END_TEST

/* The dead are passed over when somebody is to be woken. */
START_TEST(the_dead_are_not_woken)
{
	pid_t waiter;
	struct slots holder, s;
	unsigned woken;

	ck_assert_int_eq(signals_open(), 0);
	slots_open(&holder, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	waiter = other(SLOTS_WAIT);
	slots_open(&s, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&s), SLOTS_WAIT);
	end(waiter);
	woken = signals_woken();
	slots_release(&holder);
	ck_assert_uint_eq(signals_woken(), woken + 1);
	ck_assert_int_eq(slots_try(&s), SLOTS_TAKEN);
	slots_release(&s);
}
END_TEST

START_TEST(foreign_files_are_left_alone)
{
	static const char *const names[] = {"x", "1x", "-1", "0", ".1"};
	int queue = tickets_open(dir, "t", true), fd;
	struct slots s, waiter;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fd = openat(queue, names[i], O_CREAT | O_WRONLY, 0600);
		ck_assert_int_ne(fd, -1);
		(void)close(fd);
	}
	slots_open(&s, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&s), SLOTS_TAKEN);
	slots_open(&waiter, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&waiter), SLOTS_WAIT);
	slots_release(&waiter);
	slots_release(&s);
	ck_assert_int_eq(waiting(), 4); /* not counting the hidden one */
	ck_assert_int_eq(unlinkat(queue, ".1", 0), 0);
	(void)close(queue);
}
END_TEST

START_TEST(who_has_no_descriptors_waits_on)
{
	struct rlimit was, none;
	struct slots holder, w[2];
	int i;

	slots_open(&holder, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	for (i = 0; i < 2; i++) {
		slots_open(&w[i], dir, "t", 1, 5);
		ck_assert_int_eq(slots_try(&w[i]), SLOTS_WAIT);
	}
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(slots_try(&w[1]), SLOTS_WAIT);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	for (i = 0; i < 2; i++)
		slots_release(&w[i]);
	slots_release(&holder);
}
END_TEST

/* A file in the place of the queue, as somebody might have made. */
START_TEST(a_queue_that_cannot_be_is_an_error)
{
	struct slots s;
	int fd = openat(dir, "t.queue", O_CREAT | O_WRONLY, 0600);

	ck_assert_int_ne(fd, -1);
	(void)close(fd);
	slots_open(&s, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&s), SLOTS_ERROR);
	ck_assert_int_eq(errno, ENOTDIR);
	slots_release(&s);
}
END_TEST

/* Who goes without a place has nobody wait for him. */
START_TEST(who_fails_leaves_the_queue)
{
	struct slots holder, a, b;

	slots_open(&holder, dir, "t", 1, 5);
	slots_open(&a, dir, "t", 1, 5);
	slots_open(&b, dir, "t", 1, 5);
	ck_assert_int_eq(slots_try(&holder), SLOTS_TAKEN);
	ck_assert_int_eq(slots_try(&a), SLOTS_WAIT);
	ck_assert_int_eq(slots_try(&b), SLOTS_WAIT);
	slots_release(&a);
	/* As if it had to be opened again. */
	(void)close(b.lock);
	b.lock = -1;
	ck_assert_int_eq(unlinkat(dir, "t.lock", 0), 0);
	ck_assert_int_eq(mkdirat(dir, "t.lock", 0700), 0);
	ck_assert_int_eq(slots_try(&b), SLOTS_ERROR);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(waiting(), 0);
	ck_assert_int_eq(b.lock, -1);
	ck_assert_int_eq(b.waiting, -1);
	ck_assert_int_eq(unlinkat(dir, "t.lock", AT_REMOVEDIR), 0);
	slots_release(&b);
	slots_release(&holder);
}
END_TEST

START_TEST(its_files_are_open_until_the_end)
{
	struct slots holder, w;

	be_served(&holder, 1);
	slots_open(&w, dir, "t", 1, 1);
	ck_assert_int_eq(slots_try(&w), SLOTS_WAIT);
	ck_assert_int_ne(w.lock, -1);
	ck_assert_int_ne(w.waiting, -1);
	slots_release(&holder);
	ck_assert_int_eq(holder.lock, -1);
	ck_assert_int_eq(holder.waiting, -1);
	ck_assert_int_eq(slots_try(&w), SLOTS_TAKEN);
	slots_release(&w);
	ck_assert_int_eq(w.lock, -1);
	ck_assert_int_eq(w.waiting, -1);
}
END_TEST

START_TEST(a_directory_that_is_gone_is_an_error)
{
	struct slots s;

	slots_open(&s, -1, "t", 1, 5);
	ck_assert_int_eq(slots_try(&s), SLOTS_ERROR);
	slots_release(&s);
	slots_open(&s, -1, "t", 1, 0);
	ck_assert_int_eq(slots_try(&s), SLOTS_ERROR);
	slots_release(&s);
}
END_TEST

Suite *
suite_slots(void)
{
	Suite *s = suite_create("slots");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, places_are_taken_and_given_back);
	tcase_add_test(tc, who_came_first_goes_first);
	tcase_add_test(tc, a_full_queue_refuses);
	tcase_add_test(tc, without_a_queue_nobody_waits);
	tcase_add_test(tc, who_waits_needs_no_look_at_all_others);
	tcase_add_test(
	    tc, who_was_locked_out_has_nothing_to_wait_for_in_the_end);
	tcase_add_test(tc, who_waits_looks_seldom);
	tcase_add_test(tc, who_goes_wakes_the_next);
	tcase_add_test(tc, who_takes_one_of_two_places_wakes_the_next);
	tcase_add_test(tc, of_many_places_the_next_one_looks_himself);
	tcase_add_loop_test(
	    tc, the_next_is_found_near_and_far, 0, LIMIT_TICKETS_NEAR + 2);
	tcase_add_test(tc, a_number_does_not_come_again);
	tcase_add_test(tc, who_does_not_know_the_numbers_asks);
	tcase_add_test(tc, nobody_waits_where_the_numbers_say_so);
	tcase_add_test(tc, numbers_that_begin_again_are_not_done);
	tcase_add_test(tc, a_number_that_cannot_be_written_comes_once);
	tcase_add_test(tc, those_who_have_left_take_no_room);
	tcase_add_test(tc, the_dead_hold_nothing);
	tcase_add_test(tc, who_is_near_is_woken_without_a_look_at_the_others);
	tcase_add_test(tc, the_dead_are_not_woken);
	tcase_add_test(tc, foreign_files_are_left_alone);
	tcase_add_test(tc, who_has_no_descriptors_waits_on);
	tcase_add_test(tc, a_queue_that_cannot_be_is_an_error);
	tcase_add_test(tc, who_fails_leaves_the_queue);
	tcase_add_test(tc, its_files_are_open_until_the_end);
	tcase_add_test(tc, a_directory_that_is_gone_is_an_error);
	suite_add_tcase(s, tc);
	return s;
}
