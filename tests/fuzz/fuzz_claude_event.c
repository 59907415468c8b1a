/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The promises of claude_event.h: whatever a line holds, its event is within
 * bounds and its texts are UTF-8; a line reads the same once it is repaired; a
 * bad line says nothing.
 */
#include "claude_event.h"

#include <string.h>

#include "json_text.h"
#include "require.h"

static void
check_text(const char *s)
{
	size_t len, n;

	if (s == NULL)
		return;
	for (len = strlen(s); len > 0; s += n, len -= n) {
		n = json_text_utf8(s, len);
		REQUIRE(n > 0);
	}
}

static void
check_counts(const struct claude_usage *u)
{
	REQUIRE(u->input >= 0 && u->input < 1000000000000000);
	REQUIRE(u->cache_creation >= 0);
	REQUIRE(u->cache_read >= 0);
	REQUIRE(u->output >= 0 && u->output < 1000000000000000);
}

static void
check_event(const struct claude_event *e)
{
	REQUIRE(e->type >= CLAUDE_OTHER && e->type <= CLAUDE_CONTROL_REQUEST);
	REQUIRE(e->status == 0 || (e->status >= 100 && e->status <= 599));
	REQUIRE(e->retry_delay_ms == e->retry_delay_ms); /* not NaN */
	REQUIRE(e->resets_at >= 0);
	REQUIRE(e->stop >= CLAUDE_STOP_END && e->stop <= CLAUDE_STOP_REFUSAL);
	check_counts(&e->usage);
	check_text(e->text);
	check_text(e->error);
	check_text(e->subtype);
	check_text(e->id);
	check_text(e->uuid);
	check_text(e->session);
	check_text(e->version);
	check_text(e->terminal);
}

static void
check_empty(const struct claude_event *e)
{
	REQUIRE(e->text == NULL && e->error == NULL && e->subtype == NULL);
	REQUIRE(e->id == NULL && e->uuid == NULL && e->session == NULL);
	REQUIRE(e->version == NULL && e->terminal == NULL);
	REQUIRE(!e->nested && !e->synthetic && !e->is_error);
	REQUIRE(e->status == 0 && e->usage.output == 0);
}

static void
check_same(const char *a, const char *b)
{
	REQUIRE((a == NULL) == (b == NULL));
	REQUIRE(a == NULL || strcmp(a, b) == 0);
}

/* line has been read, and repaired by that. */
static void
check_again(const struct claude_event *first, char *line, size_t len)
{
	struct json_text_error error;
	struct claude_event e;

	if (first->type != CLAUDE_BAD_LINE)
		REQUIRE(json_text_check(line, len, &error));
	claude_event_parse(line, len, &e);
	REQUIRE(e.type == first->type && e.status == first->status);
	REQUIRE(e.nested == first->nested && e.is_error == first->is_error);
	REQUIRE(e.usage.output == first->usage.output);
	check_same(e.text, first->text);
	check_same(e.session, first->session);
	check_same(e.error, first->error);
	claude_event_clear(&e);
}

static void
check_line(const uint8_t *data, size_t len)
{
	char *line = malloc(len + (len == 0));
	struct claude_event e;

	REQUIRE(line != NULL);
	memcpy(line, data, len);
	claude_event_parse(line, len, &e);
	check_event(&e);
	if (e.type == CLAUDE_BAD_LINE)
		check_empty(&e);
	check_again(&e, line, len);
	claude_event_clear(&e);
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end;
	size_t len;

	while (size > 0) {
		end = memchr(data, '\n', size);
		len = end == NULL ? size : (size_t)(end - data);
		check_line(data, len);
		len += end != NULL;
		data += len;
		size -= len;
	}
	return 0;
}
