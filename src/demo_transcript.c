/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_transcript.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"
#include "json_text.h"
#include "limits.h"

#include "banned.h"

#define MAX_BYTES (LIMIT_CLAUDE_STDIN_BYTES * 4u)

static bool
alphanumeric(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

/* One '-' for each UTF-16 unit that is not alphanumeric, as in the real CLI:
 * two for a character of four bytes, none for the other bytes of any. */
static void
add_name(struct buf *to, const char *path)
{
	for (; *path != '\0'; path++) {
		unsigned char c = (unsigned char)*path;

		if (alphanumeric(c))
			buf_addch(to, (char)c);
		else if (c < 0x80 || c >= 0xc0)
			buf_addstr(to, c >= 0xf0 ? "--" : "-");
	}
}

char *
demo_transcript_path(const char *session)
{
	struct buf b = BUF_INIT(LIMIT_SETTING_BYTES * 4);
	const char *config = getenv("CLAUDE_CONFIG_DIR"),
		   *home = getenv("HOME");
	char cwd[LIMIT_SETTING_BYTES];

	if (getcwd(cwd, sizeof(cwd)) == NULL)
		return NULL;
	if (config != NULL && config[0] != '\0')
		buf_addf(&b, "%s/projects/", config);
	else if (home != NULL && home[0] != '\0')
		buf_addf(&b, "%s/.claude/projects/", home);
	else
		return NULL;
	add_name(&b, cwd);
	buf_addf(&b, "/%s.jsonl", session);
	return buf_steal(&b);
}

void
demo_transcript_place(const char *path)
{
	CLEANUP_FREE char *dir = strdup(path);
	char *slash;

	for (slash = dir; slash != NULL; slash = strchr(slash + 1, '/')) {
		if (slash == dir)
			continue;
		*slash = '\0';
		(void)mkdir(dir, 0700);
		*slash = '/';
	}
}

static void
add_member(struct buf *to, const char *key, const char *text)
{
	buf_addf(to, ",\"%s\":", key);
	json_text_quote_str(to, text);
}

void
demo_transcript_add(struct buf *to, const struct demo_line *line)
{
	char cwd[LIMIT_SETTING_BYTES], now[32] = "";
	time_t clock = time(NULL);
	struct tm tm;

	if (getcwd(cwd, sizeof(cwd)) == NULL)
		cwd[0] = '\0';
	if (gmtime_r(&clock, &tm) != NULL)
		(void)strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
	buf_addstr(to, "{\"parentUuid\":");
	if (line->parent[0] == '\0')
		buf_addstr(to, "null");
	else
		json_text_quote_str(to, line->parent);
	buf_addf(to,
	    ",\"isSidechain\":false,\"type\":\"%s\",\"message\":", line->type);
	buf_addstr(to, line->message);
	if (line->api_error)
		buf_addstr(to, ",\"isApiErrorMessage\":true");
	add_member(to, "uuid", line->uuid);
	add_member(to, "timestamp", now);
	buf_addstr(to, ",\"userType\":\"external\"");
	add_member(to, "cwd", cwd);
	add_member(to, "sessionId", line->session);
	add_member(to, "version", line->version);
	buf_addstr(to, "}\n");
}

static const char *
text_of(const cJSON *line, const char *key)
{
	return cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(line, key));
}

/* A line of the conversation; the real CLI writes others too. */
static cJSON *
parse_line(const char *text, size_t len)
{
	struct json_text_error error;
	cJSON *line;
	const char *type;

	if (!json_text_check(text, len, &error))
		return NULL;
	line = cJSON_ParseWithLength(text, len);
	type = text_of(line, "type");
	if (type != NULL && text_of(line, "uuid") != NULL &&
	    (strcmp(type, "user") == 0 || strcmp(type, "assistant") == 0))
		return line;
	cJSON_Delete(line);
	return NULL;
}

static cJSON *
parse_all(const char *text, size_t len)
{
	cJSON *all = cJSON_CreateArray(), *line;
	const char *end = text + len, *stop;

	for (; text < end; text = stop + 1) {
		stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		line = parse_line(text, (size_t)(stop - text));
		if (line != NULL)
			cJSON_AddItemToArray(all, line);
	}
	return all;
}

/* Leaves the newest line and those that it goes back to.  Lines are looked at
 * from the newest on, so a line's parent comes after it. */
static void
keep_branch(cJSON *all)
{
	cJSON *line = cJSON_GetArrayItem(all, cJSON_GetArraySize(all) - 1);
	const char *want = text_of(line, "uuid");
	cJSON *before;

	for (; line != NULL; line = before) {
		before = line == all->child ? NULL : line->prev;
		if (want != NULL && strcmp(text_of(line, "uuid"), want) == 0)
			want = text_of(line, "parentUuid");
		else
			cJSON_Delete(cJSON_DetachItemViaPointer(all, line));
	}
}

cJSON *
demo_transcript_read(const char *path)
{
	size_t len;
	CLEANUP_FREE char *text = io_read_file(path, MAX_BYTES, &len);
	cJSON *all;

	if (text == NULL)
		return NULL;
	all = parse_all(text, len);
	keep_branch(all);
	if (cJSON_GetArraySize(all) > 0)
		return all;
	cJSON_Delete(all);
	return NULL;
}

bool
demo_transcript_cut(cJSON *lines, const char *uuid)
{
	cJSON *line;

	cJSON_ArrayForEach(line, lines)
	{
		if (strcmp(text_of(line, "uuid"), uuid) == 0 &&
		    strcmp(text_of(line, "type"), "assistant") == 0)
			break;
	}
	if (line == NULL)
		return false;
	while (line->next != NULL)
		cJSON_Delete(cJSON_DetachItemViaPointer(lines, line->next));
	return true;
}
