/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the session store holds, as bytes.  Pure.
 *
 * A context record says which session of Claude, at which of its answers, is
 * exactly a given conversation; its key is the conversation's digest
 * (session_key.h).  A session record says how far a session has come, and what
 * a person wants to know of it; its key is the session's id.
 */
#ifndef CCP_SESSION_RECORD_H
#define CCP_SESSION_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define SESSION_ID_BYTES     37 /* a UUID and a NUL */
#define SESSION_TITLE_BYTES  64
#define SESSION_NAME_BYTES   64
#define SESSION_SYSTEM_BYTES 32

struct session_context {
	char session[SESSION_ID_BYTES]; /* S */
	char uuid[SESSION_ID_BYTES];    /* U: the answer that ends it */
	bool pending; /* Claude has answered, but not yet saved it */
};

struct session_state {
	char session[SESSION_ID_BYTES];
	char head[SESSION_ID_BYTES]; /* the U that was saved last */
	/* A turn was begun behind it, and has not ended well: if the CLI was
	 * killed, the transcript may end in half a line. */
	bool dirty;
	/* The client's system text that it was told last, as session.c tells
	 * them apart; "": none. */
	char system[SESSION_SYSTEM_BYTES];
	char key_name[SESSION_NAME_BYTES]; /* of the API key; "": API_KEY */
	char title[SESSION_TITLE_BYTES];   /* the first words, cut */
	char *cwd;                         /* owned */
	int64_t created, used;             /* seconds since 1970 */
	uint32_t turns;
};

/* Is it a UUID?  No other id becomes an argument of a command. */
bool session_id_valid(const char *id);

/* The first words of a text on one line, cut where a character ends. */
void session_title(char to[SESSION_TITLE_BYTES], const char *text);

/* Append the record to a buffer.  The first byte tells the two kinds apart. */
void session_context_encode(struct buf *to, const struct session_context *c);
void session_state_encode(struct buf *to, const struct session_state *s);

/* False if the bytes are anything but one whole record of the kind.  A state
 * that was decoded is freed with session_state_clear(). */
bool session_context_decode(
    struct session_context *ret, const void *bytes, size_t len);
bool
session_state_decode(struct session_state *ret, const void *bytes, size_t len);
void session_state_clear(struct session_state *s);

/* Keys of the store: a kind and then the digest, or the id. */
#define SESSION_DIGEST_BYTES 32
#define SESSION_KEY_BYTES    (1 + SESSION_ID_BYTES)
size_t session_context_key(char to[SESSION_KEY_BYTES],
    const unsigned char digest[SESSION_DIGEST_BYTES]);
size_t session_state_key(char to[SESSION_KEY_BYTES], const char *session);

/* What was taken over from the Node.js version of ccp (session_original.h):
 * its digest of a conversation; the value is the session's id, without NUL. */
size_t session_legacy_key(char to[SESSION_KEY_BYTES],
    const unsigned char digest[SESSION_DIGEST_BYTES]);

/* The kinds of keys. */
#define SESSION_KEY_CONTEXT 'c'
#define SESSION_KEY_STATE   's'
#define SESSION_KEY_LEGACY  'l'

#endif
