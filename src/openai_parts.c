/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an image or a file is, its bytes say: types told by clients are often
 * wrong, and Claude's API refuses a wrong one.
 */
#include "openai_parts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "limits.h"
#include "media.h"

#include "banned.h"

/* Base64 as it is written by everybody, and not too much of it. */
static int
read_base64(const char *text, const char *path, char **ret, size_t *ret_len,
    struct member_fault *fault)
{
	*ret = media_base64(text, ret_len);
	if (*ret == NULL && *ret_len == SIZE_MAX)
		return member_no_memory(fault);
	if (*ret == NULL)
		return member_refuse(fault, path, "invalid_base64",
		    "does not hold valid base64");
	if (*ret_len <= LIMIT_MEDIA_BYTES)
		return 0;
	free(*ret);
	*ret = NULL;
	return member_refuse(
	    fault, path, "content_too_large", "is larger than 20 MiB");
}

/* Takes what a pointer owns out of it. */
static char *
steal(char **from)
{
	char *text = *from;

	*from = NULL;
	return text;
}

/* The text becomes the part's; NULL: there was no memory for it. */
static int
finish(struct chat_part *ret, enum chat_part_kind kind, char *text,
    const char *media, struct member_fault *fault)
{
	char *copy = media == NULL ? NULL : strdup(media);

	if (text == NULL || (media != NULL && copy == NULL)) {
		free(text);
		free(copy);
		return member_no_memory(fault);
	}
	ret->kind = kind;
	ret->text = text;
	ret->media = copy;
	return 0;
}

/* --- images --------------------------------------------------------------- */

static int
read_image_data(const char *url, const char *path, struct chat_part *ret,
    struct member_fault *fault)
{
	struct media_piece type;
	const char *data, *media;
	CLEANUP_FREE char *base64 = NULL;
	size_t len;

	if (!media_data_url(url, &type, &data))
		return member_refuse(fault, path, "invalid_value",
		    "must be \"data:image/...;base64,\" and the image");
	if (read_base64(data, path, &base64, &len, fault) == -1)
		return -1;
	media = media_type(base64, len);
	if (media == NULL || strncmp(media, "image/", 6) != 0)
		return member_refuse(fault, path, "invalid_image_format",
		    "is not a PNG, JPEG, GIF or WebP image");
	return finish(ret, CHAT_IMAGE, steal(&base64), media, fault);
}

static int
read_image_url(const char *url, const char *path, struct chat_part *ret,
    struct member_fault *fault)
{
	if (media_is_url(url, "data"))
		return read_image_data(url, path, ret, fault);
	if (!media_https_url(url) || strlen(url) > LIMIT_URL_BYTES)
		return member_refuse(fault, path, "invalid_image_url",
		    "must be a data: URL or an https: URL");
	return finish(ret, CHAT_IMAGE, strdup(url), NULL, fault);
}

static int
refuse_id(const cJSON *object, const char *path, struct member_fault *fault)
{
	if (openai_member(object, path) != NULL)
		return member_refuse(fault, path, "unsupported_content",
		    "is not supported: files are not stored here, send the "
		    "data itself");
	return 0;
}

/* "image_url": {"url": ...} or "image_url": "..."; the detail is Claude's
 * choice. */
static int
read_image(const cJSON *part, struct chat_part *ret, struct member_fault *fault)
{
	const cJSON *image = openai_member(part, ".image_url");
	const char *url;

	if (refuse_id(part, ".file_id", fault) == -1)
		return -1;
	if (image == NULL)
		return member_refuse(fault, ".image_url",
		    "missing_required_parameter", "is missing");
	if (cJSON_IsString(image))
		return read_image_url(
		    image->valuestring, ".image_url", ret, fault);
	if (!cJSON_IsObject(image))
		return member_refuse(fault, ".image_url", "invalid_type",
		    "must be an object or a string");
	if (openai_string(image, ".image_url.url", &url, fault) == -1)
		return -1;
	return read_image_url(url, ".image_url.url", ret, fault);
}

/* --- files ---------------------------------------------------------------- */

/* Where the members of a file are: Responses has them in the part. */
struct file_paths {
	const char *id, *url, *data, *name;
};

static const struct file_paths in_file = {
    ".file.file_id", ".file.file_url", ".file.file_data", ".file.filename"};
static const struct file_paths in_part = {
    ".file_id", ".file_url", ".file_data", ".filename"};

/* Types of text, and the one of those who do not know. */
static bool
may_be_text(const struct media_piece *type)
{
	static const char *const types[] = {"application/json",
	    "application/xml", "application/yaml", "application/x-yaml",
	    "application/toml", "application/javascript",
	    "application/octet-stream"};
	size_t i;

	if (type->len == 0 || strncasecmp(type->at, "text/", 5) == 0)
		return true;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strlen(types[i]) == type->len &&
		    strncasecmp(types[i], type->at, type->len) == 0)
			return true;
	}
	return false;
}

