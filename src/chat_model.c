/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_model.h"

#include <string.h>

#include "answer_form.h"
#include "cleanup.h"
#include "limits.h"
#include "tool_names.h"

#include "banned.h"

/* The CLI's own tool for an answer in the form of a schema. */
#define FORM_TOOL "StructuredOutput"

void
model_open(struct chat_model *m, const struct chat_request *request)
{
	memset(m, 0, sizeof(*m));
	m->request = request;
	m->formed = request->format != CHAT_FORMAT_TEXT;
	m->wrapped = answer_form_wrapped(request);
	m->block = -1;
	stop_filter_open(&m->stop, request->stop, request->nstop);
	json_unwrap_open(&m->unwrap);
}

void
model_close(struct chat_model *m)
{
	stop_filter_close(&m->stop);
	json_unwrap_close(&m->unwrap);
}

bool
model_text(struct chat_model *m, struct chat_reply *r, const char *text)
{
	CLEANUP_BUF struct buf pass = BUF_INIT(LIMIT_ANSWER_BYTES);

	if (m->formed)
		return false;
	m->lost |= !stop_filter_add(&m->stop, text, &pass);
	reply_text(r, buf_str(&pass));
	return m->stop.hit;
}

void
model_text_end(struct chat_model *m, struct chat_reply *r)
{
	CLEANUP_BUF struct buf pass = BUF_INIT(LIMIT_ANSWER_BYTES);

	m->lost |= !stop_filter_end(&m->stop, &pass);
	reply_text(r, buf_str(&pass));
}

/* The CLI refuses an answer that does not fit and has the model try again:
 * what is told cannot be taken back, what is only kept can. */
static void
begin_form(struct chat_model *m, struct chat_reply *r)
{
	if (m->given && r->stream)
		m->twice = true;
	else if (m->given)
		reply_forget_text(r);
	m->given = true;
	json_unwrap_close(&m->unwrap);
	json_unwrap_open(&m->unwrap);
}

/* False: a tool of no interest. */
static bool
start_tool(struct chat_model *m, struct chat_reply *r, const char *called)
{
	const struct chat_tool *tool = tool_name_find(m->request, called);

	if (r->function && r->ncalls > 0)
		tool = NULL; /* function_call is one, and the first counts */
	m->is_form = m->formed && strcmp(called, FORM_TOOL) == 0;
	if (m->is_form) {
		begin_form(m, r);
	} else if (tool != NULL) {
		model_text_end(m, r);
		m->lost |= !reply_call(r, tool->name);
	}
	return m->is_form || tool != NULL;
}

void
model_tool_start(
    struct chat_model *m, struct chat_reply *r, const struct claude_event *e)
{
	bool known = start_tool(m, r, e->tool == NULL ? "" : e->tool);

	m->block = known ? e->block : -1;
}

static void
tell_form(struct chat_model *m, struct chat_reply *r, const char *text)
{
	CLEANUP_BUF struct buf pass = BUF_INIT(LIMIT_ANSWER_BYTES);

	if (!m->wrapped) {
		reply_text(r, text);
		return;
	}
	m->lost |= !json_unwrap_add(&m->unwrap, text, &pass);
	reply_text(r, buf_str(&pass));
}

static void
tell_input(struct chat_model *m, struct chat_reply *r, const char *text)
{
	if (m->is_form)
		tell_form(m, r, text);
	else
		reply_arguments(r, text);
}

void
model_tool_input(
    struct chat_model *m, struct chat_reply *r, const struct claude_event *e)
{
	if (e->text != NULL && m->block >= 0 && e->block == m->block)
		tell_input(m, r, e->text);
}

void
model_tool_whole(
    struct chat_model *m, struct chat_reply *r, const struct claude_event *e)
{
	if (start_tool(m, r, e->tool) && e->input != NULL)
		tell_input(m, r, e->input);
	m->block = -1;
}
