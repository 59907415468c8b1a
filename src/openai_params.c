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
#include "openai_format.h"
#include "openai_tools.h"

#include "banned.h"

struct reading {
	struct chat_request *r;
	struct api_error *err;
	const cJSON *body;
	struct json_span raw; /* of the body */
	const cJSON *messages, *tool_choice, *function_call;
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
only_empty_object(struct reading *rd, const char *name, const cJSON *v)
{
	if (any_object(rd, name, v) == -1)
		return -1;
	return v->child == NULL ? 0 : unsupported(rd, name);
}

/* --- tools and format ----------------------------------------------------- */

static struct json_span
raw_text(const struct reading *rd, const cJSON *v)
{
	return json_span_of(rd->raw, rd->body, v);
}

static int
tools(struct reading *rd, const char *name, const cJSON *v)
{
	if (any_array(rd, name, v) == -1)
		return -1;
	if (v->child == NULL)
		return 0;
	if (rd->r->ntools > 0) {
		api_error_param(rd->err, name, "invalid_value",
		    "%s must not be given with tools or functions.", name);
		return -1;
	}
	rd->r->functions = strcmp(name, "functions") == 0;
	return openai_tools_read(v, raw_text(rd, v), name, rd->r, rd->err);
}

/* They are looked at when the tools are known. */
static int
tool_choice(struct reading *rd, const char *name, const cJSON *v)
{
	(void)name;
	rd->tool_choice = v;
	return 0;
}

static int
function_call(struct reading *rd, const char *name, const cJSON *v)
{
	(void)name;
	rd->function_call = v;
	return 0;
}

static int
parallel_tool_calls(struct reading *rd, const char *name, const cJSON *v)
{
	rd->r->serial = cJSON_IsFalse(v);
	return any_bool(rd, name, v);
}

static int
response_format(struct reading *rd, const char *name, const cJSON *v)
{
	(void)name;
	return openai_format_read(v, raw_text(rd, v), rd->r, rd->err);
}

/* --- sampling ------------------------------------------------------------- */

static int
no_memory(struct reading *rd)
{
	api_error_set(rd->err, 500, "server_error", NULL, "Out of memory.");
	return -1;
}

/* Keeps a number as it was written.  1 is what Claude does anyway, and many
 * clients send it; to ask for it would cost the thinking. */
static int
keep_number(struct reading *rd, const cJSON *v, char **ret)
{
	struct json_span raw = raw_text(rd, v);

	if (v->valuedouble == 1)
		return 0;
	*ret = strndup(raw.text, raw.len);
	return *ret == NULL ? no_memory(rd) : 0;
}

static int
temperature(struct reading *rd, const char *name, const cJSON *v)
{
	if (number_within(rd, name, v, 0, 2) == -1)
		return -1;
	if (v->valuedouble <= 1)
		return keep_number(rd, v, &rd->r->temperature);
	api_error_param(rd->err, name, "unsupported_value",
	    "%s above 1 is not supported: Claude's goes from 0 to 1.", name);
	return -1;
}

static int
top_p(struct reading *rd, const char *name, const cJSON *v)
{
	if (number_within(rd, name, v, 0, 1) == -1)
		return -1;
	return keep_number(rd, v, &rd->r->top_p);
}

static int
add_stop(struct reading *rd, const char *name, const cJSON *v)
{
	struct chat_request *r = rd->r;

	if (!cJSON_IsString(v))
		return wrong_type(rd, name, "a string or an array of strings");
	if (v->valuestring[0] == '\0')
		return wrong_value(rd, name, "texts that are not empty");
	if (strlen(v->valuestring) > LIMIT_STOP_BYTES ||
	    r->nstop == LIMIT_STOPS) {
		api_error_param(rd->err, name, "invalid_value",
		    "%s must be at most %d texts of %d bytes.", name,
		    LIMIT_STOPS, LIMIT_STOP_BYTES);
		return -1;
	}
	r->stop[r->nstop] = strdup(v->valuestring);
	return r->stop[r->nstop++] == NULL ? no_memory(rd) : 0;
}

static int
stop(struct reading *rd, const char *name, const cJSON *v)
{
	const cJSON *item;

	rd->r->stop = calloc(LIMIT_STOPS, sizeof *rd->r->stop);
	if (rd->r->stop == NULL)
		return no_memory(rd);
	if (!cJSON_IsArray(v))
		return add_stop(rd, name, v);
	cJSON_ArrayForEach(item, v)
	{
		if (add_stop(rd, name, item) == -1)
			return -1;
	}
	return 0;
}

static int
reasoning_effort(struct reading *rd, const char *name, const cJSON *v)
{
	static const char *const efforts[][2] = {{"none", NULL},
	    {"minimal", "low"}, {"low", "low"}, {"medium", "medium"},
	    {"high", "high"}, {"xhigh", "xhigh"}, {"max", "max"}};
	size_t i;

	if (any_string(rd, name, v) == -1)
		return -1;
	for (i = 0; i < sizeof efforts / sizeof efforts[0]; i++) {
		if (strcmp(efforts[i][0], v->valuestring) != 0)
			continue;
		rd->r->effort = efforts[i][1];
		rd->r->no_thinking = efforts[i][1] == NULL;
		return 0;
	}
	return wrong_value(
	    rd, name, "none, minimal, low, medium, high, xhigh or max");
}

static int
whole_number(
    struct reading *rd, const char *name, const cJSON *v, long max, long *ret)
{
	double d = v->valuedouble;

