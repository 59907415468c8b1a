/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One byte of kind, then texts (each with its NUL) and numbers (decimal
 * texts): a record is compared and fuzzed easily, and no byte order is in it.
 */
#include "session_record.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

#include "banned.h"

#define KIND_SAVED   'c'
#define KIND_PENDING 'p'
#define KIND_STATE   's'

static void
put_text(struct buf *to, const char *text)
{
	buf_add(to, text, strlen(text) + 1);
}

static void
put_number(struct buf *to, int64_t number)
{
	buf_addf(to, "%" PRId64, number);
	buf_addch(to, '\0');
}

void
session_context_encode(struct buf *to, const struct session_context *c)
{
	buf_addch(to, c->pending ? KIND_PENDING : KIND_SAVED);
	put_text(to, c->session);
	put_text(to, c->uuid);
}

void
session_state_encode(struct buf *to, const struct session_state *s)
{
	buf_addch(to, KIND_STATE);
	put_text(to, s->session);
	put_text(to, s->head);
	put_text(to, s->key_name);
	put_text(to, s->title);
	put_text(to, s->cwd);
	put_number(to, s->created);
	put_number(to, s->used);
	put_number(to, s->turns);
	put_number(to, s->dirty);
	put_text(to, s->system);
}

/* What is left of a record; at NULL: it is not one. */
struct reading {
	const char *at, *end;
};

/* The next text, "" after a failure. */
static const char *
take_text(struct reading *r, size_t max)
{
	const char *text = r->at, *nul;

	if (text == NULL)
		return "";
	nul = memchr(text, '\0', (size_t)(r->end - text));
	if (nul == NULL || (size_t)(nul - text) >= max) {
		r->at = NULL;
		return "";
	}
	r->at = nul + 1;
	return text;
}

static void
copy_text(struct reading *r, char *to, size_t size)
{
	const char *text = take_text(r, size);

	memcpy(to, text, strlen(text) + 1);
}

/* A UUID as the CLI writes it; it becomes an argument of a command. */
static void
take_id(struct reading *r, char to[SESSION_ID_BYTES])
{
	copy_text(r, to, SESSION_ID_BYTES);
	if (!session_id_valid(to))
		r->at = NULL;
}

static int64_t
take_number(struct reading *r, int64_t max)
{
	const char *text = take_text(r, 20);
	size_t len = strlen(text);
	int64_t number;

	if (r->at == NULL)
		return 0;
	number = strtoll(text, NULL, 10);
	if (len == 0 || len > 18 || strspn(text, "0123456789") != len ||
	    number > max)
		r->at = NULL;
	return number;
}

bool
session_id_valid(const char *id)
{
	size_t i;

	for (i = 0; i < SESSION_ID_BYTES - 1; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (id[i] != '-')
				return false;
		} else if (id[i] == '\0' ||
			   strchr("0123456789abcdefABCDEF", id[i]) == NULL) {
			return false;
		}
	}
	return id[i] == '\0';
}

bool
session_context_decode(
    struct session_context *ret, const void *bytes, size_t len)
{
	struct reading r = {.at = bytes, .end = (const char *)bytes + len};

	memset(ret, 0, sizeof(*ret));
	if (len == 0 || (*r.at != KIND_SAVED && *r.at != KIND_PENDING))
		return false;
	ret->pending = *r.at++ == KIND_PENDING;
	take_id(&r, ret->session);
	take_id(&r, ret->uuid);
	return r.at == r.end;
}

bool
session_state_decode(struct session_state *ret, const void *bytes, size_t len)
{
	struct reading r = {.at = bytes, .end = (const char *)bytes + len};

	memset(ret, 0, sizeof(*ret));
	if (len == 0 || *r.at++ != KIND_STATE)
		return false;
	take_id(&r, ret->session);
	take_id(&r, ret->head);
	copy_text(&r, ret->key_name, sizeof(ret->key_name));
	copy_text(&r, ret->title, sizeof(ret->title));
	ret->cwd = strdup(take_text(&r, PATH_MAX));
	ret->created = take_number(&r, INT64_MAX);
	ret->used = take_number(&r, INT64_MAX);
	ret->turns = (uint32_t)take_number(&r, UINT32_MAX);
	ret->dirty = take_number(&r, 1) == 1;
	copy_text(&r, ret->system, sizeof(ret->system));
	if (r.at == r.end && ret->cwd != NULL)
		return true;
	session_state_clear(ret);
	return false;
}

void
session_state_clear(struct session_state *s)
{
	free(s->cwd);
	memset(s, 0, sizeof(*s));
}

void
session_title(char to[SESSION_TITLE_BYTES], const char *text)
{
	size_t len = 0, n, left = strlen(text);
	bool gap = false;

	for (; left > 0; text += n, left -= n) {
		n = utf8_sequence(text, left);
		if (n == 0 || len + n + (gap ? 1 : 0) >= SESSION_TITLE_BYTES)
			break;
		if ((unsigned char)*text <= ' ' || *text == 0x7F) {
			gap = len > 0;
			continue;
		}
		if (gap)
			to[len++] = ' ';
		gap = false;
		memcpy(to + len, text, n);
		len += n;
	}
	to[len] = '\0';
}

static size_t
digest_key(char to[SESSION_KEY_BYTES], char kind,
    const unsigned char digest[SESSION_DIGEST_BYTES])
{
	to[0] = kind;
	memcpy(to + 1, digest, SESSION_DIGEST_BYTES);
	return 1 + SESSION_DIGEST_BYTES;
}

size_t
session_context_key(char to[SESSION_KEY_BYTES],
    const unsigned char digest[SESSION_DIGEST_BYTES])
{
	return digest_key(to, SESSION_KEY_CONTEXT, digest);
}

size_t
session_legacy_key(char to[SESSION_KEY_BYTES],
    const unsigned char digest[SESSION_DIGEST_BYTES])
{
	return digest_key(to, SESSION_KEY_LEGACY, digest);
}

size_t
session_state_key(char to[SESSION_KEY_BYTES], const char *session)
{
	size_t len = strnlen(session, SESSION_ID_BYTES - 1);

	to[0] = SESSION_KEY_STATE;
	memcpy(to + 1, session, len);
	return 1 + len;
}
