/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "claude_transcript.h"
#include "cleanup.h"
#include "clock.h"
#include "limits.h"
#include "session_claim.h"
#include "session_legacy.h"
#include "session_records.h"
#include "session_store.h"

#include "banned.h"

#define REPLACED "replace"

/* Opening */

/* Messages up to and with the last answer. */
static size_t
answered(const struct chat_request *r)
{
	size_t n = r->nmessages;

	while (n > 0 && r->messages[n - 1].role != CHAT_ASSISTANT)
		n--;
	return n;
}

/* One that replaces the CLI's own is as good as another, as the CLI takes it
 * anew each time; one that is appended it takes only if it has kept none. */
static void
tell_system(struct session *s, const char *system, bool append)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	if (system == NULL)
		return;
	sha256_init(&sha);
	sha256_update(&sha, strlen(system), (const uint8_t *)system);
	sha256_digest(&sha, sizeof(digest), digest);
	if (append)
		(void)snprintf(s->system, sizeof(s->system),
		    "append %02x%02x%02x%02x%02x%02x%02x%02x", digest[0],
		    digest[1], digest[2], digest[3], digest[4], digest[5],
		    digest[6], digest[7]);
	else
		(void)snprintf(s->system, sizeof(s->system), REPLACED);
}

/* May a session that was last told the system text old be continued with that
 * of the request?  Newer CLIs keep what a session was told unless another
 * system prompt replaces it (measured, CLI 2.1.330). */
static bool
system_fits(const struct session *s, const char *old)
{
	return strcmp(s->system, REPLACED) == 0 || strcmp(s->system, old) == 0;
}

static void
read_messages(struct session *s, const struct chat_request *r)
{
	size_t i;

	s->known = answered(r);
	s->behind = s->known + 1 == r->nmessages;
	s->turns = 1;
	for (i = 0; i < r->nmessages; i++) {
		session_key_message(&s->key, &r->messages[i]);
		if (i + 1 == s->known)
			session_key_digest(&s->key, s->context);
		if (r->messages[i].role == CHAT_ASSISTANT)
			s->turns++;
	}
	if (r->messages[0].parts[0].kind == CHAT_TEXT)
		session_title(s->title, r->messages[0].parts[0].text);
}

void
session_open(struct session *s, const struct session_place *place,
    const struct session_frame *frame, const struct chat_request *r)
{
	memset(s, 0, sizeof(*s));
	s->place = place;
	s->cwd = frame->cwd;
	s->key_name = frame->key_name;
	s->body = frame->body;
	tell_system(s, r->system, frame->append);
	s->claim = -1;
	s->wait_until = clock_ms() + LIMIT_SESSION_WAIT_MS;
	s->next_try = CLOCK_NEVER;
	session_key_begin(&s->key, s->cwd, s->key_name);
	read_messages(s, r);
	s->plan = s->known == 0 ? SESSION_NEW : SESSION_REPLAY;
}

/* Claims */

static void
drop_claim(struct session *s)
{
	if (s->claim >= 0)
		(void)close(s->claim);
	s->claim = -1;
}

static bool
claim(struct session *s, const char *id)
{
	CLEANUP_BUF struct buf path = BUF_INIT(LIMIT_SETTING_BYTES + 64);

	buf_addf(&path, "%s.claims", s->place->path);
	if (buf_ok(&path))
		s->claim = session_claim(buf_str(&path), id);
	return s->claim >= 0;
}

/* Finding */

/* Whoever gave the answer is about to save it; or has died meanwhile. */
static bool
must_wait(struct session *s, const char *id)
{
	if (clock_ms() >= s->wait_until || claim(s, id)) {
		drop_claim(s);
		return false;
	}
	s->next_try = clock_ms() + LIMIT_SESSION_RETRY_MS;
	return true;
}

