/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every operation either works, or finds damage: then the file is put aside,
 * an empty one is made, and the operation is done once more with that.  What
 * fails again is given up, and the next process begins with nothing.
 *
 * The file is opened for reading until something is written, or is going to be:
 * closing a file that was open for writing costs an fsync.
 */
#include "session_store.h"

#include <sys/stat.h>

#include <errno.h>
#include <gdbm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "limits.h"
#include "store_copy.h"
#include "store_file.h"
#include "store_lock.h"
#include "store_scan.h"
#include "store_value.h"

#include "banned.h"

struct session_store {
	char *path, *lock_path, *bad, *spare;
	int lock;     /* holds the lock, -1: not yet */
	GDBM_FILE db; /* NULL: closed */
	bool writer;  /* db is open for writing */
	bool again;   /* an operation has failed, and been tried again */
	const char *healed;
	int error; /* given up; 0: not */
};

static enum store_result
unusable(int error)
{
	errno = error;
	return STORE_UNUSABLE;
}

/* --- opening, healing, giving up --------------------------------------- */

/* False: what was written may not be there.  What a signal has interrupted is
 * closed all the same, and nothing of it is lost. */
static bool
close_db(struct session_store *st)
{
	bool ok = st->db == NULL || gdbm_close(st->db) == 0 || !st->writer ||
	          (errno == EINTR && store_file_sync(st->path));

	st->db = NULL;
	return ok;
}

/* Whatever prevents the name must not keep the damaged file in place. */
static bool
put_aside(const struct session_store *st)
{
	return rename(st->path, st->bad) == 0 || unlink(st->path) == 0 ||
	       errno == ENOENT;
}

/* The file that was put aside is not worth the last room on a disk. */
static bool
make_empty(const struct session_store *st)
{
	int error;

	if (store_file_make(st->path, st->spare, NULL, NULL))
		return true;
	error = errno;
	if ((error == ENOSPC || error == EDQUOT) && unlink(st->bad) == 0)
		return store_file_make(st->path, st->spare, NULL, NULL);
	errno = error;
	return false;
}

static enum store_result
give_up(struct session_store *st, int error)
{
	(void)close_db(st);
	st->error = error;
	return unusable(error);
}

/* An empty file in the place of the damaged one, once; why is static text. */
static enum store_result
start_afresh(struct session_store *st, const char *why, int error)
{
	bool again = st->healed != NULL;

	(void)close_db(st);
	st->healed = why;
	if (!put_aside(st))
		return give_up(st, errno);
	if (again)
		return give_up(st, error);
	return make_empty(st) ? STORE_OK : give_up(st, errno);
}

static enum store_result
damaged_file(struct session_store *st)
{
	gdbm_error what = gdbm_last_errno(st->db);

	return start_afresh(st, gdbm_strerror(what), store_file_errno(st->db));
}

/*
 * After an operation of GDBM that did not do what it should; OK: again, with
 * the file that is there now.  That is first the same one, opened anew: the
 * system may have failed for once, and on disk it is as if we had been killed
 * there, which it must stand.  What is damaged is so at a second look, too.
 */
static enum store_result
failed(struct session_store *st)
{
	if (gdbm_last_errno(st->db) == GDBM_MALLOC_ERROR &&
	    !gdbm_needs_recovery(st->db))
		return unusable(ENOMEM);
	if (st->again)
		return damaged_file(st);
	st->again = true;
	(void)close_db(st);
	return STORE_OK;
}

static enum store_result
damaged_value(struct session_store *st)
{
	return start_afresh(st, "a value is not as it was stored", EIO);
}

/* Is the file open, for writing if that is wanted? */
static enum store_result
open_db(struct session_store *st, bool writer, bool create)
{
	enum store_result r = STORE_OK;

	if (st->error != 0)
		return unusable(st->error);
	if (st->db != NULL && (st->writer || !writer))
		return STORE_OK;
	(void)close_db(st);
	st->writer = writer;
	switch (store_file_open(&st->db, st->path, writer)) {
	case STORE_FILE_OPEN:
		return STORE_OK;
	case STORE_FILE_ODD:
		return STORE_FOREIGN;
	case STORE_FILE_ERROR:
		return STORE_UNUSABLE;
	case STORE_FILE_ABSENT:
		if (!create)
			return STORE_ABSENT;
		r = make_empty(st) ? STORE_OK : give_up(st, errno);
		break;
	case STORE_FILE_DAMAGED:
		r = start_afresh(st, "it is no sound store", EIO);
		break;
	}
	return r == STORE_OK ? open_db(st, writer, false) : r;
}

