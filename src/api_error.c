/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json_text.h"
#include "utf8.h"

#include "banned.h"

/* Cuts a text that snprintf truncated in the middle of a character. */
static void
trim(char *text, size_t size)
{
	size_t len = strnlen(text, size), i = 0, n;

	while (i < len && (n = utf8_sequence(text + i, len - i)) > 0)
		i += n;
	text[i] = '\0';
}

static void __attribute__((format(printf, 6, 0)))
set(struct api_error *e, int status, const char *type, const char *code,
    const char *param, const char *fmt, va_list ap)
{
	e->status = status;
	e->type = type;
	e->code = code;
	e->retry_after = 0;
	(void)snprintf(e->param, sizeof e->param, "%s", param);
	trim(e->param, sizeof e->param);
	if (vsnprintf(e->message, sizeof e->message, fmt, ap) < 0)
		e->message[0] = '\0';
	trim(e->message, sizeof e->message);
}

void
api_error_set(struct api_error *e, int status, const char *type,
    const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, status, type, code, "", fmt, ap);
	va_end(ap);
}

void
api_error_param(struct api_error *e, const char *param, const char *code,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, 400, "invalid_request_error", code, param, fmt, ap);
	va_end(ap);
}

static void
add_member(struct buf *to, const char *key, const char *text)
{
	buf_addf(to, ",\"%s\":", key);
	if (text != NULL && text[0] != '\0')
		json_text_quote_str(to, text);
	else
		buf_addstr(to, "null");
}

void
api_error_json(struct buf *to, const struct api_error *e)
{
	buf_addstr(to, "{\"error\":{\"message\":");
	json_text_quote_str(to, e->message);
	add_member(to, "type", e->type);
	add_member(to, "param", e->param);
	add_member(to, "code", e->code);
	buf_addstr(to, "}}");
}
