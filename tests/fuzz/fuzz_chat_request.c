/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The promises of openai_request.h: a request is as chat_request.h says, every
 * call of a tool has its result in the next message, and it is the same when it
 * is written down and read again; a refusal is a proper error.
 * And of directory_talk.h: the last message stays, whatever is taken out.
 */
#include "openai_request.h"

#include <nettle/base64.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../src/limits.h"
#include "directory_talk.h"
#include "json_text.h"
#include "model_names.h"
#include "require.h"
#include "tool_names.h"
#include "utf8.h"

static bool
is_utf8(const char *s)
{
	size_t len = strlen(s), n;

	for (; len > 0; s += n, len -= n) {
		n = utf8_sequence(s, len);
		if (n == 0)
			return false;
	}
	return true;
}

static void
check_media(const struct chat_part *part)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789+/";
	const char *text = part->text, *media = part->media;
	size_t n;

	REQUIRE(part->kind == CHAT_IMAGE || part->kind == CHAT_DOCUMENT);
	REQUIRE(part->kind == CHAT_DOCUMENT || part->name == NULL);
	if (media == NULL)
		REQUIRE(part->kind == CHAT_IMAGE &&
			strncasecmp(text, "https://", 8) == 0);
	else if (strcmp(media, "text/plain") != 0) {
		REQUIRE(part->kind == CHAT_IMAGE
			    ? strncmp(media, "image/", 6) == 0
			    : strcmp(media, "application/pdf") == 0);
		n = strspn(text, digits);
		REQUIRE(n + strspn(text + n, "=") == strlen(text));
		REQUIRE(strlen(text) % 4 == 0 && strlen(text) - n <= 2);
	} else
		REQUIRE(part->kind == CHAT_DOCUMENT);
}

/* A text, an image or a document. */
static void
check_plain(const struct chat_part *part)
{
	const char *text = part->text;

	REQUIRE(text[strspn(text, " \t\r\n")] != '\0');
	REQUIRE(is_utf8(text));
	REQUIRE(part->id == NULL && part->parts == NULL && part->nparts == 0);
	if (part->kind != CHAT_TEXT)
		check_media(part);
	else
		REQUIRE(part->media == NULL && part->name == NULL);
}

static bool
is_line(const char *text, char first)
{
	struct json_text_error e;

	return text[0] == first && strpbrk(text, "\n\r") == NULL &&
	       json_text_check(text, strlen(text), &e);
}

/* The calls of messages are numbered; that makes their ids unique. */
static void
check_call(const struct chat_part *part, size_t number)
{
	char id[32];

	(void)snprintf(id, sizeof id, "toolu_%zu", number);
	REQUIRE(part->kind == CHAT_TOOL_USE && strcmp(part->id, id) == 0);
	REQUIRE(part->name[0] != '\0' && is_utf8(part->name));
	REQUIRE(is_line(part->text, '{'));
	REQUIRE(part->media == NULL && part->parts == NULL);
}

static void
check_result(const struct chat_part *part, const struct chat_part *call)
{
	size_t i;

	REQUIRE(part->kind == CHAT_TOOL_RESULT);
	REQUIRE(strcmp(part->id, call->id) == 0);
	REQUIRE(part->text == NULL && part->media == NULL);
	REQUIRE(part->name == NULL);
	for (i = 0; i < part->nparts; i++) {
		REQUIRE(part->parts[i].kind != CHAT_DOCUMENT);
		check_plain(&part->parts[i]);
	}
}

/* Results of all calls of the message before, then plain parts; in one of the
 * assistant texts, then calls.  Returns the number of those. */
static size_t
check_message(const struct chat_message *m, const struct chat_message *before,
    size_t *calls)
{
	size_t i = 0, from;

	REQUIRE(m->role == CHAT_USER || m->role == CHAT_ASSISTANT);
	REQUIRE(m->nparts >= 1);
	if (before != NULL) {
		REQUIRE(m->role == CHAT_USER);
		for (from = 0; before->parts[from].kind != CHAT_TOOL_USE;)
			from++;
		REQUIRE(m->nparts >= before->nparts - from);
		for (; from < before->nparts; i++, from++)
			check_result(&m->parts[i], &before->parts[from]);
	}
	for (; i < m->nparts && m->parts[i].kind != CHAT_TOOL_USE; i++) {
		check_plain(&m->parts[i]);
		REQUIRE(m->role == CHAT_USER || m->parts[i].kind == CHAT_TEXT);
	}
	REQUIRE(i == m->nparts || m->role == CHAT_ASSISTANT);
	for (from = i; i < m->nparts; i++)
		check_call(&m->parts[i], (*calls)++);
	return i - from;
}

