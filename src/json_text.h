/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One strict pass over every JSON text before cJSON sees it, because cJSON
 * 1.7.15 truncates at \u0000, takes control bytes, invalid UTF-8, a BOM, "01"
 * and "1.", and spends 64 bytes and more on each value.  Here: RFC 8259
 * grammar, RFC 3629 UTF-8, depth, number of values, length of keys.
 */
#ifndef CCP_JSON_TEXT_H
#define CCP_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct json_text_error {
	const char
	    *what;     /* static text: "invalid UTF-8", "nested too deeply" */
	size_t offset; /* byte of the text, from 0 */
	size_t line;   /* from 1 */
};

/*
 * True if text is one JSON value with nothing but white space around it.
 * False sets *ret; nothing else is touched.  Refused besides bad grammar:
 * \u0000 and unpaired surrogates in strings and keys, a BOM, numbers that
 * overflow a double, more than LIMIT_JSON_DEPTH, LIMIT_JSON_VALUES,
 * LIMIT_JSON_KEY_BYTES.
 */
bool json_text_check(const char *text, size_t len, struct json_text_error *ret);

/*
 * The same for a text of the CLI, where one bad character must not lose a
 * line: \u0000 and unpaired surrogate escapes are overwritten with \ufffd, a
 * raw NUL or a byte that is not UTF-8 inside a string with '?'.  The length
 * does not change.
 */
bool json_text_repair(char *text, size_t len, struct json_text_error *ret);

/* Appends len bytes of valid UTF-8 as a JSON string with its quotes. */
void json_text_quote(struct buf *to, const char *text, size_t len);
void json_text_quote_str(struct buf *to, const char *text);

/* Appends a valid JSON text with blanks for its line ends, so that it can be
 * part of a line. */
void json_text_on_one_line(struct buf *to, const char *json);

/* The number of bytes of the valid UTF-8 sequence at text (1 to 4), 0 if
 * there is none. */
size_t json_text_utf8(const char *text, size_t len);

#endif
