/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The promises of http_parse.h and http_framing.h: slices lie within the
 * head, the verdict does not depend on how the bytes arrive, no part of a
 * good head is taken for the whole, and a head written anew from its parts is
 * the same head.
 */
#include "http_framing.h"

#include <string.h>

#include "buf.h"
#include "http_char.h"

#include "require.h"

/* A copy of its own size, so that a sanitizer sees reads behind it. */
static char *
copy_of(const char *bytes, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);

	REQUIRE(copy != NULL);
	memcpy(copy, bytes, len);
	return copy;
}

static void
inside(struct http_slice s, const char *bytes, size_t len)
{
	REQUIRE(s.len == 0 || (s.at >= bytes && s.at + s.len <= bytes + len));
}

static void
check_field(const struct http_field *field, const char *bytes, size_t len)
{
	struct http_slice v = field->value;

	inside(field->name, bytes, len);
	inside(v, bytes, len);
	REQUIRE(field->name.len > 0);
	REQUIRE(http_char_span(field->name.at, field->name.len,
		    HTTP_CHAR_TOKEN) == field->name.len);
	REQUIRE(http_char_span(v.at, v.len, HTTP_CHAR_VALUE) == v.len);
	REQUIRE(http_slice_trim(v).len == v.len);
}

static void
check_head(const struct http_head *head, const char *bytes, size_t len)
{
	struct http_slice t = head->target;
	size_t i;

	REQUIRE(len >= 4 && memcmp(bytes + len - 4, "\r\n\r\n", 4) == 0);
	REQUIRE(len <= LIMIT_HEAD_BYTES);
	REQUIRE(t.len > 0 && t.len <= LIMIT_TARGET_BYTES);
	REQUIRE(head->method.len > 0 && head->path.len > 0);
	REQUIRE(head->minor == 0 || head->minor == 1);
	inside(head->method, bytes, len);
	inside(t, bytes, len);
	inside(head->path, t.at, t.len);
	inside(head->query, t.at, t.len);
	inside(head->authority, t.at, t.len);
	REQUIRE(head->path.at[0] == '/' || http_slice_is(head->path, "*"));
	REQUIRE(http_slice_find(head->path, "?") == head->path.len);
	REQUIRE(head->nfields <= LIMIT_HEAD_FIELDS);
	for (i = 0; i < head->nfields; i++)
		check_field(&head->fields[i], bytes, len);
}

/* The verdict when the bytes come in pieces. */
static ssize_t
parse_in_pieces(const char *bytes, size_t len, size_t step)
{
	struct http_head head;
	size_t have = 0, seen = 0;
	ssize_t r = HTTP_MORE;
	char *copy;

	while (r == HTTP_MORE && have < len) {
		have = len - have < step ? len : have + step;
		copy = copy_of(bytes, have);
		r = http_parse_head(copy, have, seen, &head);
		seen = have;
		free(copy);
	}
	return r;
}

static void
same_slice(struct http_slice a, struct http_slice b)
{
	REQUIRE(a.len == b.len && memcmp(a.at, b.at, a.len) == 0);
}

static void
add_slice(struct buf *b, struct http_slice s)
{
	(void)buf_add(b, s.at, s.len);
}

static void
write_head(struct buf *b, const struct http_head *head)
{
	size_t i;

	add_slice(b, head->method);
	buf_addch(b, ' ');
	add_slice(b, head->target);
	buf_addf(b, " HTTP/1.%d\r\n", head->minor);
	for (i = 0; i < head->nfields; i++) {
		add_slice(b, head->fields[i].name);
		buf_addstr(b, ":");
		add_slice(b, head->fields[i].value);
		buf_addstr(b, "\r\n");
	}
	buf_addstr(b, "\r\n");
}

static void
check_framing(const struct http_head *head, struct http_framing *ret)
{
	size_t lengths, codings;
	int status = http_framing(head, ret);

	(void)http_field(head, "content-length", &lengths);
	(void)http_field(head, "transfer-encoding", &codings);
	REQUIRE(status == 0 || status == 400 || status == 417 || status == 501);
	REQUIRE(http_host_valid(http_host(head)) || status == 400);
	if (status != 0)
		return;
	REQUIRE(lengths + codings <= 1);
	REQUIRE((ret->kind == HTTP_BODY_LENGTH) == (lengths == 1));
	REQUIRE((ret->kind == HTTP_BODY_CHUNKED) == (codings == 1));
	REQUIRE(
	    !http_field_has(head, "connection", "close") || !ret->keep_alive);
}

static void
same_when_written_anew(const struct http_head *head)
{
	struct buf b = BUF_INIT(2 * LIMIT_HEAD_BYTES);
	struct http_framing framing, framing_again;
	struct http_head again;
	size_t i;

	write_head(&b, head);
	REQUIRE(buf_ok(&b));
	REQUIRE(
	    http_parse_head(buf_str(&b), b.len, 0, &again) == (ssize_t)b.len);
	same_slice(head->method, again.method);
	same_slice(head->path, again.path);
	same_slice(head->query, again.query);
	same_slice(head->authority, again.authority);
	REQUIRE(head->nfields == again.nfields);
	for (i = 0; i < head->nfields; i++) {
		same_slice(head->fields[i].name, again.fields[i].name);
		same_slice(head->fields[i].value, again.fields[i].value);
	}
	check_framing(head, &framing);
	check_framing(&again, &framing_again);
	REQUIRE(framing.kind == framing_again.kind);
	REQUIRE(framing.length == framing_again.length);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = {2, 3, 7, 100, 1000, 4096};
	char *bytes = copy_of((const char *)data, size);
	struct http_head head;
	ssize_t r = http_parse_head(bytes, size, 0, &head);
	size_t i;

	if (r > 0) {
		REQUIRE((size_t)r <= size);
		check_head(&head, bytes, (size_t)r);
		same_when_written_anew(&head);
		REQUIRE(http_parse_head(bytes, (size_t)r - 1, 0, &head) ==
			HTTP_MORE);
		REQUIRE(http_parse_head(bytes, (size_t)r, 0, &head) == r);
	} else {
		REQUIRE(r == HTTP_MORE || r == -400 || r == -414 || r == -431 ||
			r == -501 || r == -505);
		REQUIRE(r != HTTP_MORE || size < LIMIT_HEAD_BYTES);
	}
	if (size <= 1000)
		REQUIRE(parse_in_pieces(bytes, size, 1) == r);
	for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (size / steps[i] <= 1000)
			REQUIRE(parse_in_pieces(bytes, size, steps[i]) == r);
	}
	free(bytes);
	return 0;
}
