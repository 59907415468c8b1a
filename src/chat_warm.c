/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_warm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chat_opening.h"
#include "claude_args.h"
#include "claude_find.h"
#include "claude_mcp.h"
#include "clock.h"
#include "limits.h"

#include "banned.h"

/* Opening */

/* A call that was forced would be in every turn of the process.  Of several
 * answers none is the conversation.  An answer in the form of a schema is not
 * what the client will send back of it. */
static bool
fit(const struct chat_request *r)
{
	return r->n == 1 && r->choice != CHAT_CHOICE_REQUIRED &&
	       r->choice != CHAT_CHOICE_NAMED && r->format == CHAT_FORMAT_TEXT;
}

static bool
find_program(struct chat_warm *w, const struct chat_warm_request *q)
{
	char why[512];

	w->program = claude_find(q->x->settings, q->x->env, why, sizeof(why));
	return w->program != NULL && stat(w->program, &w->program_is) == 0;
}

static bool
make_kin(struct chat_warm *w, const struct chat_warm_request *q)
{
	const struct claude_origin from = {.cwd = q->cwd, .model = q->as_model};
	struct chat_opening o;
	bool ok = opening_make(&o, q->request, q->as_model, q->appends);
	const struct warm_needs needs = {
	    .fingerprint = w->launch.fingerprint,
	    .program = &w->program_is,
	    .settings = q->x->settings,
	    .with = &o.with,
	    .tools = q->request,
	};

	ok = ok && claude_launch_make(&w->launch, w->program, &from,
		       q->x->settings, q->request, q->x->env) == 0;
	if (ok)
		warm_kin_make(&w->kin, &needs);
	opening_close(&o);
	return ok;
}

/* Nothing was told to a spare process yet: it is of no conversation. */
void
chat_warm_spare_key(const struct chat_warm *w, char ret[WARM_KEY_BYTES])
{
	const struct claude_initialize nothing = {.system = NULL};
	const struct warm_needs needs = {
	    .fingerprint = w->launch.fingerprint,
	    .program = &w->program_is,
	    .settings = w->frame.settings,
	    .with = &nothing,
	};
	struct warm_kin kin;

	warm_kin_make(&kin, &needs);
	warm_key_make(ret, &kin, w->empty, false);
}

static void
open_empty(struct chat_warm *w, const struct chat_warm_request *q)
{
	struct session_key key;

	session_key_begin(&key, q->cwd, q->x->key_name);
	session_key_digest(&key, w->empty);
}

void
chat_warm_open(struct chat_warm *w, const struct chat_warm_request *q)
{
	w->ask = w->returned = -1;
	w->sought = true;
	w->soon = CLOCK_NEVER;
	w->soon_until = clock_ms() + LIMIT_WARM_ASK_MS;
	if (!keeper_on(q->x->keeper) || q->request->n > 1 ||
	    !find_program(w, q) || !make_kin(w, q))
		return;
	open_empty(w, q);
	w->fit = fit(q->request);
	w->keeper = q->x->keeper;
	w->model = q->model;
	w->sought = false;
	w->frame = (struct warm_frame){
	    .settings = q->x->settings,
	    .env = q->x->env,
	    .cwd = q->cwd,
	    .key_name = q->x->key_name,
	    .program = w->program,
	    .program_is = &w->program_is,
	    .model = q->as_model,
	};
}

static void
end_asking(struct chat_warm *w)
{
	if (w->ask >= 0)
		(void)close(w->ask);
	w->ask = -1;
}

static void
end_returning(struct chat_warm *w)
{
	if (w->returned >= 0)
		(void)close(w->returned);
	w->returned = -1;
}

void
chat_warm_back_make(struct warm_back *ret, const struct claude *c,
    const char *key, double cost_usd)
{
	const struct claude_transport *t = &c->transport;

	*ret = (struct warm_back){.magic = WARM_MAGIC,
	    .cost_usd = cost_usd,
	    .calls = t->calls,
	    .parked = t->parked};
	(void)snprintf(ret->key, sizeof(ret->key), "%s", key);
	memcpy(ret->session, t->session, sizeof(ret->session));
	memcpy(ret->uuid, t->last_uuid, sizeof(ret->uuid));
}

