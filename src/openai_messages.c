/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "openai_messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "limits.h"
#include "openai_calls.h"
#include "openai_parts.h"
#include "utf8.h"

#include "banned.h"

enum sender {
	FROM_SYSTEM,
	FROM_USER,
	FROM_ASSISTANT,
	FROM_TOOL,
	FROM_FUNCTION,
};

static const struct {
	const char *role;
	enum sender sender;
} roles[] = {
    {"system", FROM_SYSTEM},
    {"developer", FROM_SYSTEM},
    {"user", FROM_USER},
    {"assistant", FROM_ASSISTANT},
    {"tool", FROM_TOOL},
    {"function", FROM_FUNCTION},
};

struct reading {
	struct chat_request *r;
	struct api_error *err;
	struct buf system;
	struct openai_calls calls;
	size_t media; /* images and files in the request */
	/* where it is */
	size_t message;
	const char *list; /* in it; NULL: in none */
	size_t item;
	/* the message being read */
	enum sender sender;
	bool system_begun; /* it has given text to system */
	struct chat_message made;
	size_t room;                 /* of made.parts */
	struct chat_message results; /* room for those of its calls */
};

static int
out_of_memory(struct reading *rd)
{
	api_error_set(rd->err, 500, "server_error", NULL, "Out of memory.");
	return -1;
}

static int
refuse_fault(struct reading *rd, const struct member_fault *f)
{
	char where[64];

	if (rd->list != NULL)
		(void)snprintf(where, sizeof where, "messages[%zu].%s[%zu]",
		    rd->message, rd->list, rd->item);
	else
		(void)snprintf(
		    where, sizeof where, "messages[%zu]", rd->message);
	return member_error(rd->err, where, f);
}

/* An error about a member (".role", "" for the whole) of where it is. */
static int
refuse(struct reading *rd, const char *member, const char *code,
    const char *problem)
{
	struct member_fault f;

	(void)member_refuse(&f, member, code, problem);
	return refuse_fault(rd, &f);
}

/* A member by name (with a dot before it) that must be a string. */
static int
get_string(
    struct reading *rd, const cJSON *object, const char *name, const char **ret)
{
	struct member_fault f;

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
		struct chat_part copy = *part;

		chat_part_clear(&copy);
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
	static const enum part_sender senders[] = {[FROM_SYSTEM] = PART_SYSTEM,
	    [FROM_USER] = PART_USER,
	    [FROM_ASSISTANT] = PART_ASSISTANT,
	    [FROM_TOOL] = PART_TOOL,
	    [FROM_FUNCTION] = PART_TOOL};
	struct chat_part part;
	struct member_fault f;
	const char *text;

	if (openai_part_read(item, senders[rd->sender], &text, &part, &f) == -1)
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

/* Reads each item of a list by that name. */
static int
read_list(struct reading *rd, const cJSON *list, const char *name,
    int (*read)(struct reading *, const cJSON *))
{
	const cJSON *item;
	int r = 0;

	rd->list = name;
	rd->item = 0;
	cJSON_ArrayForEach(item, list)
	{
		r = read(rd, item);
		if (r == -1)
			break;
		rd->item++;
	}
	rd->list = NULL;
	return r;
}

static int
read_content(struct reading *rd, const cJSON *message)
{
	const cJSON *content = openai_member(message, ".content");

	if (content == NULL)
		return 0;
	if (cJSON_IsString(content)) {
		rd->room += 1;
		return take_text(rd, content->valuestring);
	}
	if (!cJSON_IsArray(content))
		return refuse(rd, ".content", "invalid_type",
		    "must be a string, an array of parts or null");
	rd->room += (size_t)cJSON_GetArraySize(content);
	return read_list(rd, content, "content", read_part);
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
		return 0;
	}
	return refuse(rd, ".role", "invalid_value",
	    "must be system, developer, user, assistant, tool or function");
}

/* --- calls of tools and their results ------------------------------------- */

static int
take_call(struct reading *rd, const cJSON *item, bool function)
{
	struct chat_part use, result;
	struct member_fault f;
	int added = openai_calls_add(&rd->calls, item, function,
	    rd->r->nmessages + 1, rd->results.nparts, &use, &result, &f);

	if (added == -1 || take_part(rd, &use) == -1) {
		if (added == -1)
			chat_part_clear(&use);
		chat_part_clear(&result);
		return added == -1 ? refuse_fault(rd, &f) : -1;
	}
	rd->results.parts[rd->results.nparts++] = result;
	return 0;
}

static int
read_tool_call(struct reading *rd, const cJSON *item)
{
	return take_call(rd, item, false);
}

