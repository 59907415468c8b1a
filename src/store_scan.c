/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_scan.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "limits.h"
#include "store_file.h"

#include "banned.h"

datum
store_datum(const void *bytes, size_t len)
{
	/* GDBM does not know const, but keeps to it. */
	union {
		const void *in;
		char *out;
	} any = {.in = bytes};

	return (datum){.dptr = any.out, .dsize = (int)len};
}

enum store_look
store_look(GDBM_FILE db, datum key, int64_t now, struct store_value *v,
    char **ret_text)
{
	datum found = gdbm_fetch(db, key);

	*ret_text = found.dptr;
	if (found.dptr == NULL)
		return gdbm_last_errno(db) == GDBM_ITEM_NOT_FOUND &&
		               !gdbm_needs_recovery(db)
		           ? LOOK_ABSENT
		           : LOOK_FAILED;
	if (!store_value_read(v, found.dptr, (size_t)found.dsize, key.dptr,
		(size_t)key.dsize))
		return LOOK_DAMAGED;
	return v->expires <= now ? LOOK_EXPIRED : LOOK_WHOLE;
}

bool
store_remove(GDBM_FILE db, datum key)
{
	if (gdbm_delete(db, key) == 0)
		return !gdbm_needs_recovery(db);
	return gdbm_last_errno(db) == GDBM_ITEM_NOT_FOUND &&
	       !gdbm_needs_recovery(db);
}

bool
store_replace(GDBM_FILE db, datum key, datum text, bool *ret_new)
{
	int r = gdbm_store(db, key, text, GDBM_INSERT);

	*ret_new = r == 0;
	if (r == 1)
		r = gdbm_store(db, key, text, GDBM_REPLACE);
	return r == 0 && !gdbm_needs_recovery(db);
}

/* --- sweeping --- */

struct sweep {
	GDBM_FILE db;
	int64_t now;
	datum at; /* owned */
	size_t n; /* of expired */
	datum expired[LIMIT_STORE_SWEEP];
};

/* On to the next key, after the last one to the first.  False at a failure. */
static bool
sweep_step(struct sweep *s)
{
	datum next = gdbm_nextkey(s->db, s->at);

	if (next.dptr == NULL && gdbm_last_errno(s->db) == GDBM_ITEM_NOT_FOUND)
		next = gdbm_firstkey(s->db);
	free(s->at.dptr);
	s->at = next;
	return next.dptr != NULL;
}

/* Remembers the key where it is at, if it is expired. */
static enum store_look
sweep_look(struct sweep *s)
{
	CLEANUP_FREE char *text = NULL;
	struct store_value v;
	enum store_look seen;

	if (store_file_internal(s->at))
		return LOOK_WHOLE;
	seen = store_look(s->db, s->at, s->now, &v, &text);
	if (seen != LOOK_EXPIRED) /* a key that was just found must be there */
		return seen == LOOK_ABSENT ? LOOK_DAMAGED : seen;
	s->expired[s->n] =
	    store_datum(malloc((size_t)s->at.dsize), (size_t)s->at.dsize);
	if (s->expired[s->n].dptr == NULL)
		return LOOK_EXPIRED;
	memcpy(s->expired[s->n].dptr, s->at.dptr, (size_t)s->at.dsize);
	s->n++;
	return LOOK_EXPIRED;
}

static enum store_look
sweep_run(struct sweep *s, datum from)
{
	enum store_look seen;
	int i;

	s->at.dptr = malloc((size_t)from.dsize);
	if (s->at.dptr == NULL)
		return LOOK_WHOLE;
	s->at.dsize = from.dsize;
	memcpy(s->at.dptr, from.dptr, (size_t)from.dsize);
	for (i = 0; i < LIMIT_STORE_SWEEP; i++) {
		if (!sweep_step(s))
			return LOOK_FAILED;
		if (s->at.dsize == from.dsize &&
		    memcmp(s->at.dptr, from.dptr, (size_t)from.dsize) == 0)
			return LOOK_WHOLE;
		seen = sweep_look(s);
		if (seen == LOOK_DAMAGED || seen == LOOK_FAILED)
			return seen;
	}
	return LOOK_WHOLE;
}

enum store_look
store_sweep(GDBM_FILE db, datum key, int64_t now)
{
	struct sweep s = {.db = db, .now = now};
	enum store_look seen = sweep_run(&s, key);
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (seen == LOOK_WHOLE && !store_remove(s.db, s.expired[i]))
			seen = LOOK_FAILED;
		free(s.expired[i].dptr);
	}
	free(s.at.dptr);
	return seen;
}

/* --- all values --- */

static enum store_look
walk_on(GDBM_FILE db, int64_t now, datum key, store_walk_visit *visit,
    void *arg, bool *ret_on)
{
	CLEANUP_FREE char *text = NULL;
	struct store_value v;
	enum store_look seen;

	if (store_file_internal(key))
		return LOOK_WHOLE;
	seen = store_look(db, key, now, &v, &text);
	if (seen == LOOK_WHOLE || seen == LOOK_EXPIRED)
		*ret_on = visit(arg, key, &v, seen);
	return seen == LOOK_ABSENT ? LOOK_DAMAGED : seen;
}

/* In a damaged file a key can lead back to itself, hence the count. */
enum store_look
store_walk(GDBM_FILE db, int64_t now, store_walk_visit *visit, void *arg)
{
	enum store_look seen = LOOK_WHOLE;
	datum key, next;
	gdbm_count_t n;
	bool on = true;

	if (gdbm_count(db, &n) != 0)
		return LOOK_FAILED;
	key = gdbm_firstkey(db);
	while (key.dptr != NULL && on) {
		seen = n-- == 0 ? LOOK_DAMAGED
		                : walk_on(db, now, key, visit, arg, &on);
		if (seen == LOOK_DAMAGED || seen == LOOK_FAILED)
			on = false;
		next = on ? gdbm_nextkey(db, key) : store_datum(NULL, 0);
		free(key.dptr);
		key = next;
	}
	if (on && (gdbm_last_errno(db) != GDBM_ITEM_NOT_FOUND ||
		      gdbm_needs_recovery(db)))
		return LOOK_FAILED;
	return seen;
}
