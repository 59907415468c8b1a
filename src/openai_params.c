/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One row per parameter: what is kept, what is only checked because it is
 * harmless, and what is refused because leaving it out would change the
 * answer without a word.
 */
#include "openai_params.h"

#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "model_names.h"

#include "banned.h"

struct reading {
	struct chat_request *r;
	struct api_error *err;
	const cJSON *messages;
	long max_tokens, max_completion_tokens; /* 0: none */
};

struct param {
	const char *name;
	/* Never called for null, which is the same as absent. */
	int (*read)(struct reading *, const char *name, const cJSON *);
};

static int
wrong_type(struct reading *rd, const char *name, const char *type)
{
	api_error_param(
	    rd->err, name, "invalid_type", "%s must be %s.", name, type);
	return -1;
}

static int
wrong_value(struct reading *rd, const char *name, const char *must)
{
	api_error_param(
	    rd->err, name, "invalid_value", "%s must be %s.", name, must);
	return -1;
}

static int
unsupported(struct reading *rd, const char *name)
{
	api_error_param(rd->err, name, "unsupported_parameter",
	    "%s is not supported; leave it out.", name);
	return -1;
}

static int
any_string(struct reading *rd, const char *name, const cJSON *v)
{
	return cJSON_IsString(v) ? 0 : wrong_type(rd, name, "a string");
}

static int
any_bool(struct reading *rd, const char *name, const cJSON *v)
{
	return cJSON_IsBool(v) ? 0 : wrong_type(rd, name, "true or false");
}

static int
any_number(struct reading *rd, const char *name, const cJSON *v)
{
	return cJSON_IsNumber(v) ? 0 : wrong_type(rd, name, "a number");
}

static int
any_object(struct reading *rd, const char *name, const cJSON *v)
{
	return cJSON_IsObject(v) ? 0 : wrong_type(rd, name, "an object");
}

static int
any_array(struct reading *rd, const char *name, const cJSON *v)
{
	return cJSON_IsArray(v) ? 0 : wrong_type(rd, name, "an array");
}

static int
number_within(
    struct reading *rd, const char *name, const cJSON *v, int min, int max)
{
	if (any_number(rd, name, v) == -1)
		return -1;
	if (v->valuedouble >= min && v->valuedouble <= max)
		return 0;
	api_error_param(rd->err, name, "invalid_value",
	    "%s must be from %d to %d.", name, min, max);
	return -1;
}

static int
within_0_1(struct reading *rd, const char *name, const cJSON *v)
{
	return number_within(rd, name, v, 0, 1);
}

static int
within_0_2(struct reading *rd, const char *name, const cJSON *v)
{
	return number_within(rd, name, v, 0, 2);
}

static int
within_2_2(struct reading *rd, const char *name, const cJSON *v)
{
	return number_within(rd, name, v, -2, 2);
}

static int
always_unsupported(struct reading *rd, const char *name, const cJSON *v)
{
	(void)v;
	return unsupported(rd, name);
}

static int
only_false(struct reading *rd, const char *name, const cJSON *v)
{
	if (any_bool(rd, name, v) == -1)
		return -1;
	return cJSON_IsFalse(v) ? 0 : unsupported(rd, name);
}

static int
only_zero(struct reading *rd, const char *name, const cJSON *v)
{
	if (any_number(rd, name, v) == -1)
		return -1;
	return v->valuedouble == 0 ? 0 : unsupported(rd, name);
}

static int
only_one(struct reading *rd, const char *name, const cJSON *v)
{
	if (any_number(rd, name, v) == -1)
		return -1;
	if (v->valuedouble == 1)
		return 0;
	api_error_param(rd->err, name, "unsupported_value",
	    "%s must be 1: there is one answer to a request.", name);
	return -1;
}

static int
only_empty_array(struct reading *rd, const char *name, const cJSON *v)
{
	if (any_array(rd, name, v) == -1)
		return -1;
	return v->child == NULL ? 0 : unsupported(rd, name);
}

static int
only_empty_object(struct reading *rd, const char *name, const cJSON *v)
{
	if (any_object(rd, name, v) == -1)
		return -1;
	return v->child == NULL ? 0 : unsupported(rd, name);
}

static int
stop(struct reading *rd, const char *name, const cJSON *v)
{
	if (cJSON_IsString(v))
		return unsupported(rd, name);
	if (!cJSON_IsArray(v))
		return wrong_type(rd, name, "a string or an array of strings");
	return only_empty_array(rd, name, v);
}

/* Without tools "none" and "auto" ask for nothing. */
static int
tool_choice(struct reading *rd, const char *name, const cJSON *v)
{
	if (cJSON_IsObject(v))
		return unsupported(rd, name);
	if (!cJSON_IsString(v))
		return wrong_type(rd, name, "a string or an object");
	if (strcmp(v->valuestring, "none") == 0 ||
	    strcmp(v->valuestring, "auto") == 0)
		return 0;
	return unsupported(rd, name);
}

static int
response_format(struct reading *rd, const char *name, const cJSON *v)
{
	const cJSON *type;

	if (any_object(rd, name, v) == -1)
		return -1;
	type = cJSON_GetObjectItemCaseSensitive(v, "type");
	if (!cJSON_IsString(type))
		return wrong_type(rd, "response_format.type", "a string");
	return strcmp(type->valuestring, "text") == 0 ? 0
	                                              : unsupported(rd, name);
}

