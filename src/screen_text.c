/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "screen_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "utf8.h"

#include "banned.h"

static const char dots[] = "...";
#define DOTS (sizeof(dots) - 1)

/* A C0 or C1 control character, or DEL, as UTF-8. */
static bool
is_control(const char *at, size_t n)
{
	const unsigned char *s = (const unsigned char *)at;

	return n == 1 ? s[0] < 0x20 || s[0] == 0x7F
	              : n == 2 && s[0] == 0xC2 && s[1] < 0xA0;
}

/* U+2028 to U+202E, U+2066 to U+2069: a line of one's own, and what makes a
 * terminal show letters in another order than they stand in. */
static bool
moves_others(const char *at, size_t n)
{
	const unsigned char *s = (const unsigned char *)at;

	return n == 3 && s[0] == 0xE2 &&
	       ((s[1] == 0x80 && s[2] >= 0xA8 && s[2] <= 0xAE) ||
		   (s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9));
}

/* At most so many characters. */
static void
add(struct buf *to, const char *text, size_t most)
{
	size_t left = strlen(text), n;

	for (; left > 0 && most > 0; text += n, left -= n, most--) {
		n = utf8_sequence(text, left);
		if (n == 0 || is_control(text, n) || moves_others(text, n)) {
			n = n == 0 ? 1 : n;
			buf_addch(to, '?');
		} else {
			buf_add(to, text, n);
		}
	}
}

void
screen_text_add(struct buf *to, const char *text)
{
	add(to, text, SIZE_MAX);
}

void
screen_text_path(struct buf *to, const char *path, const char *home)
{
	size_t len = home == NULL ? 0 : strlen(home);

	if (len > 1 && strncmp(path, home, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0')) {
		buf_addch(to, '~');
		path += len;
	}
	screen_text_add(to, path);
}

size_t
screen_text_width(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

void
screen_text_cut(struct buf *to, const char *text, size_t width)
{
	if (screen_text_width(text) <= width) {
		screen_text_add(to, text);
	} else {
		add(to, text, width > DOTS ? width - DOTS : 0);
		buf_addstr(to, dots);
	}
}

void
screen_text_cut_front(struct buf *to, const char *text, size_t width)
{
	size_t have = screen_text_width(text);
	size_t keep = width > DOTS ? width - DOTS : 0;

	if (have > width) {
		buf_addstr(to, dots);
		for (; have > keep; have--) {
			do
				text++;
			while (((unsigned char)*text & 0xC0) == 0x80);
		}
	}
	screen_text_add(to, text);
}
