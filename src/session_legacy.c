/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_legacy.h"

#include <cjson/cJSON.h>
#include <nettle/sha2.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "json_text.h"
#include "limits.h"
#include "work_dir.h"

#include "banned.h"

#define CONFIRMED "\xE2\x9C\x85 " /* how it began a confirmation */

/* Up to here every whole number is a double, and JavaScript writes it with all
 * its digits. */
#define MOST_WHOLE 9007199254740992.0

/* Writing, as JSON.stringify does */

struct writing {
	struct sha256_ctx sha;
	struct buf piece;
	bool ok;
};

static void
flush(struct writing *w)
{
	w->ok = w->ok && buf_ok(&w->piece);
	sha256_update(
	    &w->sha, w->piece.len, (const uint8_t *)buf_str(&w->piece));
	buf_clear(&w->piece);
}

static void
write_mark(struct writing *w, const char *mark)
{
	buf_addstr(&w->piece, mark);
	flush(w);
}

static void
write_string(struct writing *w, const char *text)
{
	json_text_quote_str(&w->piece, text);
	flush(w);
}

/* How JavaScript writes a fraction is not worth knowing: messages have none. */
static void
write_number(struct writing *w, double d)
{
	char digits[32];

	if (!(d >= -MOST_WHOLE && d <= MOST_WHOLE) || (double)(int64_t)d != d) {
		w->ok = false;
		return;
	}
	(void)snprintf(digits, sizeof(digits), "%lld", (long long)d);
	write_mark(w, digits);
}

static void
write_value(struct writing *w, const cJSON *v)
{
	const bool object = cJSON_IsObject(v);
	const cJSON *item;

	if (cJSON_IsString(v)) {
		write_string(w, v->valuestring);
	} else if (cJSON_IsNumber(v)) {
		write_number(w, v->valuedouble);
	} else if (object || cJSON_IsArray(v)) {
		write_mark(w, object ? "{" : "[");
		cJSON_ArrayForEach(item, v)
		{
			if (item != v->child)
				write_mark(w, ",");
			if (object) {
				write_string(w, item->string);
				write_mark(w, ":");
			}
			write_value(w, item);
		}
		write_mark(w, object ? "}" : "]");
	} else {
		write_mark(w, cJSON_IsNull(v)   ? "null"
			      : cJSON_IsTrue(v) ? "true"
						: "false");
	}
}

/* Reading */

static bool
has_role(const cJSON *message, const char *want)
{
	const char *role = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(message, "role"));

	return role != NULL && strcmp(role, want) == 0;
}

/* False if there is more to the message than text, or no message. */
static bool
add_text(struct buf *to, const cJSON *message)
{
	const cJSON *content =
	    cJSON_GetObjectItemCaseSensitive(message, "content");
	const cJSON *part;
	const char *text;

	if (cJSON_IsString(content))
		return buf_addstr(to, content->valuestring);
	if (!cJSON_IsArray(content))
		return false;
	cJSON_ArrayForEach(part, content)
	{
		text = cJSON_GetStringValue(
		    cJSON_GetObjectItemCaseSensitive(part, "text"));
		if (text == NULL)
			return false;
		buf_addstr(to, text);
	}
	return buf_ok(to);
}

static bool
is_confirmation(const cJSON *message)
{
	CLEANUP_BUF struct buf text = BUF_INIT(LIMIT_BODY_BYTES);

	return has_role(message, "assistant") && add_text(&text, message) &&
	       strncmp(buf_str(&text), CONFIRMED, strlen(CONFIRMED)) == 0;
}

static bool
is_path(const cJSON *message)
{
	CLEANUP_BUF struct buf text = BUF_INIT(LIMIT_BODY_BYTES);

	return has_role(message, "user") && add_text(&text, message) &&
	       work_dir_like_path(buf_str(&text));
}

/* The next one that is not of the system. */
static const cJSON *
next(const cJSON *message)
{
	while (message != NULL && has_role(message, "system"))
		message = message->next;
	return message;
}

/* The path that was confirmed, NULL: none. */
static const cJSON *
find_path(const cJSON *messages)
{
	const cJSON *m = next(messages->child), *behind;

	for (; m != NULL; m = behind) {
		behind = next(m->next);
		if (is_path(m) && behind != NULL && is_confirmation(behind))
			break;
	}
	return m;
}

struct context {
	struct writing w;
	bool begun;
	const cJSON *answer; /* the last message written */
};

static void
add_message(struct context *c, const cJSON *message)
{
	if (c->begun)
		write_mark(&c->w, ",");
	c->begun = true;
	c->answer = message;
	write_value(&c->w, message);
}

static void
add_all(struct context *c, const cJSON *messages)
{
	const cJSON *path = find_path(messages), *m;

	write_mark(&c->w, "[");
	cJSON_ArrayForEach(m, messages)
	{
		if (has_role(m, "system"))
			add_message(c, m);
	}
	for (m = next(messages->child); m != NULL && m->next != NULL;
	     m = next(m->next)) {
		if (m == path)
			m = next(m->next);
		else
			add_message(c, m);
	}
	write_mark(&c->w, "]");
}

/* Is the last one of the user? */
static bool
ends_well(const cJSON *messages)
{
	return cJSON_IsArray(messages) &&
	       has_role(cJSON_GetArrayItem(
			    messages, cJSON_GetArraySize(messages) - 1),
		   "user");
}

static char *
take_context(const cJSON *messages, unsigned char digest[SESSION_DIGEST_BYTES])
{
	CLEANUP_BUF struct buf answer = BUF_INIT(LIMIT_BODY_BYTES);
	struct context c = {.w.ok = true};

	if (!ends_well(messages))
		return NULL;
	buf_init(&c.w.piece, LIMIT_BODY_BYTES);
	sha256_init(&c.w.sha);
	add_all(&c, messages);
	sha256_digest(&c.w.sha, SESSION_DIGEST_BYTES, digest);
	buf_free(&c.w.piece);
	if (!c.w.ok || !has_role(c.answer, "assistant") ||
	    !add_text(&answer, c.answer))
		return NULL;
	return buf_steal(&answer);
}

char *
session_legacy_digest(
    const char *body, size_t len, unsigned char digest[SESSION_DIGEST_BYTES])
{
	struct json_text_error e;
	cJSON *root;
	char *answer;

	if (!json_text_check(body, len, &e))
		return NULL;
	root = cJSON_ParseWithLengthOpts(body, len, NULL, false);
	answer = take_context(
	    cJSON_GetObjectItemCaseSensitive(root, "messages"), digest);
	cJSON_Delete(root);
	return answer;
}