static void
check_tools(const struct chat_request *r)
{
	char called[sizeof TOOL_PREFIX + TOOL_NAME_BYTES] = TOOL_PREFIX;
	size_t i;

	REQUIRE(r->ntools <= LIMIT_TOOLS);
	for (i = 0; i < r->ntools; i++) {
		REQUIRE(tool_name_valid(r->tools[i].name));
		REQUIRE(is_line(r->tools[i].schema, '{'));
		tool_name_make(called + strlen(TOOL_PREFIX), r->tools[i].name);
		REQUIRE(tool_name_find(r, called) == &r->tools[i]);
	}
	REQUIRE(r->choice != CHAT_CHOICE_NAMED || r->choice_tool < r->ntools);
	REQUIRE(r->choice != CHAT_CHOICE_REQUIRED || r->ntools > 0);
	REQUIRE(!r->functions || r->ntools > 0);
	REQUIRE((r->schema != NULL) == (r->format == CHAT_FORMAT_SCHEMA));
	REQUIRE(r->schema == NULL || is_line(r->schema, '{'));
}

static void
check_number(const char *text)
{
	struct json_text_error e;
	double d;

	if (text == NULL)
		return;
	d = strtod(text, NULL);
	REQUIRE(json_text_check(text, strlen(text), &e));
	REQUIRE(d >= 0 && d < 1);
}

static void
check_parameters(const struct chat_request *r)
{
	size_t i;

	REQUIRE(r->model == NULL || model_name_valid(r->model));
	REQUIRE(r->system == NULL || r->system[0] != '\0');
	REQUIRE(r->system == NULL || is_utf8(r->system));
	REQUIRE(r->max_tokens >= 0 && r->max_tokens <= LIMIT_MAX_TOKENS);
	REQUIRE(r->n >= 1 && r->n <= LIMIT_ANSWERS);
	REQUIRE(r->effort == NULL || !r->no_thinking);
	check_number(r->temperature);
	check_number(r->top_p);
	REQUIRE(r->nstop <= LIMIT_STOPS);
	for (i = 0; i < r->nstop; i++)
		REQUIRE(r->stop[i][0] != '\0' && is_utf8(r->stop[i]));
}

/* Returns the number of calls. */
static size_t
check_request(const struct chat_request *r)
{
	const struct chat_message *calling = NULL;
	size_t calls = 0, i;

	check_parameters(r);
	check_tools(r);
	REQUIRE(r->nmessages >= 1);
	REQUIRE(r->messages[r->nmessages - 1].role == CHAT_USER);
	for (i = 0; i < r->nmessages; i++) {
		const struct chat_message *m = &r->messages[i];

		calling = check_message(m, calling, &calls) > 0 ? m : NULL;
	}
	REQUIRE(calls == 0 || chat_request_wants_model(r));
	return calls;
}

static void
write_file(struct buf *to, const struct chat_part *part)
{
	char *base64 = NULL;
	size_t len = strlen(part->text);

	buf_addstr(to, "{\"type\":\"input_file\",\"filename\":");
	json_text_quote_str(to, part->name != NULL ? part->name : "");
	buf_addstr(to, ",\"file_data\":\"");
	if (strcmp(part->media, "text/plain") == 0) {
		base64 = malloc(BASE64_ENCODE_RAW_LENGTH(len) + 1);
		REQUIRE(base64 != NULL);
		base64_encode_raw(base64, len, (const uint8_t *)part->text);
		base64[BASE64_ENCODE_RAW_LENGTH(len)] = '\0';
	}
	buf_addstr(to, base64 != NULL ? base64 : part->text);
	buf_addstr(to, "\"}");
	free(base64);
}

static void
write_part(struct buf *to, const struct chat_part *part)
{
	if (part->kind == CHAT_DOCUMENT) {
		write_file(to, part);
		return;
	}
	if (part->kind == CHAT_TEXT) {
		buf_addstr(to, "{\"type\":\"text\",\"text\":");
		json_text_quote_str(to, part->text);
	} else {
		buf_addstr(to, "{\"type\":\"input_image\",\"image_url\":");
		if (part->media != NULL) {
			buf_addf(to, "\"data:%s;base64,", part->media);
			buf_addstr(to, part->text);
			buf_addch(to, '"');
		} else
			json_text_quote_str(to, part->text);
	}
	buf_addch(to, '}');
}

static void
write_parts(struct buf *to, const struct chat_part *parts, size_t n)
{
	size_t i;

	buf_addstr(to, "\"content\":[");
	for (i = 0; i < n; i++) {
		buf_addstr(to, i == 0 ? "" : ",");
		write_part(to, &parts[i]);
	}
	buf_addstr(to, "]");
}

static void
write_call(struct buf *to, const struct chat_part *call)
{
	buf_addf(to, "{\"id\":\"%s\",\"function\":{\"name\":", call->id);
	json_text_quote_str(to, call->name);
	buf_addstr(to, ",\"arguments\":");
	json_text_quote_str(to, call->text);
	buf_addstr(to, "}}");
}

/* Each result is a message of its own, as the calls and what is before and
 * behind them are members of theirs. */
