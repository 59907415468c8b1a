/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The promises of claude_event.h: whatever a line holds, its event is within
 * bounds and its texts are UTF-8; a line reads the same once it is repaired; a
 * bad line says nothing.  And those of claude_mcp.h: what is asked of the
 * client's tools is answered with one line, or with none.
 */
#include "claude_delta.h"
#include "claude_event.h"

#include <cjson/cJSON.h>

#include <string.h>

#include "../../src/limits.h"
#include "claude_mcp.h"
#include "json_text.h"
#include "require.h"
#include "utf8.h"

static void
check_text(const char *s)
{
	size_t len, n;

	if (s == NULL)
		return;
	for (len = strlen(s); len > 0; s += n, len -= n) {
		n = utf8_sequence(s, len);
		REQUIRE(n > 0);
	}
}

static void
check_counts(const struct claude_usage *u)
{
	REQUIRE(u->input >= 0 && u->input < 1000000000000000);
	REQUIRE(u->cache_creation >= 0);
	REQUIRE(u->cache_read >= 0);
	REQUIRE(u->output >= 0 && u->output < 1000000000000000);
}

static void
check_json(const char *s)
{
	struct json_text_error error;

	check_text(s);
	if (s != NULL)
		REQUIRE(json_text_check(s, strlen(s), &error));
}

static void
check_tools(const struct claude_event *e)
{
	bool block =
	    e->type == CLAUDE_TOOL_START || e->type == CLAUDE_TOOL_INPUT;
	bool mcp = e->type == CLAUDE_CONTROL_REQUEST && e->subtype != NULL &&
	           strcmp(e->subtype, "mcp_message") == 0;

	REQUIRE(e->block >= (block ? -1 : 0));
	REQUIRE(e->block < (block ? LIMIT_MESSAGES : 1));
	REQUIRE(e->tool == NULL || e->type == CLAUDE_TOOL_START ||
		e->type == CLAUDE_ASSISTANT);
	REQUIRE(e->input == NULL || e->type == CLAUDE_ASSISTANT);
	REQUIRE(mcp || (e->server == NULL && e->method == NULL));
	REQUIRE(mcp || e->rpc_id == NULL);
	check_text(e->tool);
	check_json(e->input);
	check_text(e->server);
	check_text(e->method);
	check_json(e->rpc_id);
}

static void
check_event(const struct claude_event *e)
{
	REQUIRE(e->type >= CLAUDE_OTHER && e->type <= CLAUDE_CONTROL_REQUEST);
	REQUIRE(e->status == 0 || (e->status >= 100 && e->status <= 599));
	REQUIRE(e->retry_delay_ms == e->retry_delay_ms); /* not NaN */
	REQUIRE(e->resets_at >= 0);
	REQUIRE(e->stop >= CLAUDE_STOP_END && e->stop <= CLAUDE_STOP_REFUSAL);
	check_counts(&e->usage);
	check_text(e->text);
	check_text(e->error);
	check_text(e->subtype);
	check_text(e->id);
	check_text(e->uuid);
	check_text(e->session);
	check_text(e->version);
	check_text(e->terminal);
	check_tools(e);
}

static void
check_empty(const struct claude_event *e)
{
	REQUIRE(e->text == NULL && e->error == NULL && e->subtype == NULL);
	REQUIRE(e->id == NULL && e->uuid == NULL && e->session == NULL);
	REQUIRE(e->version == NULL && e->terminal == NULL);
	REQUIRE(e->tool == NULL && e->input == NULL && e->server == NULL);
	REQUIRE(e->method == NULL && e->rpc_id == NULL && e->block == 0);
	REQUIRE(!e->nested && !e->synthetic && !e->is_error);
	REQUIRE(e->status == 0 && e->usage.output == 0);
}

static void
check_same(const char *a, const char *b)
{
	REQUIRE((a == NULL) == (b == NULL));
	REQUIRE(a == NULL || strcmp(a, b) == 0);
}