/* The calls in a message of the assistant: how many, and in which member. */
static int
find_calls(struct reading *rd, const cJSON *message, const cJSON **ret_calls,
    size_t *ret)
{
	const cJSON *call = openai_member(message, ".function_call");

	*ret_calls = openai_member(message, ".tool_calls");
	if (*ret_calls != NULL && !cJSON_IsArray(*ret_calls))
		return refuse(
		    rd, ".tool_calls", "invalid_type", "must be an array");
	*ret = (size_t)cJSON_GetArraySize(*ret_calls);
	if (call == NULL)
		return 0;
	if (*ret > 0)
		return refuse(rd, ".function_call", "invalid_value",
		    "must not be given with tool_calls");
	*ret = 1;
	*ret_calls = NULL;
	return 0;
}

static int
read_assistant(struct reading *rd, const cJSON *message)
{
	const cJSON *calls;
	size_t n = 0;

	if (find_calls(rd, message, &calls, &n) == -1)
		return -1;
	rd->room = n;
	if (read_content(rd, message) == -1)
		return -1;
	if (n == 0)
		return 0;
	rd->results.role = CHAT_USER;
	rd->results.parts = calloc(n, sizeof *rd->results.parts);
	if (rd->results.parts == NULL)
		return out_of_memory(rd);
	if (calls == NULL)
		return take_call(rd, message, true);
	return read_list(rd, calls, "tool_calls", read_tool_call);
}

/* Its content goes to where its call wants it. */
static int
read_result(struct reading *rd, const cJSON *message)
{
	struct openai_call *call;
	struct chat_part *result;
	struct member_fault f;
	int r;

	call = openai_calls_answer(
	    &rd->calls, message, rd->sender == FROM_FUNCTION, &f);
	if (call == NULL)
		return refuse_fault(rd, &f);
	r = read_content(rd, message);
	result = &rd->r->messages[call->message].parts[call->part];
	result->parts = rd->made.parts;
	result->nparts = rd->made.nparts;
	rd->made = (struct chat_message){0};
	return r;
}

static int
refuse_calls(struct reading *rd, const cJSON *message)
{
	static const char *const names[] = {".tool_calls", ".function_call"};
	const cJSON *calls;
	size_t i;

	for (i = 0; i < 2; i++) {
		calls = openai_member(message, names[i]);
		if (calls != NULL && cJSON_GetArraySize(calls) > 0)
			return refuse(rd, names[i], "invalid_value",
			    "belongs to a message of the assistant");
	}
	return 0;
}

static int
read_message(struct reading *rd, const cJSON *message)
{
	if (!cJSON_IsObject(message))
		return refuse(rd, "", "invalid_type", "must be an object");
	if (read_sender(rd, message) == -1)
		return -1;
	rd->room = 0;
	rd->system_begun = false;
	rd->made.role = CHAT_USER;
	if (rd->sender == FROM_ASSISTANT) {
		rd->made.role = CHAT_ASSISTANT;
		return read_assistant(rd, message);
	}
	if (refuse_calls(rd, message) == -1)
		return -1;
	if (rd->sender == FROM_TOOL || rd->sender == FROM_FUNCTION)
		return read_result(rd, message);
	return read_content(rd, message);
}

/* Also after a failure: the request frees it. */
static void
keep_message(struct reading *rd, struct chat_message *m)
{
	if (m->nparts > 0)
		rd->r->messages[rd->r->nmessages++] = *m;
	else
		free(m->parts);
}

static int
read_all(struct reading *rd, const cJSON *messages)
{
	const cJSON *message;
	int result;

	cJSON_ArrayForEach(message, messages)
	{
		rd->made = (struct chat_message){0};
		rd->results = (struct chat_message){0};
		result = read_message(rd, message);
		keep_message(rd, &rd->made);
		keep_message(rd, &rd->results);
		if (result == -1)
			return -1;
		rd->message++;
	}
	return 0;
}

static int
finish(struct reading *rd)
{
	struct chat_request *r = rd->r;

	if (!openai_calls_settle(&rd->calls, r))
		return out_of_memory(rd);
	if (r->nmessages == 0 ||
	    r->messages[r->nmessages - 1].role != CHAT_USER) {
		api_error_param(rd->err, "messages", "invalid_value",
		    "messages must end with the user's that has content, or "
		    "with results of tools.");
		return -1;
	}
	if (rd->system.len == 0)
		return 0;
	r->system = buf_steal(&rd->system);
	return r->system == NULL ? out_of_memory(rd) : 0;
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
	/* and one for results behind each */
	r->messages = calloc(2 * (size_t)n, sizeof *r->messages);
	if (r->messages == NULL)
		return out_of_memory(&rd);
	buf_init(&rd.system, LIMIT_BODY_BYTES);
	result = read_all(&rd, messages);
	if (result == 0)
		result = finish(&rd);
	openai_calls_free(&rd.calls);
	buf_free(&rd.system);
	return result;
}
