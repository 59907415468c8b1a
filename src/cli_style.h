/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the screens of the ccp command look: colours only on a terminal, and not
 * where NO_COLOR is set or TERM is "dumb".
 */
#ifndef CCP_CLI_STYLE_H
#define CCP_CLI_STYLE_H

#include <stdbool.h>
#include <stdio.h>

enum style {
	STYLE_PLAIN, /* ends the one before */
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
};

/* Whether what is written to the stream from now on may have colours. */
bool style_open(FILE *to, char *const *env);

/* What switches to a style: an escape sequence, or "" without colours. */
const char *style(enum style s);

/* Columns of the terminal behind the stream: 80 where there is none. */
int style_columns(FILE *to);

/* Prints words to the standard output, which stands in column indent, and ends
 * the line.  What does not fit goes to lines below, from that column on; a word
 * that fits no line is broken.  Control characters are question marks. */
void style_wrap(const char *text, int indent);

/* Whether the locale's characters are UTF-8. */
bool style_utf8(void);

#endif
