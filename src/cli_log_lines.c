/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_log_lines.h"

#include <cjson/cJSON.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "cleanup.h"
#include "cli_style.h"
#include "json_text.h"
#include "limits.h"
#include "log.h"
#include "request_log.h"

#include "banned.h"

#define TIME_LENGTH  24 /* 2026-01-02T03:04:05.678Z */
#define LEVEL_LENGTH 5
#define INFO         6
/* A line of the journal's, with its own members and each byte as a number. */
#define JOURNAL_BYTES LOG_LINES_BYTES

/* --- a line of text ---------------------------------------------------- */

/* "TIME NAME[PID]: LEVEL: MESSAGE" */
struct head {
	const char *name, *message; /* in the line */
	int name_length;
	long pid;
	char level[LEVEL_LENGTH + 1];
};

/* The level that a text begins with, and what is behind it. */
static const char *
take_level(const char *text, char level[LEVEL_LENGTH + 1])
{
	size_t len = strcspn(text, ":");

	if (len > LEVEL_LENGTH || strncmp(text + len, ": ", 2) != 0)
		return NULL;
	memcpy(level, text, len);
	level[len] = '\0';
	return log_severity(level) == -1 ? NULL : text + len + 2;
}

static bool
take_head(const char *line, struct head *ret)
{
	const char *bracket;
	char *end;

	if (strnlen(line, TIME_LENGTH + 1) <= TIME_LENGTH || line[10] != 'T' ||
	    line[TIME_LENGTH - 1] != 'Z' || line[TIME_LENGTH] != ' ')
		return false;
	ret->name = line + TIME_LENGTH + 1;
	bracket = strchr(ret->name, '[');
	if (bracket == NULL || bracket - ret->name > LIMIT_LOG_LINE_BYTES)
		return false;
	ret->name_length = (int)(bracket - ret->name);
	ret->pid = strtol(bracket + 1, &end, 10);
	if (strncmp(end, "]: ", 3) != 0)
		return false;
	ret->message = take_level(end + 3, ret->level);
	return ret->message != NULL;
}

static void
quote(struct buf *b, const char *text, size_t len)
{
	char escaped[6 * LIMIT_LOG_LINE_BYTES], copy[LIMIT_LOG_LINE_BYTES];
	struct log_text t = {.to = escaped, .size = sizeof(escaped)};

	if (len >= sizeof(copy))
		len = sizeof(copy) - 1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	log_text_json(&t, copy);
	buf_addch(b, '"');
	buf_add(b, escaped, t.len);
	buf_addch(b, '"');
}

/* What is not ours, a message of launchd's or of a sanitizer, has no head. */
static void
show_text_as_json(const char *line)
{
	CLEANUP_BUF struct buf b = BUF_INIT(8 * LIMIT_LOG_LINE_BYTES);
	struct head h;

	if (take_head(line, &h)) {
		buf_addf(&b, "{\"time\":\"%.*s\",\"level\":\"%s\",\"name\":",
		    TIME_LENGTH, line, h.level);
		quote(&b, h.name, (size_t)h.name_length);
		buf_addf(&b, ",\"pid\":%ld,\"message\":", h.pid);
		quote(&b, h.message, strlen(h.message));
	} else {
		buf_addstr(&b, "{\"level\":\"info\",\"message\":");
		quote(&b, line, strlen(line));
	}
	(void)printf("%s}\n", buf_str(&b));
}

/* --- a line of JSON ---------------------------------------------------- */

static const char *
text_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(object, name));

	return text == NULL ? "" : text;
}

static int64_t
number_of(const cJSON *object, const char *name, int64_t otherwise)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (!cJSON_IsNumber(item) || item->valuedouble < -1e15 ||
	    item->valuedouble > 1e15)
		return otherwise;
	return (int64_t)item->valuedouble;
}

static cJSON *
parse(const char *line)
{
	struct json_text_error error;
	size_t len = strlen(line);

	if (line[0] != '{' || !json_text_check(line, len, &error))
		return NULL;
	return cJSON_ParseWithLength(line, len);
}

#define COPY(to, object, name)                                                 \
	(void)snprintf(to, sizeof(to), "%s", text_of(object, name))

