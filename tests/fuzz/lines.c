/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "require.h"
#include "tool_names.h"

static const cJSON *
member(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *
text_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(member(object, key));

	return text == NULL ? "" : text;
}

static bool
has(const cJSON *object, const char *key, const char *value)
{
	return strcmp(text_of(object, key), value) == 0;
}

static void
keep(struct told *t, const char *text)
{
	t->texts = realloc(t->texts, (t->n + 1) * sizeof(*t->texts));
	REQUIRE(t->texts != NULL);
	t->texts[t->n++] = text;
}

/* --- blocks --------------------------------------------------------------- */

static void
read_source(struct lines *l, const cJSON *block)
{
	const cJSON *source = member(block, "source");
	bool url = has(source, "type", "url");

	l->media++;
	REQUIRE(url || has(source, "type", "base64") ||
		has(source, "type", "text"));
	REQUIRE(text_of(source, url ? "url" : "data")[0] != '\0');
	REQUIRE(url || text_of(source, "media_type")[0] != '\0');
}

static void
read_call(struct lines *l, const cJSON *block)
{
	const char *name = text_of(block, "name");

	l->calls++;
	REQUIRE(strncmp(name, TOOL_PREFIX, strlen(TOOL_PREFIX)) == 0);
	REQUIRE(name[strlen(TOOL_PREFIX)] != '\0');
	REQUIRE(text_of(block, "id")[0] != '\0');
	REQUIRE(cJSON_IsObject(member(block, "input")));
}

static void
read_result(struct lines *l, const cJSON *block)
{
	const cJSON *content = member(block, "content"), *item;

	l->results++;
	REQUIRE(text_of(block, "tool_use_id")[0] != '\0');
	REQUIRE(cJSON_IsArray(content));
	cJSON_ArrayForEach(item, content)
	{
		if (has(item, "type", "image"))
			read_source(l, item);
		else
			REQUIRE(text_of(item, "text")[0] != '\0');
	}
}

static void
read_block(struct lines *l, const cJSON *block, struct told *to)
{
	if (has(block, "type", "text")) {
		REQUIRE(text_of(block, "text")[0] != '\0');
		keep(to, text_of(block, "text"));
	} else if (has(block, "type", "tool_use")) {
		read_call(l, block);
	} else if (has(block, "type", "tool_result")) {
		read_result(l, block);
	} else {
		REQUIRE(has(block, "type", "image") ||
			has(block, "type", "document"));
		read_source(l, block);
	}
}

/* --- lines ---------------------------------------------------------------- */

/* Ends with the blank text that keeps the others inert. */
static void
read_user(struct lines *l, const cJSON *line, const cJSON *content)
{
	const cJSON *query = member(line, "shouldQuery");
	const cJSON *block = content->child;

	if (query == NULL) {
		l->queries++;
	} else {
		REQUIRE(cJSON_IsFalse(query));
		l->history++;
	}
	REQUIRE(block != NULL && block->next != NULL);
	for (; block->next != NULL; block = block->next)
		read_block(l, block, &l->user);
	REQUIRE(has(block, "type", "text") && has(block, "text", " "));
}

static void
read_message(struct lines *l, const cJSON *line, bool user)
{
	const cJSON *message = member(line, "message");
	const cJSON *content = member(message, "content"), *block;

	REQUIRE(strlen(text_of(line, "uuid")) == 36);
	REQUIRE(has(message, "role", user ? "user" : "assistant"));
	REQUIRE(cJSON_IsArray(content));
	if (user) {
		read_user(l, line, content);
		return;
	}
	REQUIRE(strlen(text_of(message, "id")) == 36);
	cJSON_ArrayForEach(block, content) read_block(l, block, &l->assistant);
}

static void
read_control(struct lines *l, const cJSON *line)
{
	const cJSON *request = member(line, "request");

	REQUIRE(text_of(line, "request_id")[0] != '\0');
	if (has(request, "subtype", "initialize")) {
		REQUIRE(l->n == 1 && l->initialize == NULL);
		l->initialize = line;
	} else {
		REQUIRE(has(request, "subtype", "interrupt"));
		l->other++;
	}
}

static void
check_response(const cJSON *line)
{
	const cJSON *response = member(line, "response");
	bool error = has(response, "subtype", "error");

	REQUIRE(error || has(response, "subtype", "success"));
	REQUIRE(member(response, "request_id") != NULL);
	REQUIRE(member(response, error ? "error" : "response") != NULL);
}

/* Within a line what the client sent is nested deeper than it was. */
static bool
is_json(const char *text, size_t len)
{
	struct json_text_error e;

	return json_text_check(text, len, &e) ||
	       strcmp(e.what, "nested too deeply") == 0;
}

static void
read_line(struct lines *l, const char *text, size_t len)
{
	cJSON *line;

	REQUIRE(text[0] == '{' && is_json(text, len));
	line = cJSON_ParseWithLength(text, len);
	REQUIRE(cJSON_IsObject(line));
	l->all = realloc(l->all, (l->n + 1) * sizeof(cJSON *));
	REQUIRE(l->all != NULL);
	l->all[l->n++] = line;
	if (has(line, "type", "user")) {
		read_message(l, line, true);
	} else if (has(line, "type", "assistant")) {
		read_message(l, line, false);
	} else if (has(line, "type", "control_request")) {
		read_control(l, line);
	} else {
		REQUIRE(has(line, "type", "control_response"));
		check_response(line);
		l->other++;
	}
}

static void
check_uuids(const struct lines *l)
{
	size_t i, k;

	for (i = 0; i < l->n && i < 100; i++) {
		const char *uuid = text_of(l->all[i], "uuid");

		for (k = 0; k < i && uuid[0] != '\0'; k++)
			REQUIRE(!has(l->all[k], "uuid", uuid));
	}
}

void
lines_read(struct lines *l, const char *text, size_t len)
{
	const char *end;

	memset(l, 0, sizeof(*l));
	for (; len > 0; len -= (size_t)(end - text), text = end) {
		end = memchr(text, '\n', len);
		REQUIRE(end != NULL);
		read_line(l, text, (size_t)(end - text));
		end++;
	}
	check_uuids(l);
}

void
lines_free(struct lines *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		cJSON_Delete(l->all[i]);
	free(l->all);
	free(l->user.texts);
	free(l->assistant.texts);
}
