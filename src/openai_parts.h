/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of a message's content: texts, images and files, as Chat
 * Completions and as the Responses API write them.
 */
#ifndef CCP_OPENAI_PARTS_H
#define CCP_OPENAI_PARTS_H

#include <cjson/cJSON.h>

#include "openai_request.h"

enum part_sender { PART_SYSTEM, PART_USER, PART_ASSISTANT };

/* What is wrong with an object: a path below it, "" or with a dot before
 * each name, and two static texts. */
struct part_fault {
	const char *member;
	const char *code;    /* NULL: out of memory */
	const char *problem; /* "is missing" */
};

/* The member at the end of a path, NULL where it is absent or null.  0, or -1
 * with *fault. */
int openai_member(const cJSON *object, const char *path, const cJSON **ret,
    struct part_fault *fault);

/* The same for a string that must be there, or may be missing (NULL). */
int openai_string(const cJSON *object, const char *path, const char **ret,
    struct part_fault *fault);
int openai_optional_string(const cJSON *object, const char *path,
    const char **ret, struct part_fault *fault);

/*
 * One part.  A text is not copied: *ret_text is set, and lives as long as
 * part.  Else it is NULL, and *ret is an image or a document, whose members
 * the caller frees.  0, or -1 with *fault.
 */
int openai_part_read(const cJSON *part, enum part_sender sender,
    const char **ret_text, struct chat_part *ret, struct part_fault *fault);

#endif