static int
modalities(struct reading *rd, const char *name, const cJSON *v)
{
	const cJSON *item;

	if (any_array(rd, name, v) == -1)
		return -1;
	cJSON_ArrayForEach(item, v)
	{
		if (!cJSON_IsString(item))
			return wrong_type(rd, name, "an array of strings");
		if (strcmp(item->valuestring, "text") != 0)
			return unsupported(rd, name);
	}
	return 0;
}

static int
model(struct reading *rd, const char *name, const cJSON *v)
{
	if (any_string(rd, name, v) == -1)
		return -1;
	if (!model_name_valid(v->valuestring))
		return wrong_value(rd, name,
		    "the name of a model: letters, digits and ._:@/[]-");
	rd->r->model = strdup(v->valuestring);
	if (rd->r->model != NULL)
		return 0;
	api_error_set(rd->err, 500, "server_error", NULL, "Out of memory.");
	return -1;
}

static int
messages(struct reading *rd, const char *name, const cJSON *v)
{
	if (any_array(rd, name, v) == -1)
		return -1;
	if (v->child == NULL)
		return wrong_value(rd, name, "an array with a message in it");
	rd->messages = v;
	return 0;
}

static int
stream(struct reading *rd, const char *name, const cJSON *v)
{
	rd->r->stream = cJSON_IsTrue(v);
	return any_bool(rd, name, v);
}

static int
stream_options(struct reading *rd, const char *name, const cJSON *v)
{
	const cJSON *usage;

	if (any_object(rd, name, v) == -1)
		return -1;
	usage = cJSON_GetObjectItemCaseSensitive(v, "include_usage");
	if (usage == NULL || cJSON_IsNull(usage))
		return 0;
	rd->r->include_usage = cJSON_IsTrue(usage);
	return any_bool(rd, "stream_options.include_usage", usage);
}

static int
token_limit(struct reading *rd, const char *name, const cJSON *v, long *ret)
{
	double d = v->valuedouble;

	if (any_number(rd, name, v) == -1)
		return -1;
	if (!(d >= 1 && d <= LIMIT_MAX_TOKENS)) {
		api_error_param(rd->err, name, "invalid_value",
		    "%s must be from 1 to %d.", name, LIMIT_MAX_TOKENS);
		return -1;
	}
	*ret = (long)d;
	if ((double)*ret != d)
		return wrong_type(rd, name, "a whole number");
	return 0;
}

static int
max_tokens(struct reading *rd, const char *name, const cJSON *v)
{
	return token_limit(rd, name, v, &rd->max_tokens);
}

static int
max_completion_tokens(struct reading *rd, const char *name, const cJSON *v)
{
	return token_limit(rd, name, v, &rd->max_completion_tokens);
}

static const struct param params[] = {
    /* kept */
    {"model", model},
    {"messages", messages},
    {"stream", stream},
    {"stream_options", stream_options},
    {"max_tokens", max_tokens},
    {"max_completion_tokens", max_completion_tokens},
    /* hints without an effect here; documented as ignored */
    {"temperature", within_0_2},
    {"top_p", within_0_1},
    {"presence_penalty", within_2_2},
    {"frequency_penalty", within_2_2},
    {"seed", any_number},
    {"store", any_bool},
    {"metadata", any_object},
    {"user", any_string},
    {"safety_identifier", any_string},
    {"prompt_cache_key", any_string},
    {"prompt_cache_retention", any_string},
    {"service_tier", any_string},
    {"verbosity", any_string},
    {"reasoning_effort", any_string},
    {"parallel_tool_calls", any_bool},
    {"prediction", any_object},
    /* would change the answer */
    {"n", only_one},
    {"stop", stop},
    {"tools", only_empty_array},
    {"functions", only_empty_array},
    {"tool_choice", tool_choice},
    {"function_call", tool_choice},
    {"response_format", response_format},
    {"logprobs", only_false},
    {"top_logprobs", only_zero},
    {"logit_bias", only_empty_object},
    {"modalities", modalities},
    {"audio", always_unsupported},
    {"web_search_options", always_unsupported},
};

#define NPARAMS (sizeof params / sizeof params[0])

static size_t
find(const char *name)
{
	size_t i;

	for (i = 0; i < NPARAMS; i++) {
		if (strcmp(params[i].name, name) == 0)
			break;
	}
	return i;
}

int
openai_params_read(const cJSON *body, struct chat_request *r,
    const cJSON **ret_messages, struct api_error *err)
{
	struct reading rd = {.r = r, .err = err};
	bool seen[NPARAMS] = {false};
	const cJSON *item;
	size_t i;

	cJSON_ArrayForEach(item, body)
	{
		i = find(item->string);
		if (i == NPARAMS)
			continue;
		/* Which one counts differs from parser to parser. */
		if (seen[i])
			return wrong_value(&rd, params[i].name, "given once");
		seen[i] = true;
		if (!cJSON_IsNull(item) &&
		    params[i].read(&rd, params[i].name, item) == -1)
			return -1;
	}
	if (rd.messages == NULL) {
		api_error_param(err, "messages", "missing_required_parameter",
		    "messages is missing.");
		return -1;
	}
	r->max_tokens = rd.max_completion_tokens > 0 ? rd.max_completion_tokens
	                                             : rd.max_tokens;
	*ret_messages = rd.messages;
	return 0;
}
