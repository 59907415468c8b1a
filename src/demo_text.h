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
 * Adds a message of the given role to d->messages and what is not inert in it
 * to d->interpreted.  content is a string or an array of blocks; blank text
 * blocks are dropped.  Returns the text, blocks joined by line ends; the
 * caller frees it.
 */
char *demo_text_add(struct demo *d, const char *role, const cJSON *content);

/* The slash command that text is, "/name", or NULL.  The caller frees it. */
char *demo_text_command(const cJSON *content);

#endif
