/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_body.h"

#include "http_char.h"
#include "limits.h"

#include "banned.h"

/*
 * The chunked coding (RFC 9112 7.1):
 *
 *      body     = *chunk last trailers CRLF
 *      chunk    = size *ext CRLF size-OCTET CRLF
 *      last     = 1*16"0" *ext CRLF
 *      size     = 1*16HEXDIG
 *      ext      = BWS ";" BWS token [ BWS "=" BWS ( token / quoted ) ]
 *      trailers = *( 1*tchar ":" *( HTAB / SP / VCHAR / obs-text ) CRLF )
 *
 * as a finite automaton over bytes: what may come in each state, a class of
 * characters or a single one, and which state it leads to.  All else is a 400.
 */
enum state {
	SIZE_FIRST,
	SIZE,
	EXT_BLANK, /* only another extension may follow */
	EXT_FIRST,
	EXT_NAME,
	EXT_NAME_BLANK,
	EXT_VALUE_FIRST,
	EXT_TOKEN,
	EXT_QUOTED,
	EXT_ESCAPED,
	EXT_QUOTED_END,
	SIZE_LF,
	DATA_CR,
	DATA_LF,
	TRAILER_FIRST,
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	END_LF,
	DATA, /* of a chunk, or of a body of known length */
	DONE,
};

#define TOKEN HTTP_CHAR_TOKEN
#define VALUE HTTP_CHAR_VALUE
#define BLANK HTTP_CHAR_BLANK
#define HEX   HTTP_CHAR_HEX

struct rule {
	unsigned set; /* a class, or 0: the one character c */
	char c;       /* of a single one; NUL, in no text: end of the rules */
	enum state next;
};

#define RULES_MAX 5

/* Rules are tried in their order: a quote or backslash before all text. */
/* clang-format off */
static const struct rule rules[DATA][RULES_MAX] = {
	[SIZE_FIRST] = {{HEX, 0, SIZE}},
	[SIZE] = {{HEX, 0, SIZE}, {BLANK, 0, EXT_BLANK}, {0, ';', EXT_FIRST},
	    {0, '\r', SIZE_LF}},
	[EXT_BLANK] = {{BLANK, 0, EXT_BLANK}, {0, ';', EXT_FIRST}},
	[EXT_FIRST] = {{BLANK, 0, EXT_FIRST}, {TOKEN, 0, EXT_NAME}},
	[EXT_NAME] = {{TOKEN, 0, EXT_NAME}, {BLANK, 0, EXT_NAME_BLANK},
	    {0, '=', EXT_VALUE_FIRST}, {0, ';', EXT_FIRST},
	    {0, '\r', SIZE_LF}},
	[EXT_NAME_BLANK] = {{BLANK, 0, EXT_NAME_BLANK},
	    {0, '=', EXT_VALUE_FIRST}, {0, ';', EXT_FIRST}},
	[EXT_VALUE_FIRST] = {{BLANK, 0, EXT_VALUE_FIRST},
	    {TOKEN, 0, EXT_TOKEN}, {0, '"', EXT_QUOTED}},
	[EXT_TOKEN] = {{TOKEN, 0, EXT_TOKEN}, {BLANK, 0, EXT_BLANK},
	    {0, ';', EXT_FIRST}, {0, '\r', SIZE_LF}},
	[EXT_QUOTED] = {{0, '"', EXT_QUOTED_END}, {0, '\\', EXT_ESCAPED},
	    {VALUE, 0, EXT_QUOTED}},
	[EXT_ESCAPED] = {{VALUE, 0, EXT_QUOTED}},
	[EXT_QUOTED_END] = {{BLANK, 0, EXT_BLANK}, {0, ';', EXT_FIRST},
	    {0, '\r', SIZE_LF}},
	[SIZE_LF] = {{0, '\n', DATA}},
	[DATA_CR] = {{0, '\r', DATA_LF}},
	[DATA_LF] = {{0, '\n', SIZE_FIRST}},
	[TRAILER_FIRST] = {{0, '\r', END_LF}, {TOKEN, 0, TRAILER_NAME}},
	[TRAILER_NAME] = {{TOKEN, 0, TRAILER_NAME}, {0, ':', TRAILER_VALUE}},
	[TRAILER_VALUE] = {{VALUE, 0, TRAILER_VALUE}, {0, '\r', TRAILER_LF}},
	[TRAILER_LF] = {{0, '\n', TRAILER_FIRST}},
	[END_LF] = {{0, '\n', DONE}},
};
/* clang-format on */

