/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model_names.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

static const struct model ours[MODELS_OF_OURS] = {
    {"sonnet", "claude-sonnet-4-5-20250929"},
    {"opus", "claude-opus-4-6"},
    {"haiku", "claude-haiku-4-5-20251001"},
};

static void
add(struct model_list *l, char *word)
{
	char *equals = strchr(word, '=');

	l->models[l->n].name = word;
	l->models[l->n].id = NULL;
	if (equals != NULL) {
		*equals = '\0';
		l->models[l->n].id = equals + 1;
	}
	l->n++;
}

void
model_list_read(struct model_list *l, const char *words)
{
	char *word = l->text, *end;

	l->n = 0;
	(void)snprintf(l->text, sizeof(l->text), "%s", words);
	while (*word != '\0' && l->n < LIMIT_MODELS) {
		end = word + strcspn(word, " ");
		if (*end == ' ')
			*end++ = '\0';
		add(l, word);
		word = end;
	}
	memcpy(l->models + l->n, ours, sizeof(ours));
	l->n += MODELS_OF_OURS;
}

const char *
model_alias(const struct model_list *l, const char *name)
{
	const struct model *m;

	for (m = l->models; m < l->models + l->n; m++) {
		if (m->id != NULL && strcmp(m->name, name) == 0)
			return strcmp(m->id, name) == 0 ? NULL : m->id;
	}
	return NULL;
}

const char *
model_resolve(const struct model_list *l, const char *name)
{
	const char *id;
	int i;

	for (i = 0; i < LIMIT_MODEL_STEPS; i++) {
		id = model_alias(l, name);
		if (id == NULL)
			break;
		name = id;
	}
	return name;
}

char *
model_chosen(const char *words, const char *name)
{
	struct model_list l;

	model_list_read(&l, words);
	return strdup(model_resolve(&l, name));
}

static size_t
add_name(const char *names[MODEL_NAMES_MAX], size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return n;
	}
	names[n] = name;
	return n + 1;
}

size_t
model_names(const struct model_list *l, const char *names[MODEL_NAMES_MAX])
{
	size_t n = 0, i;

	for (i = 0; i < l->n; i++) {
		if (l->models[i].id != NULL)
			n = add_name(names, n, l->models[i].name);
	}
	for (i = 0; i < l->n; i++) {
		if (l->models[i].id != NULL)
			n = add_name(
			    names, n, model_resolve(l, l->models[i].name));
	}
	for (i = 0; i < l->n; i++)
		n = add_name(names, n, l->models[i].name);
	return n;
}

bool
model_name_valid(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._:@/[]-";
	size_t len = strlen(name);

	return len >= 1 && len <= LIMIT_MODEL_BYTES && name[0] != '-' &&
	       strspn(name, allowed) == len;
}
