/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the Node.js version of ccp would have looked a request up by: SHA-256
 * over its messages as that program wrote them, in JSON.  Pure.
 *
 * In it: the system messages, then the others, each with all of its members in
 * the order in which the client has sent them.  Not in it: the last message,
 * and the path and the confirmation of its own talk about the directory.
 */
#ifndef CCP_SESSION_LEGACY_H
#define CCP_SESSION_LEGACY_H

#include <stddef.h>

#include "session_record.h"

/*
 * body: that of a request that openai_request_parse() has taken.  Returns the
 * answer that its last message follows, and sets the digest; NULL where there
 * is no such answer, where it is more than text, or where it cannot be told how
 * that program would have written the messages.  The caller frees it.
 */
char *session_legacy_digest(
    const char *body, size_t len, unsigned char digest[SESSION_DIGEST_BYTES]);

#endif
