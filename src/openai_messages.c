/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "openai_messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "limits.h"
#include "openai_parts.h"
#include "utf8.h"

#include "banned.h"

enum sender { FROM_SYSTEM, FROM_USER, FROM_ASSISTANT, FROM_TOOL };

static const struct {
	const char *role;
	enum sender sender;
} roles[] = {
    {"system", FROM_SYSTEM},
    {"developer", FROM_SYSTEM},
    {"user", FROM_USER},
    {"assistant", FROM_ASSISTANT},
    {"tool", FROM_TOOL},
    {"function", FROM_TOOL},
};

struct reading {
	struct chat_request *r;
	struct api_error *err;
	struct buf system;
	/* where it is */
	size_t message;
	size_t part;
	bool in_part;
	/* the message being read */
	enum sender sender;
	bool system_begun; /* it has given text to system */
	struct chat_message made;
	size_t room;  /* of made.parts */
	size_t media; /* images and files in the request */
};

/* An error about a member (".role", "" for the whole) of where it is. */
static int
refuse(struct reading *rd, const char *member, const char *code,
    const char *problem)
{
	char path[96];

	if (rd->in_part)
		(void)snprintf(path, sizeof path,
		    "messages[%zu].content[%zu]%s", rd->message, rd->part,
		    member);
	else
		(void)snprintf(
		    path, sizeof path, "messages[%zu]%s", rd->message, member);
	api_error_param(rd->err, path, code, "%s %s.", path, problem);
	return -1;
}

static int
out_of_memory(struct reading *rd)
{
	api_error_set(rd->err, 500, "server_error", NULL, "Out of memory.");
	return -1;
}

static int
refuse_fault(struct reading *rd, const struct part_fault *f)
{
	if (f->code == NULL)
		return out_of_memory(rd);
	return refuse(rd, f->member, f->code, f->problem);
}

/* A member by name (with a dot before it), NULL where it is absent or null. */
static int
get_member(struct reading *rd, const cJSON *object, const char *name,
    const cJSON **ret)
{
	struct part_fault f;

	if (openai_member(object, name, ret, &f) == -1)
		return refuse_fault(rd, &f);
	return 0;
}

/* The same for a string that must be there. */
static int
get_string(
    struct reading *rd, const cJSON *object, const char *name, const char **ret)
{
	struct part_fault f;

	if (openai_string(object, name, ret, &f) == -1)
		return refuse_fault(rd, &f);
	return 0;
}

/* White space of ASCII and of Unicode, the separators U+001C to U+001F and a
 * byte order mark: what the CLI or the API take for no text at all. */
static bool
is_space(const char *s, size_t n)
{
	static const char *const wide[] = {"\xC2\x85", "\xC2\xA0",
	    "\xE1\x9A\x80", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF",
	    "\xE2\x81\x9F", "\xE3\x80\x80", "\xEF\xBB\xBF"};
	unsigned char c = (unsigned char)s[0];
	size_t i;

	if (n == 1)
		return c == ' ' || (c >= '\t' && c <= '\r') ||
		       (c >= 0x1C && c <= 0x1F);
	/* U+2000 to U+200A */
	if (n == 3 && memcmp(s, "\xE2\x80", 2) == 0 &&
	    (unsigned char)s[2] <= 0x8A)
		return true;
	for (i = 0; i < sizeof wide / sizeof wide[0]; i++) {
		if (strncmp(wide[i], s, n) == 0)
			return true;
	}
	return false;
}

static bool
is_blank(const char *text)
{
	size_t len = strlen(text), n;

	for (; len > 0; text += n, len -= n) {
		n = utf8_sequence(text, len);
		if (n == 0 || !is_space(text, n))
			return false;
	}
	return true;
}

static int
add_system(struct reading *rd, const char *text)
{
	if (rd->system_begun)
		buf_addch(&rd->system, '\n');
	else if (rd->system.len > 0)
		buf_addstr(&rd->system, "\n\n");
	rd->system_begun = true;
	return buf_addstr(&rd->system, text) ? 0 : out_of_memory(rd);
}

/* A part of the message, which becomes its owner. */
static int
take_part(struct reading *rd, const struct chat_part *part)
{
	struct chat_message *m = &rd->made;

	if (m->parts == NULL)
		m->parts = calloc(rd->room, sizeof *m->parts);
	if (m->parts == NULL) {
		free(part->text);
		free(part->media);
		free(part->name);
		return out_of_memory(rd);
	}
	m->parts[m->nparts++] = *part;
	return 0;
}

/* A text of the message, a part or the whole; one that says nothing is
 * dropped, as the API refuses it. */
static int
take_text(struct reading *rd, const char *text)
{
	struct chat_part part = {.kind = CHAT_TEXT};

	if (is_blank(text))
		return 0;
	if (rd->sender == FROM_SYSTEM)
		return add_system(rd, text);
	part.text = strdup(text);
	return part.text == NULL ? out_of_memory(rd) : take_part(rd, &part);
}