/* What an operation begins with. */
static enum store_result
ready(struct session_store *st, const void *key, size_t keylen, bool writer)
{
	if (keylen == 0 || keylen > LIMIT_STORE_KEY_BYTES ||
	    store_file_internal(store_datum(key, keylen)))
		return unusable(EINVAL);
	return open_db(st, writer, true);
}

/* --- beginning and end ------------------------------------------------- */

static char *
suffixed(const char *path, const char *suffix)
{
	struct buf name = BUF_INIT(LIMIT_SETTING_BYTES + 16);
	char *text;

	buf_addstr(&name, path);
	buf_addstr(&name, suffix);
	text = buf_steal(&name);
	buf_free(&name);
	return text;
}

static void
free_store(struct session_store *st)
{
	int error = errno;

	(void)close_db(st);
	if (st->lock != -1)
		(void)close(st->lock);
	free(st->path);
	free(st->lock_path);
	free(st->bad);
	free(st->spare);
	free(st);
	errno = error;
}

static struct session_store *
new_store(const char *path)
{
	struct session_store *st = calloc(1, sizeof(*st));

	if (st == NULL)
		return NULL;
	st->lock = -1;
	st->path = suffixed(path, "");
	st->lock_path = suffixed(path, ".lock");
	st->bad = suffixed(path, ".bad");
	st->spare = suffixed(path, ".new");
	if (st->path != NULL && st->lock_path != NULL && st->bad != NULL &&
	    st->spare != NULL)
		return st;
	free_store(st);
	return NULL;
}

/* May this become, or is it, a store?  Nothing is written before the answer
 * is yes.  A mark is made before the file that it is for, so one that appears
 * meanwhile is seen at the second look. */
static enum store_result
admissible(const struct session_store *st, bool create)
{
	struct stat sb;
	int tries;

	for (tries = 0; tries < 2; tries++) {
		switch (store_lock_mark(st->lock_path)) {
		case STORE_MARK_OURS:
			return STORE_OK;
		case STORE_MARK_OTHER:
			return STORE_FOREIGN;
		case STORE_MARK_ERROR:
			return STORE_UNUSABLE;
		case STORE_MARK_NONE:
			break;
		}
		if (lstat(st->path, &sb) == -1) {
			if (errno != ENOENT)
				return STORE_UNUSABLE;
			return create ? STORE_OK : STORE_ABSENT;
		}
		if (store_file_ours(st->path))
			return STORE_OK;
	}
	return STORE_FOREIGN;
}

static enum store_result
enter(struct session_store *st, bool create)
{
	enum store_result r = admissible(st, create);

	if (r != STORE_OK)
		return r;
	st->lock = store_lock_take(st->lock_path, LIMIT_STORE_LOCK_MS);
	/* Who may create it is going to write: no second opening for that. */
	if (st->lock != -1)
		return open_db(st, create, create);
	if (errno == EWOULDBLOCK)
		return STORE_BUSY;
	return errno == EEXIST ? STORE_FOREIGN : STORE_UNUSABLE;
}

enum store_result
store_begin(struct session_store **ret, const char *path, bool create)
{
	struct session_store *st = new_store(path);
	enum store_result r;

	if (st == NULL)
		return unusable(ENOMEM);
	r = enter(st, create);
	if (r == STORE_OK)
		*ret = st;
	else
		free_store(st);
	return r;
}

bool
store_end(struct session_store *st)
{
	int error = errno;
	bool ok = close_db(st);

	if (!ok)
		(void)put_aside(st);
	errno = error;
	free_store(st);
	return ok;
}

const char *
store_healed(const struct session_store *st)
{
	return st->healed;
}

/* --- one value --------------------------------------------------------- */

/* *ret_done stays false where it is to be done again. */
static enum store_result
get_once(struct session_store *st, datum key, int64_t now, struct buf *ret,
    bool *ret_done)
{
	CLEANUP_FREE char *text = NULL;
	struct store_value v;

	switch (store_look(st->db, key, now, &v, &text)) {
	case LOOK_WHOLE:
		*ret_done = true;
		return buf_add(ret, v.bytes, v.len) ? STORE_OK
		                                    : unusable(ENOMEM);
	case LOOK_DAMAGED:
		return damaged_value(st);
	case LOOK_FAILED:
		return failed(st);
	case LOOK_ABSENT:
	case LOOK_EXPIRED:
		break;
	}
	return STORE_ABSENT;
}

enum store_result
store_get(struct session_store *st, const void *key, size_t keylen, int64_t now,
    struct buf *ret)
{
	enum store_result r;
	bool done = false;

