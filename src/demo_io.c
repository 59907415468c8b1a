/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "demo_lines.h"
#include "demo_session.h"
#include "json_text.h"
#include "limits.h"

#include "banned.h"

void
demo_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	exit(1);
}

static void
write_all(int fd, const char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, bytes, len);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
}

void
demo_write(struct buf *b)
{
	if (!buf_ok(b))
		demo_die("out of memory");
	write_all(STDOUT_FILENO, buf_str(b), b->len);
	buf_free(b);
}

static void
record(const struct demo *d, const char *line, size_t len)
{
	struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);

	if (d->record < 0)
		return;
	buf_addstr(&b, "{\"stdin\":");
	json_text_quote(&b, line, len);
	buf_addstr(&b, "}\n");
	write_all(d->record, buf_str(&b), b.len);
	buf_free(&b);
}

static void
add_strings(struct buf *b, char *const *v)
{
	const char *comma = "";

	buf_addch(b, '[');
	for (; *v != NULL; v++, comma = ",") {
		buf_addstr(b, comma);
		json_text_quote_str(b, *v);
	}
	buf_addch(b, ']');
}

void
demo_record_open(struct demo *d, char *const *argv, char *const *env)
{
	struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);
	const char *path = getenv("CCP_DEMO_RECORD");
	char cwd[4096];

	d->record = -1;
	if (path == NULL)
		return;
	d->record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (d->record < 0)
		demo_die("%s: %s", path, strerror(errno));
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		cwd[0] = '\0';
	buf_addstr(&b, "{\"argv\":");
	add_strings(&b, argv);
	buf_addstr(&b, ",\"environ\":");
	add_strings(&b, env);
	buf_addstr(&b, ",\"cwd\":");
	json_text_quote_str(&b, cwd);
	buf_addf(&b, ",\"pid\":%ld}\n", (long)getpid());
	write_all(d->record, buf_str(&b), b.len);
	buf_free(&b);
}

void
demo_record_started(const struct demo *d)
{
	struct buf b = BUF_INIT(LIMIT_LOG_LINE_BYTES);

	if (d->record >= 0) {
		buf_addf(&b, "{\"started\":%ld}\n", (long)getpid());
		write_all(d->record, buf_str(&b), b.len);
	}
	buf_free(&b);
}

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
	record(d, text, len);
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
