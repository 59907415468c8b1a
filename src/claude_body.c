/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_body.h"

#include <cjson/cJSON.h>

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json_text.h"
#include "limits.h"
#include "tool_names.h"

#include "banned.h"

/* With thinking the API takes no lower top_p. */
#define TOP_P_OF_THINKING 0.95

/* Is there a number, and another one than 1, which is the API's default?  Some
 * models refuse temperature and top_p in one request. */
static bool
counts(const char *number)
{
	return number != NULL && strtod(number, NULL) != 1;
}

static bool
forces_a_tool(const struct chat_request *r)
{
	return r->ntools > 0 && (r->choice == CHAT_CHOICE_REQUIRED ||
				    r->choice == CHAT_CHOICE_NAMED);
}

bool
claude_body_thoughtless(const struct chat_request *r)
{
	if (r->no_thinking)
		return true;
	if (r->max_tokens > 0 && r->max_tokens <= LIMIT_THINKING_TOKENS)
		return true;
	if (r->top_p != NULL && strtod(r->top_p, NULL) < TOP_P_OF_THINKING)
		return true;
	return forces_a_tool(r) || counts(r->temperature);
}

/* ,"name": */
static void
add_key(struct buf *to, const char *name)
{
	buf_addch(to, ',');
	json_text_quote_str(to, name);
	buf_addch(to, ':');
}

static void
add_number(struct buf *to, const char *name, const char *number)
{
	if (!counts(number))
		return;
	add_key(to, name);
	buf_addstr(to, number);
}

static bool
is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n\v\f")] == '\0';
}

/* The API refuses those of white space alone; ccp itself ends an answer there
 * (stop_filter.h). */
static void
add_stop(struct buf *to, const struct chat_request *r)
{
	size_t i, n = 0;

	for (i = 0; i < r->nstop; i++) {
		if (is_blank(r->stop[i]))
			continue;
		if (n++ == 0)
			add_key(to, "stop_sequences");
		buf_addch(to, n == 1 ? '[' : ',');
		json_text_quote_str(to, r->stop[i]);
	}
	if (n > 0)
		buf_addch(to, ']');
}

static const char *
choice_type(const struct chat_request *r)
{
	switch (r->choice) {
	case CHAT_CHOICE_NONE:
		return "none";
	case CHAT_CHOICE_REQUIRED:
		return "any";
	case CHAT_CHOICE_NAMED:
		return "tool";
	case CHAT_CHOICE_AUTO:
		break;
	}
	return "auto";
}

/* An answer has one function_call at most. */
static void
add_choice(struct buf *to, const struct chat_request *r)
{
	bool none = r->choice == CHAT_CHOICE_NONE;
	bool serial = (r->serial || r->functions) && !none;
	char name[TOOL_NAME_BYTES];

	if (r->ntools == 0 || (r->choice == CHAT_CHOICE_AUTO && !serial))
		return;
	/* An answer in the form of a schema is a call too. */
	if (none && r->format != CHAT_FORMAT_TEXT)
		return;
	add_key(to, "tool_choice");
	buf_addf(to, "{\"type\":\"%s\"", choice_type(r));
	if (r->choice == CHAT_CHOICE_NAMED) {
		tool_name_make(name, r->tools[r->choice_tool].name);
		buf_addf(to, ",\"name\":\"%s%s\"", TOOL_PREFIX, name);
	}
	buf_addstr(to, serial ? ",\"disable_parallel_tool_use\":true}" : "}");
}

static void
add_own(struct buf *to, const struct chat_request *r)
{
	add_number(to, "temperature", r->temperature);
	add_number(to, "top_p", r->top_p);
	add_stop(to, r);
	add_choice(to, r);
	if (claude_body_thoughtless(r))
		buf_addstr(to, ",\"thinking\":{\"type\":\"disabled\"}");
}

/* An object, or NULL for any other text: the CLI passes over it as well. */
static cJSON *
parse(const char *text)
{
	struct json_text_error error;
	cJSON *json;

	if (text == NULL || !json_text_check(text, strlen(text), &error))
		return NULL;
	json = cJSON_Parse(text);
	if (cJSON_IsObject(json))
		return json;
	cJSON_Delete(json);
	return NULL;
}

/* False: out of memory. */
static bool
add_users(struct buf *to, const cJSON *users, const cJSON *own)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, users)
	{
		CLEANUP_FREE char *text = NULL;

		if (cJSON_GetObjectItemCaseSensitive(own, item->string) != NULL)
			continue;
		text = cJSON_PrintUnformatted(item);
		if (text == NULL)
			return false;
		add_key(to, item->string);
		buf_addstr(to, text);
	}
	return true;
}

/* An object of members that begin with a comma. */
static void
add_object(struct buf *to, const struct buf *members)
{
	buf_addch(to, '{');
	if (members->len > 0)
		buf_addstr(to, buf_str(members) + 1);
	buf_addch(to, '}');
}

bool
claude_body_make(
    struct buf *to, const struct chat_request *r, const char *users)
{
	CLEANUP_BUF struct buf members = BUF_INIT(LIMIT_EXTRA_BODY_BYTES);
	CLEANUP_BUF struct buf object = BUF_INIT(LIMIT_EXTRA_BODY_BYTES);
	cJSON *own, *theirs;
	bool ok;

	add_own(&members, r);
	if (members.len == 0)
		return true;
	add_object(&object, &members);
	own = cJSON_Parse(buf_str(&object));
	theirs = parse(users);
	ok = own != NULL && add_users(&members, theirs, own);
	cJSON_Delete(own);
	cJSON_Delete(theirs);
	if (ok)
		add_object(to, &members);
	return ok && buf_ok(&members);
}
