/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_copy.h"

#include <errno.h>

#include "buf.h"
#include "cleanup.h"
#include "limits.h"
#include "store_file.h"
#include "store_value.h"

#include "banned.h"

static bool
copy_value(struct store_copy *f, datum key, const struct store_value *v)
{
	CLEANUP_BUF struct buf text =
	    BUF_INIT(STORE_VALUE_HEAD_BYTES + LIMIT_STORE_KEY_BYTES +
		     LIMIT_STORE_VALUE_BYTES);
	int r;

	store_value_write(
	    &text, key.dptr, (size_t)key.dsize, v->bytes, v->len, v->expires);
	if (!buf_ok(&text)) {
		f->error = ENOMEM;
		return false;
	}
	r = gdbm_store(
	    f->to, key, store_datum(buf_str(&text), text.len), GDBM_INSERT);
	f->twice = r == 1;
	if (r == -1 || gdbm_needs_recovery(f->to))
		f->error = store_file_errno(f->to);
	return r == 0 && f->error == 0;
}

static bool
visit_filter(
    void *arg, datum key, const struct store_value *v, enum store_look seen)
{
	struct store_copy *f = arg;

	if (seen != LOOK_EXPIRED &&
	    (f->keep == NULL || f->keep(f->arg, key.dptr, (size_t)key.dsize,
				    v->bytes, v->len, v->expires)))
		return copy_value(f, key, v);
	f->removed++;
	return true;
}

bool
store_copy(void *arg, GDBM_FILE db)
{
	struct store_copy *f = arg;

	f->to = db;
	f->seen = store_walk(f->from, f->now, visit_filter, f);
	if (f->twice)
		f->seen = LOOK_DAMAGED;
	errno = f->error;
	return f->error == 0 && f->seen != LOOK_DAMAGED &&
	       f->seen != LOOK_FAILED;
}