	if (any_number(rd, name, v) == -1)
		return -1;
	if (!(d >= 1 && d <= (double)max)) {
		api_error_param(rd->err, name, "invalid_value",
		    "%s must be from 1 to %ld.", name, max);
		return -1;
	}
	*ret = (long)d;
	if ((double)*ret != d)
		return wrong_type(rd, name, "a whole number");
	return 0;
}

static int
answers(struct reading *rd, const char *name, const cJSON *v)
{
	return whole_number(rd, name, v, LIMIT_ANSWERS, &rd->r->n);
}

/* --- the rest ------------------------------------------------------------- */

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
	return rd->r->model == NULL ? no_memory(rd) : 0;
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
max_tokens(struct reading *rd, const char *name, const cJSON *v)
{
	return whole_number(rd, name, v, LIMIT_MAX_TOKENS, &rd->max_tokens);
}

static int
max_completion_tokens(struct reading *rd, const char *name, const cJSON *v)
{
	return whole_number(
	    rd, name, v, LIMIT_MAX_TOKENS, &rd->max_completion_tokens);
}

static const struct param params[] = {
    /* kept */
    {"model", model},
    {"messages", messages},
    {"stream", stream},
    {"stream_options", stream_options},
    {"max_tokens", max_tokens},
    {"max_completion_tokens", max_completion_tokens},
    {"temperature", temperature},
    {"top_p", top_p},
    {"stop", stop},
    {"reasoning_effort", reasoning_effort},
    {"n", answers},
    {"tools", tools},
    {"functions", tools},
    {"tool_choice", tool_choice},
    {"function_call", function_call},
    {"parallel_tool_calls", parallel_tool_calls},
    {"response_format", response_format},
    /* hints without an effect here; documented as ignored */
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
    {"prediction", any_object},
    /* would change the answer */
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
openai_params_read(const cJSON *body, struct json_span raw,
    struct chat_request *r, const cJSON **ret_messages, struct api_error *err)
{
	struct reading rd = {.r = r, .err = err, .body = body, .raw = raw};
	const cJSON *item;
	size_t i;

	cJSON_ArrayForEach(item, body)
	{
		i = find(item->string);
		if (i == NPARAMS)
			continue;
		if (!cJSON_IsNull(item) &&
		    params[i].read(&rd, params[i].name, item) == -1)
			return -1;
	}
	if (openai_choice_read(rd.tool_choice, rd.function_call, r, err) == -1)
		return -1;
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
