/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "file_age.h"
#include "io.h"
#include "keeper_lend.h"
#include "log.h"
#include "memory.h"
#include "warm_wire.h"

#include "banned.h"

static bool
file_is(const char *path, struct stat *ret)
{
	return path != NULL && stat(path, ret) == 0;
}

void
keeper_open(struct keeper *k, const struct settings *settings, char *const *env)
{
	memset(k, 0, sizeof(*k));
	k->settings = settings;
	k->env = env;
	k->dir = k->listener = -1;
	k->config = settings_path(env);
	k->config_there = file_is(k->config, &k->config_was);
	k->look = CLOCK_NEVER;
}

bool
keeper_on(const struct keeper *k)
{
	return k != NULL && !k->closed && k->settings->claude_linger_ms > 0 &&
	       k->settings->claude_max_warm > 0;
}

bool
keeper_spares(const struct keeper *k)
{
	const char *spare = k->settings->claude_spare;

	return keeper_on(k) && (strcmp(spare, "1") == 0 ||
				   (strcmp(spare, "auto") == 0 && k->started));
}

bool
keeper_has_room(const struct keeper *k)
{
	const struct warm *w;
	size_t n = 0;

	for (w = k->list; w != NULL; w = w->next)
		n++;
	return keeper_on(k) && n < LIMIT_WARM_KEPT;
}

void
keeper_close(struct keeper *k)
{
	struct warm *w;

	while ((w = k->list) != NULL) {
		k->list = w->next;
		lend_withdraw(k, w);
		warm_free(w);
	}
	lend_close(k);
	free(k->config);
	k->config = NULL;
}

bool
keeper_empty(const struct keeper *k)
{
	return k->list == NULL;
}

static bool
rests(const struct warm *w)
{
	return w->lease < 0 && w->claude->guard.phase == GUARD_RUNNING;
}

/* Whatever it does: it ends. */
static void
let_go(struct keeper *k, struct warm *w, const char *why)
{
	bool lent = w->lease >= 0;

	if (w->claude->guard.phase == GUARD_RUNNING)
		log_debug("warm Claude %ld is let go: %s",
		    (long)w->claude->guard.pid, why);
	lend_withdraw(k, w);
	if (lent) {
		/* What is left in the pipe is its borrower's, if there is one. */
		if (w->claude->guard.ended || k->closed)
			transport_end_output(&w->claude->transport);
		(void)close(w->lease);
		w->lease = -1;
		/* Nobody knows what it was told last. */
		w->claude->transport.busy = true;
	}
	/* A model has nothing to save. */
	if (!w->model)
		claude_stop(w->claude);
	else if (lent)
		claude_kill(w->claude);
	else
		claude_cut(w->claude);
}

static struct warm **
find(struct keeper *k, const char *key)
{
	struct warm **at = &k->list;

	while (*at != NULL && !(rests(*at) && strcmp((*at)->key, key) == 0))
		at = &(*at)->next;
	return at;
}

struct warm *
keeper_take(struct keeper *k, const char *key, bool *ret_soon)
{
	struct warm **at = find(k, key), *w = *at;

	*ret_soon = w != NULL && !transport_ready(&w->claude->transport);
	if (w == NULL || *ret_soon)
		return NULL;
	*at = w->next;
	w->next = NULL;
	lend_withdraw(k, w);
	guard_rest(&w->claude->guard, false);
	return w;
}

/* How many of a kind are kept: one is spare. */
static size_t
most(const struct keeper *k, bool spare)
{
	return spare ? 1 : (size_t)k->settings->claude_max_warm;
}

static void
dismiss(struct keeper *k, const struct warm_record *r)
{
	struct warm *w = k->list;

	while (w != NULL && strcmp(w->id, r->id) != 0)
		w = w->next;
	if (w != NULL)
		let_go(k, w, "there are newer ones");
	else
		lend_dismiss(k, r);
}

/* Those of this user that are too many, whoever keeps them.  They come oldest
 * first; who looks at the same time sees the same order. */
static void
make_room_everywhere(struct keeper *k)
{
	struct warm_record all[LIMIT_WARM_RECORDS];
	size_t i, n, kept[2] = {0, 0};

	n = warm_record_list(k->dir, NULL, all, LIMIT_WARM_RECORDS);
	for (i = n; i-- > 0;) {
		if (++kept[all[i].spare] > most(k, all[i].spare))
			dismiss(k, &all[i]);
	}
}

