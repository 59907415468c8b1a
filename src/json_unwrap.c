/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The object has one member, and its key no colon in it: what is behind the
 * first colon is the value, but for the brace at the very end.  So braces and
 * white space are held back until something else follows.
 */
#include "json_unwrap.h"

#include <string.h>

#include "limits.h"

#include "banned.h"

#define SPACE " \t\r\n"

void
json_unwrap_open(struct json_unwrap *u)
{
	u->inside = false;
	buf_init(&u->held, LIMIT_ANSWER_BYTES);
}

void
json_unwrap_close(struct json_unwrap *u)
{
	buf_free(&u->held);
}

/* Bytes of text before its last brace, if only white space follows that; else
 * all of them. */
static size_t
sure(const char *text, size_t len)
{
	size_t end = len;

	while (end > 0 && strchr(SPACE, text[end - 1]) != NULL)
		end--;
	if (end == 0 || text[end - 1] != '}')
		return end;
	end--;
	while (end > 0 && strchr(SPACE, text[end - 1]) != NULL)
		end--;
	return end;
}

bool
json_unwrap_add(struct json_unwrap *u, const char *text, struct buf *pass)
{
	const char *colon;
	size_t n;

	if (!u->inside) {
		colon = strchr(text, ':');
		if (colon == NULL)
			return true;
		u->inside = true;
		text = colon + 1;
		text += strspn(text, SPACE);
	}
	buf_addstr(&u->held, text);
	n = sure(buf_str(&u->held), u->held.len);
	buf_add(pass, buf_str(&u->held), n);
	if (n > 0)
		buf_consume(&u->held, n);
	return buf_ok(&u->held) && buf_ok(pass);
}
