/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_records.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "limits.h"
#include "session_store.h"

#include "banned.h"

int64_t
session_now(void)
{
	return (int64_t)time(NULL);
}

bool
session_usable(struct session *s, enum store_result result)
{
	int error = errno;

	if (result != STORE_OK && result != STORE_ABSENT)
		session_place_tell(
		    s->place, result, error, s->trouble, sizeof(s->trouble));
	return result == STORE_OK;
}

bool
session_begin(struct session *s, struct session_store **ret, bool create)
{
	return s->place != NULL &&
	       session_usable(s,
		   session_place_begin(ret, s->place, session_now(), create));
}

void
session_end(struct session *s, struct session_store *st)
{
	const char *healed = store_healed(st);

	if (healed != NULL)
		(void)snprintf(s->trouble, sizeof(s->trouble),
		    "%.160s was damaged (%s): it is put aside as .bad and "
		    "starts empty",
		    s->place->path, healed);
	if (!store_end(st) && healed == NULL)
		(void)snprintf(s->trouble, sizeof(s->trouble),
		    "%.160s could not be written to its end: it is put aside "
		    "as .bad",
		    s->place->path);
}

bool
session_get_context(
    struct session *s, struct session_store *st, struct session_context *ret)
{
	CLEANUP_BUF struct buf value = BUF_INIT(LIMIT_STORE_VALUE_BYTES);
	char key[SESSION_KEY_BYTES];
	size_t len = session_context_key(key, s->context);

	return session_usable(
		   s, store_get(st, key, len, session_now(), &value)) &&
	       session_context_decode(ret, buf_str(&value), value.len);
}

bool
session_get_state(struct session *s, struct session_store *st, const char *id,
    struct session_state *ret)
{
	CLEANUP_BUF struct buf value = BUF_INIT(LIMIT_STORE_VALUE_BYTES);
	char key[SESSION_KEY_BYTES];
	size_t len = session_state_key(key, id);

	memset(ret, 0, sizeof(*ret));
	return session_usable(
		   s, store_get(st, key, len, session_now(), &value)) &&
	       session_state_decode(ret, buf_str(&value), value.len);
}

static bool
put(struct session *s, struct session_store *st, const char *key, size_t len,
    const struct buf *value)
{
	int64_t now = session_now();

	if (!buf_ok(value)) {
		errno = ENOMEM;
		return session_usable(s, STORE_UNUSABLE);
	}
	return session_usable(
	    s, store_put(st, key, len, buf_str(value), value->len,
		   now + (s->place->ttl_ms + 999) / 1000, now));
}

bool
session_put_context(struct session *s, struct session_store *st, bool pending)
{
	CLEANUP_BUF struct buf value = BUF_INIT(LIMIT_STORE_VALUE_BYTES);
	struct session_context c = {.pending = pending};
	char key[SESSION_KEY_BYTES];

	memcpy(c.session, s->id, sizeof(c.session));
	memcpy(c.uuid, s->at, sizeof(c.uuid));
	session_context_encode(&value, &c);
	return put(s, st, key, session_context_key(key, s->answer), &value);
}

static bool
put_state(struct session *s, struct session_store *st,
    const struct session_state *state)
{
	CLEANUP_BUF struct buf value = BUF_INIT(LIMIT_STORE_VALUE_BYTES);
	char key[SESSION_KEY_BYTES];

	session_state_encode(&value, state);
	return put(s, st, key, session_state_key(key, state->session), &value);
}

bool
session_put_head(struct session *s, struct session_store *st)
{
	CLEANUP_FREE char *cwd = strdup(s->cwd);
	struct session_state old, state = {.cwd = cwd, .turns = s->turns};
	int64_t now = session_now();
	bool known;

	if (cwd == NULL) {
		errno = ENOMEM;
		return session_usable(s, STORE_UNUSABLE);
	}
	memcpy(state.session, s->id, sizeof(state.session));
	memcpy(state.head, s->at, sizeof(state.head));
	memcpy(state.title, s->title, sizeof(state.title));
	memcpy(state.system, s->system, sizeof(state.system));
	(void)snprintf(
	    state.key_name, sizeof(state.key_name), "%s", s->key_name);
	state.used = state.created = now;
	known = session_get_state(s, st, s->id, &old);
	if (known)
		state.created = old.created;
	/* Before its first answer is saved a session cannot be marked. */
	state.dirty = s->going_on && (!known || old.dirty);
	session_state_clear(&old);
	return put_state(s, st, &state);
}

bool
session_put_dirty(struct session *s, struct session_store *st, bool dirty)
{
	struct session_state state;
	bool ok = session_get_state(s, st, s->id, &state);

	state.dirty = dirty;
	memcpy(state.system, s->system, sizeof(state.system));
	ok = ok && put_state(s, st, &state);
	session_state_clear(&state);
	return ok;
}
