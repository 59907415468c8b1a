/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

#include "banned.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define PIECE_BYTES 1024

static void
add(struct log_text *t, const char *bytes, size_t len)
{
	t->full = t->full || len > t->size - t->len;
	if (t->full)
		return;
	memcpy(t->to + t->len, bytes, len);
	t->len += len;
}

void
log_text_add(struct log_text *t, const char *text)
{
	add(t, text, strlen(text));
}

void
log_text_addf(struct log_text *t, const char *fmt, ...)
{
	char piece[PIECE_BYTES];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(piece, sizeof(piece), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(piece))
		t->full = true;
	else
		add(t, piece, (size_t)n);
}

/* A control character; C1 ones move a terminal too. */
static bool
is_control(const char *s, size_t n)
{
	unsigned char c = (unsigned char)s[0];

	if (n == 1)
		return c < 0x20 || c == 0x7F;
	return n == 2 && c == 0xC2 && (unsigned char)s[1] < 0xA0;
}

static void
add_hex(struct log_text *t, const char *form, unsigned value)
{
	char hex[8];
	int n = snprintf(hex, sizeof(hex), "%s%02X", form, value);

	add(t, hex, (size_t)n);
}

void
log_text_plain(struct log_text *t, const char *text)
{
	size_t left = strlen(text), n;

	for (; left > 0 && !t->full; text += n, left -= n) {
		n = utf8_sequence(text, left);
		if (n > 0 && !is_control(text, n)) {
			add(t, text, n);
			continue;
		}
		add_hex(t, "\\x", (unsigned char)*text);
		n = 1;
	}
}

void
log_text_json(struct log_text *t, const char *text)
{
	size_t left = strlen(text), n;

	for (; left > 0 && !t->full; text += n, left -= n) {
		n = utf8_sequence(text, left);
		if (n == 0)
			log_text_add(t, REPLACEMENT);
		else if (is_control(text, n))
			add_hex(t, "\\u00", (unsigned char)text[n - 1]);
		else if (*text == '"' || *text == '\\')
			log_text_addf(t, "\\%c", *text);
		else
			add(t, text, n);
		n = n == 0 ? 1 : n;
	}
}