static int
read_file_data(const char *data, const char *path, struct chat_part *ret,
    struct member_fault *fault)
{
	struct media_piece type = {"", 0};
	CLEANUP_FREE char *base64 = NULL, *text = NULL;
	const char *media;
	size_t len;

	if (media_is_url(data, "data") && !media_data_url(data, &type, &data))
		return member_refuse(fault, path, "invalid_value",
		    "must be base64, or \"data:\", a type, \";base64,\" and "
		    "base64");
	if (read_base64(data, path, &base64, &len, fault) == -1)
		return -1;
	media = media_type(base64, len);
	if (media != NULL && strcmp(media, "application/pdf") == 0)
		return finish(ret, CHAT_DOCUMENT, steal(&base64), media, fault);
	if (media != NULL || !may_be_text(&type))
		return member_refuse(fault, path, "unsupported_content",
		    "is neither a PDF nor text");
	text = media_text(base64, len);
	if (text == NULL)
		return member_refuse(fault, path, "unsupported_content",
		    "is neither a PDF nor text in UTF-8");
	if (text[strspn(text, " \t\r\n")] == '\0')
		return member_refuse(fault, path, "invalid_value", "is empty");
	return finish(ret, CHAT_DOCUMENT, steal(&text), "text/plain", fault);
}

static int
read_file_members(const cJSON *file, const struct file_paths *at,
    struct chat_part *ret, struct member_fault *fault)
{
	const char *data, *name;

	if (refuse_id(file, at->id, fault) == -1 ||
	    refuse_id(file, at->url, fault) == -1 ||
	    openai_string(file, at->data, &data, fault) == -1 ||
	    openai_optional_string(file, at->name, &name, fault) == -1)
		return -1;
	if (name != NULL && strlen(name) > LIMIT_FILE_NAME_BYTES)
		return member_refuse(fault, at->name, "invalid_value",
		    "is longer than 255 bytes");
	if (read_file_data(data, at->data, ret, fault) == -1)
		return -1;
	if (name == NULL || name[strspn(name, " \t\r\n")] == '\0')
		return 0;
	ret->name = strdup(name);
	if (ret->name != NULL)
		return 0;
	free(ret->text);
	free(ret->media);
	return member_no_memory(fault);
}

static int
read_file(const cJSON *part, struct chat_part *ret, struct member_fault *fault)
{
	const cJSON *file = openai_member(part, ".file");

	if (file == NULL)
		return member_refuse(
		    fault, ".file", "missing_required_parameter", "is missing");
	if (!cJSON_IsObject(file))
		return member_refuse(
		    fault, ".file", "invalid_type", "must be an object");
	return read_file_members(file, &in_file, ret, fault);
}

static int
read_input_file(
    const cJSON *part, struct chat_part *ret, struct member_fault *fault)
{
	return read_file_members(part, &in_part, ret, fault);
}

/* --- all kinds ------------------------------------------------------------ */

#define ANY_TEXT (1 << PART_SYSTEM | 1 << PART_USER | 1 << PART_TOOL)

static const struct {
	const char *type;
	const char *text; /* the member that is the text; or, where NULL, */
	int (*read)(const cJSON *part, struct chat_part *ret,
	    struct member_fault *fault);
	unsigned senders; /* a bit for each that may use it */
} kinds[] = {
    {"text", ".text", NULL, ANY_TEXT | 1 << PART_ASSISTANT},
    {"input_text", ".text", NULL, ANY_TEXT},
    {"output_text", ".text", NULL, 1 << PART_ASSISTANT},
    {"refusal", ".refusal", NULL, 1 << PART_ASSISTANT},
    {"image_url", NULL, read_image, 1 << PART_USER | 1 << PART_TOOL},
    {"input_image", NULL, read_image, 1 << PART_USER | 1 << PART_TOOL},
    {"file", NULL, read_file, 1 << PART_USER},
    {"input_file", NULL, read_input_file, 1 << PART_USER},
};

int
openai_part_read(const cJSON *part, enum part_sender sender,
    const char **ret_text, struct chat_part *ret, struct member_fault *fault)
{
	const char *type;
	size_t i, n = sizeof(kinds) / sizeof(kinds[0]);

	*ret_text = NULL;
	*ret = (struct chat_part){.kind = CHAT_TEXT};
	if (!cJSON_IsObject(part))
		return member_refuse(
		    fault, "", "invalid_type", "must be an object");
	if (openai_string(part, ".type", &type, fault) == -1)
		return -1;
	for (i = 0; i < n && strcmp(kinds[i].type, type) != 0; i++)
		continue;
	if (i == n)
		return member_refuse(fault, ".type", "unsupported_content",
		    strcmp(type, "input_audio") == 0
			? "is not supported: Claude does not listen to audio"
			: "is not supported: only text, image_url and file "
			  "are");
	if ((kinds[i].senders & 1u << sender) == 0)
		return member_refuse(fault, ".type", "unsupported_content",
		    "is not supported in a message of this role");
	if (kinds[i].read != NULL)
		return kinds[i].read(part, ret, fault);
	return openai_string(part, kinds[i].text, ret_text, fault);
}
