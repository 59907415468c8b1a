/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a person wants to know of the log, from its lines: text or JSON, of the
 * journal or of a file.
 */
#include "service.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "json_text.h"
#include "screen_text.h"

#include "banned.h"

#define ERROR 3 /* of syslog(3) */
#define INFO  6

/* "2026-11-22T21:35:40.404Z", in UTC; 0: it is none. */
static time_t
read_time(const char *text)
{
	struct tm tm = {0};
	int n = 0;

	/* NOLINTNEXTLINE(cert-err34-c): six numbers, each of a fixed width */
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon,
		&tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &n) != 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return timegm(&tm);
}

static void
set_line(struct service_line *to, time_t when, const char *text)
{
	CLEANUP_BUF struct buf line = BUF_INIT(LIMIT_PROGRAM_BYTES);
	CLEANUP_BUF struct buf cut = BUF_INIT(sizeof(to->text) - 1);

	buf_add(&line, text, strcspn(text, "\n"));
	screen_text_cut(&cut, buf_str(&line), SERVICE_LINE_CHARACTERS);
	to->when = when;
	(void)snprintf(to->text, sizeof(to->text), "%s", buf_str(&cut));
}

/* "POST /v1/chat/completions 200 ..." within the line of a request. */
static const char *
request_of(const char *text)
{
	static const char *const methods[] = {
	    " GET /", " POST /", " HEAD /", " OPTIONS /", NULL};
	const char *found;
	size_t i;

	for (i = 0; methods[i] != NULL; i++) {
		found = strstr(text, methods[i]);
		if (found != NULL)
			return found + 1;
	}
	return NULL;
}

static void
add(struct service_log *log, const char *text, time_t when, int severity)
{
	const char *request = severity == INFO ? request_of(text) : NULL;

	if (severity <= ERROR &&
	    log->nerrors < sizeof(log->errors) / sizeof(log->errors[0]))
		set_line(&log->errors[log->nerrors++], when, text);
	else if (request != NULL && log->last.text[0] == '\0')
		set_line(&log->last, when, request);
}

static const char *
member(const cJSON *entry, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(entry, name);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* A line of LOG_FORMAT=json. */
static bool
add_json(struct service_log *log, const char *line, time_t when, int severity)
{
	const char *level, *method, *path, *message, *at;
	struct json_text_error e;
	char text[sizeof(log->last.text)];
	const cJSON *code;
	cJSON *entry;

	if (line[0] != '{' || !json_text_check(line, strlen(line), &e))
		return false;
	entry = cJSON_Parse(line);
	level = member(entry, "level");
	method = member(entry, "method");
	path = member(entry, "path");
	message = member(entry, "message");
	at = member(entry, "time");
	code = cJSON_GetObjectItemCaseSensitive(entry, "status");
	if (severity == -1 && level != NULL)
		severity = strcmp(level, "error") == 0  ? ERROR
		           : strcmp(level, "info") == 0 ? INFO
		                                        : INFO + 1;
	if (when == 0 && at != NULL)
		when = read_time(at);
	if (method != NULL && path != NULL)
		(void)snprintf(text, sizeof(text), " %s %s %d", method, path,
		    cJSON_IsNumber(code) ? code->valueint : 0);
	else
		(void)snprintf(
		    text, sizeof(text), "%s", message == NULL ? line : message);
	if (severity != -1)
		add(log, text, when, severity);
	cJSON_Delete(entry);
	return true;
}

/* "ccp[123]: info: the text": how every line begins, after the time in a
 * file. */
static const char *
read_head(const char *line, int *severity)
{
	static const struct {
		const char *word;
		int severity;
	} levels[] = {{"error: ", ERROR}, {"warn: ", 4}, {"info: ", INFO},
	    {"debug: ", 7}};
	const char *text = strstr(line, "]: ");
	size_t i;

	if (text == NULL)
		return line;
	text += 3;
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strncmp(text, levels[i].word, strlen(levels[i].word)) != 0)
			continue;
		if (*severity == -1)
			*severity = levels[i].severity;
		return text + strlen(levels[i].word);
	}
	return text;
}

void
service_log_line(
    struct service_log *log, const char *line, time_t when, int severity)
{
	const char *text;

	if (add_json(log, line, when, severity))
		return;
	text = read_head(line, &severity);
	if (when == 0)
		when = read_time(line);
	if (severity != -1)
		add(log, text, when, severity);
}
