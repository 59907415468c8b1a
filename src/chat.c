/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The beginning of a chat request: all that can be wrong with it.
 */
#include "chat.h"

#include <stdio.h>
#include <string.h>

#include "chat_mode.h"
#include "chat_task.h"
#include "log.h"
#include "model_names.h"
#include "openai_request.h"

#include "banned.h"

/* Always false. */
static bool
out_of_memory(struct api_error *e)
{
	api_error_set(e, 500, "server_error", NULL, "Out of memory.");
	return false;
}

static bool
read_request(struct chat *c, struct api_error *e)
{
	const struct buf *body = http_conn_body(c->frame.x->conn);

	c->frame.request = openai_request_parse(buf_str(body), body->len, e);
	return c->frame.request != NULL;
}

/* The answer names the model as the client did. */
static bool
open_response(struct chat *c, const char *name, struct api_error *e)
{
	const struct chat_request *r = c->frame.request;
	const struct settings *s = c->frame.x->settings;

	c->model = model_chosen(
	    s->models, r->model == NULL ? s->default_model : r->model);
	c->frame.model = c->model;
	if (c->model == NULL ||
	    !response_open(&c->response, c->frame.x, name, r->stream,
		r->include_usage, (size_t)r->n)) {
		return out_of_memory(e);
	}
	return true;
}

/* Everything that can fail, in order; false sets *e. */
static bool
chat_open(struct chat *c, struct api_error *e)
{
	struct exchange *x = c->frame.x;
	char name[LIMIT_MODEL_BYTES + 1];
	bool ok;

	c->frame.appends =
	    strcmp(x->settings->system_prompt_mode, "append") == 0;
	if (!read_request(c, e))
		return false;
	(void)snprintf(name, sizeof(name), "%s",
	    c->frame.request->model == NULL ? x->settings->default_model
					    : c->frame.request->model);
	if (!chat_mode_find(x, c->frame.request, &c->frame.as_model, e) ||
	    !open_response(c, name, e))
		return false;
	(void)snprintf(
	    x->record.model, sizeof(x->record.model), "%s", c->model);
	x->record.mode = c->frame.as_model ? "model" : "agent";
	ok = c->frame.as_model
	         ? chat_directory_empty(&c->directory, x, e)
	         : chat_directory_find(&c->directory, x, c->frame.request, e);
	c->frame.cwd = c->directory.path;
	if (!ok || chat_open_runs(c))
		return ok;
	return out_of_memory(e);
}

/* What ccp says itself; no Claude is needed. */
static void
answer_at_once(struct chat *c)
{
	static const struct token_usage none;
	size_t i;

	for (i = 0; i < c->nruns; i++) {
		reply_text(&c->runs[i].turn.reply, c->directory.answer);
		reply_finish(&c->runs[i].turn.reply, "stop", &none);
	}
	chat_free(c);
}

void
chat_serve(struct exchange *x)
{
	struct chat *c = chat_new(x);
	struct api_error e;

	(void)out_of_memory(&e);
	if (c == NULL || !chat_open(c, &e)) {
		exchange_error(x, &e);
		chat_free(c);
	} else if (c->directory.answer != NULL) {
		answer_at_once(c);
	} else {
		chat_begin(c);
	}
}
