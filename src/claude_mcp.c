/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_mcp.h"

#include <string.h>

#include "json_text.h"
#include "limits.h"
#include "tool_names.h"
#include "utf8.h"

#include "banned.h"

/* Told to a CLI whose own is not fit to be told back. */
#define PROTOCOL  "2025-11-25"

#define NOT_FOUND "{\"code\":-32601,\"message\":\"Method not found\"}"

static const char version_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";

/* Up to and with the id; "result" or "error" follows. */
static void
open_answer(struct buf *to, const struct claude_event *request)
{
	const char *id = request->rpc_id;

	buf_addstr(to, "{\"type\":\"control_response\",\"response\":{"
		       "\"subtype\":\"success\",\"request_id\":");
	json_text_quote_str(to, request->id);
	buf_addf(to,
	    ",\"response\":{\"mcp_response\":{\"jsonrpc\":\"2.0\","
	    "\"id\":%s,",
	    id == NULL ? "0" : id);
}

static void
close_answer(struct buf *to)
{
	buf_addstr(to, "}}}}\n");
}

static void
answer_initialize(
    struct buf *to, const char *asked, const struct chat_request *r)
{
	size_t len = asked == NULL ? 0 : strlen(asked);
	bool fit = len > 0 && len <= LIMIT_MCP_VERSION_BYTES &&
	           strspn(asked, version_characters) == len;

	(void)r;
	buf_addstr(to, "\"result\":{\"protocolVersion\":");
	json_text_quote_str(to, fit ? asked : PROTOCOL);
	buf_addstr(to, ",\"capabilities\":{\"tools\":{}},\"serverInfo\":{"
		       "\"name\":\"" TOOL_SERVER "\",\"version\":\"1\"}}");
}

/* How many bytes of text are so many characters at most, as the CLI counts
 * them: one outside of the basic plane is two. */
static size_t
bytes_of(const char *text, size_t characters)
{
	size_t len = strlen(text), at = 0, n, width;

	while (at < len) {
		n = utf8_sequence(text + at, len - at);
		width = n == 4 ? 2 : 1;
		if (n == 0 || width > characters)
			break;
		characters -= width;
		at += n;
	}
	return at;
}

static bool
too_long(const struct chat_tool *tool)
{
	const char *text = tool->description;

	return text != NULL &&
	       text[bytes_of(text, LIMIT_TOOL_DESCRIPTION)] != '\0';
}

static void
add_description(struct buf *to, const struct chat_tool *tool)
{
	static const char note[] =
	    " [...] (The system prompt has all of this description.)";
	const char *text = tool->description == NULL ? "" : tool->description;
	struct buf cut = BUF_INIT(4 * LIMIT_TOOL_DESCRIPTION);

	buf_addstr(to, "\"description\":");
	if (!too_long(tool)) {
		json_text_quote_str(to, text);
		return;
	}
	buf_add(
	    &cut, text, bytes_of(text, LIMIT_TOOL_DESCRIPTION - sizeof(note)));
	buf_addstr(&cut, note);
	if (buf_ok(&cut))
		json_text_quote(to, buf_str(&cut), cut.len);
	else
		json_text_quote_str(to, note);
	buf_free(&cut);
}

/* Without the hint of reading only, the CLI asks for one call at a time and
 * wants its result before the next. */
static void
add_tool(struct buf *to, const struct chat_tool *tool)
{
	char name[TOOL_NAME_BYTES];

	tool_name_make(name, tool->name);
	buf_addstr(to, "{\"name\":");
	json_text_quote_str(to, name);
	buf_addch(to, ',');
	add_description(to, tool);
	buf_addstr(to, ",\"inputSchema\":");
	json_text_on_one_line(to, tool->schema);
	buf_addstr(to, ",\"annotations\":{\"readOnlyHint\":true}}");
}

static void
answer_list(struct buf *to, const char *asked, const struct chat_request *r)
{
	size_t i;

	(void)asked;
	buf_addstr(to, "\"result\":{\"tools\":[");
	for (i = 0; i < r->ntools; i++) {
		if (i > 0)
			buf_addch(to, ',');
		add_tool(to, &r->tools[i]);
	}
	buf_addstr(to, "]}");
}

static void
answer_nothing(struct buf *to, const char *asked, const struct chat_request *r)
{
	(void)asked;
	(void)r;
	buf_addstr(to, "\"result\":{}");
}

static void
answer_unknown(struct buf *to, const char *asked, const struct chat_request *r)
{
	(void)asked;
	(void)r;
	buf_addstr(to, "\"error\":" NOT_FOUND);
}

typedef void answer_function(
    struct buf *to, const char *asked, const struct chat_request *r);

static const struct {
	const char *method;
	answer_function *answer;
} methods[] = {
    {"initialize", answer_initialize},
    {"tools/list", answer_list},
    {"ping", answer_nothing},
};

/* The CLI waits for an answer to a notification too. */
static answer_function *
answer_to(const struct claude_event *request)
{
	size_t i;

	if (request->rpc_id == NULL)
		return answer_nothing;
	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(methods[i].method, request->method) == 0)
			return methods[i].answer;
	}
	return answer_unknown;
}

bool
claude_mcp_wanted(const struct chat_request *r)
{
	return r->ntools > 0 &&
	       (r->choice != CHAT_CHOICE_NONE || r->format == CHAT_FORMAT_TEXT);
}

static bool
servable(const struct claude_event *request)
{
	return request->id != NULL && request->method != NULL &&
	       request->server != NULL &&
	       strcmp(request->server, TOOL_SERVER) == 0 &&
	       (request->rpc_id == NULL ||
		   strlen(request->rpc_id) <= LIMIT_MCP_ID_BYTES);
}

bool
claude_mcp_is_call(const struct claude_event *request)
{
	return servable(request) && strcmp(request->method, "tools/call") == 0;
}

bool
claude_mcp_answer(
    struct buf *to, struct claude_event *request, const struct chat_request *r)
{
	if (!servable(request))
		return false;
	if (claude_mcp_is_call(request)) {
		request->type = CLAUDE_TOOL_CALL;
		return true;
	}
	request->type = CLAUDE_OTHER;
	open_answer(to, request);
	answer_to(request)(to, request->version, r);
	close_answer(to);
	return true;
}

void
claude_mcp_system(struct buf *to, const struct chat_request *r)
{
	char name[TOOL_NAME_BYTES];
	const char *before = to->len > 0 ? "\n\n" : "";
	size_t i;

	for (i = 0; i < r->ntools; i++) {
		if (!too_long(&r->tools[i]))
			continue;
		tool_name_make(name, r->tools[i].name);
		buf_addf(to, "%sThe whole description of the tool %s%s:\n\n",
		    before, TOOL_PREFIX, name);
		buf_addstr(to, r->tools[i].description);
		before = "\n\n";
	}
}