static void
take(struct session *s, struct session_store *st,
    const struct session_context *c)
{
	struct session_state state;
	bool known = session_get_state(s, st, c->session, &state);
	bool head = known && strcmp(state.head, c->uuid) == 0 && !state.dirty;
	bool fits = known && system_fits(s, state.system);

	session_state_clear(&state);
	if (!fits)
		return;
	memcpy(s->id, c->session, sizeof(s->id));
	memcpy(s->at, c->uuid, sizeof(s->at));
	s->first = s->known;
	s->plan = head && claim(s, s->id) ? SESSION_RESUME : SESSION_FORK;
}

/* The session that the Node.js version would have gone on with. */
static bool
get_legacy(
    struct session *s, const unsigned char *digest, char id[SESSION_ID_BYTES])
{
	CLEANUP_BUF struct buf value = BUF_INIT(SESSION_ID_BYTES - 1);
	struct session_store *st;
	char key[SESSION_KEY_BYTES];
	size_t len = session_legacy_key(key, digest);
	bool ok;

	if (!session_begin(s, &st, false))
		return false;
	ok =
	    session_usable(s, store_get(st, key, len, session_now(), &value)) &&
	    buf_ok(&value) && session_id_valid(buf_str(&value));
	session_end(s, st);
	if (ok)
		memcpy(id, buf_str(&value), SESSION_ID_BYTES);
	return ok;
}

/* Does it end with that answer?  Sets at to where that is. */
static bool
ends_with(const struct session *s, const char *id, const char *answer,
    char at[SESSION_ID_BYTES])
{
	CLEANUP_FREE char *path =
	    claude_transcript_path(s->place->env, s->cwd, id);
	CLEANUP_BUF struct buf text = BUF_INIT(LIMIT_ANSWER_BYTES);
	size_t len = session_key_trimmed(answer);

	return path != NULL && claude_transcript_answer(path, &text, at) &&
	       session_key_trimmed(buf_str(&text)) == len &&
	       memcmp(buf_str(&text), answer, len) == 0;
}

/* Without the lock: a transcript may be long. */
static void
take_legacy(struct session *s)
{
	char id[SESSION_ID_BYTES], at[SESSION_ID_BYTES];
	unsigned char digest[SESSION_DIGEST_BYTES];
	CLEANUP_FREE char *answer = NULL;

	if (!s->behind)
		return;
	answer = session_legacy_digest(buf_str(s->body), s->body->len, digest);
	if (answer == NULL || !get_legacy(s, digest, id) ||
	    !ends_with(s, id, answer, at))
		return;
	memcpy(s->id, id, sizeof(s->id));
	memcpy(s->at, at, sizeof(s->at));
	s->first = s->known;
	s->plan = SESSION_FORK;
}

bool
session_find(struct session *s)
{
	const bool legacy = s->place != NULL && s->place->original != NULL;
	bool wait = false, found;
	struct session_store *st;
	struct session_context c;

	s->next_try = CLOCK_NEVER;
	/* Beginning a new store is what takes the old entries over. */
	if (s->plan == SESSION_NEW ||
	    !session_begin(s, &st, legacy && !session_place_made(s->place)))
		return true;
	found = session_get_context(s, st, &c);
	if (found && !c.pending)
		take(s, st, &c);
	else if (found)
		wait = must_wait(s, c.session);
	session_end(s, st);
	if (!found && legacy)
		take_legacy(s);
	return !wait;
}

int64_t
session_deadline(const struct session *s)
{
	return s->next_try;
}

void
session_start(struct session *s)
{
	struct session_store *st;

	if ((s->plan != SESSION_RESUME && s->plan != SESSION_LIVE) || s->marked)
		return;
	if (session_begin(s, &st, true)) {
		/* That of a live one may still be on its way, and comes marked:
		 * see session_put_head(). */
		s->marked =
		    session_put_dirty(s, st, true) || s->plan == SESSION_LIVE;
		session_end(s, st);
	}
	if (s->marked || s->plan == SESSION_LIVE)
		return;
	drop_claim(s);
	s->plan = SESSION_FORK;
}

void
session_live(struct session *s, const char *id, const char *at)
{
	s->plan = SESSION_LIVE;
	s->lent = true;
	s->first = s->known;
	(void)snprintf(s->id, sizeof(s->id), "%s", id);
	(void)snprintf(s->at, sizeof(s->at), "%s", at);
}

