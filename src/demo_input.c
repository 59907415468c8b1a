/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_input.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "demo_lines.h"
#include "demo_out.h"
#include "demo_record.h"
#include "demo_session.h"
#include "json_text.h"
#include "limits.h"

#include "banned.h"

static void
set_text(char **to, const cJSON *from)
{
	if (cJSON_IsString(from)) {
		free(*to);
		*to = strdup(from->valuestring);
	}
}

static void
take_initialize(struct demo *d, const cJSON *r)
{
	const cJSON *schema = cJSON_GetObjectItemCaseSensitive(r, "jsonSchema");

	set_text(
	    &d->system, cJSON_GetObjectItemCaseSensitive(r, "systemPrompt"));
	set_text(&d->append,
	    cJSON_GetObjectItemCaseSensitive(r, "appendSystemPrompt"));
	d->serves = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(
			r, "sdkMcpServers")) > 0;
	cJSON_Delete(d->schema);
	d->schema =
	    cJSON_IsObject(schema) ? cJSON_Duplicate(schema, true) : NULL;
}

static void
obey(struct demo *d, const cJSON *line)
{
	const cJSON *r = cJSON_GetObjectItemCaseSensitive(line, "request");
	const char *id = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(line, "request_id"));
	const char *subtype = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(r, "subtype"));

	if (id == NULL || subtype == NULL)
		demo_die("Error parsing streaming input line: control_request "
			 "without request_id or subtype");
	if (strcmp(subtype, "initialize") == 0) {
		take_initialize(d, r);
		demo_control_response(id, true, NULL);
	} else if (strcmp(subtype, "interrupt") == 0) {
		if (!d->deaf)
			demo_control_response(id, false, NULL);
		d->interrupted = d->busy && !d->deaf;
	} else
		demo_control_response(id, false, subtype);
}

static void
take_answer(struct demo *d, const cJSON *line)
{
	const cJSON *mcp;
	const cJSON *r = cJSON_GetObjectItemCaseSensitive(line, "response");
	const char *id = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(r, "request_id"));
	const char *subtype = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(r, "subtype"));

	if (id == NULL || subtype == NULL)
		demo_die("Error parsing streaming input line: control_response "
			 "without request_id or subtype");
	mcp = cJSON_GetObjectItemCaseSensitive(
	    cJSON_GetObjectItemCaseSensitive(r, "response"), "mcp_response");
	if (cJSON_IsObject(mcp))
		cJSON_AddItemToObject(
		    d->answers, id, cJSON_Duplicate(mcp, true));
	cJSON_DeleteItemFromObjectCaseSensitive(d->asked, id);
}

static void
accept_line(struct demo *d, const char *text, size_t len)
{
	struct json_text_error error;
	cJSON *line;
	const char *type;

	if (len == 0)
		return;
	demo_record_line(d, text, len);
	if (!json_text_check(text, len, &error))
		demo_die("Error parsing streaming input line: %s at byte %zu",
		    error.what, error.offset);
	line = cJSON_ParseWithLength(text, len);
	if (line == NULL)
		demo_die("Error parsing streaming input line: no JSON");
	type = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(line, "type"));
	if (type != NULL && strcmp(type, "control_request") == 0) {
		obey(d, line);
		cJSON_Delete(line);
	} else if (type != NULL && strcmp(type, "control_response") == 0) {
		take_answer(d, line);
		cJSON_Delete(line);
	} else
		cJSON_AddItemToArray(d->waiting, line);
}

/* Accepts the complete lines of the input, searched from byte on. */
static void
accept_lines(struct demo *d, size_t from)
{
	const char *start = buf_str(&d->input), *end;

	while (
	    (end = memchr(start + from, '\n', d->input.len - from)) != NULL) {
		accept_line(d, start, (size_t)(end - start));
		buf_consume(&d->input, (size_t)(end - start) + 1);
		start = buf_str(&d->input);
		from = 0;
	}
	if (d->ended && d->input.len > 0) {
		accept_line(d, start, d->input.len);
		buf_clear(&d->input);
	}
}

/* Reads what is there, at most until the deadline.  False: nothing came. */
static bool
read_some(struct demo *d, int timeout)
{
	struct pollfd p = {
	    .fd = d->ended ? -1 : STDIN_FILENO, .events = POLLIN};
	size_t room, before = d->input.len;
	ssize_t n;
	char *to;

	n = poll(&p, 1, demo_session_wait(d, timeout));
	demo_session_write_due(d);
	if (n <= 0 || p.revents == 0)
		return false;
	to = buf_reserve(&d->input, LIMIT_READ_BYTES, &room);
	if (room == 0)
		demo_die("stdin: line too long");
	n = read(STDIN_FILENO, to, room);
	if (n < 0)
		return false;
	buf_commit(&d->input, (size_t)n);
	d->ended = n == 0;
	accept_lines(d, before);
	return true;
}

cJSON *
demo_take(struct demo *d)
{
	while (cJSON_GetArraySize(d->waiting) == 0) {
		if (d->ended)
			return NULL;
		(void)read_some(d, -1);
	}
	return cJSON_DetachItemFromArray(d->waiting, 0);
}

bool
demo_pause(struct demo *d, long ms)
{
	int64_t now, end = clock_ms() + ms;

	do {
		now = clock_ms();
		(void)read_some(d, now < end ? (int)(end - now) : 0);
	} while (!d->interrupted && clock_ms() < end);
	return !d->interrupted;
}

bool
demo_await_answers(struct demo *d)
{
	while (d->asked->child != NULL && !d->ended && !d->interrupted)
		(void)read_some(d, -1);
	return !d->interrupted;
}

bool
demo_more_waiting(struct demo *d)
{
	if (cJSON_GetArraySize(d->waiting) == 0)
		(void)read_some(d, 0);
	return cJSON_GetArraySize(d->waiting) > 0;
}