/* 16 hexadecimal digits are what 64 bits hold. */
#define SIZE_DIGITS_MAX 16

int
http_body_start(
    struct http_body *b, const struct http_framing *framing, size_t max)
{
	*b = (struct http_body){.kind = framing->kind, .max = max};
	b->state = SIZE_FIRST;
	if (b->kind == HTTP_BODY_CHUNKED)
		return 0;
	if (b->kind == HTTP_BODY_LENGTH)
		b->left = framing->length;
	if (b->left > max) {
		b->state = -413;
		return 413;
	}
	b->state = b->left > 0 ? DATA : DONE;
	return 0;
}

/* The state that c leads to, or -400. */
static int
next_state(int state, char c)
{
	const struct rule *rule;
	size_t i;

	for (i = 0; i < RULES_MAX; i++) {
		rule = &rules[state][i];
		if (rule->set == 0 && rule->c == '\0')
			break;
		if (rule->set != 0 ? http_char_is(c, rule->set) : rule->c == c)
			return (int)rule->next;
	}
	return -400;
}

static int
add_digit(struct http_body *b, char c)
{
	if (++b->digits > SIZE_DIGITS_MAX)
		return -400;
	b->left = b->left << 4 | http_char_hex(c);
	return SIZE;
}

/* A size line is complete: what its chunk holds comes next. */
static int
begin_chunk(struct http_body *b)
{
	b->line = 0;
	b->digits = 0;
	if (b->left == 0)
		return TRAILER_FIRST;
	return b->left > b->max - b->total ? -413 : DATA;
}

/* Takes one byte that is not data.  The new state, negative on failure. */
static int
take_byte(struct http_body *b, char c)
{
	int state = next_state(b->state, c);

	if (state < 0)
		return state;
	b->line++;
	if (state >= EXT_BLANK && state <= EXT_QUOTED_END &&
	    ++b->extensions > LIMIT_CHUNK_EXT_BYTES)
		return -400;
	if (b->state >= TRAILER_FIRST && b->line > LIMIT_TRAILER_BYTES)
		return -431;
	if (b->line > LIMIT_CHUNK_LINE_BYTES && b->state <= SIZE_LF)
		return -400;
	if (state == SIZE)
		return add_digit(b, c);
	if (b->state == SIZE_LF)
		return begin_chunk(b);
	if (b->state == DATA_LF)
		b->line = 0;
	return state;
}

/* Takes data; how many bytes. */
static size_t
take_data(struct http_body *b, const char *in, size_t len, struct buf *out)
{
	if (len > b->left)
		len = (size_t)b->left;
	if (!buf_add(out, in, len)) {
		b->state = -500;
		return 0;
	}
	b->total += len;
	b->left -= len;
	if (b->left == 0)
		b->state = b->kind == HTTP_BODY_CHUNKED ? DATA_CR : DONE;
	return len;
}

int
http_body_step(struct http_body *b, const char *in, size_t len,
    size_t *ret_used, struct buf *out)
{
	size_t used = 0;

	while (used < len && b->state >= 0 && b->state != DONE) {
		if (b->state == DATA)
			used += take_data(b, in + used, len - used, out);
		else
			b->state = take_byte(b, in[used++]);
	}
	*ret_used = used;
	if (b->state < 0)
		return b->state;
	return b->state == DONE ? HTTP_BODY_DONE : HTTP_BODY_MORE;
}
