/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "demo_answer.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "demo_context.h"
#include "demo_lines.h"
#include "demo_modes.h"
#include "demo_tools.h"
#include "demo_turn.h"
#include "demo_warm.h"
#include "limits.h"
#include "utf8.h"

#include "banned.h"

#define ECHO_BYTES 400

/* What was typed, cut where a character ends if it is long. */
static void
echo(struct buf *b, const char *text)
{
	size_t len = strlen(text), cut = 0, n;

	if (len <= ECHO_BYTES) {
		buf_addstr(b, text);
		return;
	}
	while ((n = utf8_sequence(text + cut, len - cut)) > 0 &&
	       cut + n <= ECHO_BYTES)
		cut += n;
	buf_add(b, text, cut);
	buf_addf(b, "... (%zu bytes)", len);
}

static bool
usual_answer(struct demo *d)
{
	CLEANUP_BUF struct buf b = BUF_INIT(LIMIT_CLAUDE_STDIN_BYTES);
	CLEANUP_FREE char *list = NULL;

	buf_addstr(&b,
	    "This is the demo backend of ccp: no Claude is involved and "
	    "nothing has left this machine. Install Claude Code, log in, and "
	    "set CLAUDE_PATH to claude to get real answers. You said: ");
	echo(&b, d->last);
	if (cJSON_GetArraySize(d->interpreted) > 0) {
		list = cJSON_PrintUnformatted(d->interpreted);
		buf_addf(&b, " (Claude Code would have interpreted %s.)",
		    list == NULL ? "it" : list);
	}
	demo_turn_begin(d);
	if (!demo_turn_text(d, 0, buf_str(&b)))
		return false;
	demo_turn_end(d, "end_turn");
	demo_turn_success(d, "end_turn");
	return true;
}

/* The process lives on after an interrupt; the partial answer stays. */
static void
interrupted(struct demo *d)
{
	const struct demo_result r = {.subtype = "error_during_execution",
	    .is_error = true,
	    .error = "[ede_diagnostic] result_type=user",
	    .terminal = "aborted_streaming",
	    .turns = 2};

	demo_turn_cut(d);
	demo_user(d,
	    "{\"type\":\"text\",\"text\":\"[Request interrupted by user]\"}");
	demo_result(d, &r);
}

void
demo_answer(struct demo *d)
{
	bool whole;

	d->busy = true;
	d->interrupted = false;
	d->calls = 0;
	d->words = d->all_words = 0;
	d->open = false;
	buf_clear(&d->said);
	demo_turn_noise(d);
	demo_init(d);
	demo_warm_begin(d);
	demo_context_check(d);
	if (d->mode != NULL)
		whole = d->mode->turn(d);
	else
		whole =
		    d->schema != NULL ? demo_tools_form(d) : usual_answer(d);
	if (!whole)
		interrupted(d);
	d->busy = false;
	demo_warm_end(d);
}
