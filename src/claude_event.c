/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_event.h"

#include <cjson/cJSON.h>

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "claude_delta.h"
#include "cleanup.h"
#include "json_text.h"
#include "limits.h"

#include "banned.h"

/* NULL-safe look-ups: each answers "absent" for whatever is not there or is
 * of another type than expected. */

static const cJSON *
member(const cJSON *object, const char *name)
{
	return object == NULL ? NULL
	                      : cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *
text_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(member(object, name));

	return text == NULL ? "" : text;
}

static bool
text_is(const cJSON *object, const char *name, const char *value)
{
	return strcmp(text_of(object, name), value) == 0;
}

static char *
copy(struct claude_event *e, const char *text)
{
	char *copy = strdup(text);

	e->lost |= copy == NULL;
	return copy;
}

static char *
copy_of(struct claude_event *e, const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(member(object, name));

	return text == NULL ? NULL : copy(e, text);
}

/* The value as JSON text. */
static char *
json_of(struct claude_event *e, const cJSON *value)
{
	char *text;

	if (value == NULL)
		return NULL;
	text = cJSON_PrintUnformatted(value);
	e->lost |= text == NULL;
	return text;
}

static double
number_of(const cJSON *object, const char *name)
{
	const cJSON *item = member(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* A count or a time: 0 for what is negative, absurd or absent. */
static long long
count_of(const cJSON *object, const char *name)
{
	double number = number_of(object, name);

	return number > 0 && number < 1e15 ? (long long)number : 0;
}

static int
status_of(const cJSON *object, const char *name)
{
	long long number = count_of(object, name);

	return number >= 100 && number <= 599 ? (int)number : 0;
}

/* An index in a message, -1 for what is none. */
static int
index_of(const cJSON *object, const char *name)
{
	double number =
	    cJSON_IsNumber(member(object, name)) ? number_of(object, name) : -1;

	return number >= 0 && number < LIMIT_MESSAGES ? (int)number : -1;
}

static double
cost_of(const cJSON *object, const char *name)
{
	double number = number_of(object, name);

	return number > 0 && number < 1e9 ? number : 0;
}

static struct claude_usage
usage_of(const cJSON *usage)
{
	struct claude_usage u = {
	    .input = count_of(usage, "input_tokens"),
	    .cache_creation = count_of(usage, "cache_creation_input_tokens"),
	    .cache_read = count_of(usage, "cache_read_input_tokens"),
	    .output = count_of(usage, "output_tokens"),
	};

	return u;
}

static enum claude_stop
stop_of(const char *reason)
{
	if (strcmp(reason, "tool_use") == 0)
		return CLAUDE_STOP_TOOL;
	if (strcmp(reason, "max_tokens") == 0 ||
	    strcmp(reason, "model_context_window_exceeded") == 0)
		return CLAUDE_STOP_LENGTH;
	if (strcmp(reason, "refusal") == 0)
		return CLAUDE_STOP_REFUSAL;
	return CLAUDE_STOP_END;
}

static void
parse_delta(const cJSON *event, struct claude_event *e)
{
	const cJSON *delta = member(event, "delta");

	if (text_is(delta, "type", "text_delta")) {
		e->type = CLAUDE_TEXT;
		e->text = copy_of(e, delta, "text");
	} else if (text_is(delta, "type", "thinking_delta")) {
		e->type = CLAUDE_THINKING;
		e->text = copy_of(e, delta, "thinking");
	} else if (text_is(delta, "type", "input_json_delta")) {
		e->type = CLAUDE_TOOL_INPUT;
		e->text = copy_of(e, delta, "partial_json");
		e->block = index_of(event, "index");
	}
}

static void
parse_block_start(const cJSON *event, struct claude_event *e)
{
	const cJSON *block = member(event, "content_block");

	if (!text_is(block, "type", "tool_use"))
		return;
	e->type = CLAUDE_TOOL_START;
	e->tool = copy_of(e, block, "name");
	e->id = copy_of(e, block, "id");
	e->block = index_of(event, "index");
}

static void
parse_stream_event(const cJSON *line, struct claude_event *e)
{
	const cJSON *event = member(line, "event");

	if (text_is(event, "type", "content_block_delta")) {
		parse_delta(event, e);
	} else if (text_is(event, "type", "content_block_start")) {
		parse_block_start(event, e);
	} else if (text_is(event, "type", "message_start")) {
		e->type = CLAUDE_MESSAGE_START;
		e->id = copy_of(e, member(event, "message"), "id");
	} else if (text_is(event, "type", "message_delta")) {
		e->type = CLAUDE_MESSAGE_DELTA;
		e->stop =
		    stop_of(text_of(member(event, "delta"), "stop_reason"));
		e->usage = usage_of(member(event, "usage"));
	}
}

static void
parse_system(const cJSON *line, struct claude_event *e)
{
	if (text_is(line, "subtype", "init")) {
		e->type = CLAUDE_INIT;
		e->version = copy_of(e, line, "claude_code_version");
	} else if (text_is(line, "subtype", "status")) {
		if (text_is(line, "status", "requesting"))
			e->type = CLAUDE_REQUESTING;
		else if (text_is(line, "status", "compacting"))
			e->type = CLAUDE_COMPACTING;
	} else if (text_is(line, "subtype", "compact_boundary")) {
		e->type = CLAUDE_COMPACTING;
	} else if (text_is(line, "subtype", "api_retry")) {
		e->type = CLAUDE_RETRY;
		e->status = status_of(line, "error_status");
		e->error = copy_of(e, line, "error");
		e->retry_delay_ms = number_of(line, "retry_delay_ms");
	}
}

/* All text blocks of a message, or NULL where there is none. */
static char *
message_text(struct claude_event *e, const cJSON *message)
{
	struct buf text = BUF_INIT(LIMIT_CLAUDE_LINE_BYTES);
	const cJSON *block;

	cJSON_ArrayForEach(block, member(message, "content"))
	{
		if (text_is(block, "type", "text"))
			buf_addstr(&text, text_of(block, "text"));
	}
	e->lost |= !buf_ok(&text);
	if (text.len == 0) {
		buf_free(&text);
		return NULL;
	}
	return buf_steal(&text);
}

/* The first tool_use of a message: the CLI writes a line for each block. */
static void
take_tool_use(struct claude_event *e, const cJSON *message)
{
	const cJSON *block;

	cJSON_ArrayForEach(block, member(message, "content"))
	{
		if (!text_is(block, "type", "tool_use"))
			continue;
		e->tool = copy_of(e, block, "name");
		e->input = json_of(e, member(block, "input"));
		return;
	}
}

static void
parse_assistant(const cJSON *line, struct claude_event *e)
{
	const cJSON *message = member(line, "message");

	e->type = CLAUDE_ASSISTANT;
	e->synthetic = text_is(message, "model", "<synthetic>");
	e->id = copy_of(e, message, "id");
	e->uuid = copy_of(e, line, "uuid");
	e->error = copy_of(e, line, "error");
	e->text = message_text(e, message);
	take_tool_use(e, message);
	e->usage = usage_of(member(message, "usage"));
	e->stop = stop_of(text_of(message, "stop_reason"));
}

static void
parse_result(const cJSON *line, struct claude_event *e)
{
	const cJSON *errors = member(line, "errors");

	e->type = CLAUDE_RESULT;
	e->subtype = copy_of(e, line, "subtype");
	e->is_error = cJSON_IsTrue(member(line, "is_error"));
	e->own = text_is(member(line, "origin"), "kind", "task-notification");
	e->status = status_of(line, "api_error_status");
	e->usage = usage_of(member(line, "usage"));
	e->turns = (long)count_of(line, "num_turns");
	e->cost_usd = cost_of(line, "total_cost_usd");
	e->terminal = copy_of(e, line, "terminal_reason");
	e->structured = member(line, "structured_output") != NULL;
	e->text = copy_of(e, line, "result");
	if (e->text == NULL && cJSON_IsArray(errors) && errors->child != NULL &&
	    cJSON_IsString(errors->child))
		e->text = copy(e, errors->child->valuestring);
}

static void
parse_rate_limit(const cJSON *line, struct claude_event *e)
{
	const cJSON *info = member(line, "rate_limit_info");

	if (!text_is(info, "status", "rejected"))
		return;
	e->type = CLAUDE_RATE_LIMIT;
	e->resets_at = count_of(info, "resetsAt");
}

static void
parse_control_response(const cJSON *line, struct claude_event *e)
{
	const cJSON *response = member(line, "response");

	e->type = CLAUDE_CONTROL_RESPONSE;
	e->id = copy_of(e, response, "request_id");
	e->is_error = !text_is(response, "subtype", "success");
	e->error = copy_of(e, response, "error");
}

/* A JSON-RPC request, or a notification, which has no id. */
static void
parse_rpc(const cJSON *request, struct claude_event *e)
{
	const cJSON *message = member(request, "message");
	const cJSON *id = member(message, "id");

	e->server = copy_of(e, request, "server_name");
	e->method = copy_of(e, message, "method");
	e->version = copy_of(e, member(message, "params"), "protocolVersion");
	e->call = copy_of(e, member(member(message, "params"), "_meta"),
	    "claudecode/toolUseId");
	if (cJSON_IsNumber(id) || cJSON_IsString(id))
		e->rpc_id = json_of(e, id);
}

static void
parse_control_request(const cJSON *line, struct claude_event *e)
{
	const cJSON *request = member(line, "request");

	e->type = CLAUDE_CONTROL_REQUEST;
	e->id = copy_of(e, line, "request_id");
	e->subtype = copy_of(e, request, "subtype");
	if (text_is(request, "subtype", "mcp_message"))
		parse_rpc(request, e);
}

static void
parse_user(const cJSON *line, struct claude_event *e)
{
	(void)line;
	e->type = CLAUDE_TOOL_RESULT;
}

static void
parse_lifecycle(const cJSON *line, struct claude_event *e)
{
	if (text_is(line, "state", "completed"))
		e->type = CLAUDE_COMPLETED;
}

static const struct {
	const char *type;
	void (*parse)(const cJSON *line, struct claude_event *e);
} line_types[] = {
    {"stream_event", parse_stream_event},
    {"assistant", parse_assistant},
    {"system", parse_system},
    {"user", parse_user},
    {"command_lifecycle", parse_lifecycle},
    {"result", parse_result},
    {"rate_limit_event", parse_rate_limit},
    {"control_response", parse_control_response},
    {"control_request", parse_control_request},
};

static void
parse_line(const cJSON *line, struct claude_event *e)
{
	const char *type = text_of(line, "type");
	size_t i;

	e->type = CLAUDE_OTHER;
	e->session = copy_of(e, line, "session_id");
	e->nested = cJSON_IsString(member(line, "parent_tool_use_id"));
	for (i = 0; i < sizeof(line_types) / sizeof(line_types[0]); i++) {
		if (strcmp(type, line_types[i].type) == 0) {
			line_types[i].parse(line, e);
			return;
		}
	}
}

/* A line of any form. */
static void
parse_any(
    char *line, size_t len, struct claude_stencil *s, struct claude_event *ret)
{
	CLEANUP_BUF struct buf longer = BUF_INIT(3 * len + 1);
	struct json_text_error error;
	cJSON *json;

	*ret = (struct claude_event){.type = CLAUDE_BAD_LINE};
	if (json_text_repair(&line, &len, &longer, &error) &&
	    !claude_delta_parse(line, len, s, ret)) {
		json = cJSON_ParseWithLength(line, len);
		ret->lost = json == NULL;
		if (cJSON_IsObject(json))
			parse_line(json, ret);
		cJSON_Delete(json);
	}
	ret->lost |= !buf_ok(&longer);
}

void
claude_event_parse(
    char *line, size_t len, struct claude_stencil *s, struct claude_event *ret)
{
	if (s == NULL || !claude_delta_again(s, line, len, ret))
		parse_any(line, len, s, ret);
	if (ret->lost)
		ret->type = CLAUDE_NO_MEMORY;
}

/* Most of an event's are NULL: to call free() for each took longer than a word
 * takes else. */
static void
drop(char *text)
{
	if (text != NULL)
		free(text);
}

void
claude_event_clear(struct claude_event *e)
{
	if (e->in_line) { /* a word, which has no more */
		drop(e->session);
		memset(e, 0, sizeof(*e));
		return;
	}
	drop(e->text);
	drop(e->error);
	drop(e->subtype);
	drop(e->id);
	drop(e->uuid);
	drop(e->session);
	drop(e->version);
	drop(e->terminal);
	drop(e->tool);
	drop(e->input);
	drop(e->server);
	drop(e->method);
	drop(e->call);
	drop(e->rpc_id);
	memset(e, 0, sizeof(*e));
}
