/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_mcp.h"

#include <string.h>

#include "cleanup.h"
#include "demo_input.h"
#include "demo_out.h"
#include "json_text.h"
#include "limits.h"
#include "random.h"

#include "banned.h"

#define PREFIX "mcp__client__"
#define NAME_CHARACTERS                                                        \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
#define NAME_BYTES (128 - strlen(PREFIX))

static const char *
text_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(object, name));

	return text == NULL ? "" : text;
}

/* params: JSON text, or NULL; a notification has no id. */
static void
ask(struct demo *d, char id[37], const char *method, const char *params)
{
	struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);

	random_uuid(id);
	buf_addf(&b,
	    "{\"type\":\"control_request\",\"request_id\":\"%s\","
	    "\"request\":{\"subtype\":\"mcp_message\",\"server_name\":"
	    "\"client\",\"message\":{\"method\":\"%s\"",
	    id, method);
	if (params != NULL) {
		buf_addstr(&b, ",\"params\":");
		json_text_on_one_line(&b, params);
	}
	buf_addstr(&b, ",\"jsonrpc\":\"2.0\"");
	if (strncmp(method, "notifications/", strlen("notifications/")) != 0)
		buf_addf(&b, ",\"id\":%d", d->rpc_id++);
	buf_addstr(&b, "}}}\n");
	if (cJSON_AddTrueToObject(d->asked, id) == NULL)
		demo_die("out of memory");
	demo_write(&b);
}

/* The result that the parent has answered with. */
static const cJSON *
result_of(struct demo *d, const char *id, const char *method)
{
	const cJSON *result;

	(void)demo_await_answers(d);
	result = cJSON_GetObjectItemCaseSensitive(
	    cJSON_GetObjectItemCaseSensitive(d->answers, id), "result");
	if (!cJSON_IsObject(result))
		demo_die(
		    "error: MCP server \"client\": no result of %s", method);
	return result;
}

/* What the real CLI takes amiss: it then has no tools at all. */
static void
check_tool(const struct demo *d, const cJSON *tool)
{
	const char *name = text_of(tool, "name");
	size_t len = strlen(name);

	if (len == 0 || len > NAME_BYTES ||
	    strspn(name, NAME_CHARACTERS) != len)
		demo_die("error: MCP server \"client\": tool name %s", name);
	if (strcmp(
		text_of(cJSON_GetObjectItemCaseSensitive(tool, "inputSchema"),
		    "type"),
		"object") != 0)
		demo_die("error: MCP server \"client\": the schema of %s is "
			 "not that of an object",
		    name);
	(void)d;
}

void
demo_mcp_handshake(struct demo *d)
{
	const cJSON *list, *tool;
	char id[37];

	if (!d->serves || d->tools != NULL)
		return;
	ask(d, id, "initialize",
	    "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
	    "\"clientInfo\":{\"name\":\"claude-code\",\"version\":"
	    "\"" DEMO_VERSION "\"}}");
	(void)result_of(d, id, "initialize");
	ask(d, id, "notifications/initialized", NULL);
	ask(d, id, "tools/list", NULL);
	list = cJSON_GetObjectItemCaseSensitive(
	    result_of(d, id, "tools/list"), "tools");
	cJSON_ArrayForEach(tool, list) check_tool(d, tool);
	d->tools = cJSON_Duplicate(list, true);
	if (!cJSON_IsArray(d->tools))
		demo_die("error: MCP server \"client\": no list of tools");
}

bool
demo_mcp_knows(const struct demo *d, const char *name)
{
	const cJSON *tool;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return false;
	cJSON_ArrayForEach(tool, d->tools)
	{
		if (strcmp(text_of(tool, "name"), name + strlen(PREFIX)) == 0)
			return true;
	}
	return false;
}

void
demo_mcp_call(
    struct demo *d, const char *name, const char *id, const char *input)
{
	CLEANUP_BUF struct buf params = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);
	char request[37];

	if (strstr(d->allowed_tools, PREFIX "*") == NULL)
		demo_die("error: %s is not allowed", name);
	buf_addf(
	    &params, "{\"name\":\"%s\",\"arguments\":", name + strlen(PREFIX));
	buf_addstr(&params, input);
	buf_addf(&params, ",\"_meta\":{\"claudecode/toolUseId\":\"%s\"}}", id);
	ask(d, request, "tools/call", buf_str(&params));
}
