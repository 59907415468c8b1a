/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_text.h"

#include <stdbool.h>
#include <string.h>

#include "utf8.h"

#include "banned.h"

/* A C0 or C1 control character, or DEL, as UTF-8. */
static bool
is_control(const char *at, size_t n)
{
	const unsigned char *s = (const unsigned char *)at;

	return n == 1 ? s[0] < 0x20 || s[0] == 0x7F
	              : n == 2 && s[0] == 0xC2 && s[1] < 0xA0;
}

void
text_add_clean(struct buf *to, const char *text)
{
	size_t left = strlen(text), n;

	for (; left > 0; text += n, left -= n) {
		n = utf8_sequence(text, left);
		if (n == 0 || is_control(text, n)) {
			n = n == 0 ? 1 : n;
			buf_addch(to, '?');
		} else {
			buf_add(to, text, n);
		}
	}
}

void
text_add_path(struct buf *to, const char *path, const char *home)
{
	size_t len = home == NULL ? 0 : strlen(home);

	if (len > 1 && strncmp(path, home, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0')) {
		buf_addch(to, '~');
		path += len;
	}
	text_add_clean(to, path);
}

size_t
text_width(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}
