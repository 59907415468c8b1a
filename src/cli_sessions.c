/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_sessions.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "limits.h"
#include "warm_record.h"

#include "banned.h"

#define SHORTEST_ID 8

/* Room for one more of size bytes in an array that grows by doubling; false:
 * out of memory. */
static bool
make_room(void **array, size_t n, size_t size)
{
	void *more;

	if (n > 0 && (n < 16 || (n & (n - 1)) != 0))
		return true;
	more = realloc(*array, (n < 16 ? 16 : 2 * n) * size);
	if (more == NULL)
		return false;
	*array = more;
	return true;
}

static bool
add_session(void *arg, const void *key, size_t keylen, const void *value,
    size_t len, int64_t expires)
{
	struct sessions *s = arg;
	struct session_state state;
	void *array = s->all;

	(void)keylen;
	s->legacy += *(const char *)key == SESSION_KEY_LEGACY;
	if (*(const char *)key != SESSION_KEY_STATE ||
	    !session_state_decode(&state, value, len))
		return true;
	if (!make_room(&array, s->n, sizeof(*s->all))) {
		session_state_clear(&state);
		s->out_of_memory = true;
		return false;
	}
	s->all = array;
	s->all[s->n++] =
	    (struct listed_session){.state = state, .expires = expires};
	return true;
}

static int
by_use(const void *a, const void *b)
{
	const struct session_state *x =
	    &((const struct listed_session *)a)->state;
	const struct session_state *y =
	    &((const struct listed_session *)b)->state;

	if (x->used != y->used)
		return x->used < y->used ? 1 : -1;
	return strcmp(x->session, y->session);
}

enum store_result
sessions_load(struct sessions *ret, struct session_store *st, int64_t now)
{
	enum store_result r;

	*ret = (struct sessions){0};
	r = store_each(st, now, add_session, ret);
	if (ret->n > 0)
		qsort(ret->all, ret->n, sizeof(*ret->all), by_use);
	return r;
}

void
sessions_free(struct sessions *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		session_state_clear(&s->all[i].state);
	free(s->all);
	*s = (struct sessions){0};
}

void
sessions_mark_warm(struct sessions *s, char *const *env)
{
	struct warm_record warm[LIMIT_WARM_RECORDS];
	CLEANUP_CLOSE int dir = warm_dir_open(env, false);
	size_t n = 0, i;

	if (dir != -1)
		n = warm_record_list(dir, NULL, warm, LIMIT_WARM_RECORDS);
	for (i = 0; i < s->n; i++)
		s->all[i].warm =
		    warm_record_has(warm, n, s->all[i].state.session);
}

static int
by_id(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t
common(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] != '\0' && strncasecmp(a, b, n + 1) == 0)
		n++;
	return n;
}

size_t
sessions_id_chars(const struct sessions *s)
{
	const char **ids = calloc(s->n + 1, sizeof(*ids));
	size_t i, most = SHORTEST_ID;

	if (ids == NULL)
		return SESSION_ID_BYTES - 1;
	for (i = 0; i < s->n; i++)
		ids[i] = s->all[i].state.session;
	qsort(ids, s->n, sizeof(*ids), by_id);
	for (i = 1; i < s->n; i++) {
		if (common(ids[i - 1], ids[i]) >= most)
			most = common(ids[i - 1], ids[i]) + 1;
	}
	free(ids);
	return most;
}

const struct listed_session *
sessions_find(const struct sessions *s, const char *prefix, bool *ret_many)
{
	const struct listed_session *found = NULL;
	size_t i, len = strlen(prefix);

	*ret_many = false;
	for (i = 0; i < s->n; i++) {
		if (strncasecmp(s->all[i].state.session, prefix, len) != 0)
			continue;
		*ret_many = found != NULL;
		if (found != NULL)
			return NULL;
		found = &s->all[i];
	}
	return found;
}

/* --- contexts ---------------------------------------------------------- */

/* A context, or an entry of the Node.js version, that leads to the session. */
static bool
leads_to(const char *session, char kind, const void *value, size_t len,
    struct listed_context *ret)
{
	struct session_context c;

	if (kind == SESSION_KEY_LEGACY)
		return len == strlen(session) &&
		       memcmp(value, session, len) == 0;
	if (kind != SESSION_KEY_CONTEXT ||
	    !session_context_decode(&c, value, len) ||
	    strcmp(c.session, session) != 0)
		return false;
	memcpy(ret->uuid, c.uuid, sizeof(ret->uuid));
	ret->pending = c.pending;
	return true;
}

static bool
add_context(void *arg, const void *key, size_t keylen, const void *value,
    size_t len, int64_t expires)
{
	struct contexts *c = arg;
	struct listed_context one = {.expires = expires, .keylen = keylen};
	void *array = c->all;

	if (keylen > sizeof(one.key) ||
	    !leads_to(c->session, *(const char *)key, value, len, &one))
		return true;
	if (!make_room(&array, c->n, sizeof(*c->all))) {
		c->out_of_memory = true;
		return false;
	}
	memcpy(one.key, key, keylen);
	c->all = array;
	c->all[c->n++] = one;
	return true;
}

enum store_result
contexts_load(struct contexts *ret, struct session_store *st,
    const char *session, int64_t now)
{
	*ret = (struct contexts){.session = session};
	return store_each(st, now, add_context, ret);
}

void
contexts_free(struct contexts *c)
{
	free(c->all);
	*c = (struct contexts){0};
}
