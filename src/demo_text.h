/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the real CLI does to the text of a user line before the model sees it.
 * The stand-in does none of it, it only says what would have happened, so that
 * tests and users see that ccp keeps client text inert.
 */
#ifndef CCP_DEMO_TEXT_H
#define CCP_DEMO_TEXT_H

#include <cjson/cJSON.h>

#include "demo.h"

/*
 * Adds what is not inert in a user line to d->interpreted.  content is a
 * string or an array of blocks.  Returns the text, blocks joined by line ends
 * without blank ones; the caller frees it.
 */
char *demo_text_examine(struct demo *d, const cJSON *content);

/* The slash command that text is, "/name", or NULL.  The caller frees it. */
char *demo_text_command(const cJSON *content);

#endif
