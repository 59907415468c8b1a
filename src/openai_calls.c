/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "openai_calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_span.h"
#include "json_text.h"
#include "limits.h"

#include "banned.h"

static const char no_result[] = "No result: the user went on without it.";

/* What the CLI itself makes of input that it cannot read. */
#define UNPARSED "{\"__unparsedToolInput\":{\"raw\":"

void
openai_calls_free(struct openai_calls *c)
{
	free(c->all);
}

/* --- reading -------------------------------------------------------------- */

static bool
is_object(const char *text)
{
	struct json_text_error e;

	return text[strspn(text, " \t\r\n")] == '{' &&
	       json_text_check(text, strlen(text), &e);
}

/* What the model once wrote may be no JSON.  To refuse it would end the
 * conversation. */
char *
openai_call_arguments(const char *text)
{
	struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);

	if (text == NULL || text[strspn(text, " \t\r\n")] == '\0') {
		buf_addstr(&b, "{}");
	} else if (is_object(text)) {
		json_span_add(
		    &b, (struct json_span){.text = text, .len = strlen(text)});
	} else {
		buf_addstr(&b, UNPARSED);
		json_text_quote_str(&b, text);
		buf_addstr(&b, "}}");
	}
	return buf_steal(&b);
}

static int
read_tool_call(const cJSON *item, struct openai_call *ret,
    const char **ret_arguments, struct member_fault *f)
{
	const cJSON *function;
	const char *type;

	if (!cJSON_IsObject(item))
		return member_refuse(
		    f, "", "invalid_type", "must be an object");
	if (openai_optional_string(item, ".type", &type, f) == -1)
		return -1;
	if (type != NULL && strcmp(type, "function") != 0)
		return member_refuse(f, ".type", "unsupported_value",
		    "is not supported: only function is");
	if (openai_string(item, ".id", &ret->id, f) == -1 ||
	    openai_optional_object(item, ".function", &function, f) == -1)
		return -1;
	if (function == NULL)
		return member_refuse(
		    f, ".function", "missing_required_parameter", "is missing");
	if (openai_string(function, ".function.name", &ret->name, f) == -1)
		return -1;
	return openai_optional_string(
	    function, ".function.arguments", ret_arguments, f);
}

static int
read_function_call(const cJSON *message, struct openai_call *ret,
    const char **ret_arguments, struct member_fault *f)
{
	const cJSON *call;

	if (openai_optional_object(message, ".function_call", &call, f) == -1 ||
	    openai_string(call, ".function_call.name", &ret->name, f) == -1)
		return -1;
	return openai_optional_string(
	    call, ".function_call.arguments", ret_arguments, f);
}

static bool
append(struct openai_calls *c, const struct openai_call *call)
{
	size_t room = c->room == 0 ? 16 : 2 * c->room;
	struct openai_call *all;

	if (c->n == c->room) {
		all = realloc(c->all, room * sizeof *all);
		if (all == NULL)
			return false;
		c->all = all;
		c->room = room;
	}
	c->all[c->n++] = *call;
	return true;
}

int
openai_calls_add(struct openai_calls *c, const cJSON *item, bool function,
    size_t message, size_t part, struct chat_part *use,
    struct chat_part *result, struct member_fault *fault)
{
	struct openai_call call = {.message = message, .part = part};
	const char *arguments = NULL;
	char id[32];
	int read;

	*use = (struct chat_part){.kind = CHAT_TOOL_USE};
	*result = (struct chat_part){.kind = CHAT_TOOL_RESULT};
	read = function ? read_function_call(item, &call, &arguments, fault)
	                : read_tool_call(item, &call, &arguments, fault);
	if (read == -1)
		return -1;
	if (call.name[0] == '\0')
		return member_refuse(fault,
		    function ? ".function_call.name" : ".function.name",
		    "invalid_value", "must not be empty");
	if (c->n == LIMIT_CALLS)
		return member_refuse(fault, "", "invalid_value",
		    "is one call of a tool more than a request may have");
	(void)snprintf(id, sizeof id, "toolu_%zu", c->n);
	use->id = strdup(id);
	use->name = strdup(call.name);
	use->text = openai_call_arguments(arguments);
	result->id = strdup(id);
	if (use->id == NULL || use->name == NULL || use->text == NULL ||
	    result->id == NULL || !append(c, &call))
		return member_no_memory(fault);
	return 0;
}

