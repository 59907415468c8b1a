/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files in which the Claude Code CLI keeps its sessions.  They are only
 * ever read.
 */
#ifndef CCP_CLAUDE_TRANSCRIPT_H
#define CCP_CLAUDE_TRANSCRIPT_H

#include <stdbool.h>

#include "buf.h"
#include "session_record.h"

/* Where a session is that was held in directory cwd (absolute), by a CLI with
 * this environment.  NULL where that does not say; the caller frees it. */
char *
claude_transcript_path(char *const *env, const char *cwd, const char *session);

/*
 * The last answer in it: appends its texts, and sets the uuid of its last line.
 * What sub-agents said is none, nor what the CLI put in the model's mouth.
 * False if there is no answer, or what there is cannot be read for certain.
 */
bool claude_transcript_answer(
    const char *path, struct buf *text, char uuid[SESSION_ID_BYTES]);

/* Is the line with that uuid saved, whole?  It is looked for in the last
 * LIMIT_TRANSCRIPT_TAIL bytes. */
bool claude_transcript_has(const char *path, const char *uuid);

#endif
