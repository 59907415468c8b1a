/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_mode.h"

#include <string.h>

#include "http_slice.h"

#include "banned.h"

#define HEADER "X-CCP-Mode"

enum mode { MODE_NONE, MODE_AGENT, MODE_MODEL };

static bool
from_header(const struct exchange *x, enum mode *ret, struct api_error *e)
{
	const struct http_field *field;
	size_t n;

	*ret = MODE_NONE;
	field = http_field(http_conn_head(x->conn), HEADER, &n);
	if (n == 0)
		return true;
	if (n == 1 && http_slice_is(field->value, "agent"))
		*ret = MODE_AGENT;
	else if (n == 1 && http_slice_is(field->value, "model"))
		*ret = MODE_MODEL;
	else
		api_error_param(e, HEADER, "invalid_value",
		    HEADER " must be agent or model, and given once.");
	return *ret != MODE_NONE;
}

/* Takes the suffix off a name that is more than it. */
static bool
ends_with(char *name, const char *suffix)
{
	size_t len = name == NULL ? 0 : strlen(name), n = strlen(suffix);

	if (len <= n || strcmp(name + len - n, suffix) != 0)
		return false;
	name[len - n] = '\0';
	return true;
}

static enum mode
from_name(struct chat_request *r)
{
	if (ends_with(r->model, ":model"))
		return MODE_MODEL;
	if (ends_with(r->model, ":agent"))
		return MODE_AGENT;
	return MODE_NONE;
}

bool
chat_mode_find(const struct exchange *x, struct chat_request *r,
    bool *ret_model, struct api_error *e)
{
	enum mode header, name = from_name(r), mode;

	if (!from_header(x, &header, e))
		return false;
	mode = header != MODE_NONE ? header : name;
	if (mode == MODE_NONE)
		mode = chat_request_wants_model(r) ||
		               strcmp(x->settings->claude_mode, "model") == 0
		           ? MODE_MODEL
		           : MODE_AGENT;
	*ret_model = mode == MODE_MODEL;
	if (mode == MODE_AGENT)
		chat_request_no_model(r);
	return true;
}