static void
write_message(struct buf *to, const struct chat_message *m)
{
	size_t plain, i = 0, n;

	for (; i < m->nparts && m->parts[i].kind == CHAT_TOOL_RESULT; i++) {
		buf_addf(to, ",{\"role\":\"tool\",\"tool_call_id\":\"%s\",",
		    m->parts[i].id);
		write_parts(to, m->parts[i].parts, m->parts[i].nparts);
		buf_addch(to, '}');
	}
	plain = i;
	for (n = i; n < m->nparts && m->parts[n].kind != CHAT_TOOL_USE;)
		n++;
	buf_addf(to, ",{\"role\":\"%s\",",
	    m->role == CHAT_USER ? "user" : "assistant");
	write_parts(to, m->parts + plain, n - plain);
	buf_addstr(to, ",\"tool_calls\":[");
	for (i = n; i < m->nparts; i++) {
		buf_addstr(to, i == n ? "" : ",");
		write_call(to, &m->parts[i]);
	}
	buf_addstr(to, "]}");
}

/* As functions where they were, so that they are not nested deeper. */
static void
write_tools(struct buf *to, const struct chat_request *r)
{
	const char *tool = "{\"type\":\"function\",\"function\":";
	size_t i;

	buf_addstr(to, r->functions ? ",\"functions\":[" : ",\"tools\":[");
	for (i = 0; i < r->ntools; i++) {
		buf_addstr(to, i == 0 ? "" : ",");
		buf_addf(to, "%s{\"name\":\"%s\",\"parameters\":",
		    r->functions ? "" : tool, r->tools[i].name);
		buf_addstr(to, r->tools[i].schema);
		if (r->tools[i].description != NULL) {
			buf_addstr(to, ",\"description\":");
			json_text_quote_str(to, r->tools[i].description);
		}
		buf_addstr(to, r->functions ? "}" : "}}");
	}
	buf_addch(to, ']');
	if (r->schema == NULL)
		return;
	buf_addstr(to, ",\"response_format\":{\"type\":\"json_schema\","
		       "\"json_schema\":{\"schema\":");
	buf_addstr(to, r->schema);
	buf_addstr(to, "}}");
}

static void
write_request(struct buf *to, const struct chat_request *r)
{
	size_t i;

	buf_addf(to, "{\"stream\":%s,\"stream_options\":{\"include_usage\":%s}",
	    r->stream ? "true" : "false", r->include_usage ? "true" : "false");
	if (r->max_tokens > 0)
		buf_addf(to, ",\"max_tokens\":%ld", r->max_tokens);
	if (r->model != NULL) {
		buf_addstr(to, ",\"model\":");
		json_text_quote_str(to, r->model);
	}
	write_tools(to, r);
	if (r->temperature != NULL)
		buf_addf(to, ",\"temperature\":%s", r->temperature);
	buf_addstr(to, ",\"messages\":[{\"role\":\"system\",\"content\":");
	json_text_quote_str(to, r->system != NULL ? r->system : "");
	buf_addch(to, '}');
	for (i = 0; i < r->nmessages; i++)
		write_message(to, &r->messages[i]);
	buf_addstr(to, "]}");
}

static void
check_same_again(const struct chat_request *r)
{
	static struct api_error err;
	struct buf first = BUF_INIT(LIMIT_BODY_BYTES);
	struct buf second = BUF_INIT(LIMIT_BODY_BYTES);
	struct chat_request *again;

	write_request(&first, r);
	REQUIRE(buf_ok(&first));
	again = openai_request_parse(buf_str(&first), first.len, &err);
	REQUIRE(again != NULL);
	write_request(&second, again);
	REQUIRE(strcmp(buf_str(&first), buf_str(&second)) == 0);
	chat_request_free(again);
	buf_free(&first);
	buf_free(&second);
}

static void
check_talk(struct chat_request *r)
{
	const struct chat_part *last = r->messages[r->nmessages - 1].parts;
	struct directory_talk talk;
	size_t before = r->nmessages;

	REQUIRE(directory_talk_take(r, &talk));
	REQUIRE(r->nmessages >= 1 && r->nmessages <= before);
	REQUIRE(r->messages[r->nmessages - 1].parts == last);
	REQUIRE(talk.directory == NULL || r->nmessages < before);
	free(talk.directory);
}

static void
check_error(const struct api_error *err)
{
	struct buf b = BUF_INIT(65536);
	struct json_text_error e;

	REQUIRE(err->status == 400);
	REQUIRE(err->retry_after == 0);
	REQUIRE(err->message[0] != '\0');
	api_error_json(&b, err);
	REQUIRE(buf_ok(&b));
	REQUIRE(json_text_check(buf_str(&b), b.len, &e));
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct api_error err;
	struct chat_request *r;
	size_t calls;

	r = openai_request_parse((const char *)data, size, &err);
	if (r == NULL) {
		check_error(&err);
		return 0;
	}
	calls = check_request(r);
	/* Written down it may be too long to be read again. */
	if (size < LIMIT_BODY_BYTES / 64 &&
	    r->nmessages + calls < LIMIT_MESSAGES - 1)
		check_same_again(r);
	check_talk(r);
	chat_request_free(r);
	return 0;
}
