/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The promises of http_body.h: never a byte behind the body is taken, what
 * comes out does not depend on how the bytes arrive, and chunks of our own
 * making come back as they were.  The first byte of the input chooses the
 * framing: a digit is the length, all else means chunked.
 */
#include "http_body.h"

#include <string.h>

#include "http_response.h"

#include "require.h"

#define CONTENT_MAX 4096

static struct http_framing
framing_of(uint8_t choice)
{
	struct http_framing f = {.kind = HTTP_BODY_CHUNKED};

	if (choice >= '0' && choice <= '9') {
		f.kind = HTTP_BODY_LENGTH;
		f.length = choice - '0';
	}
	return f;
}

/* Decodes in pieces; *ret_used is how much was taken in all. */
static int
decode(const struct http_framing *f, const char *in, size_t len, size_t step,
    size_t *ret_used, struct buf *out)
{
	struct http_body body;
	size_t at = 0, used, n;
	int r;
	char *piece;

	REQUIRE(http_body_start(&body, f, CONTENT_MAX) == 0);
	do {
		n = len - at < step ? len - at : step;
		piece = malloc(n > 0 ? n : 1);
		REQUIRE(piece != NULL);
		memcpy(piece, in + at, n);
		r = http_body_step(&body, piece, n, &used, out);
		free(piece);
		REQUIRE(used <= n);
		REQUIRE(r != HTTP_BODY_MORE || used == n);
		REQUIRE(body.total == out->len && out->len <= CONTENT_MAX);
		at += used;
	} while (r == HTTP_BODY_MORE && at < len);
	REQUIRE(r == HTTP_BODY_MORE || r == HTTP_BODY_DONE || r == -400 ||
		r == -413 || r == -431);
	if (r != HTTP_BODY_MORE) {
		REQUIRE(http_body_step(&body, "0\r\n\r\n", 5, &used, out) == r);
		REQUIRE(used == 0);
	}
	*ret_used = at;
	return r;
}

static void
same_in_pieces(const struct http_framing *f, const char *in, size_t len)
{
	static const size_t steps[] = {1, 2, 3, 5, 64, 1000};
	struct buf out = BUF_INIT(2 * CONTENT_MAX);
	struct buf again = BUF_INIT(2 * CONTENT_MAX);
	size_t i, used, used_again;
	int r = decode(f, in, len, len + 1, &used, &out);

	REQUIRE(used <= len);
	for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		buf_clear(&again);
		REQUIRE(decode(f, in, len, steps[i], &used_again, &again) == r);
		REQUIRE(used_again == used);
		REQUIRE(again.len == out.len);
		REQUIRE(memcmp(buf_str(&again), buf_str(&out), out.len) == 0);
	}
	if (r == HTTP_BODY_DONE && used > 0) {
		buf_clear(&again);
		REQUIRE(decode(f, in, used - 1, used, &used_again, &again) ==
			HTTP_BODY_MORE);
	}
	buf_free(&again);
	buf_free(&out);
}

/* Content to chunks of growing size and back. */
static void
back_and_forth(const char *content, size_t len)
{
	static const struct http_framing f = {.kind = HTTP_BODY_CHUNKED};
	struct buf wire = BUF_INIT(1u << 20), out = BUF_INIT(1u << 20);
	size_t at = 0, n, size = 1, used;
	struct http_slice part;

	if (len > CONTENT_MAX)
		len = CONTENT_MAX;
	while (at < len) {
		n = len - at < size ? len - at : size;
		part = http_slice(content + at, n);
		http_response_chunk(&wire, &part, 1);
		at += n;
		size += 7;
	}
	http_response_last_chunk(&wire);
	n = wire.len;
	(void)buf_addstr(&wire, "behind");
	REQUIRE(decode(&f, buf_str(&wire), wire.len, wire.len, &used, &out) ==
		HTTP_BODY_DONE);
	REQUIRE(used == n && out.len == len);
	REQUIRE(memcmp(buf_str(&out), content, len) == 0);
	buf_free(&wire);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_framing f;

	if (size == 0)
		return 0;
	f = framing_of(data[0]);
	same_in_pieces(&f, (const char *)data + 1, size - 1);
	back_and_forth((const char *)data + 1, size - 1);
	return 0;
}
