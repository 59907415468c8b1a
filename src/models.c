/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models.h"

#include <string.h>

#include "cleanup.h"
#include "limits.h"
#include "model_names.h"
#include "openai_response.h"

#include "banned.h"

#define LIST_BYTES 65536
#define ONE_BYTES  1024

void
models_serve(struct exchange *x)
{
	CLEANUP_BUF struct buf json = BUF_INIT(LIST_BYTES);
	const char *names[MODEL_NAMES_MAX];
	struct model_list models;

	model_list_read(&models, x->settings->models);
	openai_model_list(&json, names, model_names(&models, names));
	exchange_json(x, 200, &json);
}

/* The name in the path; it may have slashes in it.  False: it can be none. */
static bool
name_in_path(const struct http_head *head, char name[LIMIT_MODEL_BYTES + 1])
{
	struct http_slice rest =
	    http_slice_behind(head->path, strlen(MODELS_BELOW));

	if (rest.at[rest.len - 1] == '/')
		rest.len--;
	return http_percent_decode(rest, name, LIMIT_MODEL_BYTES + 1) &&
	       model_name_valid(name);
}

static bool
listed(const struct settings *s, const char *name)
{
	const char *names[MODEL_NAMES_MAX];
	struct model_list models;
	size_t n, i;

	model_list_read(&models, s->models);
	n = model_names(&models, names);
	for (i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

void
models_serve_one(struct exchange *x)
{
	CLEANUP_BUF struct buf json = BUF_INIT(ONE_BYTES);
	char name[LIMIT_MODEL_BYTES + 1];
	struct api_error e;

	if (name_in_path(http_conn_head(x->conn), name) &&
	    listed(x->settings, name)) {
		openai_model(&json, name);
		exchange_json(x, 200, &json);
		return;
	}
	api_error_param(&e, "model", "model_not_found",
	    "There is no such model: see /v1/models.");
	e.status = 404;
	exchange_error(x, &e);
}
