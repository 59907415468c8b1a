/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The talk about the directory, which takes place in the conversation itself:
 * what ccp says in it, and how it is found again in a request that brings the
 * whole conversation back.
 *
 *	user        Fix the tests.
 *	assistant   question
 *	user        /no/such
 *	assistant   refusal, which asks again
 *	user        ~/project
 *	assistant   confirmation, which names the directory
 *	user        Go on.
 *
 * Where the first message is a path itself, its confirmation is all of the
 * talk.  A directory that is gone later leads to one more refusal, behind
 * whatever was said last, and on from there.
 */
#ifndef CCP_DIRECTORY_TALK_H
#define CCP_DIRECTORY_TALK_H

#include <stdbool.h>

#include "buf.h"
#include "chat_request.h"
#include "work_dir.h"

struct directory_talk {
	char *directory; /* confirmed last, NULL: none; owned */
	bool open;       /* the last message answers a question of ours */
	bool answered;   /* there are answers that are not of the talk */
};

/* What is said, appended to a buffer.  gone: the directory was confirmed
 * once. */
void directory_talk_question(struct buf *to);
void directory_talk_refusal(
    struct buf *to, enum work_dir_problem problem, bool gone);
void directory_talk_confirmation(struct buf *to, const char *directory);

/*
 * Finds the talk in r, says how it stands, and takes out of r what belongs to
 * it: the answers of ours and the messages they are answers to, but not what
 * was asked of Claude.  An answer is of ours only if it stands where we would
 * have given it and is what we say to the letter, white space at its end
 * aside.  The last message always stays.  False when out of memory; r may
 * have changed.  The caller frees ret->directory.
 */
bool directory_talk_take(struct chat_request *r, struct directory_talk *ret);

/* The text of a message that may be a path: its first text of that form, else
 * its first text; "" without any. */
const char *directory_talk_reply(const struct chat_message *m);

/* Is the message nothing but something like a path? */
bool directory_talk_only_path(const struct chat_message *m);

#endif