/* A spare process does not push out a conversation, nor the other way round. */
static void
make_room(struct keeper *k)
{
	size_t kept[2] = {0, 0};
	struct warm *w;

	if (k->dir != -1)
		make_room_everywhere(k);
	/* Those without a record, too: here the newest come first. */
	for (w = k->list; w != NULL; w = w->next) {
		if (rests(w) && ++kept[w->spare] > most(k, w->spare))
			let_go(k, w, "there are newer ones");
	}
}

static void
add(struct keeper *k, struct warm *w)
{
	w->next = k->list;
	k->list = w;
	w->expires = clock_ms() + k->settings->claude_linger_ms;
	k->look = clock_earlier(k->look, clock_ms() + LIMIT_WARM_LOOK_MS);
	guard_rest(&w->claude->guard, true);
}

void
keeper_keep(struct keeper *k, struct warm *w)
{
	add(k, w);
	if (k->closed) {
		let_go(k, w, "nothing is kept any more");
	} else if (memory_short(LIMIT_WARM_FREE_PERCENT)) {
		let_go(k, w, "memory is short");
	} else {
		lend_offer(k, w);
		make_room(k);
	}
}

void
keeper_end(struct keeper *k, struct warm *w)
{
	add(k, w);
	let_go(k, w, "it has something to say");
}

void
keeper_stop(struct keeper *k, bool lent)
{
	struct warm *w;

	k->closed = true;
	for (w = k->list; w != NULL; w = w->next) {
		if (lent || w->lease < 0)
			let_go(k, w, "the handler ends");
	}
}

void
keeper_poll(const struct keeper *k, struct pollset *ps)
{
	const struct warm *w;

	for (w = k->list; w != NULL; w = w->next) {
		if (w->lease >= 0) {
			pollset_want(ps, w->lease, POLLIN);
			pollset_until(ps, warm_save_deadline(w));
			continue;
		}
		claude_poll(w->claude, ps, true);
		if (!rests(w))
			continue;
		pollset_until(ps, w->expires);
		pollset_until(ps, warm_save_deadline(w));
	}
	if (k->list == NULL)
		return;
	pollset_until(ps, k->look);
	lend_poll(k, ps);
}

/* A lent one is its borrower's: only its end is looked for. */
static void
step_lent(struct keeper *k, struct warm *w, const struct pollset *ps)
{
	static const struct pollset nothing;

	claude_step(w->claude, &nothing);
	warm_save_look(w);
	if (w->claude->guard.ended || !lend_step(k, w, ps))
		let_go(k, w, "its borrower is gone");
	else if (w->lease < 0)
		make_room(k);
}

static void
step_resting(struct keeper *k, struct warm *w, const struct pollset *ps)
{
	claude_step(w->claude, ps);
	warm_save_look(w);
	if (w->claude->guard.ended)
		let_go(k, w, "it has ended");
	else if (!claude_rests(w->claude))
		let_go(k, w, "it has something to say");
	else if (clock_ms() >= w->expires)
		let_go(k, w, "its time is over");
}

/* False: it is gone, and freed. */
static bool
step(struct keeper *k, struct warm *w, const struct pollset *ps)
{
	if (w->lease >= 0)
		step_lent(k, w, ps);
	else if (rests(w))
		step_resting(k, w, ps);
	else
		claude_step(w->claude, ps);
	if (!claude_stopped(w->claude))
		return true;
	warm_ended(w);
	warm_free(w);
	return false;
}

/* What rests must be as a new process would be. */
static void
look_around(struct keeper *k)
{
	struct stat st;
	bool there, other;
	struct warm *w;

	if (k->look == CLOCK_NEVER || clock_ms() < k->look)
		return;
	k->look = clock_ms() + LIMIT_WARM_LOOK_MS;
	there = file_is(k->config, &st);
	other = there != k->config_there ||
	        (there && !file_age_same(&st, &k->config_was));
	if (other || memory_short(LIMIT_WARM_FREE_PERCENT)) {
		for (w = k->list; w != NULL; w = w->next) {
			if (rests(w))
				let_go(k, w,
				    other ? "the configuration is another one"
					  : "memory is short");
		}
		k->closed |= other;
		return;
	}
	for (w = k->list; w != NULL; w = w->next) {
		if (rests(w) && warm_outdated(w))
			let_go(k, w, "the program is another one");
	}
}

void
keeper_step(struct keeper *k, const struct pollset *ps)
{
	struct warm **at = &k->list, *w, *next;

	while ((w = *at) != NULL) {
		next = w->next;
		if (step(k, w, ps))
			at = &w->next;
		else
			*at = next;
	}
	if (k->list == NULL)
		lend_close(k);
	else
		lend_serve(k, ps);
	look_around(k);
}
