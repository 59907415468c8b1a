/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "talk.h"

#include <check.h>

#include "buf.h"
#include "json_text.h"
#include "openai_request.h"

#include "banned.h"

static struct chat_request *
parse(struct buf *body)
{
	struct chat_request *r;
	struct api_error e;

	r = openai_request_parse(buf_str(body), body->len, &e);
	ck_assert_msg(r != NULL, "%s", e.message);
	buf_free(body);
	return r;
}

struct chat_request *
talk_json(const char *messages)
{
	struct buf json = BUF_INIT(65536);

	buf_addf(&json, "{\"messages\":%s}", messages);
	return parse(&json);
}

struct chat_request *
talk_with(const char *members)
{
	struct buf json = BUF_INIT(65536);

	buf_addf(&json,
	    "{%s%s\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
	    members, members[0] == '\0' ? "" : ",");
	return parse(&json);
}

struct chat_request *
talk_of(const char *const *texts)
{
	struct buf json = BUF_INIT(65536);
	struct chat_request *r;
	size_t i;

	for (i = 0; texts[i] != NULL; i++) {
		buf_addf(&json,
		    "%s{\"role\":\"%s\",\"content\":", i == 0 ? "[" : ",",
		    i % 2 == 0 ? "user" : "assistant");
		json_text_quote_str(&json, texts[i]);
		buf_addch(&json, '}');
	}
	buf_addch(&json, ']');
	r = talk_json(buf_str(&json));
	buf_free(&json);
	return r;
}
