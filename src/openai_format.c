/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "openai_format.h"

#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "openai_member.h"

#include "banned.h"

static const char name[] = "response_format";

/* The schema as it was written; the description, which is for the model, goes
 * into it if it has none. */
static char *
schema_text(const cJSON *schema, struct json_span raw, const char *description)
{
	struct buf text = BUF_INIT(LIMIT_BODY_BYTES);

	if (schema == NULL)
		raw = (struct json_span){.text = "{}", .len = 2};
	if (description == NULL || description[0] == '\0' ||
	    cJSON_GetObjectItemCaseSensitive(schema, "description") != NULL) {
		json_span_add(&text, raw);
		return buf_steal(&text);
	}
	buf_addstr(&text, "{\"description\":");
	json_text_quote_str(&text, description);
	if (schema != NULL && schema->child != NULL)
		buf_addch(&text, ',');
	raw.text++;
	raw.len--;
	json_span_add(&text, raw);
	return buf_steal(&text);
}

/* name and strict mean nothing to Claude Code; its answers fit the schema in
 * any case. */
static int
read_schema(const cJSON *format, struct json_span raw, struct chat_request *r,
    struct member_fault *f)
{
	const cJSON *outer, *schema;
	const char *unused, *description;

	if (openai_optional_object(format, ".json_schema", &outer, f) == -1)
		return -1;
	if (outer == NULL)
		return member_refuse(f, ".json_schema",
		    "missing_required_parameter", "is missing");
	if (openai_optional_string(outer, ".json_schema.name", &unused, f) ==
		-1 ||
	    openai_optional_string(
		outer, ".json_schema.description", &description, f) == -1 ||
	    openai_check_bool(outer, ".json_schema.strict", f) == -1 ||
	    openai_optional_object(outer, ".json_schema.schema", &schema, f) ==
		-1)
		return -1;
	raw = json_span_of(raw, format, outer);
	if (schema != NULL)
		raw = json_span_of(raw, outer, schema);
	r->schema = schema_text(schema, raw, description);
	return r->schema == NULL ? member_no_memory(f) : 0;
}

static int
read_format(const cJSON *format, struct json_span raw, struct chat_request *r,
    struct member_fault *f)
{
	const char *type;

	if (openai_string(format, ".type", &type, f) == -1)
		return -1;
	if (strcmp(type, "text") == 0)
		return 0;
	if (strcmp(type, "json_object") == 0) {
		r->format = CHAT_FORMAT_JSON;
		return 0;
	}
	if (strcmp(type, "json_schema") != 0)
		return member_refuse(f, ".type", "unsupported_value",
		    "is not supported: text, json_object and json_schema are");
	r->format = CHAT_FORMAT_SCHEMA;
	return read_schema(format, raw, r, f);
}

int
openai_format_read(const cJSON *format, struct json_span raw,
    struct chat_request *r, struct api_error *err)
{
	struct member_fault f;

	if (!cJSON_IsObject(format))
		(void)member_refuse(
		    &f, "", "invalid_type", "must be an object");
	else if (read_format(format, raw, r, &f) == 0)
		return 0;
	return member_error(err, name, &f);
}
