/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "requests.h"

#include <string.h>
#include <strings.h>

#include "http_body.h"
#include "http_framing.h"
#include "http_parse.h"
#include "require.h"

/* "Bearer KEY", once. */
static bool
has_key(const struct http_head *head, const char *key)
{
	size_t n, len = strlen(key);
	const struct http_field *f = http_field(head, "authorization", &n);

	if (n != 1 || f == NULL || f->value.len < 7 + len ||
	    strncasecmp(f->value.at, "Bearer ", 7) != 0)
		return false;
	return memcmp(f->value.at + f->value.len - len, key, len) == 0;
}

static void
describe(struct request *q, const struct http_head *head, const char *key)
{
	struct http_slice path = head->path;
	bool get;

	if (path.len > 1 && path.at[path.len - 1] == '/')
		path.len--;
	q->head = http_slice_is(head->method, "HEAD");
	get = q->head || http_slice_is(head->method, "GET");
	q->chat = http_slice_is(head->method, "POST") &&
	          http_slice_is(path, "/v1/chat/completions");
	q->open = (get && http_slice_is(path, "/health")) ||
	          http_slice_is(head->method, "OPTIONS");
	q->has_key = has_key(head, key);
	q->origin = http_field(head, "origin", NULL) != NULL;
	q->minor = head->minor;
}

/* Skips the body; false where it is not whole, or is bad. */
static bool
skip_body(struct request *q, const struct http_framing *f, const char *bytes,
    size_t len, size_t *ret_used)
{
	struct buf content = BUF_INIT(64u << 20);
	struct http_body body;
	int r = HTTP_BODY_DONE;

	*ret_used = 0;
	if (f->kind != HTTP_BODY_NONE) {
		r = -http_body_start(&body, f, content.max);
		if (r == 0)
			r = http_body_step(
			    &body, bytes, len, ret_used, &content);
	}
	buf_free(&content);
	q->bad = r < 0;
	q->whole = r == HTTP_BODY_DONE;
	return q->whole;
}

/* How many bytes it has; 0: nothing is behind it. */
static size_t
read_one(struct request *q, const char *bytes, size_t len, const char *key)
{
	static struct http_head head;
	struct http_framing framing;
	ssize_t n = http_parse_head(bytes, len, 0, &head);
	size_t used;

	if (n <= 0) {
		q->bad = n < 0;
		return 0;
	}
	describe(q, &head, key);
	q->bad = http_framing(&head, &framing) != 0;
	if (q->bad)
		return 0;
	q->keeps = framing.keep_alive;
	q->expects = framing.expect_continue;
	if (!skip_body(q, &framing, bytes + n, len - (size_t)n, &used))
		return 0;
	return (size_t)n + used;
}

void
requests_read(
    struct requests *r, const char *bytes, size_t len, const char *key)
{
	size_t n = 1;

	memset(r, 0, sizeof(*r));
	for (; len > 0 && n > 0; bytes += n, len -= n) {
		r->more = r->n == REQUESTS_MAX;
		if (r->more)
			return;
		n = read_one(&r->all[r->n++], bytes, len, key);
	}
}
