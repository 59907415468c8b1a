/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "openai_tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "limits.h"
#include "openai_member.h"
#include "openai_schema.h"
#include "tool_names.h"

#include "banned.h"

static const char no_parameters[] = "{\"type\":\"object\",\"properties\":{}}";

/* Where the members of a function are: in a tool, or in the function. */
struct paths {
	const char *name, *description, *strict, *parameters;
	struct schema_paths schema;
};

static const struct paths in_tool = {".function.name", ".function.description",
    ".function.strict", ".function.parameters",
    {".function.parameters.type", ".function.parameters.properties",
	".function.parameters.required"}};
static const struct paths in_function = {".name", ".description", ".strict",
    ".parameters",
    {".parameters.type", ".parameters.properties", ".parameters.required"}};

struct reading {
	struct chat_request *r;
	const struct paths *at;
	struct member_fault fault;
	size_t bytes; /* of all tools */
};

static int
refuse(struct reading *rd, const char *member, const char *code,
    const char *problem)
{
	return member_refuse(&rd->fault, member, code, problem);
}

static int
keep(struct reading *rd, char **ret, char *text)
{
	*ret = text;
	if (text == NULL)
		return member_no_memory(&rd->fault);
	rd->bytes += strlen(text);
	if (rd->bytes > LIMIT_TOOLS_BYTES)
		return refuse(rd, "", "content_too_large",
		    "is more than the 4 MiB that tools may have");
	return 0;
}

/* --- tools ---------------------------------------------------------------- */

/* What the schema cannot say, the description does. */
static int
describe(struct reading *rd, const struct buf *rest, struct chat_tool *tool)
{
	struct buf text = BUF_INIT(LIMIT_BODY_BYTES);

	if (tool->description != NULL) {
		buf_addstr(&text, tool->description);
		buf_addstr(&text, "\n\n");
	}
	buf_addstr(&text, "The arguments must also fit this JSON schema: ");
	buf_addstr(&text, buf_str(rest));
	free(tool->description);
	return keep(rd, &tool->description, buf_steal(&text));
}

static int
read_schema(struct reading *rd, const cJSON *schema, struct json_span raw,
    struct chat_tool *tool)
{
	/* false may become longer, but each has a name beside it. */
	CLEANUP_BUF struct buf text =
	    BUF_INIT(3 * raw.len + sizeof no_parameters);
	CLEANUP_BUF struct buf rest = BUF_INIT(raw.len + 2);

	if (openai_schema_check(schema, &rd->at->schema, &rd->fault) == -1)
		return -1;
	if (schema->child == NULL)
		return keep(rd, &tool->schema, strdup(no_parameters));
	openai_schema_write(&text, &rest, schema, raw);
	if (!buf_ok(&rest))
		return member_no_memory(&rd->fault);
	if (rest.len > 0 && describe(rd, &rest, tool) == -1)
		return -1;
	return keep(rd, &tool->schema, buf_steal(&text));
}

static int
read_parameters(struct reading *rd, const cJSON *function, struct json_span raw,
    struct chat_tool *tool)
{
	const cJSON *schema;

	if (openai_optional_object(
		function, rd->at->parameters, &schema, &rd->fault) == -1)
		return -1;
	if (schema == NULL)
		return keep(rd, &tool->schema, strdup(no_parameters));
	return read_schema(
	    rd, schema, json_span_of(raw, function, schema), tool);
}

static int
read_name(struct reading *rd, const cJSON *function, struct chat_tool *tool)
{
	const char *name;
	size_t i;

	if (openai_string(function, rd->at->name, &name, &rd->fault) == -1)
		return -1;
	if (!tool_name_valid(name))
		return refuse(rd, rd->at->name, "invalid_value",
		    "must be 1 to 64 letters, digits and ._-");
	for (i = 0; i < rd->r->ntools; i++) {
		if (strcmp(rd->r->tools[i].name, name) == 0)
			return refuse(rd, rd->at->name, "invalid_value",
			    "is the name of two functions");
	}
	return keep(rd, &tool->name, strdup(name));
}

/* strict asks for arguments that fit the schema; the model is good at that,
 * and nothing else is done about it. */
static int
read_function(struct reading *rd, const cJSON *function, struct json_span raw,
    struct chat_tool *tool)
{
	const char *text;

	if (read_name(rd, function, tool) == -1 ||
	    openai_optional_string(
		function, rd->at->description, &text, &rd->fault) == -1 ||
	    openai_check_bool(function, rd->at->strict, &rd->fault) == -1)
		return -1;
	if (text != NULL && text[0] != '\0' &&
	    keep(rd, &tool->description, strdup(text)) == -1)
		return -1;
	return read_parameters(rd, function, raw, tool);
}

static int
read_tool(struct reading *rd, const cJSON *item, struct json_span raw,
    struct chat_tool *tool)
{
	const cJSON *function;
	const char *type;

	if (openai_string(item, ".type", &type, &rd->fault) == -1)
		return -1;
	if (strcmp(type, "function") != 0)
		return refuse(rd, ".type", "unsupported_value",
		    strcmp(type, "custom") == 0
			? "is custom, which is not supported: only function is"
			: "is not supported: only function is");
	if (openai_optional_object(item, ".function", &function, &rd->fault) ==
	    -1)
		return -1;
	if (function == NULL)
		return refuse(rd, ".function", "missing_required_parameter",
		    "is missing");
	return read_function(
	    rd, function, json_span_of(raw, item, function), tool);
}

