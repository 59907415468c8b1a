/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text from elsewhere on a screen.
 */
#ifndef CCP_SCREEN_TEXT_H
#define CCP_SCREEN_TEXT_H

#include <stddef.h>

#include "buf.h"

/* Adds the text in valid UTF-8 and without what a terminal would obey: control
 * characters (C0, C1, DEL), separators of lines, and marks that turn the order
 * of letters around (Unicode UAX 9).  Each is a question mark. */
void screen_text_add(struct buf *to, const char *text);

/* The same of a path, with ~ for the home directory; home may be NULL. */
void screen_text_path(struct buf *to, const char *path, const char *home);

/* Characters, not bytes; wide ones count as one. */
size_t screen_text_width(const char *text);

/* The same as the first, but no more than width characters: "..." stands at
 * the end of what was longer. */
void screen_text_cut(struct buf *to, const char *text, size_t width);

/* The same, but its end stays, and "..." stands before that. */
void screen_text_cut_front(struct buf *to, const char *text, size_t width);

#endif
