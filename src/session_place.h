/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the store of sessions is: what SESSION_FILE says, or the runtime
 * directory.  Where SESSION_FILE is the file of the Node.js version of ccp,
 * that is left as it is, and the store is beside it, under the name with ".db"
 * behind; what is still alive in it is taken over, once.
 */
#ifndef CCP_SESSION_PLACE_H
#define CCP_SESSION_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session_store.h"
#include "settings.h"

struct session_place {
	char *path;       /* of the store, absolute */
	char *original;   /* or NULL */
	char *const *env; /* not owned: the runtime directory depends on it */
	bool runtime;     /* it is in the runtime directory */
	int64_t ttl_ms;
};

/*
 * Makes nothing.  False: *err is a sentence for a person, why SESSION_FILE
 * cannot be the name of a file.  env is kept; the caller frees the rest with
 * session_place_clear(), in any case.
 */
bool session_place_find(struct session_place *ret, const struct settings *s,
    char *const *env, char *err, size_t errlen);
void session_place_clear(struct session_place *p);

/* Is there anything where the store is, or is to be? */
bool session_place_made(const struct session_place *p);

/* store_begin() there.  create: the directory that it is in is made too (0700),
 * but none above that.  now: seconds since 1970. */
enum store_result session_place_begin(struct session_store **ret,
    const struct session_place *p, int64_t now, bool create);

/* Why there is no store, as a sentence for a person: for results of
 * session_place_begin() other than OK and ABSENT, with its errno. */
void session_place_tell(const struct session_place *p, enum store_result r,
    int error, char *to, size_t len);

/* Would there be one?  False: a sentence, as above. */
bool session_place_check(
    const struct settings *s, char *const *env, char *err, size_t errlen);

#endif
