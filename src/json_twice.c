/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json_twice.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "limits.h"

#include "banned.h"

#define FEW 8 /* names that are compared each with each */

/* The way down to where it is looked. */
struct looking {
	const cJSON *way[LIMIT_JSON_DEPTH + 1];
	size_t depth;
};

static const cJSON *
among_few(const cJSON *object)
{
	const cJSON *item, *other;

	cJSON_ArrayForEach(item, object)
	{
		for (other = object->child; other != item; other = other->next)
			if (strcmp(other->string, item->string) == 0)
				return item;
	}
	return NULL;
}

static int
by_name(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

static enum json_twice
among_many(const cJSON *object, size_t n, const cJSON **ret)
{
	CLEANUP_FREE const cJSON **all = malloc(n * sizeof(const cJSON *));
	const cJSON *item;
	size_t i = 0;

	if (all == NULL)
		return JSON_TWICE_NO_MEMORY;
	cJSON_ArrayForEach(item, object) all[i++] = item;
	qsort(all, n, sizeof(const cJSON *), by_name);
	for (i = 1; i < n; i++) {
		if (strcmp(all[i - 1]->string, all[i]->string) == 0) {
			*ret = all[i];
			return JSON_TWICE_FOUND;
		}
	}
	return JSON_TWICE_NONE;
}

static enum json_twice
in_object(const cJSON *object, const cJSON **ret)
{
	size_t n = (size_t)cJSON_GetArraySize(object);

	if (n > FEW)
		return among_many(object, n, ret);
	*ret = among_few(object);
	return *ret == NULL ? JSON_TWICE_NONE : JSON_TWICE_FOUND;
}

/* Down, to the side, or up and to the side; NULL: it has seen all. */
static const cJSON *
next(struct looking *l, const cJSON *node)
{
	if (node->child != NULL) {
		l->way[l->depth++] = node;
		return node->child;
	}
	while (l->depth > 0 && node->next == NULL)
		node = l->way[--l->depth];
	return l->depth > 0 ? node->next : NULL;
}

static void
add_place(struct buf *to, const cJSON *parent, const cJSON *node)
{
	const cJSON *item;
	size_t i = 0;

	if (cJSON_IsObject(parent)) {
		buf_addf(to, "%s%s", to->len > 0 ? "." : "", node->string);
		return;
	}
	for (item = parent->child; item != node; item = item->next)
		i++;
	buf_addf(to, "[%zu]", i);
}

/* The way to the object, and the member in it. */
static void
add_way(struct buf *to, const struct looking *l, const cJSON *object,
    const cJSON *member)
{
	size_t i;

	for (i = 1; i < l->depth; i++)
		add_place(to, l->way[i - 1], l->way[i]);
	if (l->depth > 0)
		add_place(to, l->way[l->depth - 1], object);
	add_place(to, object, member);
}

enum json_twice
json_twice(const cJSON *root, struct buf *where)
{
	struct looking l = {.depth = 0};
	const cJSON *node = root, *second;
	enum json_twice found;

	for (; node != NULL; node = next(&l, node)) {
		if (!cJSON_IsObject(node))
			continue;
		found = in_object(node, &second);
		if (found == JSON_TWICE_FOUND)
			add_way(where, &l, node, second);
		if (found != JSON_TWICE_NONE)
			return found;
	}
	return JSON_TWICE_NONE;
}
