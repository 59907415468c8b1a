/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json_plain.h"
#include "limits.h"
#include "utf8.h"

#include "banned.h"

struct scan {
	const char *text;
	char *fix; /* the same text where it may be repaired, else NULL */
	struct buf *longer;   /* of it, what is before copied; or empty */
	size_t copied, grown; /* bytes that the longer one has more */
	size_t pos, len;
	size_t values;
	size_t depth;
	bool fresh; /* the innermost container has no member yet */
	unsigned char is_object[LIMIT_JSON_DEPTH / 8]; /* a bit per depth */
	const char *what;                              /* of an error */
	size_t where;
};

static bool
fail(struct scan *s, size_t where, const char *what)
{
	s->what = what;
	s->where = where;
	return false;
}

/* The byte at the position, -1 at the end. */
static int
peek(const struct scan *s)
{
	return s->pos < s->len ? (unsigned char)s->text[s->pos] : -1;
}

/* Complains about what stands at the position instead of a wanted thing. */
static bool
unexpected(struct scan *s, const char *what)
{
	if (s->pos >= s->len)
		return fail(s, s->len, "unexpected end of the text");
	return fail(s, s->pos, what);
}

static void
skip_space(struct scan *s)
{
	int c;

	while ((c = peek(s)) == ' ' || c == '\n' || c == '\r' || c == '\t')
		s->pos++;
}

