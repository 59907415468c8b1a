/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_lines.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "demo_out.h"
#include "demo_session.h"
#include "json_text.h"
#include "limits.h"
#include "random.h"

#include "banned.h"

#define LINE BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES * 2u)

/* What every line but control lines ends with. */
static void
finish_as(const struct demo *d, struct buf *b, char uuid[37])
{
	random_uuid(uuid);
	buf_addf(b, ",\"session_id\":\"%s\",\"uuid\":\"%s\"}\n", d->session.id,
	    uuid);
	demo_write(b);
}

static void
finish(const struct demo *d, struct buf *b)
{
	char uuid[37];

	finish_as(d, b, uuid);
}

/* ,"key":"text", or null */
static void
add_member(struct buf *b, const char *key, const char *text)
{
	buf_addf(b, ",\"%s\":", key);
	if (text == NULL)
		buf_addstr(b, "null");
	else
		json_text_quote_str(b, text);
}

long
demo_words(const char *text)
{
	long n = 0;

	for (text += strspn(text, " \t\r\n"); *text != '\0'; n++) {
		text += strcspn(text, " \t\r\n");
		text += strspn(text, " \t\r\n");
	}
	return n;
}

/* A usage object over a number of API calls. */
static void
add_usage(struct buf *b, const struct demo *d, int calls, long output)
{
	long prompt = d->last == NULL ? 0 : demo_words(d->last);

	buf_addf(b,
	    "{\"input_tokens\":%ld,\"cache_creation_input_tokens\":%d,"
	    "\"cache_read_input_tokens\":%d,\"output_tokens\":%ld,"
	    "\"service_tier\":\"standard\"}",
	    prompt * calls, DEMO_CACHE_CREATION * calls,
	    DEMO_CACHE_READ * calls, output);
}

void
demo_control_response(const char *id, bool initialize, const char *unsupported)
{
	struct buf b = LINE, text = BUF_INIT(LIMIT_ERROR_TEXT_BYTES);

	buf_addf(&b,
	    "{\"type\":\"control_response\",\"response\":{\"subtype\":\"%s\"",
	    unsupported == NULL ? "success" : "error");
	add_member(&b, "request_id", id);
	if (unsupported != NULL) {
		buf_addf(&text, "Unsupported control request subtype: %s",
		    unsupported);
		add_member(&b, "error", buf_str(&text));
	} else if (initialize)
		buf_addf(&b,
		    ",\"response\":{\"commands\":[],\"agents\":[],"
		    "\"models\":[],\"account\":{},\"pid\":%ld}",
		    (long)getpid());
	buf_addstr(&b, "}}\n");
	buf_free(&text);
	demo_write(&b);
}

void
demo_init(const struct demo *d)
{
	struct buf b = LINE;
	char cwd[4096];

	if (getcwd(cwd, sizeof(cwd)) == NULL)
		cwd[0] = '\0';
	buf_addstr(&b, "{\"type\":\"system\",\"subtype\":\"init\"");
	add_member(&b, "cwd", cwd);
	buf_addstr(&b, ",\"tools\":[],\"mcp_servers\":[]");
	add_member(&b, "model", d->model);
	add_member(&b, "permissionMode", d->permission_mode);
	buf_addstr(&b, ",\"slash_commands\":[],\"apiKeySource\":\"none\"");
	if (d->version[0] != '\0')
		add_member(&b, "claude_code_version", d->version);
	buf_addstr(&b,
	    ",\"output_style\":\"default\",\"agents\":[],\"skills\":[],"
	    "\"plugins\":[]");
	finish(d, &b);
}

void
demo_requesting(const struct demo *d)
{
	struct buf b = LINE;

	buf_addstr(&b, "{\"type\":\"system\",\"subtype\":\"status\","
		       "\"status\":\"requesting\"");
	finish(d, &b);
}

void
demo_retry(const struct demo *d, int status, double delay_ms)
{
	struct buf b = LINE;

	buf_addf(&b,
	    "{\"type\":\"system\",\"subtype\":\"api_retry\",\"attempt\":1,"
	    "\"max_retries\":2,\"retry_delay_ms\":%.4f,\"error_status\":%d,"
	    "\"error\":\"%s\"",
	    delay_ms, status, status == 429 ? "rate_limit" : "server_error");
	finish(d, &b);
}

void
demo_limit_rejected(const struct demo *d, long long resets_at)
{
	struct buf b = LINE;

	buf_addf(&b,
	    "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{"
	    "\"status\":\"rejected\",\"resetsAt\":%lld,"
	    "\"rateLimitType\":\"five_hour\",\"isUsingOverage\":false}",
	    resets_at);
	finish(d, &b);
}

void
demo_event(const struct demo *d, struct buf *event)
{
	struct buf b = LINE;

	buf_addstr(&b, "{\"type\":\"stream_event\",\"event\":");
	buf_add(&b, buf_str(event), event->len);
	buf_addstr(&b, ",\"parent_tool_use_id\":null");
	buf_free(event);
	finish(d, &b);
}

void
demo_message_id(struct demo *d)
{
	char uuid[37];

	random_uuid(uuid);
	(void)snprintf(
	    d->message_id, sizeof(d->message_id), "msg_demo_%s", uuid);
}

void
demo_message_start(struct demo *d)
{
	struct buf b = LINE;

	demo_message_id(d);
	buf_addf(&b,
	    "{\"type\":\"message_start\",\"message\":{\"id\":\"%s\","
	    "\"type\":\"message\",\"role\":\"assistant\"",
	    d->message_id);
	add_member(&b, "model", d->model);
	buf_addstr(&b, ",\"content\":[],\"stop_reason\":null,"
		       "\"stop_sequence\":null,\"usage\":");
	add_usage(&b, d, 1, 1);
	buf_addstr(&b, "}}");
	demo_event(d, &b);
	d->calls++;
	d->words = 1;
}

