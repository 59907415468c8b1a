/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_place.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "home_path.h"
#include "runtime_dir.h"
#include "session_original.h"
#include "session_record.h"

#include "banned.h"

/* What the Node.js version remembered has been taken over. */
static const char taken_key[] = "moriginal";
#define TAKEN_KEYLEN (sizeof(taken_key) - 1)

/* --- finding ----------------------------------------------------------- */

static char *
joined(const char *a, const char *b)
{
	CLEANUP_BUF struct buf name = BUF_INIT(PATH_MAX);

	buf_addstr(&name, a);
	buf_addstr(&name, b);
	return buf_steal(&name);
}

static bool
set_path(struct session_place *p, const char *a, const char *b, char *err,
    size_t errlen)
{
	p->path = joined(a, b);
	if (p->path == NULL)
		(void)snprintf(err, errlen, "SESSION_FILE is too long a path");
	return p->path != NULL;
}

static bool
find_runtime(struct session_place *p, char *err, size_t errlen)
{
	char dir[PATH_MAX] = "";

	p->runtime = true;
	if (!runtime_dir_path(dir, sizeof(dir), p->env)) {
		(void)snprintf(err, errlen,
		    "XDG_RUNTIME_DIR or TMPDIR is too long a path");
		return false;
	}
	return set_path(p, dir, "/sessions.db", err, errlen);
}

static bool
find_file(struct session_place *p, const char *file, char *err, size_t errlen)
{
	char path[PATH_MAX];
	const char *wrong = home_path(path, file, p->env);

	if (wrong == NULL && path[0] == '/')
		return set_path(p, path, "", err, errlen);
	(void)snprintf(err, errlen, "SESSION_FILE %s",
	    wrong != NULL ? wrong
			  : "must be an absolute path, or begin with ~/");
	return false;
}

bool
session_place_find(struct session_place *ret, const struct settings *s,
    char *const *env, char *err, size_t errlen)
{
	*ret = (struct session_place){
	    .env = env,
	    .ttl_ms = s->session_ttl_ms,
	};
	if (s->session_file[0] == '\0')
		return find_runtime(ret, err, errlen);
	if (!find_file(ret, s->session_file, err, errlen))
		return false;
	if (!session_original_likely(ret->path))
		return true;
	ret->original = ret->path;
	return set_path(ret, ret->original, ".db", err, errlen);
}

void
session_place_clear(struct session_place *p)
{
	free(p->path);
	free(p->original);
	*p = (struct session_place){0};
}

/* --- beginning --------------------------------------------------------- */

struct taking {
	struct session_store *st;
	int64_t now, ttl_ms;
	enum store_result r;
};

static bool
take_over(void *arg, const unsigned char digest[SESSION_DIGEST_BYTES],
    const char *session, int64_t created_ms)
{
	struct taking *t = arg;
	int64_t expires = (created_ms + t->ttl_ms) / 1000;
	char key[SESSION_KEY_BYTES];
	size_t keylen = session_legacy_key(key, digest);

	/* A clock that was wrong must not keep it for ever. */
	if (expires > t->now + t->ttl_ms / 1000)
		expires = t->now + t->ttl_ms / 1000;
	if (expires > t->now)
		t->r = store_put(t->st, key, keylen, session, strlen(session),
		    expires, t->now);
	return t->r == STORE_OK;
}

/* The last thing is to remember that it is done. */
static enum store_result
take_all(struct session_store *st, const struct session_place *p, int64_t now)
{
	struct taking t = {.st = st, .now = now, .ttl_ms = p->ttl_ms};
	CLEANUP_BUF struct buf none = BUF_INIT(16);
	enum store_result r =
	    store_get(st, taken_key, TAKEN_KEYLEN, now, &none);

	if (r != STORE_ABSENT)
		return r;
	if (!session_original_read(p->original, take_over, &t))
		return STORE_FOREIGN;
	if (t.r != STORE_OK)
		return t.r;
	return store_put(st, taken_key, TAKEN_KEYLEN, "", 0, INT64_MAX, now);
}

bool
session_place_made(const struct session_place *p)
{
	struct stat st;

	return lstat(p->path, &st) == 0;
}

/* Only the last directory: what is above may be a disk that is not there. */
static void
make_directory(const char *path)
{
	CLEANUP_FREE char *dir = joined(path, "");
	char *slash = dir == NULL ? NULL : strrchr(dir, '/');

	if (slash == NULL || slash == dir)
		return;
	*slash = '\0';
	(void)mkdir(dir, 0700);
}

/* False: errno. */
static bool
open_runtime(const struct session_place *p)
{
	int fd = runtime_dir_open(p->env);

	if (fd != -1)
		(void)close(fd);
	return fd != -1;
}

enum store_result
session_place_begin(struct session_store **ret, const struct session_place *p,
    int64_t now, bool create)
{
	struct session_store *st;
	enum store_result r;

	if (p->runtime && !open_runtime(p))
		return STORE_UNUSABLE;
	if (p->original != NULL && !session_place_made(p) &&
	    !session_original_read(p->original, NULL, NULL))
		return STORE_FOREIGN;
	if (!p->runtime && create)
		make_directory(p->path);
	r = store_begin(&st, p->path, create);
	if (r == STORE_OK && p->original != NULL) {
		r = take_all(st, p, now);
		if (r != STORE_OK)
			store_end(st);
	}
	if (r == STORE_OK)
		*ret = st;
	return r;
}

/* --- telling ----------------------------------------------------------- */

void
session_place_tell(const struct session_place *p, enum store_result r,
    int error, char *to, size_t len)
{
	switch (r) {
	case STORE_FOREIGN:
		(void)snprintf(to, len,
		    "SESSION_FILE %s is not a file of ccp's: it is left alone, "
		    "and no conversation is remembered",
		    p->original != NULL ? p->original : p->path);
		break;
	case STORE_BUSY:
		(void)snprintf(to, len,
		    "%s.lock has been held by another process for too long",
		    p->path);
		break;
	default:
		(void)snprintf(to, len,
		    "%s cannot be used: %s; no conversation is remembered",
		    p->path, strerror(error));
		break;
	}
}

/* May a store be made there?  See make_directory(). */
static bool
can_make(const struct session_place *p)
{
	CLEANUP_FREE char *dir = joined(p->path, "");
	char *slash = dir == NULL ? NULL : strrchr(dir, '/');
	int tries;

	for (tries = 0; tries < 2 && slash != NULL && slash != dir; tries++) {
		*slash = '\0';
		if (access(dir, W_OK | X_OK) == 0)
			return true;
		if (errno != ENOENT)
			return false;
		slash = strrchr(dir, '/');
	}
	return tries < 2 && slash == dir && access("/", W_OK | X_OK) == 0;
}

bool
session_place_check(
    const struct settings *s, char *const *env, char *err, size_t errlen)
{
	struct session_store *st;
	struct session_place p;
	enum store_result r = STORE_OK;
	bool ok = session_place_find(&p, s, env, err, errlen);

	if (ok) {
		r = session_place_begin(&st, &p, (int64_t)time(NULL), false);
		if (r == STORE_ABSENT && !p.runtime && !can_make(&p))
			r = STORE_UNUSABLE;
		if (r == STORE_OK)
			store_end(st);
		else if (r != STORE_ABSENT && r != STORE_BUSY) {
			session_place_tell(&p, r, errno, err, errlen);
			ok = false;
		}
	}
	session_place_clear(&p);
	return ok;
}
