/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "usage_sum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

#include "banned.h"

/* What a group is of; the texts are somebody else's. */
struct name {
	const char *day, *model, *key;
};

/* --- days -------------------------------------------------------------- */

int64_t
usage_midnight_ms(const struct tm *day, int days_later)
{
	struct tm tm = {.tm_year = day->tm_year,
	    .tm_mon = day->tm_mon,
	    .tm_mday = day->tm_mday + days_later,
	    .tm_isdst = -1};

	return (int64_t)mktime(&tm) * 1000;
}

/* One after another is mostly of the same day, and mktime is slow. */
static const char *
day_of(struct usage_sum *s, int64_t when_ms)
{
	time_t t = (time_t)(when_ms / 1000);
	struct tm tm;

	if (when_ms >= s->day_begins && when_ms < s->day_ends)
		return s->day;
	s->day_begins = s->day_ends = 0;
	if (localtime_r(&t, &tm) == NULL ||
	    strftime(s->day, sizeof(s->day), "%Y-%m-%d", &tm) == 0)
		return USAGE_OTHERS;
	s->day_begins = usage_midnight_ms(&tm, 0);
	s->day_ends = usage_midnight_ms(&tm, 1);
	return s->day;
}

/* --- groups ------------------------------------------------------------ */

static int
compare(const struct name *name, const struct usage_group *g)
{
	int c = strcmp(name->day, g->day);

	if (c == 0)
		c = strcmp(name->model, g->model);
	return c != 0 ? c : strcmp(name->key, g->key);
}

/* Where the group is, or would be. */
static size_t
place_of(const struct usage_sum *s, const struct name *name)
{
	size_t low = 0, high = s->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare(name, s->groups[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
make_room(struct usage_sum *s)
{
	size_t room = s->room == 0 ? 64 : 2 * s->room;
	struct usage_group **more;

	if (s->n < s->room)
		return true;
	more = realloc(s->groups, room * sizeof(struct usage_group *));
	if (more == NULL)
		return false;
	s->groups = more;
	s->room = room;
	return true;
}

static struct usage_group *
insert(struct usage_sum *s, size_t at, const struct name *name)
{
	struct usage_group *g;

	if (!make_room(s))
		return NULL;
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		return NULL;
	(void)snprintf(g->day, sizeof(g->day), "%s", name->day);
	(void)snprintf(g->model, sizeof(g->model), "%s", name->model);
	(void)snprintf(g->key, sizeof(g->key), "%s", name->key);
	memmove(s->groups + at + 1, s->groups + at,
	    (s->n - at) * sizeof(struct usage_group *));
	s->groups[at] = g;
	s->n++;
	return g;
}

static struct name
others(unsigned by)
{
	return (struct name){
	    .day = (by & USAGE_BY_DAY) != 0 ? USAGE_OTHERS : "",
	    .model = (by & USAGE_BY_MODEL) != 0 ? USAGE_OTHERS : "",
	    .key = (by & USAGE_BY_KEY) != 0 ? USAGE_OTHERS : "",
	};
}

/* NULL: out of memory. */
static struct usage_group *
group_of(struct usage_sum *s, const struct request_record *r)
{
	struct name name = {
	    .day = (s->by & USAGE_BY_DAY) != 0 ? day_of(s, r->when_ms) : "",
	    .model = (s->by & USAGE_BY_MODEL) != 0 ? r->model : "",
	    .key = (s->by & USAGE_BY_KEY) != 0 ? r->key_name : "",
	};
	size_t at;

	if (s->last != NULL && compare(&name, s->last) == 0)
		return s->last;
	at = place_of(s, &name);
	if (at < s->n && compare(&name, s->groups[at]) == 0)
		return s->groups[at];
	if (s->n >= LIMIT_USAGE_GROUPS) {
		name = others(s->by);
		at = place_of(s, &name);
		if (at < s->n && compare(&name, s->groups[at]) == 0)
			return s->groups[at];
	}
	return insert(s, at, &name);
}

void
usage_sum_add(struct usage_sum *s, const struct request_record *r)
{
	bool failed = r->status >= 400 || r->error[0] != '\0';
	struct usage_group *g = group_of(s, r);

	s->last = g;
	if (g == NULL) {
		s->out_of_memory = true;
		return;
	}
	g->requests++;
	g->errors += failed;
	g->prompt_tokens += r->prompt_tokens;
	g->cached_tokens += r->cached_tokens;
	g->cache_write_tokens += r->cache_write_tokens;
	g->completion_tokens += r->completion_tokens;
	g->cost_usd += r->cost_usd;
	if (!failed && r->first_byte_ms >= 0 &&
	    !histogram_add(&g->first_ms, r->first_byte_ms))
		s->out_of_memory = true;
}

void
usage_sum_free(struct usage_sum *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		histogram_free(&s->groups[i]->first_ms);
		free(s->groups[i]);
	}
	free(s->groups);
	*s = (struct usage_sum){.by = s->by};
}

int64_t
usage_tokens(const struct usage_group *g)
{
	return g->prompt_tokens + g->completion_tokens;
}

double
usage_cache_share(const struct usage_group *g)
{
	if (g->prompt_tokens <= 0)
		return -1;
	return (double)g->cached_tokens / (double)g->prompt_tokens;
}
