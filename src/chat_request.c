/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_request.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

/* A result of a tool has parts, which have none. */
void
chat_part_clear(struct chat_part *part)
{
	size_t i;

	for (i = 0; i < part->nparts; i++) {
		free(part->parts[i].text);
		free(part->parts[i].media);
		free(part->parts[i].name);
	}
	free(part->parts);
	free(part->text);
	free(part->media);
	free(part->name);
	free(part->id);
}

static void
message_clear(struct chat_message *m)
{
	size_t i;

	for (i = 0; i < m->nparts; i++)
		chat_part_clear(&m->parts[i]);
	free(m->parts);
}

static void
tool_clear(struct chat_tool *tool)
{
	free(tool->name);
	free(tool->description);
	free(tool->schema);
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
	for (i = 0; i < r->ntools; i++)
		tool_clear(&r->tools[i]);
	for (i = 0; i < r->nstop; i++)
		free(r->stop[i]);
	free(r->messages);
	free(r->tools);
	free(r->stop);
	free(r->model);
	free(r->system);
	free(r->schema);
	free(r->temperature);
	free(r->top_p);
	free(r);
}

/* A call is what a message of the assistant ends with. */
bool
chat_request_wants_model(const struct chat_request *r)
{
	const struct chat_message *m;
	size_t i;

	if (r->ntools > 0 || r->format != CHAT_FORMAT_TEXT)
		return true;
	for (i = 0; i < r->nmessages; i++) {
		m = &r->messages[i];
		if (m->parts[m->nparts - 1].kind == CHAT_TOOL_USE)
			return true;
	}
	return false;
}

void
chat_request_no_model(struct chat_request *r)
{
	size_t i;

	for (i = 0; i < r->ntools; i++)
		tool_clear(&r->tools[i]);
	r->ntools = 0;
	r->choice = CHAT_CHOICE_AUTO;
	r->serial = r->functions = false;
	r->format = CHAT_FORMAT_TEXT;
	free(r->schema);
	r->schema = NULL;
}
