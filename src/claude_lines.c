/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_lines.h"

#include <string.h>

#include "json_text.h"
#include "random.h"
#include "tool_names.h"

#include "banned.h"

static void
add_control(struct buf *to, const char *id)
{
	buf_addstr(to, "{\"type\":\"control_request\",\"request_id\":");
	json_text_quote_str(to, id);
	buf_addstr(to, ",\"request\":{\"subtype\":");
}

void
claude_line_initialize(
    struct buf *to, const char *id, const struct claude_initialize *with)
{
	add_control(to, id);
	buf_addstr(to, "\"initialize\"");
	if (with->system != NULL) {
		buf_addstr(to, with->append ? ",\"appendSystemPrompt\":"
					    : ",\"systemPrompt\":");
		json_text_quote_str(to, with->system);
	}
	if (with->tools)
		buf_addstr(to, ",\"sdkMcpServers\":[\"" TOOL_SERVER "\"]");
	if (with->schema != NULL) {
		buf_addstr(to, ",\"jsonSchema\":");
		json_text_on_one_line(to, with->schema);
	}
	buf_addstr(to, "}}\n");
}

void
claude_line_interrupt(struct buf *to, const char *id)
{
	add_control(to, id);
	buf_addstr(to, "\"interrupt\"}}\n");
}

void
claude_line_refusal(struct buf *to, const char *id)
{
	buf_addstr(to, "{\"type\":\"control_response\",\"response\":{"
		       "\"subtype\":\"error\",\"request_id\":");
	json_text_quote_str(to, id);
	buf_addstr(to, ",\"error\":\"This request is not served.\"}}\n");
}

static void
add_text_block(struct buf *to, const char *text)
{
	buf_addstr(to, "{\"type\":\"text\",\"text\":");
	json_text_quote_str(to, text);
	buf_addch(to, '}');
}

/* Base64 is copied as it is: nothing in it needs quoting. */
static void
add_base64_source(struct buf *to, const struct chat_part *part)
{
	buf_addf(to, "{\"type\":\"base64\",\"media_type\":\"%s\",\"data\":\"",
	    part->media);
	buf_addstr(to, part->text);
	buf_addstr(to, "\"}");
}

static void
add_image_block(struct buf *to, const struct chat_part *part)
{
	buf_addstr(to, "{\"type\":\"image\",\"source\":");
	if (part->media != NULL) {
		add_base64_source(to, part);
	} else {
		buf_addstr(to, "{\"type\":\"url\",\"url\":");
		json_text_quote_str(to, part->text);
		buf_addch(to, '}');
	}
	buf_addch(to, '}');
}

static void
add_document_block(struct buf *to, const struct chat_part *part)
{
	buf_addstr(to, "{\"type\":\"document\",");
	if (part->name != NULL) {
		buf_addstr(to, "\"title\":");
		json_text_quote_str(to, part->name);
		buf_addch(to, ',');
	}
	buf_addstr(to, "\"source\":");
	if (strcmp(part->media, "text/plain") == 0) {
		buf_addstr(to, "{\"type\":\"text\",\"media_type\":"
			       "\"text/plain\",\"data\":");
		json_text_quote_str(to, part->text);
		buf_addch(to, '}');
	} else {
		add_base64_source(to, part);
	}
	buf_addch(to, '}');
}

/* Names in a history are not changed by the CLI, so they have to be those that
 * the tools have now. */
static void
add_tool_use_block(struct buf *to, const struct chat_part *part)
{
	char name[TOOL_NAME_BYTES];

	tool_name_make(name, part->name);
	buf_addstr(to, "{\"type\":\"tool_use\",\"id\":");
	json_text_quote_str(to, part->id);
	buf_addf(to, ",\"name\":\"%s%s\",\"input\":", TOOL_PREFIX, name);
	json_text_on_one_line(to, part->text);
	buf_addch(to, '}');
}

/* What a result is made of is never a result. */
static void
add_plain_block(struct buf *to, const struct chat_part *part)
{
	if (part->kind == CHAT_IMAGE)
		add_image_block(to, part);
	else if (part->kind == CHAT_DOCUMENT)
		add_document_block(to, part);
	else
		add_text_block(to, part->text);
}

static void
add_tool_result_block(struct buf *to, const struct chat_part *part)
{
	size_t i;

	buf_addstr(to, "{\"type\":\"tool_result\",\"tool_use_id\":");
	json_text_quote_str(to, part->id);
	buf_addstr(to, ",\"content\":[");
	for (i = 0; i < part->nparts; i++) {
		if (i > 0)
			buf_addch(to, ',');
		add_plain_block(to, &part->parts[i]);
	}
	buf_addstr(to, "]}");
}

static void
add_blocks(struct buf *to, const struct chat_message *m)
{
	size_t i;

	for (i = 0; i < m->nparts; i++) {
		const struct chat_part *part = &m->parts[i];

		if (i > 0)
			buf_addch(to, ',');
		if (part->kind == CHAT_TOOL_USE)
			add_tool_use_block(to, part);
		else if (part->kind == CHAT_TOOL_RESULT)
			add_tool_result_block(to, part);
		else
			add_plain_block(to, part);
	}
}

/* Every line needs a uuid that is new to the process: one with a known uuid
 * is dropped without a word. */
static void
add_uuid(struct buf *to)
{
	char uuid[37];

	random_uuid(uuid);
	buf_addf(to, "\"uuid\":\"%s\"", uuid);
}

void
claude_line_user(struct buf *to, const struct chat_message *m, bool query)
{
	buf_addstr(to, "{\"type\":\"user\",");
	add_uuid(to);
	buf_addstr(to, ",\"message\":{\"role\":\"user\",\"content\":[");
	add_blocks(to, m);
	buf_addch(to, ',');
	add_text_block(to, " ");
	buf_addstr(to, "]},\"parent_tool_use_id\":null,\"session_id\":\"\"");
	buf_addstr(to, query ? "}\n" : ",\"shouldQuery\":false}\n");
}

void
claude_line_assistant(
    struct buf *to, const struct chat_message *m, const char *model)
{
	char id[33];

	/* Equal message ids of neighbouring lines count as one message. */
	random_hex(id, 16);
	buf_addstr(to, "{\"type\":\"assistant\",");
	add_uuid(to);
	buf_addf(to,
	    ",\"message\":{\"id\":\"msg_%s\",\"type\":\"message\","
	    "\"role\":\"assistant\",\"model\":",
	    id);
	json_text_quote_str(to, model);
	buf_addstr(to, ",\"content\":[");
	add_blocks(to, m);
	buf_addstr(to, "]},\"parent_tool_use_id\":null,\"session_id\":\"\"}\n");
}