void
session_not_live(struct session *s)
{
	s->plan = SESSION_REPLAY;
	s->lent = s->marked = false;
	s->first = 0;
	s->wait_until = clock_ms() + LIMIT_SESSION_WAIT_MS;
}

void
session_lost(struct session *s)
{
	s->marked = false;
	drop_claim(s);
	s->plan = SESSION_REPLAY;
	s->first = 0;
}

/* Remembering */

void
session_answered(
    struct session *s, const char *id, const char *uuid, const char *text)
{
	struct session_key key = s->key;
	struct session_store *st;

	session_key_answer(&key, text);
	session_key_digest(&key, s->answer);
	if (s->place == NULL || !session_id_valid(id) ||
	    !session_id_valid(uuid))
		return;
	if (strcmp(s->id, id) != 0) /* of a new session, or a copy */
		drop_claim(s);
	memcpy(s->id, id, sizeof(s->id));
	memcpy(s->at, uuid, sizeof(s->at));
	if (!session_begin(s, &st, true))
		return;
	if (s->lent || s->claim >= 0 || claim(s, s->id))
		s->pending = session_put_context(s, st, true);
	else
		(void)session_usable(s, STORE_UNUSABLE);
	session_end(s, st);
}

void
session_called(struct session *s, const struct chat_part *parts, size_t n)
{
	union {
		const struct chat_part *in;
		struct chat_part *out;
	} same = {.in = parts}; /* a message is only read */
	const struct chat_message m = {
	    .role = CHAT_ASSISTANT, .parts = same.out, .nparts = n};
	struct session_key key = s->key;

	session_key_message(&key, &m);
	session_key_digest(&key, s->answer);
}

/* The head first: a record that is valid has one. */
static void
save(struct session *s, struct session_store *st)
{
	if (session_put_head(s, st))
		(void)session_put_context(s, st, false);
}

void
session_ended(struct session *s)
{
	struct session_store *st;

	if ((s->pending || s->marked) && session_begin(s, &st, true)) {
		if (s->pending)
			save(s, st);
		else
			(void)session_put_dirty(s, st, false);
		/* Before the lock: whoever finds it finds it free. */
		drop_claim(s);
		session_end(s, st);
	}
	session_close(s);
}

bool
session_hand_over(struct session *s, int *ret_claim, struct session_answer *ret)
{
	bool pending = s->pending;

	*ret_claim = s->claim;
	s->claim = -1;
	memcpy(ret->id, s->id, sizeof(ret->id));
	memcpy(ret->at, s->at, sizeof(ret->at));
	memcpy(ret->digest, s->answer, sizeof(ret->digest));
	memcpy(ret->title, s->title, sizeof(ret->title));
	memcpy(ret->system, s->system, sizeof(ret->system));
	ret->turns = s->turns;
	session_close(s);
	return pending;
}

void
session_saved(const struct session_answer *a, const struct session_place *place,
    const char *cwd, const char *key_name, bool going_on)
{
	struct session s = {
	    .place = place,
	    .cwd = cwd,
	    .key_name = key_name,
	    .turns = a->turns,
	    .claim = -1,
	    .pending = true,
	    .going_on = going_on,
	};

	memcpy(s.id, a->id, sizeof(s.id));
	memcpy(s.at, a->at, sizeof(s.at));
	memcpy(s.answer, a->digest, sizeof(s.answer));
	memcpy(s.title, a->title, sizeof(s.title));
	memcpy(s.system, a->system, sizeof(s.system));
	session_ended(&s);
}

void
session_close(struct session *s)
{
	s->pending = s->marked = false;
	drop_claim(s);
}

const char *
session_outcome(const struct session *s)
{
	static const char *const names[] = {
	    [SESSION_NEW] = "new",
	    [SESSION_RESUME] = "resumed",
	    [SESSION_FORK] = "forked",
	    [SESSION_REPLAY] = "replayed",
	    [SESSION_LIVE] = "warm",
	};

	return names[s->plan];
}