/* Its keeper has it back as it was. */
static void
return_found(struct chat_warm *w)
{
	struct warm_back b;

	chat_warm_back_make(&b, w->found, w->key, w->cost_usd);
	(void)warm_send(w->found->lease, &b, sizeof(b), NULL, 0);
	claude_free(w->found);
}

/* It was told nothing: who has kept it goes on with that. */
static void
drop_found(struct chat_warm *w)
{
	if (w->found == NULL)
		return;
	if (w->mine != NULL)
		keeper_keep(w->keeper, w->mine);
	else
		return_found(w);
	w->found = NULL;
	w->mine = NULL;
}

void
chat_warm_close(struct chat_warm *w)
{
	end_asking(w);
	end_returning(w);
	drop_found(w);
	warm_free(w->mine);
	w->mine = NULL;
	claude_launch_clear(&w->launch);
	free(w->program);
	w->program = NULL;
}

/* Looking for one */

static void
found_mine(struct chat_warm *w, struct warm *mine)
{
	w->mine = mine;
	w->found = mine->claude;
	w->cost_usd = mine->cost_usd;
}

static void
ask_others(struct chat_warm *w)
{
	struct warm_record r;
	int dir = warm_dir_open(w->frame.env, false);

	if (dir == -1)
		return;
	if (warm_record_list(dir, w->key, &r, 1) == 1)
		w->ask = warm_call(w->frame.env, &r, WARM_BORROW);
	(void)close(dir);
	w->ask_until = clock_ms() + LIMIT_WARM_ASK_MS;
}

/* One with w->key. */
static void
seek(struct chat_warm *w)
{
	bool soon;
	struct warm *mine = keeper_take(w->keeper, w->key, &soon);

	w->soon = CLOCK_NEVER;
	if (mine != NULL)
		found_mine(w, mine);
	else if (soon && clock_ms() < w->soon_until)
		w->soon = clock_ms() + LIMIT_WARM_SOON_MS;
	else if (!soon)
		ask_others(w);
}

/* The results of calls and nothing else can be told to who waits for them. */
static bool
sets_results(
    struct chat_warm *w, const struct session *s, const struct chat_request *r)
{
	const struct chat_message *next = &r->messages[s->known];

	if (next->parts[0].kind != CHAT_TOOL_RESULT)
		return true;
	w->results = next;
	return s->behind && claude_calls_answerable(next);
}

static void
begin_seeking(
    struct chat_warm *w, const struct session *s, const struct chat_request *r)
{
	w->sought = true;
	if (!w->fit || s->known == 0 || !sets_results(w, s, r))
		return;
	warm_key_make(w->key, &w->kin, s->context, w->results != NULL);
	seek(w);
}

/* A new conversation; or, as a model, one that would be told to a new process
 * anyway. */
static void
seek_spare(struct chat_warm *w, const struct session *s)
{
	w->spare = true;
	w->results = NULL;
	if (w->keeper == NULL || (s->known > 0 && !w->frame.model))
		return;
	chat_warm_spare_key(w, w->key);
	seek(w);
}

static bool
state_ok(const struct warm_state *s)
{
	return s->magic == WARM_MAGIC && claude_calls_valid(&s->calls) &&
	       warm_text_ok(s->session, sizeof(s->session)) &&
	       warm_text_ok(s->uuid, sizeof(s->uuid));
}

static void
borrow(struct chat_warm *w, const struct warm_state *s, const int *fds)
{
	struct claude *c = claude_borrow(fds, w->ask);

	w->ask = -1;
	if (c == NULL)
		return;
	w->found = c;
	if (!state_ok(s)) {
		chat_warm_drop(w, c);
		w->found = NULL;
		return;
	}
	memcpy(c->transport.session, s->session, sizeof(s->session));
	memcpy(c->transport.last_uuid, s->uuid, sizeof(s->uuid));
	c->transport.calls = s->calls;
	c->transport.parked = c->transport.busy = s->parked != 0;
	w->cost_usd = s->cost_usd;
}

static void
close_some(struct chat_warm *w, const int *fds, size_t n)
{
	while (n > 0)
		(void)close(fds[--n]);
	end_asking(w);
}

