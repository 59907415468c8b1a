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
 * line.  U+FFFD takes the place of what may not be in a string: \u0000 and
 * unpaired surrogate escapes are overwritten with \ufffd; for a raw NUL, and
 * what is not UTF-8, there is no room, so the whole text, as it is then, is
 * added to longer, which is empty before and outlives the text.  *text and
 * *len become the repaired one.  False also where longer has failed.
 */
bool json_text_repair(
    char **text, size_t *len, struct buf *longer, struct json_text_error *ret);

/* The length, with its quotes, of the string that text begins with; 0 if it
 * begins with none that json_text_check would take. */
size_t json_text_string(const char *text, size_t len);

/* Appends len bytes of valid UTF-8 as they stand within a JSON string; and as
 * one, with its quotes. */
void json_text_escape(struct buf *to, const char *text, size_t len);
void json_text_quote(struct buf *to, const char *text, size_t len);
void json_text_quote_str(struct buf *to, const char *text);

/* Appends a valid JSON text with blanks for its line ends, so that it can be
 * part of a line. */
void json_text_on_one_line(struct buf *to, const char *json);

#endif
