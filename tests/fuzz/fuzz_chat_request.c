/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The promises of openai_request.h: a request is as its header says, and the
 * same when it is written down and read again; a refusal is a proper error.
 * And of directory_talk.h: the last message stays, whatever is taken out.
 */
#include "openai_request.h"

#include <nettle/base64.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../src/limits.h"
#include "directory_talk.h"
#include "json_text.h"
#include "model_names.h"
#include "require.h"

static bool
is_utf8(const char *s)
{
	size_t len = strlen(s), n;

	for (; len > 0; s += n, len -= n) {
		n = json_text_utf8(s, len);
		if (n == 0)
			return false;
	}
	return true;
}

static void
check_part(const struct chat_part *part, enum chat_role role)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789+/";
	const char *text = part->text, *media = part->media;
	size_t n;

	REQUIRE(text[strspn(text, " \t\r\n")] != '\0');
	REQUIRE(is_utf8(text));
	REQUIRE(part->kind == CHAT_TEXT || role == CHAT_USER);
	REQUIRE(part->kind == CHAT_DOCUMENT || part->name == NULL);
	if (part->kind == CHAT_TEXT)
		REQUIRE(media == NULL);
	else if (media == NULL)
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

static void
check_request(const struct chat_request *r)
{
	size_t i, j;

	REQUIRE(r->model == NULL || model_name_valid(r->model));
	REQUIRE(r->system == NULL || r->system[0] != '\0');
	REQUIRE(r->system == NULL || is_utf8(r->system));
	REQUIRE(r->max_tokens >= 0 && r->max_tokens <= LIMIT_MAX_TOKENS);
	REQUIRE(r->nmessages >= 1);
	REQUIRE(r->messages[r->nmessages - 1].role == CHAT_USER);
	for (i = 0; i < r->nmessages; i++) {
		const struct chat_message *m = &r->messages[i];

		REQUIRE(m->role == CHAT_USER || m->role == CHAT_ASSISTANT);
		REQUIRE(m->nparts >= 1);
		for (j = 0; j < m->nparts; j++) {
			check_part(&m->parts[j], m->role);
		}
	}
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
write_message(struct buf *to, const struct chat_message *m)
{
	size_t i;

	buf_addf(to, ",{\"role\":\"%s\",\"content\":[",
	    m->role == CHAT_USER ? "user" : "assistant");
	for (i = 0; i < m->nparts; i++) {
		buf_addstr(to, i == 0 ? "" : ",");
		write_part(to, &m->parts[i]);
	}
	buf_addstr(to, "]}");
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

	r = openai_request_parse((const char *)data, size, &err);
	if (r == NULL) {
		check_error(&err);
		return 0;
	}
	check_request(r);
	/* Written down it may be too long to be read again. */
	if (size < LIMIT_BODY_BYTES / 64 && r->nmessages < LIMIT_MESSAGES - 1)
		check_same_again(r);
	check_talk(r);
	chat_request_free(r);
	return 0;
}