/* False: it has not answered yet. */
static bool
listen_to_keeper(struct chat_warm *w)
{
	struct warm_state state;
	size_t n = WARM_FDS;
	int fds[WARM_FDS];

	if (w->ask < 0)
		return true;
	switch (warm_receive(w->ask, &state, sizeof(state), fds, &n)) {
	case WARM_WAIT:
		if (clock_ms() < w->ask_until)
			return false;
		end_asking(w);
		break;
	case WARM_GOT:
		if (n == WARM_FDS)
			borrow(w, &state, fds);
		else
			close_some(w, fds, n);
		break;
	case WARM_GONE:
		end_asking(w);
		break;
	}
	return true;
}

bool
chat_warm_seek(
    struct chat_warm *w, const struct session *s, const struct chat_request *r)
{
	if (!w->sought || w->soon != CLOCK_NEVER)
		begin_seeking(w, s, r);
	if (w->soon != CLOCK_NEVER)
		return false;
	if (!listen_to_keeper(w))
		return false;
	if (w->found == NULL && !w->spare) {
		seek_spare(w, s);
		return listen_to_keeper(w);
	}
	return true;
}

void
chat_warm_poll(const struct chat_warm *w, struct pollset *ps)
{
	pollset_want(ps, w->ask, POLLIN);
	pollset_until(ps, chat_warm_deadline(w));
	pollset_want(ps, w->returned, POLLIN);
	if (w->returned >= 0)
		pollset_until(ps, w->returned_until);
	if (w->mine != NULL)
		pollset_until(ps, warm_save_deadline(w->mine));
}

int64_t
chat_warm_deadline(const struct chat_warm *w)
{
	return w->ask >= 0 ? w->ask_until : w->soon;
}

static bool
still_rests(struct claude *c)
{
	struct pollset ps;

	pollset_reset(&ps);
	claude_poll(c, &ps, true);
	pollset_until(&ps, clock_ms());
	if (pollset_wait(&ps) == -1)
		return false;
	claude_step(c, &ps);
	return claude_rests(c) && transport_ready(&c->transport);
}

bool
chat_warm_rests(struct chat_warm *w)
{
	if (w->found == NULL || still_rests(w->found))
		return true;
	if (w->mine != NULL)
		keeper_end(w->keeper, w->mine);
	else
		claude_free(w->found); /* and so its keeper ends it */
	w->found = NULL;
	w->mine = NULL;
	return false;
}

/* Going on in it */

/* A spare one is told all, as a new one would be. */
static void
say_all(struct claude *c, struct session *s, const struct chat_warm_request *q)
{
	struct chat_opening o;

	session_start(s);
	if (opening_make(&o, q->request, q->as_model, q->appends))
		transport_say(
		    &c->transport, q->request, s->first, &o.with, q->model);
	else
		transport_end_input(&c->transport); /* and a new one fails */
	opening_close(&o);
}

struct claude *
chat_warm_go_on(
    struct chat_warm *w, struct session *s, const struct chat_warm_request *q)
{
	struct claude *c = w->found;

	w->found = NULL;
	w->live = true;
	if (w->spare) {
		w->taken_until = clock_ms() + LIMIT_WARM_SPARE_MS;
		say_all(c, s, q);
		return c;
	}
	w->taken_until = clock_ms() + LIMIT_WARM_TAKEN_MS;
	session_live(s, c->transport.session, c->transport.last_uuid);
	session_start(s);
	if (w->results != NULL) {
		transport_unpark(&c->transport, q->request, w->results);
		return c;
	}
	transport_go_on(&c->transport, q->request, s->first,
	    q->as_model && claude_mcp_wanted(q->request));
	return c;
}

void
chat_warm_drop(struct chat_warm *w, struct claude *c)
{
	if (w->mine == NULL) {
		claude_free(c);
		return;
	}
	if (claude_stopped(c))
		warm_ended(w->mine);
	warm_free(w->mine);
	w->mine = NULL;
}

bool
chat_warm_settled(struct chat_warm *w)
{
	size_t none = 0;
	char nothing;

	if (w->returned >= 0 && (clock_ms() >= w->returned_until ||
				    warm_receive(w->returned, &nothing, 1, NULL,
					&none) != WARM_WAIT))
		end_returning(w);
	return w->returned < 0;
}
