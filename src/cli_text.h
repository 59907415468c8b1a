/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Texts of others on the screen of a person.
 */
#ifndef CCP_CLI_TEXT_H
#define CCP_CLI_TEXT_H

#include <stddef.h>

#include "buf.h"

/* Appends the text in valid UTF-8 and without control characters, which a
 * terminal would obey; '?' stands for what is neither. */
void text_add_clean(struct buf *to, const char *text);

/* The same of a path, with ~ for the home directory; home may be NULL. */
void text_add_path(struct buf *to, const char *path, const char *home);

/* Characters, not bytes; wide ones count as one. */
size_t text_width(const char *text);

#endif
