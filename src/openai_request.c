/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "openai_request.h"

#include <cjson/cJSON.h>

#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "openai_messages.h"
#include "openai_params.h"

#include "banned.h"

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

struct chat_request *
openai_request_parse(const char *body, size_t len, struct api_error *err)
{
	cJSON *root = parse_object(body, len, err);
	const cJSON *messages;
	struct chat_request *r;

	if (root == NULL)
		return NULL;
	r = calloc(1, sizeof *r);
	if (r == NULL) {
		api_error_set(err, 500, "server_error", NULL, "Out of memory.");
	} else if (openai_params_read(root, r, &messages, err) == -1 ||
		   openai_messages_read(messages, r, err) == -1) {
		chat_request_free(r);
		r = NULL;
	}
	cJSON_Delete(root);
	return r;
}

static void
message_clear(struct chat_message *m)
{
	size_t i;

	for (i = 0; i < m->nparts; i++) {
		free(m->parts[i].text);
		free(m->parts[i].media);
		free(m->parts[i].name);
	}
	free(m->parts);
}

void
chat_request_drop(struct chat_request *r, size_t i)
{
	struct chat_message *m = &r->messages[i];

	message_clear(m);
	r->nmessages--;
	memmove(m, m + 1, (r->nmessages - i) * sizeof *m);
}

void
chat_request_free(struct chat_request *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->nmessages; i++)
		message_clear(&r->messages[i]);
	free(r->messages);
	free(r->model);
	free(r->system);
	free(r);
}
