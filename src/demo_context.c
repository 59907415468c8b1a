/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_context.h"

#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "demo_out.h"
#include "limits.h"

#include "banned.h"

#define SHORT_BYTES 256

static const char *
text_of(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(object, key));
}

static bool
is_type(const cJSON *block, const char *want)
{
	const char *type = text_of(block, "type");

	return type != NULL && strcmp(type, want) == 0;
}

static void
add_digest(cJSON *to, const void *bytes, size_t len)
{
	struct sha256_ctx sha;
	uint8_t digest[SHA256_DIGEST_SIZE];
	char hex[2 * SHA256_DIGEST_SIZE + 1];
	size_t i;

	sha256_init(&sha);
	sha256_update(&sha, len, bytes);
	sha256_digest(&sha, sizeof(digest), digest);
	for (i = 0; i < sizeof(digest); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	cJSON_AddNumberToObject(to, "bytes", (double)len);
	cJSON_AddStringToObject(to, "sha256", hex);
}

static void
add_base64(cJSON *to, const char *text)
{
	size_t len = strlen(text), n = BASE64_DECODE_LENGTH(len);
	CLEANUP_FREE uint8_t *bytes = malloc(n + 1);
	struct base64_decode_ctx ctx;

	base64_decode_init(&ctx);
	if (bytes == NULL ||
	    !base64_decode_update(&ctx, &n, bytes, len, text) ||
	    !base64_decode_final(&ctx))
		cJSON_AddStringToObject(to, "bad", "base64");
	else
		add_digest(to, bytes, n);
}

/* An image or a document. */
static cJSON *
media(const cJSON *block)
{
	const cJSON *source = cJSON_GetObjectItemCaseSensitive(block, "source");
	const char *data = text_of(source, "data"),
		   *url = text_of(source, "url");
	const char *kind = text_of(source, "media_type");
	const char *title = text_of(block, "title");
	cJSON *to = cJSON_CreateObject();

	cJSON_AddStringToObject(to, "type", text_of(block, "type"));
	if (title != NULL)
		cJSON_AddStringToObject(to, "title", title);
	if (kind != NULL)
		cJSON_AddStringToObject(to, "media_type", kind);
	if (url != NULL)
		cJSON_AddStringToObject(to, "url", url);
	else if (data == NULL)
		cJSON_AddStringToObject(to, "bad", "source");
	else if (is_type(source, "base64"))
		add_base64(to, data);
	else
		add_digest(to, data, strlen(data));
	return to;
}

/* A result with digests in place of what is in it besides text. */
static cJSON *
tool_result(const cJSON *block)
{
	cJSON *copy = cJSON_Duplicate(block, true), *content, *part;
	int i;

	content = cJSON_GetObjectItemCaseSensitive(copy, "content");
	for (i = 0; cJSON_IsArray(content) && i < cJSON_GetArraySize(content);
	     i++) {
		part = cJSON_GetArrayItem(content, i);
		if (is_type(part, "image") || is_type(part, "document"))
			cJSON_ReplaceItemInArray(content, i, media(part));
	}
	return copy;
}

static void
add_block(cJSON *to, const cJSON *block)
{
	const char *text = cJSON_IsString(block)    ? block->valuestring
	                   : is_type(block, "text") ? text_of(block, "text")
	                                            : NULL;

	if (text != NULL) {
		if (text[strspn(text, " \t\r\n")] != '\0')
			cJSON_AddItemToArray(to, cJSON_CreateString(text));
	} else if (is_type(block, "image") || is_type(block, "document"))
		cJSON_AddItemToArray(to, media(block));
	else if (is_type(block, "tool_result"))
		cJSON_AddItemToArray(to, tool_result(block));
	else
		cJSON_AddItemToArray(to, cJSON_Duplicate(block, true));
}

void
demo_context_add(struct demo *d, const char *role, const cJSON *content)
{
	cJSON *message = cJSON_CreateObject(), *to;
	const cJSON *block;

	cJSON_AddStringToObject(message, "role", role);
	to = cJSON_AddArrayToObject(message, "content");
	if (cJSON_IsString(content))
		add_block(to, content);
	else {
		cJSON_ArrayForEach(block, content) add_block(to, block);
	}
	if (!cJSON_AddItemToArray(d->messages, message))
		demo_die("out of memory");
}

static void
add_shortened(cJSON *to, const cJSON *block)
{
	size_t len = cJSON_IsString(block) ? strlen(block->valuestring) : 0;
	cJSON *digest;

	if (len <= SHORT_BYTES) {
		cJSON_AddItemToArray(to, cJSON_Duplicate(block, true));
		return;
	}
	digest = cJSON_CreateObject();
	cJSON_AddStringToObject(digest, "type", "text");
	add_digest(digest, block->valuestring, len);
	cJSON_AddItemToArray(to, digest);
}

/* The content of the last message if it is of that role, else of a new one. */
static cJSON *
content_for(cJSON *messages, const char *role)
{
	cJSON *last =
	    cJSON_GetArrayItem(messages, cJSON_GetArraySize(messages) - 1);

	if (last == NULL || strcmp(text_of(last, "role"), role) != 0) {
		last = cJSON_CreateObject();
		cJSON_AddStringToObject(last, "role", role);
		cJSON_AddArrayToObject(last, "content");
		cJSON_AddItemToArray(messages, last);
	}
	return cJSON_GetObjectItemCaseSensitive(last, "content");
}

/* What is left to be answered; each call is asked for once in all. */
static void
check_calls(const cJSON *content, cJSON *open, cJSON *seen)
{
	const cJSON *block;
	const char *id;

	cJSON_ArrayForEach(block, content)
	{
		if (!is_type(block, "tool_use"))
			continue;
		id = text_of(block, "id");
		if (id == NULL || cJSON_HasObjectItem(seen, id))
			demo_die("error: the API refuses a tool_use without "
				 "an id of its own");
		cJSON_AddTrueToObject(open, id);
		cJSON_AddTrueToObject(seen, id);
	}
}

static void
check_all_answered(const cJSON *open)
{
	if (open->child != NULL)
		demo_die("error: the API refuses the tool_use %s without a "
			 "tool_result",
		    open->child->string);
}

/* Results come first in their message, one for each call of the one before. */
static void
check_results(const cJSON *content, cJSON *open)
{
	const cJSON *block;
	const char *id;
	bool other = false;

	cJSON_ArrayForEach(block, content)
	{
		if (!is_type(block, "tool_result")) {
			other = true;
			continue;
		}
		id = text_of(block, "tool_use_id");
		if (other || id == NULL || !cJSON_HasObjectItem(open, id))
			demo_die("error: the API refuses a tool_result that "
				 "is not behind its tool_use");
		cJSON_DeleteItemFromObjectCaseSensitive(open, id);
	}
}

void
demo_context_check(const struct demo *d)
{
	cJSON *whole = demo_context_whole(d);
	cJSON *open = cJSON_CreateObject(), *seen = cJSON_CreateObject();
	const cJSON *message, *content;

	cJSON_ArrayForEach(
	    message, cJSON_GetObjectItemCaseSensitive(whole, "messages"))
	{
		content = cJSON_GetObjectItemCaseSensitive(message, "content");
		check_results(content, open);
		check_all_answered(open);
		if (strcmp(text_of(message, "role"), "assistant") == 0)
			check_calls(content, open, seen);
	}
	check_all_answered(open);
	cJSON_Delete(whole);
	cJSON_Delete(open);
	cJSON_Delete(seen);
}

cJSON *
demo_context_whole(const struct demo *d)
{
	char cwd[LIMIT_SETTING_BYTES];
	cJSON *whole = cJSON_CreateObject(), *messages, *to;
	const cJSON *message, *content, *block;

	if (getcwd(cwd, sizeof(cwd)) == NULL)
		cwd[0] = '\0';
	cJSON_AddStringToObject(whole, "session_id", d->session.id);
	cJSON_AddStringToObject(whole, "cwd", cwd);
	messages = cJSON_AddArrayToObject(whole, "messages");
	cJSON_ArrayForEach(message, d->messages)
	{
		content = cJSON_GetObjectItemCaseSensitive(message, "content");
		to = content_for(messages, text_of(message, "role"));
		cJSON_ArrayForEach(block, content) add_shortened(to, block);
	}
	return whole;
}

cJSON *
demo_context_texts(const struct demo *d)
{
	cJSON *all = cJSON_CreateArray(), *one, *texts;
	const cJSON *message, *content, *block;

	cJSON_ArrayForEach(message, d->messages)
	{
		content = cJSON_GetObjectItemCaseSensitive(message, "content");
		one = cJSON_CreateObject();
		cJSON_AddStringToObject(one, "role", text_of(message, "role"));
		texts = cJSON_AddArrayToObject(one, "texts");
		cJSON_ArrayForEach(block, content)
		{
			if (cJSON_IsString(block))
				cJSON_AddItemToArray(
				    texts, cJSON_Duplicate(block, true));
		}
		cJSON_AddItemToArray(all, one);
	}
	return all;
}
