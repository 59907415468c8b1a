/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file of sessions of the Node.js version of ccp: a JSON object of
 * {"SHA-256 in hex": {"sessionId": "UUID", "createdAt": milliseconds}, ...}.
 * It is only ever read.
 */
#ifndef CCP_SESSION_ORIGINAL_H
#define CCP_SESSION_ORIGINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "session_record.h"

typedef bool session_original_each(void *arg,
    const unsigned char digest[SESSION_DIGEST_BYTES], const char *session,
    int64_t created_ms);

/* Does it begin like one, so that it is worth reading? */
bool session_original_likely(const char *path);

/* False, and each() (or NULL) is never called, unless the whole file is one.
 * Then each() gets all entries, until it returns false. */
bool
session_original_read(const char *path, session_original_each *each, void *arg);

#endif
