/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings_models.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json_text.h"
#include "limits.h"
#include "model_names.h"

#include "banned.h"

#define BETWEEN    ", \t\r\n"
#define WORD_SHOWN 40 /* bytes of a wrong word in a message */

struct reading {
	struct buf *words;
	size_t n;
	char *must; /* SETTINGS_MUST_BYTES */
};

static bool
check_name(struct reading *r, const char *name)
{
	return model_name_valid(name) ||
	       settings_must(r->must,
		   "hold alias=name pairs and names, of at most %d letters, "
		   "digits and ._:@/[]-, which \"%.*s\" is not",
		   LIMIT_MODEL_BYTES, WORD_SHOWN, name);
}

/* id: NULL for a name that is no alias. */
static bool
add(struct reading *r, const char *name, const char *id)
{
	if (!check_name(r, name) || (id != NULL && !check_name(r, id)))
		return false;
	if (++r->n > LIMIT_MODELS)
		return settings_must(
		    r->must, "not hold more than %d models", LIMIT_MODELS);
	if (r->words->len > 0)
		buf_addch(r->words, ' ');
	buf_addstr(r->words, name);
	if (id != NULL)
		buf_addf(r->words, "=%s", id);
	return buf_ok(r->words) ||
	       settings_must(
		   r->must, "not be longer than %d bytes", LIMIT_SETTING_BYTES);
}

/* word is changed. */
static bool
add_word(struct reading *r, char *word)
{
	char *equals = strchr(word, '=');

	if (equals == NULL)
		return add(r, word, NULL);
	*equals = '\0';
	return add(r, word, equals + 1);
}

static bool
add_words(struct reading *r, const char *text)
{
	CLEANUP_FREE char *copy = strdup(text);
	char *word = copy, *end;

	if (copy == NULL)
		return settings_must(r->must, "be read again: out of memory");
	while (*(word += strspn(word, BETWEEN)) != '\0') {
		end = word + strcspn(word, BETWEEN);
		if (*end != '\0')
			*end++ = '\0';
		if (!add_word(r, word))
			return false;
		word = end;
	}
	return true;
}

static bool
add_json(struct reading *r, const cJSON *value)
{
	const cJSON *item;

	if (!cJSON_IsObject(value) && !cJSON_IsArray(value))
		return settings_must(r->must, "be an object or an array");
	cJSON_ArrayForEach(item, value)
	{
		if (!cJSON_IsString(item))
			return settings_must(
			    r->must, "hold only texts in quotes");
		if (cJSON_IsArray(value)
			? !add(r, item->valuestring, NULL)
			: !add(r, item->string, item->valuestring))
			return false;
	}
	return true;
}

static bool
add_json_text(struct reading *r, const char *text)
{
	struct json_text_error e;
	cJSON *value;
	bool ok;

	if (!json_text_check(text, strlen(text), &e))
		return settings_must(r->must, "be valid JSON: %s", e.what);
	value = cJSON_Parse(text);
	ok = add_json(r, value);
	cJSON_Delete(value);
	return ok;
}

static bool
given_before(const struct model_list *l, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++) {
		if (l->models[k].id != NULL &&
		    strcmp(l->models[k].name, l->models[i].name) == 0)
			return true;
	}
	return false;
}

/* Each alias once, and each leads somewhere. */
static bool
check_aliases(struct reading *r)
{
	struct model_list l;
	const char *name;
	size_t i;

	model_list_read(&l, buf_str(r->words));
	for (i = 0; i < r->n; i++) {
		name = l.models[i].name;
		if (l.models[i].id == NULL)
			continue;
		if (given_before(&l, i))
			return settings_must(r->must, "not give \"%.*s\" twice",
			    WORD_SHOWN, name);
		if (model_alias(&l, model_resolve(&l, name)) != NULL)
			return settings_must(r->must,
			    "lead from \"%.*s\" to a model in at most %d "
			    "steps",
			    WORD_SHOWN, name, LIMIT_MODEL_STEPS);
	}
	return true;
}

bool
settings_models_text(
    struct buf *words, const char *text, char must[SETTINGS_MUST_BYTES])
{
	struct reading r = {words, 0, must};
	char first = text[strspn(text, BETWEEN)];
	bool ok = first == '{' || first == '[' ? add_json_text(&r, text)
	                                       : add_words(&r, text);

	return ok && check_aliases(&r);
}

bool
settings_models_json(
    struct buf *words, const cJSON *value, char must[SETTINGS_MUST_BYTES])
{
	struct reading r = {words, 0, must};

	return add_json(&r, value) && check_aliases(&r);
}
