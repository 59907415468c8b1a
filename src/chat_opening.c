/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_opening.h"

#include "answer_form.h"
#include "claude_mcp.h"
#include "limits.h"

#include "banned.h"

/* An empty system prompt is one: Claude Code's own would tell of tools that are
 * not there. */
static void
for_model(struct chat_opening *o, const struct chat_request *r)
{
	if (r->system != NULL)
		buf_addstr(&o->system, r->system);
	claude_mcp_system(&o->system, r);
	/* Where a call is forced, the answer of a schema would be one, too. */
	if (r->choice != CHAT_CHOICE_REQUIRED && r->choice != CHAT_CHOICE_NAMED)
		answer_form_schema(&o->schema, r);
	o->with.system = buf_str(&o->system);
	o->with.tools = claude_mcp_wanted(r);
	if (o->schema.len > 0)
		o->with.schema = buf_str(&o->schema);
}

bool
opening_make(struct chat_opening *o, const struct chat_request *r, bool model,
    bool append)
{
	*o = (struct chat_opening){
	    .with.system = r->system, .with.append = append};
	buf_init(&o->system, 2 * LIMIT_BODY_BYTES);
	buf_init(&o->schema, LIMIT_BODY_BYTES);
	if (model) {
		o->with.append = false;
		for_model(o, r);
	}
	return buf_ok(&o->system) && buf_ok(&o->schema);
}

void
opening_close(struct chat_opening *o)
{
	buf_free(&o->system);
	buf_free(&o->schema);
}
