/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Turns of the stand-in in which the model uses tools.  Each is a turn function
 * of struct demo_mode: false when it was interrupted.
 */
#ifndef CCP_DEMO_TOOLS_H
#define CCP_DEMO_TOOLS_H

#include <stdbool.h>

#include "demo.h"

/* A tool of the CLI's own and its result, as blocks from index on. */
void demo_tools_bash(struct demo *d, int index);

/* What the Bash tool does with "nohup sleep 600 &": a process in a session of
 * its own.  orphan: its parent has ended, and it does not care for TERM.  hold:
 * it keeps the pipes to ccp open. */
void demo_command(bool orphan, bool hold);

/*
 * "tool": a tool of its own, then text.  "tool=NAME+NAME...": calls of the
 * client's tools, named without their prefix, with the JSON object that is in
 * the question as the arguments of each.  A question with "[quiet]" has no text
 * before them.  When the conversation ends in results, a text that shows them.
 */
bool demo_tools_turn(struct demo *d);

/*
 * An answer in the form of the schema: the JSON object that is in the question.
 * "form=never": prose; "form=twice": first an answer that does not fit.
 */
bool demo_tools_form(struct demo *d);

#endif
