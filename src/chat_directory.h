/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which directory a chat request is worked on in: the one of its header, of
 * its key, of its conversation, or CLAUDE_WORKING_DIR; or it is asked for.
 */
#ifndef CCP_CHAT_DIRECTORY_H
#define CCP_CHAT_DIRECTORY_H

#include <stdbool.h>

#include "chat_request.h"
#include "exchange.h"

struct chat_directory {
	char *path;   /* absolute and resolved; NULL where there is an answer */
	char *answer; /* what the client is told instead of Claude's words */
};

/*
 * Decides for a request, and takes out of it the talk about the directory
 * (directory_talk.h).  False sets *e; what has to be in the log is there.
 * The caller frees with chat_directory_clear() either way.
 */
bool chat_directory_find(struct chat_directory *d, const struct exchange *x,
    struct chat_request *r, struct api_error *e);

/* Where a model runs: an empty directory of ours.  False sets *e, and is in the
 * log. */
bool chat_directory_empty(
    struct chat_directory *d, const struct exchange *x, struct api_error *e);
void chat_directory_clear(struct chat_directory *d);

#endif
