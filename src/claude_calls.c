/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_calls.h"

#include <stdio.h>
#include <string.h>

#include "json_text.h"
#include "limits.h"
#include "tool_names.h"

#include "banned.h"

void
claude_calls_clear(struct claude_calls *c)
{
	memset(c, 0, sizeof(*c));
}

static bool
keep(char to[CLAUDE_CALL_ID_BYTES], const char *id)
{
	if (id == NULL || id[0] == '\0' || strlen(id) >= CLAUDE_CALL_ID_BYTES)
		return false;
	(void)snprintf(to, CLAUDE_CALL_ID_BYTES, "%s", id);
	return true;
}

/* Calls of other tools the CLI answers itself. */
void
claude_calls_use(struct claude_calls *c, const struct claude_event *e)
{
	const size_t len = strlen(TOOL_PREFIX);

	if (e->tool == NULL || strncmp(e->tool, TOOL_PREFIX, len) != 0 ||
	    c->n == LIMIT_PARKED_CALLS || !keep(c->all[c->n].use, e->id))
		c->lost = 1;
	else
		c->n++;
}

void
claude_calls_ask(struct claude_calls *c, const struct claude_event *e)
{
	uint32_t i = 0;

	while (i < c->n &&
	       (e->call == NULL || strcmp(c->all[i].use, e->call) != 0))
		i++;
	if (i == c->n || !keep(c->all[i].request, e->id) ||
	    !keep(c->all[i].rpc, e->rpc_id))
		c->lost = 1;
}

bool
claude_calls_whole(const struct claude_calls *c)
{
	uint32_t i;

	for (i = 0; i < c->n; i++) {
		if (c->all[i].request[0] == '\0')
			return false;
	}
	return c->n > 0 && c->lost == 0;
}

static bool
ends(const char id[CLAUDE_CALL_ID_BYTES])
{
	return memchr(id, '\0', CLAUDE_CALL_ID_BYTES) != NULL;
}

/* The id becomes part of a line as it is.  Before the request there is none. */
static bool
call_valid(const struct claude_call *call)
{
	struct json_text_error e;

	if (!ends(call->use) || !ends(call->request) || !ends(call->rpc))
		return false;
	if (call->request[0] == '\0')
		return call->rpc[0] == '\0';
	return strchr(call->rpc, '\n') == NULL &&
	       json_text_check(call->rpc, strlen(call->rpc), &e);
}

bool
claude_calls_valid(const struct claude_calls *c)
{
	uint32_t i;

	for (i = 0; i < c->n && c->n <= LIMIT_PARKED_CALLS; i++) {
		if (!call_valid(&c->all[i]))
			return false;
	}
	return c->n <= LIMIT_PARKED_CALLS;
}

static bool
result_answerable(const struct chat_part *p)
{
	size_t i, bytes = 0;

	if (p->kind != CHAT_TOOL_RESULT || p->nparts == 0)
		return false;
	for (i = 0; i < p->nparts; i++) {
		if (p->parts[i].kind != CHAT_TEXT)
			return false;
		bytes += strlen(p->parts[i].text);
	}
	return bytes <= LIMIT_WARM_RESULT_BYTES;
}

bool
claude_calls_answerable(const struct chat_message *m)
{
	size_t i;

	for (i = 0; i < m->nparts; i++) {
		if (!result_answerable(&m->parts[i]))
			return false;
	}
	return m->nparts <= LIMIT_PARKED_CALLS;
}

static void
add_answer(struct buf *to, const struct claude_call *call,
    const struct chat_part *result)
{
	size_t i;

	buf_addstr(to, "{\"type\":\"control_response\",\"response\":{"
		       "\"subtype\":\"success\",\"request_id\":");
	json_text_quote_str(to, call->request);
	buf_addf(to,
	    ",\"response\":{\"mcp_response\":{\"jsonrpc\":\"2.0\","
	    "\"id\":%s,\"result\":{\"content\":[",
	    call->rpc);
	for (i = 0; i < result->nparts; i++) {
		buf_addstr(to, i > 0 ? ",{\"type\":\"text\",\"text\":"
				     : "{\"type\":\"text\",\"text\":");
		json_text_quote_str(to, result->parts[i].text);
		buf_addch(to, '}');
	}
	buf_addstr(to, "]}}}}}\n");
}

void
claude_calls_answer(
    struct buf *to, const struct claude_calls *c, const struct chat_message *m)
{
	uint32_t i;

	for (i = 0; i < c->n && i < m->nparts; i++)
		add_answer(to, &c->all[i], &m->parts[i]);
}
