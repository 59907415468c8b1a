/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The form of a structured answer, as the CLI takes it: a schema of an object,
 * since the answer comes as the input of a tool.  Another schema is wrapped in
 * one of an object with one member (json_unwrap.h takes the answer out again).
 * Pure.
 */
#ifndef CCP_ANSWER_FORM_H
#define CCP_ANSWER_FORM_H

#include <stdbool.h>

#include "buf.h"
#include "chat_request.h"

/* Is the request's schema wrapped? */
bool answer_form_wrapped(const struct chat_request *r);

/* Appends the schema for the CLI; nothing where the answer is to be text. */
void answer_form_schema(struct buf *to, const struct chat_request *r);

#endif
