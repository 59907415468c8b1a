/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_transcript.h"

#include <cjson/cJSON.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"
#include "json_text.h"
#include "limits.h"
#include "settings.h"
#include "utf8.h"

#include "banned.h"

/* Where it is */

static bool
alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

/* The CLI's name for a directory: every unit of UTF-16 that is neither a letter
 * nor a digit of ASCII is a '-'. */
static void
add_name(struct buf *to, const char *cwd)
{
	size_t left = strlen(cwd), n;

	for (; left > 0; cwd += n, left -= n) {
		n = utf8_sequence(cwd, left);
		if (alphanumeric(*cwd))
			buf_addch(to, *cwd);
		else
			buf_addstr(to, n == 4 ? "--" : "-");
		if (n == 0)
			n = 1;
	}
}

static const char *
variable(char *const *env, const char *name)
{
	const char *value = settings_getenv(env, name);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

char *
claude_transcript_path(char *const *env, const char *cwd, const char *session)
{
	const char *config = variable(env, "CLAUDE_CONFIG_DIR"),
		   *home = variable(env, "HOME");
	CLEANUP_BUF struct buf path = BUF_INIT(4 * LIMIT_SETTING_BYTES);

	if (config != NULL)
		buf_addstr(&path, config);
	else if (home != NULL)
		buf_addf(&path, "%s/.claude", home);
	else
		return NULL;
	buf_addstr(&path, "/projects/");
	add_name(&path, cwd);
	buf_addf(&path, "/%s.jsonl", session);
	return buf_steal(&path);
}

/* What is in it */

struct reading {
	char *begin, *end; /* the lines not yet read */
	char *message;     /* the id of the answer, NULL: not found yet */
	struct buf *text;  /* of what was read of it */
	char *uuid;        /* of its last line */
};

enum found { NOTHING, PART, ALL, TROUBLE };

static const char *
string_of(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(object, key));
}

static bool
string_is(const cJSON *object, const char *key, const char *want)
{
	const char *text = string_of(object, key);

	return text != NULL && strcmp(text, want) == 0;
}

/* The model's own words? */
static bool
of_the_model(const cJSON *line, const cJSON *message)
{
	return string_is(line, "type", "assistant") &&
	       !cJSON_IsTrue(
		   cJSON_GetObjectItemCaseSensitive(line, "isSidechain")) &&
	       !string_is(message, "model", "<synthetic>");
}

/* Puts the texts of a line before those of the lines behind it. */
static bool
put_before(struct buf *text, const cJSON *message)
{
	CLEANUP_BUF struct buf behind = BUF_INIT(text->max);
	const cJSON *content =
	    cJSON_GetObjectItemCaseSensitive(message, "content");
	const cJSON *block;

	if (!cJSON_IsArray(content) ||
	    !buf_add(&behind, buf_str(text), text->len))
		return false;
	buf_clear(text);
	cJSON_ArrayForEach(block, content)
	{
		if (string_is(block, "type", "text") &&
		    string_of(block, "text") != NULL)
			buf_addstr(text, string_of(block, "text"));
	}
	return buf_add(text, buf_str(&behind), behind.len);
}

/* The last line of the answer says which one it is. */
static bool
begin_answer(struct reading *rd, const cJSON *line, const char *id)
{
	const char *uuid = string_of(line, "uuid");

	if (uuid == NULL || !session_id_valid(uuid))
		return false;
	memcpy(rd->uuid, uuid, SESSION_ID_BYTES);
	rd->message = strdup(id);
	return rd->message != NULL;
}

/* The CLI writes a line for each block of an answer. */
static enum found
take_line(struct reading *rd, const cJSON *line)
{
	const cJSON *message =
	    cJSON_GetObjectItemCaseSensitive(line, "message");
	const char *id = string_of(message, "id");

	if (!cJSON_IsObject(line))
		return TROUBLE;
	if (!of_the_model(line, message))
		return NOTHING;
	if (id == NULL)
		return TROUBLE;
	if (rd->message == NULL && !begin_answer(rd, line, id))
		return TROUBLE;
	if (strcmp(rd->message, id) != 0)
		return ALL;
	return put_before(rd->text, message) ? PART : TROUBLE;
}

static enum found
read_line(struct reading *rd, char *text, size_t len)
{
	CLEANUP_BUF struct buf longer = BUF_INIT(3 * len + 1);
	struct json_text_error e;
	enum found found;
	cJSON *line;

	if (len == 0)
		return NOTHING;
	if (!json_text_repair(&text, &len, &longer, &e))
		return TROUBLE;
	line = cJSON_ParseWithLength(text, len);
	found = take_line(rd, line);
	cJSON_Delete(line);
	return found;
}

/* From the end on: what is asked for is there. */
static enum found
read_back(struct reading *rd)
{
	enum found found = NOTHING;
	char *at, *end;

	while (rd->end > rd->begin && found != ALL && found != TROUBLE) {
		end = rd->end;
		for (at = end; at > rd->begin && at[-1] != '\n'; at--)
			continue;
		rd->end = at > rd->begin ? at - 1 : at;
		found = read_line(rd, at, (size_t)(end - at));
	}
	return found;
}

bool
claude_transcript_answer(
    const char *path, struct buf *text, char uuid[SESSION_ID_BYTES])
{
	size_t len;
	CLEANUP_FREE char *lines =
	    io_read_file(path, LIMIT_TRANSCRIPT_BYTES, &len);
	struct reading rd = {.text = text, .uuid = uuid};
	bool ok;

	if (lines == NULL)
		return false;
	rd.begin = lines;
	rd.end = lines + len;
	ok = read_back(&rd) != TROUBLE && rd.message != NULL;
	free(rd.message);
	return ok;
}

/* The end of a file, as much as is to be looked at; NULL: none. */
static char *
read_tail(const char *path, size_t *ret_len)
{
	CLEANUP_CLOSE int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	off_t from;
	char *text;
	ssize_t n;

	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return NULL;
	from = st.st_size > (off_t)LIMIT_TRANSCRIPT_TAIL
	           ? st.st_size - (off_t)LIMIT_TRANSCRIPT_TAIL
	           : 0;
	text = malloc((size_t)(st.st_size - from) + 1);
	n = text == NULL ? -1
	                 : pread(fd, text, (size_t)(st.st_size - from), from);
	if (n <= 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	*ret_len = (size_t)n;
	return text;
}

/* A NUL in it would end the search, and be no transcript. */
bool
claude_transcript_has(const char *path, const char *uuid)
{
	size_t len;
	CLEANUP_FREE char *text = read_tail(path, &len);
	char member[SESSION_ID_BYTES + 16];
	const char *found;

	if (text == NULL)
		return false;
	(void)snprintf(member, sizeof(member), "\"uuid\":\"%s\"", uuid);
	found = strstr(text, member);
	return found != NULL && strchr(found, '\n') != NULL;
}
