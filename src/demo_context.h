/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a model would see: d->messages, of objects with a "role" and with
 * "content", a list of texts (strings) and of other blocks (objects).  Of the
 * bytes of an image or a document only the number and the SHA-256 are there.
 */
#ifndef CCP_DEMO_CONTEXT_H
#define CCP_DEMO_CONTEXT_H

#include <cjson/cJSON.h>

#include "demo.h"

/* Adds a message; content is a string or an array of blocks, of which blank
 * texts are dropped. */
void demo_context_add(struct demo *d, const char *role, const cJSON *content);

/* Ends the program where the API would refuse the messages for the tool_use and
 * tool_result blocks in them: it wants each in its place, and each once. */
void demo_context_check(const struct demo *d);

/* {"session_id","cwd","messages"}, where messages of one role in a row are
 * one and a long text is {"type":"text","bytes","sha256"}, so that an answer
 * with this in it does not grow with every turn.  The caller deletes it. */
cJSON *demo_context_whole(const struct demo *d);

/* d->messages with "texts" in place of the content, nothing but texts in
 * them.  The caller deletes it. */
cJSON *demo_context_texts(const struct demo *d);

#endif
