/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The line of a word of Claude's, which is nearly all that comes: taken as it
 * is, without a tree of its values, in a fifth of the time.  Whatever is not
 * just that is none, and left to claude_event.h.  Pure.
 */
#ifndef CCP_CLAUDE_DELTA_H
#define CCP_CLAUDE_DELTA_H

#include <stdbool.h>
#include <stddef.h>

#include "claude_event.h"
#include "limits.h"

/*
 * The line of the last word without its text and its last string, which is its
 * uuid: the next one differs in nothing else (CLI 2.1.153, 2.1.197, 2.1.330),
 * and then nothing else of it is read again.  Zeroed: of no line.
 */
struct claude_stencil {
	char head[LIMIT_CLAUDE_STENCIL_BYTES]; /* with the text's first quote */
	char middle[LIMIT_CLAUDE_STENCIL_BYTES];  /* quote to quote */
	char session[LIMIT_CLAUDE_STENCIL_BYTES]; /* "": the line has none */
	size_t head_len, middle_len;
	bool nested;
	const char *known; /* the session that needs no telling, or NULL */
};

/* line has passed json_text_check.  True: *ret is what claude_event_parse()
 * would make of it, a delta with text, and *s is the line's if it has such a
 * form.  s may be NULL. */
bool claude_delta_parse(const char *line, size_t len, struct claude_stencil *s,
    struct claude_event *ret);

/* The same for a line that nobody has checked, but that a word has no copy of its
 * own: its text is that of the line (in_line), which is written to, and a
 * session that is known is not told again.  False: it is not like the last
 * one, which need not mean more. */
bool claude_delta_again(const struct claude_stencil *s, char *line, size_t len,
    struct claude_event *ret);

#endif
