/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Puts a line of the log together, in memory that the caller has.  What does
 * not fit is left out, and whatever comes behind it; no character and no
 * escape is cut in two.  Pure.
 */
#ifndef CCP_LOG_TEXT_H
#define CCP_LOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct log_text {
	char *to;
	size_t size, len; /* there is no NUL at the end */
	bool full;        /* something was left out */
};

/* As it is. */
void log_text_add(struct log_text *t, const char *text);
void log_text_addf(struct log_text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Control characters, and bytes that are not UTF-8, become \xHH: so it stays
 * one line, and moves no terminal. */
void log_text_plain(struct log_text *t, const char *text);

/* The inside of a JSON string: control characters become \u00HH, bytes that
 * are not UTF-8 the replacement character. */
void log_text_json(struct log_text *t, const char *text);

#endif
