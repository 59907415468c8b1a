/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "openai_request.h"

#include <cjson/cJSON.h>

#include <stdlib.h>

#include "cleanup.h"
#include "json_text.h"
#include "json_twice.h"
#include "limits.h"
#include "openai_messages.h"
#include "openai_params.h"

#include "banned.h"

/* The names of its objects are each given once, at any depth. */
static bool
names_once(const cJSON *root, struct api_error *err)
{
	CLEANUP_BUF struct buf where =
	    BUF_INIT(LIMIT_JSON_DEPTH * (LIMIT_JSON_KEY_BYTES + 16));

	switch (json_twice(root, &where)) {
	case JSON_TWICE_NONE:
		return true;
	case JSON_TWICE_FOUND:
		api_error_param(err, buf_str(&where), "invalid_value",
		    "%s is given twice.", buf_str(&where));
		return false;
	case JSON_TWICE_NO_MEMORY:
		break;
	}
	api_error_set(err, 500, "server_error", NULL, "Out of memory.");
	return false;
}

static cJSON *
parse_object(const char *body, size_t len, struct api_error *err)
{
	struct json_text_error e;
	cJSON *root;

	if (!json_text_check(body, len, &e)) {
		api_error_set(err, 400, "invalid_request_error", "invalid_json",
		    "The request body is not valid JSON: %s at byte %zu "
		    "(line %zu).",
		    e.what, e.offset, e.line);
		return NULL;
	}
	root = cJSON_ParseWithLengthOpts(body, len, NULL, 0);
	if (root == NULL) {
		api_error_set(err, 500, "server_error", NULL, "Out of memory.");
		return NULL;
	}
	if (!cJSON_IsObject(root)) {
		api_error_set(err, 400, "invalid_request_error", "invalid_type",
		    "The request body must be a JSON object.");
		cJSON_Delete(root);
		return NULL;
	}
	return root;
}

static int
read_all(const cJSON *body, struct json_span raw, struct chat_request *r,
    struct api_error *err)
{
	const cJSON *messages;

	r->n = 1;
	if (openai_params_read(body, raw, r, &messages, err) == -1)
		return -1;
	return openai_messages_read(messages, r, err);
}

struct chat_request *
openai_request_parse(const char *body, size_t len, struct api_error *err)
{
	cJSON *root = parse_object(body, len, err);
	struct chat_request *r;

	if (root == NULL)
		return NULL;
	r = calloc(1, sizeof *r);
	if (r == NULL) {
		api_error_set(err, 500, "server_error", NULL, "Out of memory.");
	} else if (!names_once(root, err) ||
		   read_all(root, (struct json_span){body, len}, r, err) ==
		       -1) {
		chat_request_free(r);
		r = NULL;
	}
	cJSON_Delete(root);
	return r;
}