	do {
		r = ready(st, key, keylen, false);
		if (r == STORE_OK)
			r = get_once(
			    st, store_datum(key, keylen), now, ret, &done);
	} while (r == STORE_OK && !done);
	return r;
}

enum store_result
store_delete(struct session_store *st, const void *key, size_t keylen)
{
	enum store_result r;

	do {
		r = ready(st, key, keylen, true);
		if (r != STORE_OK ||
		    store_remove(st->db, store_datum(key, keylen)))
			return r;
		r = failed(st);
	} while (r == STORE_OK);
	return r;
}

/* --- putting, and sweeping on the way ---------------------------------- */

/* Once; OK: done, or start again with the empty file that is now there. */
static enum store_result
put_once(struct session_store *st, datum key, datum text, int64_t now,
    bool *ret_done)
{
	bool is_new;

	if (!store_replace(st->db, key, text, &is_new))
		return failed(st);
	/* In another one's place it makes the file no longer. */
	switch (is_new ? store_sweep(st->db, key, now) : LOOK_WHOLE) {
	case LOOK_DAMAGED:
		return damaged_value(st);
	case LOOK_FAILED:
		return failed(st);
	default:
		*ret_done = true;
		return STORE_OK;
	}
}

enum store_result
store_put(struct session_store *st, const void *key, size_t keylen,
    const void *value, size_t len, int64_t expires, int64_t now)
{
	CLEANUP_BUF struct buf text =
	    BUF_INIT(STORE_VALUE_HEAD_BYTES + LIMIT_STORE_KEY_BYTES +
		     LIMIT_STORE_VALUE_BYTES);
	enum store_result r;
	bool done = false;

	if (len > LIMIT_STORE_VALUE_BYTES)
		return unusable(EMSGSIZE);
	store_value_write(&text, key, keylen, value, len, expires);
	do {
		r = ready(st, key, keylen, true);
		if (r == STORE_OK && !buf_ok(&text))
			r = unusable(ENOMEM);
		if (r == STORE_OK)
			r = put_once(st, store_datum(key, keylen),
			    store_datum(buf_str(&text), text.len), now, &done);
	} while (r == STORE_OK && !done);
	return r;
}

/* --- all values -------------------------------------------------------- */

/* Was it the system?  An offset that cannot be is what the file says. */
static bool
system_failed(const struct session_store *st)
{
	int error = gdbm_last_syserr(st->db);

	return gdbm_last_errno(st->db) == GDBM_MALLOC_ERROR ||
	       (error != 0 && error != EINVAL && error != EOVERFLOW);
}

/* What a walk has found.  It cannot be done again: somebody has seen a part. */
static enum store_result
after_walk(struct session_store *st, enum store_look seen)
{
	if (seen == LOOK_DAMAGED)
		return damaged_value(st);
	if (seen != LOOK_FAILED)
		return STORE_OK;
	return system_failed(st) ? unusable(store_file_errno(st->db))
	                         : damaged_file(st);
}

struct each {
	store_visit *visit;
	void *arg;
};

static bool
visit_each(
    void *arg, datum key, const struct store_value *v, enum store_look seen)
{
	const struct each *e = arg;

	return seen == LOOK_EXPIRED ||
	       e->visit(e->arg, key.dptr, (size_t)key.dsize, v->bytes, v->len,
		   v->expires);
}

enum store_result
store_each(struct session_store *st, int64_t now, store_visit *each, void *arg)
{
	struct each e = {.visit = each, .arg = arg};
	enum store_result r = open_db(st, false, true);

	return r == STORE_OK
	           ? after_walk(st, store_walk(st->db, now, visit_each, &e))
	           : r;
}

enum store_result
store_filter(struct session_store *st, int64_t now, store_visit *keep,
    void *arg, size_t *ret_removed)
{
	enum store_result r = open_db(st, false, true);
	struct store_copy f = {.now = now, .keep = keep, .arg = arg};

	if (r != STORE_OK)
		return r;
	f.from = st->db;
	if (!store_file_make(st->path, st->spare, store_copy, &f)) {
		r = f.error == 0 ? after_walk(st, f.seen) : STORE_OK;
		/* A sound file that could not be copied stays as it is. */
		if (r == STORE_OK && st->db != NULL)
			return STORE_UNUSABLE;
		if (r == STORE_OK)
			*ret_removed = 0;
		return r;
	}
	(void)close_db(st); /* it has no name any more */
	*ret_removed = f.removed;
	return STORE_OK;
}

enum store_result
store_prune(struct session_store *st, int64_t now, size_t *ret_removed)
{
	return store_filter(st, now, NULL, NULL, ret_removed);
}
