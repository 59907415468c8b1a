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

static void
open_session(struct chat *c)
{
	const struct exchange *x = c->x;
	const struct session_frame frame = {.cwd = c->directory.path,
	    .key_name = x->key_name,
	    .append = c->appends,
	    .body = http_conn_body(x->conn)};
	char why[256];
	bool found = session_place_find(
	    &c->store, x->settings, x->env, why, sizeof(why));

	if (!found)
		log_warn("%s %s", x->id, why);
	session_open(&c->session, found ? &c->store : NULL, &frame, c->request);
}

static bool
read_request(struct chat *c, struct api_error *e)
{
	const struct buf *body = http_conn_body(c->x->conn);

	c->request = openai_request_parse(buf_str(body), body->len, e);
	if (c->request == NULL)
		return false;
	if (c->request->n == 1)
		return true;
	api_error_param(e, "n", "unsupported_value",
	    "n must be 1: there is one answer to a request.");
	return false;
}

/* The answer names the model as the client did. */
static bool
open_reply(struct chat *c, const char *name, struct api_error *e)
{
	const struct chat_request *r = c->request;
	struct model_list models;

	model_list_read(&models, c->x->settings->models);
	c->model = strdup(model_resolve(&models,
	    r->model == NULL ? c->x->settings->default_model : r->model));
	if (c->model == NULL || !reply_open(&c->turn.reply, c->x, name,
				    r->stream, r->include_usage)) {
		api_error_set(e, 500, "server_error", NULL, "Out of memory.");
		return false;
	}
	c->turn.reply.function = r->functions;
	c->turn.limited = r->max_tokens != 0;
	return true;
}

/* Everything that can fail, in order; false sets *e. */
static bool
chat_open(struct chat *c, struct api_error *e)
{
	struct exchange *x = c->x;
	char name[LIMIT_MODEL_BYTES + 1];

	c->appends = strcmp(x->settings->system_prompt_mode, "append") == 0;
	if (!read_request(c, e))
		return false;
	(void)snprintf(name, sizeof(name), "%s",
	    c->request->model == NULL ? x->settings->default_model
				      : c->request->model);
	if (!chat_mode_find(x, c->request, &c->as_model, e) ||
	    !open_reply(c, name, e))
		return false;
	if (!c->as_model)
		return chat_directory_find(&c->directory, x, c->request, e);
	model_open(&c->model_words, c->request);
	c->turn.model = &c->model_words;
	return chat_directory_empty(&c->directory, x, e);
}

/* What ccp says itself; no Claude is needed. */
static void
answer_at_once(struct chat *c)
{
	static const struct token_usage none;

	reply_text(&c->turn.reply, c->directory.answer);
	reply_finish(&c->turn.reply, "stop", &none);
	chat_free(c);
}

void
chat_serve(struct exchange *x)
{
	struct chat *c = chat_new(x);
	struct api_error e;

	api_error_set(&e, 500, "server_error", NULL, "Out of memory.");
	if (c != NULL && chat_open(c, &e)) {
		if (c->directory.answer != NULL) {
			answer_at_once(c);
		} else {
			/* A model's request goes on with none. */
			if (!c->as_model)
				open_session(c);
			chat_begin(c);
		}
		return;
	}
	exchange_error(x, &e);
	chat_free(c);
}
