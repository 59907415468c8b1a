/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of a message's content: texts, images and files, as Chat
 * Completions and as the Responses API write them.
 */
#ifndef CCP_OPENAI_PARTS_H
#define CCP_OPENAI_PARTS_H

#include <cjson/cJSON.h>

#include "chat_request.h"
#include "openai_member.h"

enum part_sender { PART_SYSTEM, PART_USER, PART_ASSISTANT, PART_TOOL };

/*
 * One part.  A text is not copied: *ret_text is set, and lives as long as
 * part.  Else it is NULL, and *ret is an image or a document, whose members
 * the caller frees.  0, or -1 with *fault.
 */
int openai_part_read(const cJSON *part, enum part_sender sender,
    const char **ret_text, struct chat_part *ret, struct member_fault *fault);

#endif