static int
read_part(struct reading *rd, const cJSON *item)
{
	const enum part_sender sender = rd->sender == FROM_SYSTEM ? PART_SYSTEM
	                                : rd->sender == FROM_USER
	                                    ? PART_USER
	                                    : PART_ASSISTANT;
	struct chat_part part;
	struct part_fault f;
	const char *text;

	if (openai_part_read(item, sender, &text, &part, &f) == -1)
		return refuse_fault(rd, &f);
	if (text != NULL)
		return take_text(rd, text);
	if (take_part(rd, &part) == -1)
		return -1;
	if (++rd->media > LIMIT_MEDIA)
		return refuse(rd, "", "too_many_images",
		    "is one image or file more than a request may have");
	return 0;
}

static int
read_content(struct reading *rd, const cJSON *content)
{
	const cJSON *part;
	int r = 0;

	rd->room = 1;
	if (content == NULL)
		return 0;
	if (cJSON_IsString(content))
		return take_text(rd, content->valuestring);
	if (!cJSON_IsArray(content))
		return refuse(rd, ".content", "invalid_type",
		    "must be a string, an array of parts or null");
	rd->room = (size_t)cJSON_GetArraySize(content);
	rd->in_part = true;
	rd->part = 0;
	cJSON_ArrayForEach(part, content)
	{
		r = read_part(rd, part);
		if (r == -1)
			break;
		rd->part++;
	}
	rd->in_part = false;
	return r;
}

static int
read_sender(struct reading *rd, const cJSON *message)
{
	const char *role = "";
	size_t i;

	if (get_string(rd, message, ".role", &role) == -1)
		return -1;
	for (i = 0; i < sizeof roles / sizeof roles[0]; i++) {
		if (strcmp(roles[i].role, role) != 0)
			continue;
		rd->sender = roles[i].sender;
		if (rd->sender == FROM_TOOL)
			return refuse(rd, ".role", "unsupported_value",
			    "is not supported: tools are not");
		return 0;
	}
	return refuse(rd, ".role", "invalid_value",
	    "must be system, developer, user or assistant");
}

/* Calls of tools in an answer would be lost without a word. */
static int
refuse_calls(struct reading *rd, const cJSON *message)
{
	static const char unsupported[] = "is not supported: tools are not";
	const cJSON *calls, *call;

	if (get_member(rd, message, ".tool_calls", &calls) == -1 ||
	    get_member(rd, message, ".function_call", &call) == -1)
		return -1;
	if (calls != NULL && !cJSON_IsArray(calls))
		return refuse(
		    rd, ".tool_calls", "invalid_type", "must be an array");
	if (calls != NULL && cJSON_GetArraySize(calls) > 0)
		return refuse(
		    rd, ".tool_calls", "unsupported_value", unsupported);
	if (call != NULL)
		return refuse(
		    rd, ".function_call", "unsupported_value", unsupported);
	return 0;
}

static int
read_message(struct reading *rd, const cJSON *message)
{
	const cJSON *content;

	if (!cJSON_IsObject(message))
		return refuse(rd, "", "invalid_type", "must be an object");
	if (read_sender(rd, message) == -1 || refuse_calls(rd, message) == -1 ||
	    get_member(rd, message, ".content", &content) == -1)
		return -1;
	rd->system_begun = false;
	rd->made = (struct chat_message){
	    .role = rd->sender == FROM_USER ? CHAT_USER : CHAT_ASSISTANT};
	return read_content(rd, content);
}

static int
read_all(struct reading *rd, const cJSON *messages)
{
	struct chat_request *r = rd->r;
	const cJSON *message;
	int result;

	cJSON_ArrayForEach(message, messages)
	{
		rd->made = (struct chat_message){0};
		result = read_message(rd, message);
		/* Also after a failure: the request frees it. */
		if (rd->made.nparts > 0)
			r->messages[r->nmessages++] = rd->made;
		else
			free(rd->made.parts);
		if (result == -1)
			return -1;
		rd->message++;
	}
	if (r->nmessages == 0 ||
	    r->messages[r->nmessages - 1].role != CHAT_USER) {
		api_error_param(rd->err, "messages", "invalid_value",
		    "messages must end with one of role user that has "
		    "content.");
		return -1;
	}
	return 0;
}

int
openai_messages_read(
    const cJSON *messages, struct chat_request *r, struct api_error *err)
{
	struct reading rd = {.r = r, .err = err};
	int n = cJSON_GetArraySize(messages), result;

	if (n < 1 || n > LIMIT_MESSAGES) {
		api_error_param(err, "messages", "invalid_value",
		    "messages must have 1 to %d messages.", LIMIT_MESSAGES);
		return -1;
	}
	r->messages = calloc((size_t)n, sizeof *r->messages);
	if (r->messages == NULL)
		return out_of_memory(&rd);
	buf_init(&rd.system, LIMIT_BODY_BYTES);
	result = read_all(&rd, messages);
	if (result == 0 && rd.system.len > 0) {
		r->system = buf_steal(&rd.system);
		if (r->system == NULL)
			result = out_of_memory(&rd);
	}
	buf_free(&rd.system);
	return result;
}
