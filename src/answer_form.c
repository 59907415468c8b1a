/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "answer_form.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "json_span.h"
#include "json_text.h"
#include "json_unwrap.h"

#include "banned.h"

/* What "$ref" of a schema points into stays at the root. */
static const char *const shared[] = {"$defs", "definitions", "$schema"};

/* Only what is plainly an object: a reference or a choice may be anything. */
static bool
is_object(const cJSON *schema)
{
	const char *type = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(schema, "type"));

	return type != NULL && strcmp(type, "object") == 0;
}

bool
answer_form_wrapped(const struct chat_request *r)
{
	cJSON *schema;
	bool wrapped;

	if (r->format != CHAT_FORMAT_SCHEMA)
		return false;
	schema = cJSON_Parse(r->schema);
	wrapped = !is_object(schema);
	cJSON_Delete(schema);
	return wrapped;
}

static void
add_shared(struct buf *to, const cJSON *schema, struct json_span text)
{
	const cJSON *item;
	size_t i;

	for (i = 0; i < sizeof(shared) / sizeof(*shared); i++) {
		item = cJSON_GetObjectItemCaseSensitive(schema, shared[i]);
		if (item == NULL)
			continue;
		buf_addf(to, ",\"%s\":", shared[i]);
		(void)json_span_add(to, json_span_of(text, schema, item));
	}
}

void
answer_form_schema(struct buf *to, const struct chat_request *r)
{
	struct json_span text = {r->schema, 0};
	cJSON *schema;

	if (r->format == CHAT_FORMAT_JSON)
		buf_addstr(to, "{\"type\":\"object\"}");
	if (r->format != CHAT_FORMAT_SCHEMA)
		return;
	text.len = strlen(r->schema);
	schema = cJSON_Parse(r->schema);
	if (is_object(schema)) {
		buf_addstr(to, r->schema);
	} else {
		buf_addstr(to,
		    "{\"type\":\"object\",\"properties\":{\"" JSON_WRAP_KEY
		    "\":");
		buf_addstr(to, r->schema);
		buf_addstr(to, "},\"required\":[\"" JSON_WRAP_KEY
			       "\"],\"additionalProperties\":false");
		add_shared(to, schema, text);
		buf_addch(to, '}');
	}
	cJSON_Delete(schema);
}