static void
add_request(struct log_text *t, const cJSON *json)
{
	const cJSON *cost = cJSON_GetObjectItemCaseSensitive(json, "cost_usd");
	const char *session = text_of(json, "session");
	struct request_record r = {
	    .status = (int)number_of(json, "status", 0),
	    .mode = text_of(json, "mode"),
	    .session = session[0] == '\0' ? NULL : session,
	    .turns = (long)number_of(json, "turns", 0),
	    .prompt_tokens = number_of(json, "prompt_tokens", 0),
	    .cached_tokens = number_of(json, "cached_tokens", 0),
	    .cache_write_tokens = number_of(json, "cache_write_tokens", 0),
	    .completion_tokens = number_of(json, "completion_tokens", 0),
	    .cost_usd = cJSON_IsNumber(cost) ? cost->valuedouble : 0,
	    .first_byte_ms = number_of(json, "first_byte_ms", -1),
	    .total_ms = number_of(json, "total_ms", 0),
	};

	COPY(r.id, json, "id");
	COPY(r.method, json, "method");
	COPY(r.path, json, "path");
	COPY(r.model, json, "model");
	COPY(r.key_name, json, "key_name");
	COPY(r.client, json, "client");
	COPY(r.error, json, "error");
	request_log_text(t, &r);
}

static enum style
style_of(int severity)
{
	if (severity <= log_severity("error"))
		return STYLE_BAD;
	if (severity <= log_severity("warn"))
		return STYLE_WARN;
	return severity > INFO ? STYLE_DIM : STYLE_PLAIN;
}

/* Others may have written anything into it. */
static void
print_text(const char *line, int severity)
{
	char shown[4 * LOG_LINES_BYTES];
	struct log_text t = {.to = shown, .size = sizeof(shown)};
	enum style s = style_of(severity);

	log_text_plain(&t, line);
	if (s != STYLE_PLAIN)
		(void)fputs(style(s), stdout);
	(void)fwrite(t.to, 1, t.len, stdout);
	if (s != STYLE_PLAIN)
		(void)fputs(style(STYLE_PLAIN), stdout);
	(void)putchar('\n');
}

static void
show_json_as_text(const cJSON *json)
{
	char line[LOG_LINES_BYTES];
	struct log_text t = {.to = line, .size = sizeof(line) - 1};
	const char *level = text_of(json, "level");

	log_text_plain(&t, text_of(json, "time"));
	log_text_add(&t, " ");
	log_text_plain(&t, text_of(json, "name"));
	log_text_addf(&t, "[%" PRId64 "]: ", number_of(json, "pid", 0));
	log_text_plain(&t, level);
	log_text_add(&t, ": ");
	if (cJSON_HasObjectItem(json, "method"))
		add_request(&t, json);
	else
		log_text_plain(&t, text_of(json, "message"));
	line[t.len] = '\0';
	print_text(line, log_severity(level));
}

/* --- either ------------------------------------------------------------ */

int
log_line_severity(const char *line)
{
	cJSON *json = parse(line);
	struct head h;
	int severity = -1;

	if (json != NULL)
		severity = log_severity(text_of(json, "level"));
	else if (take_head(line, &h))
		severity = log_severity(h.level);
	cJSON_Delete(json);
	return severity == -1 ? INFO : severity;
}

void
log_line_show(const char *line, bool json)
{
	cJSON *object = parse(line);

	if (json && object != NULL)
		(void)printf("%s\n", line);
	else if (json)
		show_text_as_json(line);
	else if (object != NULL)
		show_json_as_text(object);
	else
		print_text(line, log_line_severity(line));
	cJSON_Delete(object);
}

/* --- the journal ------------------------------------------------------- */

/* Bytes that are no text are an array of numbers. */
static void
add_message(struct buf *b, const cJSON *message)
{
	const cJSON *byte;

	if (cJSON_IsString(message))
		buf_addstr(b, message->valuestring);
	cJSON_ArrayForEach(byte, message)
	{
		if (cJSON_IsNumber(byte) && byte->valueint > 0)
			buf_addch(b, (char)byte->valueint);
	}
}

static void
add_head(struct buf *b, const cJSON *json, const char *message)
{
	int64_t us = strtoll(text_of(json, "__REALTIME_TIMESTAMP"), NULL, 10);
	time_t seconds = (time_t)(us / 1000000);
	const char *level =
	    log_level_name((int)strtol(text_of(json, "PRIORITY"), NULL, 10));
	char when[32], own[LEVEL_LENGTH + 1];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		when[0] = '\0';
	buf_addf(b, "%s.%03dZ ccp[%s]: ", when, (int)(us / 1000 % 1000),
	    text_of(json, "_PID"));
	if (take_level(message, own) == NULL)
		buf_addf(b, "%s: ", level == NULL ? "info" : level);
}

char *
log_line_of_journal(const char *entry)
{
	CLEANUP_BUF struct buf message = BUF_INIT(JOURNAL_BYTES);
	CLEANUP_BUF struct buf line = BUF_INIT(JOURNAL_BYTES);
	cJSON *json = parse(entry);

	if (json == NULL)
		return NULL;
	add_message(
	    &message, cJSON_GetObjectItemCaseSensitive(json, "MESSAGE"));
	if (buf_str(&message)[0] != '{')
		add_head(&line, json, buf_str(&message));
	buf_addstr(&line, buf_str(&message));
	cJSON_Delete(json);
	return buf_steal(&line);
}
