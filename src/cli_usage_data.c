/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_usage_data.h"

#include <cjson/cJSON.h>

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "cli_say.h"
#include "screen_text.h"

#include "banned.h"

#define TEXT_BYTES 1024

/* What a group is of, if the sum is by that. */
static const struct {
	enum usage_by by;
	const char *name;
	size_t offset;
} names[] = {
    {USAGE_BY_DAY, "day", offsetof(struct usage_group, day)},
    {USAGE_BY_MODEL, "model", offsetof(struct usage_group, model)},
    {USAGE_BY_KEY, "key", offsetof(struct usage_group, key)},
};
#define NNAMES (sizeof(names) / sizeof(names[0]))

static const struct {
	const char *name;
	size_t offset;
} counts[] = {
    {"requests", offsetof(struct usage_group, requests)},
    {"errors", offsetof(struct usage_group, errors)},
    {"prompt_tokens", offsetof(struct usage_group, prompt_tokens)},
    {"cached_tokens", offsetof(struct usage_group, cached_tokens)},
    {"cache_write_tokens", offsetof(struct usage_group, cache_write_tokens)},
    {"completion_tokens", offsetof(struct usage_group, completion_tokens)},
};
#define NCOUNTS (sizeof(counts) / sizeof(counts[0]))

static int64_t
count_of(const struct usage_group *g, size_t i)
{
	int64_t n;

	memcpy(&n, (const char *)g + counts[i].offset, sizeof(n));
	return n;
}

static const char *
name_of(const struct usage_group *g, size_t i)
{
	return (const char *)g + names[i].offset;
}

/* --- JSON -------------------------------------------------------------- */

/* Without the noise of adding up: six decimals. */
static double
rounded(double n)
{
	return (double)(int64_t)(n * 1e6 + 0.5) / 1e6;
}

static bool
add_text(cJSON *to, const char *name, const char *text)
{
	CLEANUP_BUF struct buf clean = BUF_INIT(4 * PATH_MAX);

	screen_text_add(&clean, text);
	return cJSON_AddStringToObject(to, name, buf_str(&clean)) != NULL;
}

/* A negative one is null. */
static bool
add_whole(cJSON *to, const char *name, int64_t n)
{
	return (n < 0 ? cJSON_AddNullToObject(to, name)
		      : cJSON_AddNumberToObject(to, name, (double)n)) != NULL;
}

static bool
add_number(cJSON *to, const char *name, double n)
{
	return (n < 0 ? cJSON_AddNullToObject(to, name)
		      : cJSON_AddNumberToObject(to, name, n)) != NULL;
}

static bool
add_counts(cJSON *to, const struct usage_group *g)
{
	bool ok = true;
	size_t i;

	for (i = 0; i < NCOUNTS; i++)
		ok = ok && add_whole(to, counts[i].name, count_of(g, i));
	return ok &&
	       add_number(to, "cache_share", rounded(usage_cache_share(g))) &&
	       add_number(to, "cost_usd", rounded(g->cost_usd)) &&
	       add_whole(
		   to, "median_first_token_ms", histogram_median(&g->first_ms));
}

static bool
add_group(cJSON *groups, unsigned by, const struct usage_group *g)
{
	cJSON *item = cJSON_CreateObject();
	bool ok = true;
	size_t i;

	if (!cJSON_AddItemToArray(groups, item)) {
		cJSON_Delete(item);
		return false;
	}
	for (i = 0; i < NNAMES; i++) {
		if ((by & names[i].by) != 0)
			ok = ok && add_text(item, names[i].name, name_of(g, i));
	}
	return ok && add_counts(item, g);
}

static bool
fill(cJSON *root, const struct usage_report *r)
{
	static const struct usage_group none;
	const struct usage_sum *s = &r->sums[0];
	cJSON *total, *groups;
	bool ok;
	size_t i;

	ok = r->since[0] == '\0' ? cJSON_AddNullToObject(root, "since") != NULL
	                         : add_text(root, "since", r->since);
	ok = ok && add_text(root, "ledger", r->directory) &&
	     add_whole(root, "damaged", r->reading.damaged);
	total = cJSON_AddObjectToObject(root, "total");
	ok = ok && total != NULL &&
	     add_counts(total, r->total.n > 0 ? r->total.groups[0] : &none);
	groups = cJSON_AddArrayToObject(root, "groups");
	for (i = 0; i < s->n; i++)
		ok = ok && groups != NULL &&
		     add_group(groups, s->by, s->groups[i]);
	return ok && groups != NULL;
}

bool
usage_print_json(const struct usage_report *r)
{
	cJSON *root = cJSON_CreateObject();

	if (root != NULL && fill(root, r))
		return cli_print_json(root);
	cJSON_Delete(root);
	return false;
}

/* --- CSV --------------------------------------------------------------- */

static void
print_field(const char *text)
{
	CLEANUP_BUF struct buf clean = BUF_INIT(TEXT_BYTES);
	const char *at;

	screen_text_add(&clean, text);
	text = buf_str(&clean);
	if (strpbrk(text, "\",") == NULL) {
		(void)printf("%s,", text);
		return;
	}
	(void)putchar('"');
	for (at = text; *at != '\0'; at++)
		(void)printf(*at == '"' ? "\"\"" : "%c", *at);
	(void)printf("\",");
}

static void
print_group(const struct usage_group *g, unsigned by)
{
	double share = usage_cache_share(g);
	int64_t first = histogram_median(&g->first_ms);
	size_t i;

	for (i = 0; i < NNAMES; i++) {
		if ((by & names[i].by) != 0)
			print_field(name_of(g, i));
	}
	for (i = 0; i < NCOUNTS; i++)
		(void)printf("%" PRId64 ",", count_of(g, i));
	if (share >= 0)
		(void)printf("%.6f", share);
	(void)printf(",%.6f,", g->cost_usd);
	if (first >= 0)
		(void)printf("%" PRId64, first);
	(void)printf("\n");
}

void
usage_print_csv(const struct usage_report *r)
{
	const struct usage_sum *s = &r->sums[0];
	size_t i;

	for (i = 0; i < NNAMES; i++) {
		if ((s->by & names[i].by) != 0)
			(void)printf("%s,", names[i].name);
	}
	for (i = 0; i < NCOUNTS; i++)
		(void)printf("%s,", counts[i].name);
	(void)printf("cache_share,cost_usd,median_first_token_ms\n");
	for (i = 0; i < s->n; i++)
		print_group(s->groups[i], s->by);
}
