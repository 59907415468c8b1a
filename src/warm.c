/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "warm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "claude_transcript.h"
#include "cleanup.h"
#include "clock.h"
#include "file_age.h"
#include "limits.h"

#include "banned.h"

static bool
describe(struct warm *w, const struct warm_frame *f)
{
	char why[256];

	w->cwd = strdup(f->cwd);
	w->key_name = strdup(f->key_name);
	w->program = strdup(f->program);
	w->program_was = *f->program_is;
	w->model = f->model;
	w->placed = !f->model && session_place_find(&w->place, f->settings,
				     f->env, why, sizeof(why));
	return w->cwd != NULL && w->key_name != NULL && w->program != NULL;
}

struct warm *
warm_new(struct claude *claude, const struct warm_frame *f)
{
	struct warm *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->claim = w->record = w->lease = -1;
	w->expires = w->look = CLOCK_NEVER;
	if (!describe(w, f)) {
		warm_free(w);
		return NULL;
	}
	w->claude = claude;
	return w;
}

void
warm_free(struct warm *w)
{
	if (w == NULL)
		return;
	claude_free(w->claude);
	if (w->claim >= 0)
		(void)close(w->claim);
	if (w->lease >= 0)
		(void)close(w->lease);
	session_place_clear(&w->place);
	free(w->cwd);
	free(w->key_name);
	free(w->program);
	free(w);
}

void
warm_claim(struct warm *w, int claim)
{
	if (w->claim >= 0)
		(void)close(w->claim);
	w->claim = claim;
}

void
warm_save(struct warm *w, const struct session_answer *a)
{
	if (!w->placed)
		return;
	/* Never seen: a turn takes longer than saving the one before it.  Who
	 * looks for the lost one tells the conversation anew. */
	if (w->nsaving == LIMIT_WARM_SAVING)
		memmove(w->saving, w->saving + 1,
		    --w->nsaving * sizeof(w->saving[0]));
	w->saving[w->nsaving++] = *a;
	w->look = clock_ms() + LIMIT_WARM_SAVE_LOOK_MS;
	w->give_up = clock_ms() + LIMIT_WARM_SAVE_MS;
}

int64_t
warm_save_deadline(const struct warm *w)
{
	return w->nsaving == 0 ? CLOCK_NEVER : w->look;
}

static void
all_saved(struct warm *w, bool going_on)
{
	size_t i;

	for (i = 0; i < w->nsaving; i++)
		session_saved(
		    &w->saving[i], &w->place, w->cwd, w->key_name, going_on);
	w->nsaving = 0;
}

/* They are saved in their order, so the last one speaks for all. */
void
warm_save_look(struct warm *w)
{
	CLEANUP_FREE char *path = NULL;
	const struct session_answer *last;

	if (w->nsaving == 0 || clock_ms() < w->look)
		return;
	last = &w->saving[w->nsaving - 1];
	path = claude_transcript_path(w->place.env, w->cwd, last->id);
	if (path != NULL && claude_transcript_has(path, last->at))
		all_saved(w, !w->claude->guard.resting || w->lease >= 0);
	w->look = clock_ms() < w->give_up
	              ? clock_ms() + LIMIT_WARM_SAVE_LOOK_MS
	              : CLOCK_NEVER; /* it will be at its end */
}

bool
warm_outdated(const struct warm *w)
{
	struct stat st;

	return stat(w->program, &st) == -1 ||
	       !file_age_same(&st, &w->program_was);
}

void
warm_ended(struct warm *w)
{
	int status = w->claude->guard.status; /* macOS' WIFEXITED writes */

	if (w->claude->guard.ended && WIFEXITED(status))
		all_saved(w, false);
	w->nsaving = 0;
}
