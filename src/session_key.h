/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The digest of a conversation: SHA-256 over a canonical form of what the
 * model sees of it, so that a follow-up finds the session it belongs to however
 * its client writes JSON.  Pure.
 *
 * In it: the directory, the name of the API key, and of each message its role,
 * texts, images and documents.  White space at the end of a message does not
 * count, since clients trim answers.  Not in it: system texts, which are sent
 * anew with each request and into which clients put the date.
 */
#ifndef CCP_SESSION_KEY_H
#define CCP_SESSION_KEY_H

#include <nettle/sha2.h>

#include "chat_request.h"
#include "session_record.h"

struct session_key {
	struct sha256_ctx sha;
};

void
session_key_begin(struct session_key *k, const char *cwd, const char *key_name);
/* How much of a text counts: without white space at its end. */
size_t session_key_trimmed(const char *text);

void session_key_message(struct session_key *k, const struct chat_message *m);

/* An answer of one text, as the client will send it back. */
void session_key_answer(struct session_key *k, const char *text);

/* The digest of what there is so far; more may be added. */
void session_key_digest(
    const struct session_key *k, unsigned char digest[SESSION_DIGEST_BYTES]);

#endif
