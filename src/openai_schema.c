/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "openai_schema.h"

#include <string.h>

#include "banned.h"

static int
check_properties(
    const cJSON *schema, const struct schema_paths *at, struct member_fault *f)
{
	const cJSON *properties, *property;

	if (openai_optional_object(schema, at->properties, &properties, f) ==
	    -1)
		return -1;
	cJSON_ArrayForEach(property, properties)
	{
		if (!cJSON_IsObject(property) && !cJSON_IsBool(property))
			return member_refuse(f, at->properties, "invalid_type",
			    "must hold schemas: objects, true or false");
	}
	return 0;
}

static int
check_required(
    const cJSON *schema, const struct schema_paths *at, struct member_fault *f)
{
	const cJSON *required = openai_member(schema, at->required), *name;
	bool ok = required == NULL || cJSON_IsArray(required);

	cJSON_ArrayForEach(name, required)
	{
		ok = ok && cJSON_IsString(name);
	}
	return ok ? 0
	          : member_refuse(f, at->required, "invalid_type",
			"must be an array of strings");
}

int
openai_schema_check(
    const cJSON *schema, const struct schema_paths *at, struct member_fault *f)
{
	const cJSON *type = openai_member(schema, at->type);

	if (check_properties(schema, at, f) == -1 ||
	    check_required(schema, at, f) == -1)
		return -1;
	if (type == NULL ||
	    (cJSON_IsString(type) && strcmp(type->valuestring, "object") == 0))
		return 0;
	return member_refuse(f, at->type, "invalid_value",
	    "must be \"object\": the arguments of a function have names");
}

/* Appends a member, which w has just come to. */
static void
write_member(struct buf *to, const struct json_walk *w, struct json_span value)
{
	if (buf_str(to)[to->len - 1] != '{')
		buf_addch(to, ',');
	buf_add(to, w->key.text, w->key.len);
	buf_addch(to, ':');
	json_span_add(to, value);
}

static struct json_span
as_object(const cJSON *schema, struct json_span raw)
{
	if (cJSON_IsTrue(schema))
		return (struct json_span){"{}", 2};
	if (cJSON_IsFalse(schema))
		return (struct json_span){"{\"not\":{}}", 10};
	return raw;
}

static void
write_properties(struct buf *to, const cJSON *properties, struct json_span raw)
{
	const cJSON *property;
	struct json_walk w;
	struct json_span one;

	if (buf_str(to)[to->len - 1] != '{')
		buf_addch(to, ',');
	buf_addstr(to, "\"properties\":{");
	json_walk_begin(&w, raw);
	cJSON_ArrayForEach(property, properties)
	{
		if (json_walk_next(&w, &one))
			write_member(to, &w, as_object(property, one));
	}
	buf_addch(to, '}');
}

/* The API knows them below the root only. */
static bool
is_alternative(const char *name)
{
	return strcmp(name, "anyOf") == 0 || strcmp(name, "oneOf") == 0 ||
	       strcmp(name, "allOf") == 0;
}

/* Is the member a null that Claude Code takes for a mistake? */
static bool
is_bad_null(const cJSON *item)
{
	return cJSON_IsNull(item) &&
	       (strcmp(item->string, "type") == 0 ||
		   strcmp(item->string, "properties") == 0 ||
		   strcmp(item->string, "required") == 0);
}

static void
begin(struct buf *to)
{
	if (to->len == 0)
		buf_addch(to, '{');
}

void
openai_schema_write(
    struct buf *to, struct buf *rest, const cJSON *schema, struct json_span raw)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(schema, "type");
	const cJSON *item;
	struct json_walk w;
	struct json_span one;

	begin(to);
	if (type == NULL || cJSON_IsNull(type))
		buf_addstr(to, "\"type\":\"object\"");
	json_walk_begin(&w, raw);
	for (item = schema->child; item != NULL && json_walk_next(&w, &one);
	     item = item->next) {
		if (is_bad_null(item))
			continue;
		if (strcmp(item->string, "properties") == 0) {
			write_properties(to, item, one);
		} else if (is_alternative(item->string)) {
			begin(rest);
			write_member(rest, &w, one);
		} else {
			write_member(to, &w, one);
		}
	}
	buf_addch(to, '}');
	if (rest->len > 0)
		buf_addch(rest, '}');
}
