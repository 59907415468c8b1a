/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_warm_leave.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "claude_calls.h"
#include "clock.h"
#include "limits.h"
#include "memory.h"
#include "warm_wire.h"

#include "banned.h"

/* Leaving it */

static bool
give_back(struct chat_warm *w, struct claude *c, struct session *s,
    const char *key, double cost_usd)
{
	struct warm_back b;
	int claim;

	chat_warm_back_make(&b, c, key, cost_usd);
	b.pending = session_hand_over(s, &claim, &b.answer);
	/* Where that fails the keeper ends the process. */
	if (warm_send(c->lease, &b, sizeof(b), &claim, claim >= 0 ? 1 : 0)) {
		w->returned = c->lease;
		w->returned_until = clock_ms() + LIMIT_WARM_ASK_MS;
		c->lease = -1;
	}
	if (claim >= 0)
		(void)close(claim);
	claude_free(c);
	return true;
}

static bool
keep(struct chat_warm *w, struct claude *c, struct session *s, const char *key,
    double cost_usd)
{
	struct warm *mine = w->mine == NULL ? warm_new(c, &w->frame) : w->mine;
	struct session_answer answer;
	int claim;

	if (mine == NULL)
		return false;
	w->mine = NULL;
	(void)snprintf(mine->key, sizeof(mine->key), "%s", key);
	(void)snprintf(mine->name, sizeof(mine->name), "%s", w->model);
	mine->cost_usd = cost_usd;
	mine->spare = false;
	if (session_hand_over(s, &claim, &answer))
		warm_save(mine, &answer);
	if (claim >= 0)
		warm_claim(mine, claim);
	keeper_keep(w->keeper, mine);
	return true;
}

bool
chat_warm_leave(struct chat_warm *w, struct claude *c, struct session *s,
    bool parked, double cost_usd)
{
	char key[WARM_KEY_BYTES];

	if (!w->fit || c->guard.phase != GUARD_RUNNING ||
	    (c->lease < 0 && !keeper_has_room(w->keeper)))
		return false;
	if (parked)
		transport_park(&c->transport);
	if (!claude_rests(c))
		return false;
	c->transport.tools = NULL; /* they are the request's */
	warm_key_make(key, &w->kin, s->answer, parked);
	if (c->lease < 0)
		return keep(w, c, s, key, cost_usd);
	/* Of a line that is read here its keeper would see the rest. */
	return c->transport.line.len == 0 && give_back(w, c, s, key, cost_usd);
}

bool
chat_warm_send_home(
    struct chat_warm *w, struct claude *c, struct session *s, double cost_usd)
{
	if (c->lease < 0 || !claude_rests(c))
		return false;
	return give_back(w, c, s, "", cost_usd);
}

/* A spare one */

static struct warm *
start_spare(struct chat_warm *w)
{
	struct child_error error;
	struct claude *c = claude_start(&w->launch, &error);
	struct warm *spare;

	if (c == NULL)
		return NULL;
	spare = warm_new(c, &w->frame);
	if (spare == NULL)
		claude_free(c); /* and so killed; the loop reaps it */
	return spare;
}

static bool
there_is(struct chat_warm *w, const char *key)
{
	int dir = warm_dir_open(w->frame.env, false);
	struct warm_record r;
	bool there;

	there = dir != -1 && warm_record_list(dir, key, &r, 1) > 0;
	if (dir != -1)
		(void)close(dir);
	return there;
}

void
chat_warm_spare(struct chat_warm *w)
{
	char key[WARM_KEY_BYTES];
	struct warm *spare;

	if (w->keeper == NULL || !keeper_spares(w->keeper) ||
	    !keeper_has_room(w->keeper))
		return;
	chat_warm_spare_key(w, key);
	if (there_is(w, key) || memory_short(LIMIT_WARM_FREE_PERCENT))
		return;
	spare = start_spare(w);
	if (spare == NULL)
		return;
	spare->spare = true;
	memcpy(spare->key, key, sizeof(spare->key));
	(void)snprintf(spare->name, sizeof(spare->name), "%s", w->model);
	keeper_keep(w->keeper, spare);
}
