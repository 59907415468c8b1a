/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wrong_key.h"

#include <stdlib.h>

#include "clock.h"
#include "limits.h"
#include "log.h"

#include "banned.h"

struct late {
	struct task task; /* first */
	struct exchange *x;
	struct api_error error;
	int64_t until;
	bool wanted; /* somebody still waits for the answer */
};

static void
late_poll(const struct task *t, struct pollset *ps)
{
	pollset_until(ps, ((const struct late *)t)->until);
}

static void
answer(struct late *l, const struct api_error *e)
{
	if (l->wanted)
		exchange_error(l->x, e);
	l->wanted = false;
}

static void
late_step(struct task *t, const struct pollset *ps)
{
	struct late *l = (struct late *)t;

	(void)ps;
	if (clock_ms() >= l->until)
		answer(l, &l->error);
}

/* Not done yet: else one would leave at once and come again, for a try each
 * time. */
static void
late_cancel(struct task *t)
{
	((struct late *)t)->wanted = false;
}

static void
late_abort(struct task *t, const struct api_error *e)
{
	struct late *l = (struct late *)t;

	answer(l, e);
	l->until = clock_ms();
}

static bool
late_done(const struct task *t)
{
	const struct late *l = (const struct late *)t;

	return !l->wanted && clock_ms() >= l->until;
}

static void
late_free(struct task *t)
{
	free(t);
}

static const struct task_ops ops = {
    late_poll, late_step, late_cancel, late_abort, late_done, late_free};

/* Who asks: the system knows it, whatever the request says of others that it
 * were for (X-Forwarded-For). */
static void
say(const struct exchange *x)
{
	log_warn("%s wrong API key from %s%s%s", x->id,
	    x->client[0] == '\0' ? "what is no connection" : x->client,
	    x->user[0] == '\0' ? "" : ", ", x->user);
}

void
wrong_key_answer(struct exchange *x, const struct api_error *e, unsigned nth)
{
	struct late *l = calloc(1, sizeof *l);

	say(x);
	exchange_failed(x, e->code);
	if (nth >= LIMIT_WRONG_KEYS)
		http_conn_close_after(x->conn);
	if (l == NULL) {
		exchange_error(x, e);
		return;
	}
	*l = (struct late){.task = {.ops = &ops},
	    .x = x,
	    .error = *e,
	    .until = clock_ms() + LIMIT_WRONG_KEY_MS,
	    .wanted = true};
	x->task = &l->task;
}
