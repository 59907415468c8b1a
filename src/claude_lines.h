/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lines that are written to Claude's stdin (stream-json input), as
 * measured with CLI 2.1.197.  Pure; each function appends one line with its
 * line end.
 *
 * Client text is inert: the CLI examines only the last block of a user line,
 * if it is text, for @files, slash commands and key words; a blank text block
 * behind the client's own, which the CLI drops again, turns that off.  So it
 * does behind results of tools (measured with 2.1.153, 2.1.197, 2.1.330).
 */
#ifndef CCP_CLAUDE_LINES_H
#define CCP_CLAUDE_LINES_H

#include <stdbool.h>

#include "buf.h"
#include "chat_request.h"

/* What stands before a conversation that the assistant begins. */
#define CLAUDE_OPENING "(The assistant begins the conversation.)"

struct claude_initialize {
	const char *system; /* NULL: Claude Code's own; "": none at all */
	bool append;        /* system is appended to Claude Code's own */
	bool tools;         /* an MCP server for the client's tools is there */
	const char *schema; /* of the answer: JSON text, NULL: none */
};

void claude_line_initialize(
    struct buf *to, const char *id, const struct claude_initialize *with);

/* query: start a turn.  Else the line is history; the CLI acknowledges it
 * with an empty result, which must be awaited before the next line. */
void claude_line_user(struct buf *to, const struct chat_message *m, bool query);

/* A turn of the assistant in the history.  Not acknowledged. */
void claude_line_assistant(
    struct buf *to, const struct chat_message *m, const char *model);

void claude_line_interrupt(struct buf *to, const char *id);

/* The answer to a control request of the CLI: an error. */
void claude_line_refusal(struct buf *to, const char *id);

#endif
