/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_response.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "limits.h"
#include "random.h"

#include "banned.h"

#define PREFIX "chatcmpl-"

bool
response_open(struct chat_response *p, struct exchange *x, const char *model,
    bool stream, bool include_usage, size_t n)
{
	size_t i;

	memset(p, 0, sizeof(*p));
	p->x = x;
	p->stream = stream;
	p->include_usage = include_usage;
	p->n = n;
	p->quiet_since = clock_ms();
	memcpy(p->id, PREFIX, sizeof(PREFIX));
	random_hex(p->id + strlen(PREFIX), 12);
	p->model = strdup(model);
	p->meta.id = p->id;
	p->meta.created = (int64_t)time(NULL);
	p->meta.model = p->model;
	for (i = 0; i < n; i++)
		buf_init(&p->choices[i], LIMIT_OUT_BYTES);
	return p->model != NULL;
}

void
response_close(struct chat_response *p)
{
	size_t i;

	free(p->model);
	for (i = 0; i < p->n; i++)
		buf_free(&p->choices[i]);
}

/* False: nothing follows an error. */
static bool
begin(struct chat_response *p)
{
	if (p->failed)
		return false;
	if (!p->begun)
		exchange_stream_begin(p->x);
	p->begun = p->spoke = true;
	return true;
}

void
response_event(struct chat_response *p, struct buf *event)
{
	if (begin(p))
		exchange_stream_event(p->x, event);
}

void
response_parts(
    struct chat_response *p, const struct http_slice *parts, size_t nparts)
{
	if (begin(p))
		exchange_stream_parts(p->x, parts, nparts);
}

/* The usage stands on the last finish chunk, or behind it. */
static void
finish_chunk(struct chat_response *p, size_t index, const char *finish_reason)
{
	CLEANUP_BUF struct buf event = BUF_INIT(LIMIT_OUT_BYTES);
	struct completion meta = p->meta;
	bool last = p->complete == p->n;

	meta.index = index;
	exchange_event_begin(&event);
	openai_chunk_finish(&event, &meta, finish_reason,
	    p->include_usage || !last ? NULL : &p->usage);
	response_event(p, &event);
	if (!last)
		return;
	if (p->include_usage) {
		exchange_event_begin(&event);
		openai_chunk_usage(&event, &p->meta, &p->usage);
		response_event(p, &event);
	}
	exchange_stream_end(p->x, true);
}

static void
respond_whole(struct chat_response *p)
{
	CLEANUP_BUF struct buf json = BUF_INIT(LIMIT_OUT_BYTES);
	size_t i;

	for (i = 0; i < p->n; i++)
		json.bad = json.bad || !buf_ok(&p->choices[i]);
	openai_completion(&json, &p->meta, p->choices, p->n, &p->usage);
	exchange_json(p->x, 200, &json);
}

void
response_choice(struct chat_response *p, size_t index,
    const struct completion_message *m, const char *finish_reason,
    const struct token_usage *usage)
{
	struct completion meta = p->meta;
	struct buf *choice = &p->choices[index];

	if (p->failed)
		return;
	p->complete++;
	p->usage.prompt += usage->prompt;
	p->usage.cached += usage->cached;
	p->usage.completion += usage->completion;
	if (p->stream) {
		finish_chunk(p, index, finish_reason);
		return;
	}
	meta.index = index;
	choice->bad =
	    !buf_ok(m->text) || !buf_ok(m->reasoning) || !buf_ok(m->calls);
	openai_choice(choice, &meta, m, finish_reason);
	if (p->complete == p->n)
		respond_whole(p);
}

void
response_error(struct chat_response *p, const struct api_error *e)
{
	CLEANUP_BUF struct buf event = BUF_INIT(8 * LIMIT_ERROR_TEXT_BYTES);

	if (p->failed)
		return;
	if (p->begun) {
		exchange_failed(p->x, e->code == NULL ? e->type : e->code);
		exchange_event_begin(&event);
		api_error_json(&event, e);
		response_event(p, &event);
		exchange_stream_end(p->x, false);
	} else {
		exchange_error(p->x, e);
	}
	p->failed = true;
}

int64_t
response_deadline(const struct chat_response *p)
{
	if (!p->stream || p->x->finished)
		return CLOCK_NEVER;
	return p->quiet_since +
	       (p->begun ? LIMIT_SSE_COMMENT_MS : LIMIT_HOLD_BACK_MS);
}

void
response_tick(struct chat_response *p)
{
	int64_t now = clock_ms();

	if (p->spoke)
		p->quiet_since = now;
	p->spoke = false;
	if (now < response_deadline(p))
		return;
	if (!p->begun)
		exchange_stream_begin(p->x);
	p->begun = true;
	exchange_stream_comment(p->x);
	p->quiet_since = clock_ms();
}