void
demo_block_start(const struct demo *d, int index, const char *block)
{
	struct buf b = LINE;

	buf_addf(&b,
	    "{\"type\":\"content_block_start\",\"index\":%d,"
	    "\"content_block\":%s}",
	    index, block);
	demo_event(d, &b);
}

void
demo_delta(const struct demo *d, int index, const char *type, const char *key,
    const char *text, size_t len)
{
	struct buf b = LINE;

	buf_addf(&b,
	    "{\"type\":\"content_block_delta\",\"index\":%d,\"delta\":{"
	    "\"type\":\"%s\",\"%s\":",
	    index, type, key);
	json_text_quote(&b, text, len);
	buf_addstr(&b, "}}");
	demo_event(d, &b);
}

void
demo_block_stop(const struct demo *d, int index)
{
	struct buf b = LINE;

	buf_addf(&b, "{\"type\":\"content_block_stop\",\"index\":%d}", index);
	demo_event(d, &b);
}

void
demo_message_delta(struct demo *d, const char *stop_reason)
{
	struct buf b = LINE;

	buf_addf(&b,
	    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"%s\","
	    "\"stop_sequence\":null},\"usage\":",
	    stop_reason);
	add_usage(&b, d, 1, d->words);
	buf_addch(&b, '}');
	demo_event(d, &b);
	d->all_words += d->words;
}

void
demo_message_stop(const struct demo *d)
{
	struct buf b = LINE;

	buf_addstr(&b, "{\"type\":\"message_stop\"}");
	demo_event(d, &b);
}

/* A line of the conversation around the JSON text of its message, which is
 * freed; rest: further members. */
static void
say_message(struct demo *d, const char *type, struct buf *message,
    const struct buf *rest, bool api_error)
{
	struct buf b = LINE;
	char uuid[37];

	buf_addf(&b, "{\"type\":\"%s\",\"message\":", type);
	buf_add(&b, buf_str(message), message->len);
	buf_addstr(&b, ",\"parent_tool_use_id\":null");
	buf_add(&b, buf_str(rest), rest->len);
	finish_as(d, &b, uuid);
	demo_session_add(d, type, uuid, buf_str(message), api_error);
	buf_free(message);
}

void
demo_assistant(struct demo *d, const char *block)
{
	struct buf b = LINE;
	CLEANUP_BUF struct buf rest = LINE;

	buf_addf(&b,
	    "{\"id\":\"%s\",\"type\":\"message\",\"role\":\"assistant\"",
	    d->message_id);
	add_member(&b, "model", d->model);
	buf_addstr(&b, ",\"content\":[");
	buf_addstr(&b, block);
	buf_addstr(&b, "],\"stop_reason\":null,\"stop_sequence\":null,"
		       "\"usage\":");
	add_usage(&b, d, 1, 1);
	buf_addch(&b, '}');
	add_member(&rest, "request_id", "req_demo");
	say_message(d, "assistant", &b, &rest, false);
}

void
demo_synthetic(struct demo *d, const char *text, const char *error)
{
	struct buf b = LINE;
	CLEANUP_BUF struct buf rest = LINE;
	char uuid[37];

	random_uuid(uuid);
	buf_addf(&b,
	    "{\"id\":\"%s\",\"model\":\"<synthetic>\","
	    "\"role\":\"assistant\",\"stop_reason\":\"stop_sequence\","
	    "\"stop_sequence\":\"\",\"type\":\"message\",\"usage\":",
	    uuid);
	add_usage(&b, d, 0, 0);
	buf_addstr(&b, ",\"content\":[{\"type\":\"text\"");
	add_member(&b, "text", text);
	buf_addstr(&b, "}]}");
	if (error != NULL)
		add_member(&rest, "error", error);
	say_message(d, "assistant", &b, &rest, error != NULL);
}

void
demo_user(struct demo *d, const char *content)
{
	struct buf b = LINE;
	CLEANUP_BUF struct buf rest = LINE;

	buf_addf(&b, "{\"role\":\"user\",\"content\":[%s]}", content);
	say_message(d, "user", &b, &rest, false);
}

static void
add_outcome(struct buf *b, const struct demo_result *r)
{
	if (r->text == NULL) {
		buf_addstr(b, ",\"errors\":[");
		json_text_quote_str(b, r->error);
		buf_addch(b, ']');
		return;
	}
	if (r->status != 0)
		buf_addf(b, ",\"api_error_status\":%d", r->status);
	else
		buf_addstr(b, ",\"api_error_status\":null");
	add_member(b, "result", r->text);
}

void
demo_result(struct demo *d, const struct demo_result *r)
{
	struct buf b = LINE;

	buf_addf(&b,
	    "{\"type\":\"result\",\"subtype\":\"%s\",\"is_error\":%s,"
	    "\"duration_ms\":0,\"duration_api_ms\":0,\"num_turns\":%d",
	    r->subtype, r->is_error ? "true" : "false", r->turns);
	add_outcome(&b, r);
	add_member(&b, "stop_reason", r->stop_reason);
	buf_addstr(&b, ",\"total_cost_usd\":0,\"usage\":");
	add_usage(&b, d, r->usage ? d->calls : 0, r->usage ? d->all_words : 0);
	buf_addstr(&b, ",\"modelUsage\":{},\"permission_denials\":[]");
	if (r->structured != NULL) {
		buf_addstr(&b, ",\"structured_output\":");
		json_text_on_one_line(&b, r->structured);
	}
	if (r->terminal != NULL)
		add_member(&b, "terminal_reason", r->terminal);
	finish(d, &b);
	d->failed = r->is_error;
}