/* It can be repaired: in its place, or with more room. */
static void
check_repair(char *line, size_t len)
{
	struct buf longer = BUF_INIT(3 * len + 1);
	struct json_text_error error;

	REQUIRE(json_text_repair(&line, &len, &longer, &error));
	REQUIRE(json_text_check(line, len, &error));
	buf_free(&longer);
}

/* The same line, or what was made of it, again. */
static void
check_again(const struct claude_event *first, char *line, size_t len,
    struct claude_stencil *s)
{
	struct claude_event e;

	claude_event_parse(line, len, s, &e);
	REQUIRE(e.type == first->type && e.status == first->status);
	REQUIRE(e.nested == first->nested && e.is_error == first->is_error);
	REQUIRE(e.usage.output == first->usage.output);
	check_same(e.text, first->text);
	check_same(e.session, first->session);
	check_same(e.error, first->error);
	REQUIRE(e.block == first->block);
	check_same(e.tool, first->tool);
	check_same(e.input, first->input);
	check_same(e.method, first->method);
	check_same(e.rpc_id, first->rpc_id);
	claude_event_clear(&e);
}

/* --- the client's tools --------------------------------------------------- */

static char name[] = "a.b", schema[] = "{\"type\":\"object\"}";
static struct chat_tool tool = {.name = name, .schema = schema};
static const struct chat_request request = {.tools = &tool, .ntools = 1};

static const cJSON *
inner(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* One line, which answers this request and has its id in it. */
static void
check_line_of_answer(const char *text, size_t len, const struct claude_event *e)
{
	struct json_text_error error;
	const cJSON *response, *rpc;
	const char *id;
	cJSON *json;

	REQUIRE(len > 0 && memchr(text, '\n', len) == text + len - 1);
	REQUIRE(json_text_check(text, len, &error));
	json = cJSON_ParseWithLength(text, len);
	REQUIRE(json != NULL);
	response = inner(json, "response");
	id = cJSON_GetStringValue(inner(response, "request_id"));
	REQUIRE(id != NULL && strcmp(id, e->id) == 0);
	rpc = inner(inner(response, "response"), "mcp_response");
	REQUIRE(
	    (inner(rpc, "result") != NULL) != (inner(rpc, "error") != NULL));
	REQUIRE(inner(rpc, "id") != NULL);
	cJSON_Delete(json);
}

/* Changes the event's type. */
static void
check_answer(struct claude_event *e)
{
	struct buf out = BUF_INIT(1u << 20);
	bool served;

	if (e->type != CLAUDE_CONTROL_REQUEST)
		return;
	served = claude_mcp_answer(&out, e, &request);
	REQUIRE(buf_ok(&out));
	if (!served) {
		REQUIRE(e->type == CLAUDE_CONTROL_REQUEST && out.len == 0);
	} else if (strcmp(e->method, "tools/call") == 0) {
		REQUIRE(e->type == CLAUDE_TOOL_CALL && out.len == 0);
	} else {
		REQUIRE(e->type == CLAUDE_OTHER);
		REQUIRE(e->rpc_id == NULL ||
			strlen(e->rpc_id) <= LIMIT_MCP_ID_BYTES);
		check_line_of_answer(buf_str(&out), out.len, e);
	}
	buf_free(&out);
}

/* s is of the lines before. */
static void
check_line(const uint8_t *data, size_t len, struct claude_stencil *s)
{
	char *line = malloc(len + (len == 0));
	struct claude_event e;

	REQUIRE(line != NULL);
	memcpy(line, data, len);
	claude_event_parse(line, len, NULL, &e);
	check_event(&e);
	if (e.type == CLAUDE_BAD_LINE)
		check_empty(&e);
	else
		check_repair(line, len);
	check_again(&e, line, len, NULL);
	memcpy(line, data, len);
	check_again(&e, line, len, s);
	check_answer(&e);
	claude_event_clear(&e);
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct claude_stencil stencil = {.head_len = 0};
	const uint8_t *end;
	size_t len;

	while (size > 0) {
		end = memchr(data, '\n', size);
		len = end == NULL ? size : (size_t)(end - data);
		check_line(data, len, &stencil);
		len += end != NULL;
		data += len;
		size -= len;
	}
	return 0;
}
