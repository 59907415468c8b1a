/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "demo_input.h"
#include "demo_out.h"
#include "limits.h"

#include "banned.h"

void
demo_replay_open(struct demo *d, const char *file)
{
	d->replay = fopen(file, "r");
	if (d->replay == NULL)
		demo_die("%s: %s", file, strerror(errno));
}

void
demo_replay_close(struct demo *d)
{
	if (d->replay != NULL)
		(void)fclose(d->replay);
	d->replay = NULL;
}

static bool
is(const cJSON *line, const char *name, const char *value)
{
	const char *text =
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, name));

	return text != NULL && strcmp(text, value) == 0;
}

/* The lines that the CLI has only once its requests are answered: the tools
 * are known, a tool has been run, all is done. */
static bool
needs_answers(const cJSON *line)
{
	return is(line, "type", "user") || is(line, "type", "result") ||
	       is(line, "subtype", "init");
}

static void
remember_request(struct demo *d, const cJSON *line)
{
	const char *id = cJSON_GetStringValue(
	    cJSON_GetObjectItemCaseSensitive(line, "request_id"));

	if (id == NULL || cJSON_AddTrueToObject(d->asked, id) == NULL)
		demo_die("replay: a control_request without request_id");
}

/* The exit status is that of the real CLI: 1 if the last line, the result, is
 * an error. */
static bool
write_line(struct demo *d, const cJSON *line, const char *text, size_t len)
{
	struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);

	if (needs_answers(line) && !demo_await_answers(d))
		return false;
	if (is(line, "type", "control_request"))
		remember_request(d, line);
	d->failed =
	    cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, "is_error"));
	buf_add(&b, text, len);
	demo_write(&b);
	return true;
}

/* one: no more than one run. */
static bool
replay(struct demo *d, bool one)
{
	CLEANUP_FREE char *text = NULL;
	size_t size = 0;
	ssize_t len;
	bool whole = true, ends = false;

	while (whole && !ends && (len = getline(&text, &size, d->replay)) > 0) {
		cJSON *line = cJSON_ParseWithLength(text, (size_t)len);

		whole = write_line(d, line, text, (size_t)len);
		ends = one && is(line, "type", "result");
		cJSON_Delete(line);
	}
	return whole;
}

bool
demo_replay_acknowledge(struct demo *d)
{
	if (d->replay == NULL)
		return false;
	(void)replay(d, true);
	return true;
}

bool
demo_replay_turn(struct demo *d)
{
	return replay(d, false);
}