/* A tool, which is the request's from here on. */
static int
read_item(struct reading *rd, const cJSON *item, struct json_span raw)
{
	struct chat_tool tool = {.name = NULL};
	int result;

	if (!cJSON_IsObject(item))
		return refuse(rd, "", "invalid_type", "must be an object");
	result = rd->at == &in_tool ? read_tool(rd, item, raw, &tool)
	                            : read_function(rd, item, raw, &tool);
	rd->r->tools[rd->r->ntools++] = tool;
	return result;
}

int
openai_tools_read(const cJSON *list, struct json_span raw, const char *name,
    struct chat_request *r, struct api_error *err)
{
	bool tools = strcmp(name, "tools") == 0;
	struct reading rd = {.r = r, .at = tools ? &in_tool : &in_function};
	int n = cJSON_GetArraySize(list);
	const cJSON *item;
	struct json_walk walk;
	struct json_span one = raw;
	char where[32];
	size_t i;

	if (n > LIMIT_TOOLS) {
		api_error_param(err, name, "invalid_value",
		    "%s must have at most %d items.", name, LIMIT_TOOLS);
		return -1;
	}
	r->tools = calloc((size_t)n + 1, sizeof *r->tools);
	if (r->tools == NULL) {
		(void)member_no_memory(&rd.fault);
		return member_error(err, name, &rd.fault);
	}
	json_walk_begin(&walk, raw);
	for (i = 0, item = list->child; item != NULL; i++, item = item->next) {
		(void)json_walk_next(&walk, &one);
		if (read_item(&rd, item, one) == 0)
			continue;
		(void)snprintf(where, sizeof where, "%s[%zu]", name, i);
		return member_error(err, where, &rd.fault);
	}
	return 0;
}

/* --- which of them -------------------------------------------------------- */

struct choosing {
	struct chat_request *r;
	struct api_error *err;
	const char *name; /* of the parameter */
};

static int
choose_word(struct choosing *c, const char *word)
{
	bool required = strcmp(word, "required") == 0;

	if (strcmp(word, "auto") == 0)
		return 0;
	if (strcmp(word, "none") == 0) {
		c->r->choice = CHAT_CHOICE_NONE;
		return 0;
	}
	if (!required || strcmp(c->name, "tool_choice") != 0) {
		api_error_param(c->err, c->name, "invalid_value",
		    "%s must be none, auto%s or the name of one in an object.",
		    c->name, c->r->functions ? "" : ", required");
		return -1;
	}
	c->r->choice = CHAT_CHOICE_REQUIRED;
	return 0;
}

static int
choose_named(struct choosing *c, const char *name, const char *path)
{
	struct chat_request *r = c->r;

	for (r->choice_tool = 0; r->choice_tool < r->ntools; r->choice_tool++) {
		if (strcmp(r->tools[r->choice_tool].name, name) == 0) {
			r->choice = CHAT_CHOICE_NAMED;
			return 0;
		}
	}
	r->choice_tool = 0;
	api_error_param(c->err, path, "invalid_value",
	    "%s is not the name of one of the request's %s.", path,
	    r->functions ? "functions" : "tools");
	return -1;
}

static int
choose_function(struct choosing *c, const cJSON *object)
{
	struct member_fault fault;
	const char *name;

	if (openai_string(object, ".name", &name, &fault) == -1)
		return member_error(c->err, c->name, &fault);
	return choose_named(c, name, "function_call.name");
}

static int
choose_tool(struct choosing *c, const cJSON *object)
{
	struct member_fault fault;
	const cJSON *function;
	const char *name, *type;

	if (openai_string(object, ".type", &type, &fault) == -1)
		return member_error(c->err, c->name, &fault);
	if (strcmp(type, "function") != 0) {
		(void)member_refuse(&fault, ".type", "unsupported_value",
		    strcmp(type, "allowed_tools") == 0
			? "is allowed_tools, which is not supported: leave the "
			  "others out of tools"
			: "is not supported: only function is");
		return member_error(c->err, c->name, &fault);
	}
	if (openai_optional_object(object, ".function", &function, &fault) ==
	    -1)
		return member_error(c->err, c->name, &fault);
	if (openai_string(function, ".function.name", &name, &fault) == -1)
		return member_error(c->err, c->name, &fault);
	return choose_named(c, name, "tool_choice.function.name");
}

static int
choose(struct choosing *c, const cJSON *value)
{
	int result;

	if (cJSON_IsString(value)) {
		result = choose_word(c, value->valuestring);
	} else if (!cJSON_IsObject(value)) {
		api_error_param(c->err, c->name, "invalid_type",
		    "%s must be a string or an object.", c->name);
		return -1;
	} else {
		result = strcmp(c->name, "tool_choice") == 0
		             ? choose_tool(c, value)
		             : choose_function(c, value);
	}
	if (result == -1 || c->r->choice != CHAT_CHOICE_REQUIRED ||
	    c->r->ntools > 0)
		return result;
	api_error_param(c->err, c->name, "invalid_value",
	    "%s asks for a call, but there are no tools.", c->name);
	return -1;
}

/* One that goes with the other kind of list would count for nothing. */
static int
refuse_stray(struct choosing *c, const char *list)
{
	api_error_param(c->err, c->name, "invalid_value",
	    "%s must not be given with %s.", c->name, list);
	return -1;
}

int
openai_choice_read(const cJSON *tool_choice, const cJSON *function_call,
    struct chat_request *r, struct api_error *err)
{
	struct choosing c = {.r = r, .err = err, .name = "tool_choice"};

	if (tool_choice != NULL && r->functions)
		return refuse_stray(&c, "functions");
	if (tool_choice != NULL && choose(&c, tool_choice) == -1)
		return -1;
	c.name = "function_call";
	if (function_call != NULL && r->ntools > 0 && !r->functions)
		return refuse_stray(&c, "tools");
	return function_call == NULL ? 0 : choose(&c, function_call);
}