static int
hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of the \uXXXX at an offset, -1 if there is none. */
static int
code_unit(const struct scan *s, size_t at)
{
	int unit = 0, digit;
	size_t i;

	if (s->len - at < 6 || s->text[at] != '\\' || s->text[at + 1] != 'u')
		return -1;
	for (i = at + 2; i < at + 6; i++) {
		digit = hex_digit((unsigned char)s->text[i]);
		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

static bool
scan_unicode_escape(struct scan *s)
{
	int unit = code_unit(s, s->pos), second;
	const char *what = "\\u0000 in a string";

	if (unit < 0)
		return fail(s, s->pos, "invalid \\u escape");
	if (unit != 0 && (unit < 0xD800 || unit > 0xDFFF)) {
		s->pos += 6;
		return true;
	}
	if (unit != 0) {
		second = unit < 0xDC00 ? code_unit(s, s->pos + 6) : -1;
		if (second >= 0xDC00 && second <= 0xDFFF) {
			s->pos += 12;
			return true;
		}
		what = "unpaired surrogate in a string";
	}
	if (s->fix == NULL)
		return fail(s, s->pos, what);
	memcpy(s->fix + s->pos + 2, "fffd", 4);
	s->pos += 6;
	return true;
}

static bool
scan_escape(struct scan *s)
{
	static const char plain[] = "\"\\/bfnrt";

	if (s->len - s->pos < 2)
		return fail(s, s->len, "unexpected end of the text");
	if (s->text[s->pos + 1] == 'u')
		return scan_unicode_escape(s);
	if (memchr(plain, s->text[s->pos + 1], strlen(plain)) == NULL)
		return fail(s, s->pos, "invalid escape in a string");
	s->pos += 2;
	return true;
}

/* Bytes that may not stand in a string: U+FFFD in a repair. */
static bool
scan_bad_bytes(struct scan *s, size_t n, const char *what)
{
	if (s->fix == NULL)
		return fail(s, s->pos, what);
	buf_add(s->longer, s->text + s->copied, s->pos - s->copied);
	buf_addstr(s->longer, "\xEF\xBF\xBD");
	s->pos += n;
	s->copied = s->pos;
	s->grown += 3 - n;
	return buf_ok(s->longer) || fail(s, s->pos, "out of memory");
}

/* One character of a string that json_plain_run() stopped at. */
static bool
scan_special(struct scan *s)
{
	unsigned char c = (unsigned char)s->text[s->pos];
	size_t n;

	if (c == '\\')
		return scan_escape(s);
	if (c == '\0')
		return scan_bad_bytes(s, 1, "NUL byte in a string");
	if (c < 0x20)
		return fail(s, s->pos, "control character in a string");
	n = utf8_sequence(s->text + s->pos, s->len - s->pos);
	if (n == 0)
		return scan_bad_bytes(s,
		    utf8_maximal_subpart(s->text + s->pos, s->len - s->pos),
		    "invalid UTF-8");
	s->pos += n;
	return true;
}

/* From the quote at the position to behind the closing one. */
static bool
scan_string(struct scan *s)
{
	s->pos++;
	for (;;) {
		s->pos +=
		    json_plain_run(s->text + s->pos, s->len - s->pos, 0x80);
		if (s->pos >= s->len)
			return fail(s, s->len, "unexpected end of the text");
		if (s->text[s->pos] == '"') {
			s->pos++;
			return true;
		}
		if (!scan_special(s))
			return false;
	}
}

static bool
scan_digits(struct scan *s)
{
	size_t start = s->pos;
	int c;

	while ((c = peek(s)) >= '0' && c <= '9')
		s->pos++;
	if (s->pos == start)
		return unexpected(s, "a digit is missing in a number");
	return true;
}

/* Without an exponent so few digits are far below the largest double. */
static bool
check_range(struct scan *s, size_t start, bool exponent)
{
	char copy[LIMIT_JSON_NUMBER_BYTES + 1];
	size_t len = s->pos - start;

	if (len > LIMIT_JSON_NUMBER_BYTES)
		return fail(s, start, "number too long");
	if (!exponent)
		return true;
	memcpy(copy, s->text + start, len);
	copy[len] = '\0';
	if (isinf(strtod(copy, NULL)))
		return fail(s, start, "number out of range");
	return true;
}

static bool
scan_number(struct scan *s)
{
	size_t start = s->pos;
	bool exponent = false;

	if (peek(s) == '-')
		s->pos++;
	if (peek(s) == '0')
		s->pos++;
	else if (!scan_digits(s))
		return false;
	if (peek(s) == '.') {
		s->pos++;
		if (!scan_digits(s))
			return false;
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		exponent = true;
		s->pos++;
		if (peek(s) == '+' || peek(s) == '-')
			s->pos++;
		if (!scan_digits(s))
			return false;
	}
	return check_range(s, start, exponent);
}

static bool
scan_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if (s->len - s->pos < len || memcmp(s->text + s->pos, word, len) != 0)
		return fail(s, s->pos, "invalid literal");
	s->pos += len;
	return true;
}

static bool
scan_open(struct scan *s, bool object)
{
	unsigned char bit = (unsigned char)(1u << (s->depth % 8));

	if (s->depth == LIMIT_JSON_DEPTH)
		return fail(s, s->pos, "nested too deeply");
	if (object)
		s->is_object[s->depth / 8] |= bit;
	else
		s->is_object[s->depth / 8] &= (unsigned char)~bit;
	s->depth++;
	s->pos++;
	s->fresh = true;
	return true;
}

/* A scalar as a whole, or the opening bracket of a container. */
static bool
scan_value(struct scan *s)
{
	int c = peek(s);

	if (c >= 0 && ++s->values > LIMIT_JSON_VALUES)
		return fail(s, s->pos, "too many values");
	s->fresh = false;
	switch (c) {
	case '{':
		return scan_open(s, true);
	case '[':
		return scan_open(s, false);
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		if (c == '-' || (c >= '0' && c <= '9'))
			return scan_number(s);
		return unexpected(s, "a value was expected");
	}
}

static bool
scan_key(struct scan *s)
{
	size_t start = s->pos + 1, before = s->grown;

	if (peek(s) != '"')
		return unexpected(s, "a key in quotes was expected");
	if (!scan_string(s))
		return false;
	if (s->pos - 1 - start + s->grown - before > LIMIT_JSON_KEY_BYTES)
		return fail(s, start, "key too long");
	skip_space(s);
	if (peek(s) != ':')
		return unexpected(s, "':' was expected");
	s->pos++;
	skip_space(s);
	return true;
}

/* The next member of the innermost container with the comma before it, or
 * the bracket that closes it. */
static bool
scan_member(struct scan *s)
{
	size_t top = s->depth - 1;
	bool object = (s->is_object[top / 8] >> (top % 8) & 1) != 0;

	skip_space(s);
	if (peek(s) == (object ? '}' : ']')) {
		s->pos++;
		s->depth--;
		s->fresh = false;
		return true;
	}
	if (!s->fresh && peek(s) != ',')
		return unexpected(s, "a comma or closing bracket was expected");
	if (!s->fresh) {
		s->pos++;
		skip_space(s);
	}
	if (object && !scan_key(s))
		return false;
	return scan_value(s);
}

static bool
scan_text(struct scan *s)
{
	if (s->len >= 3 && memcmp(s->text, "\xEF\xBB\xBF", 3) == 0)
		return fail(s, 0, "byte order mark");
	skip_space(s);
	if (!scan_value(s))
		return false;
	while (s->depth > 0) {
		if (!scan_member(s))
			return false;
	}
	skip_space(s);
	if (s->pos < s->len)
		return fail(s, s->pos, "something follows the value");
	return true;
}

static bool
check(struct scan *s, struct json_text_error *ret)
{
	size_t i;

	if (scan_text(s))
		return true;
	ret->what = s->what;
	ret->offset = s->where;
	ret->line = 1;
	for (i = 0; i < s->where; i++)
		ret->line += s->text[i] == '\n';
	return false;
}

size_t
json_text_string(const char *text, size_t len)
{
	struct scan s = {.text = text, .len = len};

	return peek(&s) == '"' && scan_string(&s) ? s.pos : 0;
}

bool
json_text_check(const char *text, size_t len, struct json_text_error *ret)
{
	struct scan s = {.text = text, .len = len};

	return check(&s, ret);
}

bool
json_text_repair(
    char **text, size_t *len, struct buf *longer, struct json_text_error *ret)
{
	struct scan s = {
	    .text = *text, .fix = *text, .longer = longer, .len = *len};

	if (!check(&s, ret))
		return false;
	if (s.copied == 0)
		return true;
	if (!buf_add(longer, *text + s.copied, *len - s.copied))
		return false;
	*text = longer->mem + longer->off;
	*len = longer->len;
	return true;
}

static void
quote_special(struct buf *to, unsigned char c)
{
	static const char from[] = "\"\\\n\r\t\b\f";
	static const char letters[] = "\"\\nrtbf";
	const char *found = c == 0 ? NULL : strchr(from, c);

	if (found != NULL) {
		char pair[2] = {'\\', letters[found - from]};

		buf_add(to, pair, sizeof pair);
	} else {
		buf_addf(to, "\\u%04x", (unsigned)c);
	}
}

void
json_text_escape(struct buf *to, const char *text, size_t len)
{
	size_t i = 0, run;

	while (i < len) {
		run = json_plain_run(text + i, len - i, 0);
		buf_add(to, text + i, run);
		i += run;
		if (i < len)
			quote_special(to, (unsigned char)text[i++]);
	}
}

void
json_text_quote(struct buf *to, const char *text, size_t len)
{
	buf_addch(to, '"');
	json_text_escape(to, text, len);
	buf_addch(to, '"');
}

void
json_text_quote_str(struct buf *to, const char *text)
{
	json_text_quote(to, text, strlen(text));
}

void
json_text_on_one_line(struct buf *to, const char *json)
{
	size_t run;

	while (*json != '\0') {
		run = strcspn(json, "\r\n");
		buf_add(to, json, run);
		json += run;
		if (*json != '\0') {
			buf_addch(to, ' ');
			json++;
		}
	}
}
