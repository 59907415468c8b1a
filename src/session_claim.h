/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who works with a session of Claude just now: a lock on one byte of a file
 * that all handlers of a user share, at a place made of the session's id.  The
 * kernel drops it with its process, however that ends, so nobody has to clean
 * up and no claim outlives its owner.
 *
 * Where the system locks bytes for processes only, and not for open files
 * (macOS), it is a file for each session in a directory, and the next claim
 * removes those that nobody holds.
 */
#ifndef CCP_SESSION_CLAIM_H
#define CCP_SESSION_CLAIM_H

#include <stdbool.h>

/*
 * Claims the session in the file path (created with 0600), or the directory
 * path (0700), without waiting.
 * Returns a descriptor whose closing ends the claim, or -1 with errno: EAGAIN
 * when somebody else has it.
 */
int session_claim(const char *path, const char *session);

#endif
