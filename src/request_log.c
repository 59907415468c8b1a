/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "request_log.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

#include "limits.h"
#include "log.h"

#include "banned.h"

/* --- as text ----------------------------------------------------------- */

static void
text_pair(struct log_text *t, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	log_text_addf(t, " %s=", name);
	log_text_plain(t, value);
}

static void
text_work(struct log_text *t, const struct request_record *r)
{
	if (r->turns > 0)
		log_text_addf(t, " turns=%ld", r->turns);
	if (r->prompt_tokens + r->completion_tokens > 0)
		log_text_addf(t,
		    " prompt=%" PRId64 " cached=%" PRId64 " written=%" PRId64
		    " completion=%" PRId64,
		    r->prompt_tokens, r->cached_tokens, r->cache_write_tokens,
		    r->completion_tokens);
	if (r->cost_usd > 0)
		log_text_addf(t, " cost=$%.6f", r->cost_usd);
	if (r->first_byte_ms >= 0)
		log_text_addf(t, " first=%" PRId64 "ms", r->first_byte_ms);
}

void
request_log_text(struct log_text *t, const struct request_record *r)
{
	log_text_plain(t, r->id);
	log_text_add(t, " ");
	log_text_plain(t, r->method);
	log_text_add(t, " ");
	log_text_plain(t, r->path);
	log_text_addf(t, " %d %" PRId64 "ms", r->status, r->total_ms);
	if (r->session != NULL)
		log_text_addf(t, " %s", r->session);
	text_pair(t, "model", r->model);
	text_pair(t, "mode", r->mode);
	text_work(t, r);
	text_pair(t, "key", r->key_name);
	text_pair(t, "client", r->client);
	text_pair(t, "error", r->error);
}

/* --- as JSON ----------------------------------------------------------- */

static void
json_string(struct log_text *t, const char *name, const char *value)
{
	log_text_addf(t, "\"%s\":", name);
	if (value == NULL || value[0] == '\0') {
		log_text_add(t, "null,");
		return;
	}
	log_text_add(t, "\"");
	log_text_json(t, value);
	log_text_add(t, "\",");
}

static void
json_number(struct log_text *t, const char *name, int64_t value)
{
	log_text_addf(t, "\"%s\":%" PRId64 ",", name, value);
}

/* Programs run in the C locale, so a point is a point. */
static void
json_cost(struct log_text *t, double usd)
{
	log_text_addf(t, "\"cost_usd\":%.9g,", usd > 0 && usd < 1e9 ? usd : 0);
}

void
request_log_json(struct log_text *t, const struct request_record *r)
{
	log_text_add(t, "\"message\":\"request\",");
	json_string(t, "id", r->id);
	json_string(t, "method", r->method);
	json_string(t, "path", r->path);
	json_number(t, "status", r->status);
	json_string(t, "model", r->model);
	json_string(t, "mode", r->mode);
	json_string(t, "session", r->session);
	json_number(t, "turns", r->turns);
	json_number(t, "prompt_tokens", r->prompt_tokens);
	json_number(t, "cached_tokens", r->cached_tokens);
	json_number(t, "cache_write_tokens", r->cache_write_tokens);
	json_number(t, "completion_tokens", r->completion_tokens);
	json_cost(t, r->cost_usd);
	if (r->first_byte_ms >= 0)
		json_number(t, "first_byte_ms", r->first_byte_ms);
	else
		log_text_add(t, "\"first_byte_ms\":null,");
	json_number(t, "total_ms", r->total_ms);
	json_string(t, "key_name", r->key_name);
	json_string(t, "client", r->client);
	json_string(t, "error", r->error);
	if (!t->full)
		t->len--; /* the comma */
}

/* --- logging ----------------------------------------------------------- */

/* Every member at its longest fits, each of its bytes escaped. */
_Static_assert(6 * (sizeof(((struct request_record *)0)->method) +
		       sizeof(((struct request_record *)0)->path) +
		       sizeof(((struct request_record *)0)->key_name) +
		       sizeof(((struct request_record *)0)->error)) +
		       sizeof(((struct request_record *)0)->id) +
		       sizeof(((struct request_record *)0)->model) +
		       sizeof(((struct request_record *)0)->client) + 1024 <
		   LIMIT_LOG_LINE_BYTES,
    "a request is one line");

void
request_log(const struct request_record *r)
{
	char text[LIMIT_LOG_LINE_BYTES], members[LIMIT_LOG_LINE_BYTES];
	struct log_text t = {.to = text, .size = sizeof(text) - 1};
	struct log_text m = {.to = members, .size = sizeof(members) - 1};

	request_log_text(&t, r);
	text[t.len] = '\0';
	request_log_json(&m, r);
	members[m.len] = '\0';
	log_both(LOG_LEVEL_INFO, text, members);
}