/* --- results -------------------------------------------------------------- */

static bool
is_called(const struct openai_call *call, const char *key, bool function)
{
	if (function)
		return call->id == NULL && strcmp(call->name, key) == 0;
	return call->id != NULL && strcmp(call->id, key) == 0;
}

/* The call that a result with this key is of, NULL if there is none.  *known:
 * there is one, but it has its result. */
static struct openai_call *
find(struct openai_calls *c, const char *key, bool function, bool *known)
{
	struct openai_call *found = NULL, *call;
	size_t i;

	*known = false;
	for (i = c->n; i-- > 0;) {
		call = &c->all[i];
		if (found != NULL && call->message != found->message)
			break;
		if (!is_called(call, key, function))
			continue;
		*known = true;
		if (!call->answered)
			found = call;
	}
	return found;
}

struct openai_call *
openai_calls_answer(struct openai_calls *c, const cJSON *message, bool function,
    struct member_fault *fault)
{
	const char *path = function ? ".name" : ".tool_call_id", *key;
	struct openai_call *call;
	bool known;

	if (openai_string(message, path, &key, fault) == -1)
		return NULL;
	call = find(c, key, function, &known);
	if (call == NULL)
		(void)member_refuse(fault, path, "invalid_value",
		    known ? "is that of a call that has its result already"
			  : "is not that of a call in a message before");
	else
		call->answered = true;
	return call;
}

/* --- the end -------------------------------------------------------------- */

static bool
say_no_result(struct chat_part *result)
{
	result->parts = calloc(1, sizeof *result->parts);
	if (result->parts == NULL)
		return false;
	result->parts[0].kind = CHAT_TEXT;
	result->parts[0].text = strdup(no_result);
	result->nparts = result->parts[0].text == NULL ? 0 : 1;
	return result->nparts == 1;
}

static bool
has_results(const struct chat_message *m)
{
	return m->parts[0].kind == CHAT_TOOL_RESULT;
}

/* Does the conversation end with calls of which none is answered? */
static bool
ends_open(const struct openai_calls *c, const struct chat_request *r)
{
	const size_t last = r->nmessages - 1;
	size_t i;

	if (r->nmessages == 0 || !has_results(&r->messages[last]))
		return false;
	for (i = c->n; i-- > 0 && c->all[i].message == last;) {
		if (c->all[i].answered)
			return false;
	}
	return true;
}

/* Appends the parts of a message to another, and frees it. */
static bool
join(struct chat_message *to, struct chat_message *from)
{
	size_t n = to->nparts + from->nparts;
	struct chat_part *parts = realloc(to->parts, n * sizeof *parts);

	if (parts == NULL)
		return false;
	memcpy(parts + to->nparts, from->parts, from->nparts * sizeof *parts);
	to->parts = parts;
	to->nparts = n;
	free(from->parts);
	return true;
}

static bool
join_results(struct chat_request *r)
{
	struct chat_message *all = r->messages;
	size_t to = 0, i;
	bool ok = true;

	for (i = 0; i < r->nmessages; i++) {
		bool behind = to > 0 && i > 0 && has_results(&all[to - 1]) &&
		              all[i].role == CHAT_USER;

		if (behind && join(&all[to - 1], &all[i]))
			continue;
		ok = ok && !behind;
		all[to++] = all[i];
	}
	r->nmessages = to;
	return ok;
}

bool
openai_calls_settle(const struct openai_calls *c, struct chat_request *r)
{
	bool ok = true;
	size_t i;

	if (ends_open(c, r))
		chat_request_drop(r, r->nmessages - 1);
	for (i = 0; i < c->n; i++) {
		const struct openai_call *call = &c->all[i];

		if (!call->answered && call->message < r->nmessages)
			ok = say_no_result(&r->messages[call->message]
						.parts[call->part]) &&
			     ok;
	}
	return join_results(r) && ok;
}
