/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_text.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "demo_out.h"
#include "limits.h"

#include "banned.h"

#define SPACE " \t\r\n"

static bool
blank(const char *text)
{
	return text[strspn(text, SPACE)] == '\0';
}

/* The text of a block, NULL if it is of another type. */
static const char *
block_text(const cJSON *block)
{
	const char *type = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(block, "type"));

	if (type == NULL || strcmp(type, "text") != 0)
		return NULL;
	return cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(block, "text"));
}

/* The one text that is examined: a string, or the last block if that is
 * text.  NULL: nothing is. */
static const char *
examined(const cJSON *content)
{
	int n = cJSON_GetArraySize(content);

	if (cJSON_IsString(content))
		return content->valuestring;
	return n == 0 ? NULL : block_text(cJSON_GetArrayItem(content, n - 1));
}

char *
demo_text_command(const cJSON *content)
{
	const char *text = examined(content);
	size_t len;

	if (text == NULL || text[0] != '/')
		return NULL;
	len = 1 + strcspn(text + 1, SPACE "/");
	if (len == 1 || text[len] == '/')
		return NULL;
	return strndup(text, len);
}

static void
note(struct demo *d, const char *text, size_t len)
{
	CLEANUP_FREE char *copy = strndup(text, len);

	if (copy != NULL)
		cJSON_AddItemToArray(d->interpreted, cJSON_CreateString(copy));
}

/* @path, @"path" and @~/path at the start or after white space. */
static void
note_paths(struct demo *d, const char *text)
{
	const char *at = text;

	while ((at = strchr(at, '@')) != NULL) {
		size_t len = at[1] == '"' ? 2 + strcspn(at + 2, "\"\n") + 1
		                          : 1 + strcspn(at + 1, SPACE);

		if (len > 1 && (at == text || strchr(SPACE, at[-1]) != NULL))
			note(d, at, strnlen(at, len));
		at++;
	}
}

static void
examine(struct demo *d, const cJSON *content)
{
	const char *text = examined(content), *word;
	CLEANUP_FREE char *command = demo_text_command(content);

	if (command != NULL)
		note(d, command, strlen(command));
	if (text == NULL)
		return;
	note_paths(d, text);
	word = strstr(text, "ultrathink");
	if (word != NULL)
		note(d, word, strlen("ultrathink"));
}

static void
join(struct buf *joined, const char *text)
{
	if (text == NULL || blank(text))
		return;
	if (joined->len > 0)
		buf_addch(joined, '\n');
	buf_addstr(joined, text);
}

char *
demo_text_examine(struct demo *d, const cJSON *content)
{
	struct buf joined = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);
	const cJSON *block;
	char *text;

	if (cJSON_IsString(content))
		join(&joined, content->valuestring);
	else {
		cJSON_ArrayForEach(block, content)
		    join(&joined, block_text(block));
	}
	examine(d, content);
	text = buf_steal(&joined);
	if (text == NULL)
		demo_die("out of memory");
	return text;
}
