/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The canonical form is a sequence of marks (one byte) and texts (their bytes
 * and a NUL, which none of them holds), so no two conversations share one.
 */
#include "session_key.h"

#include <stdint.h>
#include <string.h>

#include "banned.h"

/* Changes with the form: old digests are then simply not found. */
#define FORM "ccp conversation 1"

static void
add(struct session_key *k, const char *text, size_t len)
{
	sha256_update(&k->sha, len, (const uint8_t *)text);
	sha256_update(&k->sha, 1, (const uint8_t *)"");
}

static void
add_text(struct session_key *k, const char *text)
{
	add(k, text, strlen(text));
}

static void
add_mark(struct session_key *k, char mark)
{
	sha256_update(&k->sha, 1, (const uint8_t *)&mark);
}

size_t
session_key_trimmed(const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && strchr(" \t\r\n\v\f", text[len - 1]) != NULL)
		len--;
	return len;
}

void
session_key_begin(struct session_key *k, const char *cwd, const char *key_name)
{
	sha256_init(&k->sha);
	add_text(k, FORM);
	add_text(k, cwd);
	add_text(k, key_name);
}

static void
add_optional(struct session_key *k, char mark, const char *text)
{
	if (text == NULL)
		return;
	add_mark(k, mark);
	add_text(k, text);
}

static void
add_plain(struct session_key *k, const struct chat_part *p, bool last)
{
	static const char marks[] = {[CHAT_TEXT] = 't',
	    [CHAT_IMAGE] = 'i',
	    [CHAT_DOCUMENT] = 'd',
	    [CHAT_TOOL_USE] = 'c'};

	add_mark(k, marks[p->kind]);
	add_optional(k, 'm', p->media);
	add_optional(k, 'n', p->name);
	add_mark(k, '=');
	if (last && p->kind == CHAT_TEXT)
		add(k, p->text, session_key_trimmed(p->text));
	else
		add_text(k, p->text);
}

/* Which call a result is of, its place tells; its id is made anew each
 * time. */
static void
add_part(struct session_key *k, const struct chat_part *p, bool last)
{
	size_t i;

	if (p->kind != CHAT_TOOL_RESULT) {
		add_plain(k, p, last);
		return;
	}
	add_mark(k, 'r');
	for (i = 0; i < p->nparts; i++)
		add_plain(k, &p->parts[i], false);
	add_mark(k, '.');
}

void
session_key_message(struct session_key *k, const struct chat_message *m)
{
	size_t i;

	add_mark(k, m->role == CHAT_USER ? 'U' : 'A');
	for (i = 0; i < m->nparts; i++)
		add_part(k, &m->parts[i], i + 1 == m->nparts);
}

void
session_key_answer(struct session_key *k, const char *text)
{
	add_mark(k, 'A');
	add_mark(k, 't');
	add_mark(k, '=');
	add(k, text, session_key_trimmed(text));
}

void
session_key_digest(
    const struct session_key *k, unsigned char digest[SESSION_DIGEST_BYTES])
{
	struct sha256_ctx sha = k->sha;

	sha256_digest(&sha, SESSION_DIGEST_BYTES, digest);
}
