/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_task.h"

#include <stdlib.h>

#include "limits.h"
#include "log.h"

#include "banned.h"

static struct chat *
chat_of(struct task *t)
{
	return (struct chat *)(void *)t;
}

static const struct chat *
chat_of_const(const struct task *t)
{
	return (const struct chat *)(const void *)t;
}

static void
chat_poll(const struct task *t, struct pollset *ps)
{
	const struct chat *c = chat_of_const(t);
	bool room = http_conn_backlog(c->frame.x->conn) < LIMIT_OUT_SOFT_BYTES;
	size_t i;

	for (i = 0; i < c->nruns; i++)
		run_poll(&c->runs[i], ps, room);
	pollset_until(ps, response_deadline(&c->response));
}

static void
cancel_all(struct chat *c)
{
	size_t i;

	for (i = 0; i < c->nruns; i++)
		run_cancel(&c->runs[i]);
}

/* A conversation may be large, and Claude may work for long.  A model's words
 * point into it to the end. */
static void
drop_request(struct chat *c)
{
	size_t i;

	if (c->frame.as_model)
		return;
	for (i = 0; i < c->nruns; i++) {
		if (!run_told(&c->runs[i]))
			return;
	}
	chat_request_free(c->frame.request);
	c->frame.request = NULL;
}

static void
add_work(struct request_record *r, const struct chat_turn *t)
{
	const struct claude_usage *u = &t->usage;

	r->turns += t->turns;
	r->cost_usd += t->cost_usd;
	r->prompt_tokens += u->input + u->cache_creation + u->cache_read;
	r->cached_tokens += u->cache_read;
	r->cache_write_tokens += u->cache_creation;
	r->completion_tokens += u->output;
}

/* For the log, as far as it is known: the client may leave at any time. */
static void
note_work(struct chat *c)
{
	struct request_record *r = &c->frame.x->record;
	size_t i;

	r->turns = 0;
	r->cost_usd = 0;
	r->prompt_tokens = r->cached_tokens = 0;
	r->cache_write_tokens = r->completion_tokens = 0;
	for (i = 0; i < c->nruns; i++)
		add_work(r, &c->runs[i].turn);
}

/* With fewer places than answers some wait for others, for as long as those
 * take. */
static void
be_patient(struct chat *c)
{
	bool working = false;
	size_t i;

	for (i = 0; i < c->nruns; i++)
		working |= run_working(&c->runs[i]);
	for (i = 0; working && i < c->nruns; i++)
		run_wait_on(&c->runs[i]);
}

static void
chat_step(struct task *t, const struct pollset *ps)
{
	struct chat *c = chat_of(t);
	size_t i;

	for (i = 0; i < c->nruns; i++)
		run_step(&c->runs[i], ps);
	be_patient(c);
	/* One that failed has ended the answer of all. */
	if (c->response.failed)
		cancel_all(c);
	else
		response_tick(&c->response);
	note_work(c);
	drop_request(c);
}

static void
chat_cancel(struct task *t)
{
	cancel_all(chat_of(t));
}

static void
chat_abort(struct task *t, const struct api_error *e)
{
	struct chat *c = chat_of(t);
	size_t i;

	for (i = 0; i < c->nruns && !c->response.failed; i++)
		run_fail(&c->runs[i], e);
	cancel_all(c);
}

static bool
chat_done(const struct task *t)
{
	const struct chat *c = chat_of_const(t);
	size_t i;

	for (i = 0; i < c->nruns; i++) {
		if (!run_done(&c->runs[i]))
			return false;
	}
	return true;
}

void
chat_free(struct chat *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->nruns; i++)
		run_close(&c->runs[i]);
	free(c->runs);
	response_close(&c->response);
	chat_request_free(c->frame.request);
	chat_directory_clear(&c->directory);
	session_place_clear(&c->store);
	free(c->model);
	free(c);
}

static void
free_task(struct task *t)
{
	chat_free(chat_of(t));
}

static const struct task_ops chat_ops = {
    chat_poll, chat_step, chat_cancel, chat_abort, chat_done, free_task};

struct chat *
chat_new(struct exchange *x)
{
	struct chat *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->frame.x = x;
	return c;
}

bool
chat_open_runs(struct chat *c)
{
	c->runs = calloc(c->response.n, sizeof(*c->runs));
	if (c->runs == NULL)
		return false;
	for (; c->nruns < c->response.n; c->nruns++)
		run_open(&c->runs[c->nruns], &c->frame, &c->response, c->nruns);
	return true;
}

void
chat_begin(struct chat *c)
{
	const struct exchange *x = c->frame.x;
	const struct session_frame frame = {.cwd = c->directory.path,
	    .key_name = x->key_name,
	    .append = c->frame.appends,
	    .body = http_conn_body(x->conn)};
	char why[256];
	bool found = false;
	size_t i;

	c->task.ops = &chat_ops;
	c->frame.x->task = &c->task;
	/* A model's request goes on with no session. */
	if (!c->frame.as_model) {
		found = session_place_find(
		    &c->store, x->settings, x->env, why, sizeof(why));
		if (!found)
			log_warn("%s %s", x->id, why);
	}
	for (i = 0; i < c->nruns && !c->response.failed; i++)
		run_begin(&c->runs[i], found ? &c->store : NULL, &frame);
	if (c->response.failed)
		cancel_all(c);
}
