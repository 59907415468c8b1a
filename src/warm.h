/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A Claude process that is kept alive behind its turn, with what has to be known
 * of it: the conversation it holds, the claim of its session, the answers that
 * the CLI has given and not yet saved.
 */
#ifndef CCP_WARM_H
#define CCP_WARM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "claude.h"
#include "pollset.h"
#include "session.h"
#include "warm_record.h"

struct warm {
	struct warm *next;     /* the keeper's */
	struct claude *claude; /* owned */
	char key[WARM_KEY_BYTES];
	bool model;                       /* Claude is a model, else an agent */
	bool spare;                       /* it was told nothing yet */
	char name[LIMIT_MODEL_BYTES + 1]; /* of its model */
	double cost_usd;                  /* of all its turns */

	/* Its session; none of it as a model. */
	struct session_place place;
	bool placed; /* place is one */
	char *cwd, *key_name;
	int claim; /* descriptor, -1: none */
	struct session_answer saving[LIMIT_WARM_SAVING];
	size_t nsaving;
	int64_t look, give_up; /* clock_ms(): at the transcript */

	/* Which program it is, to see that it has been replaced. */
	char *program;
	struct stat program_was;

	/* As the keeper has it. */
	int64_t expires; /* clock_ms() */
	int record;      /* descriptor of its record, -1: none */
	char id[WARM_ID_BYTES], token[WARM_TOKEN_BYTES];
	int lease; /* of who has borrowed it, -1: nobody */
};

/* Where it works, for whom, and by which program. */
struct warm_frame {
	const struct settings *settings;
	char *const *env;
	const char *cwd, *key_name, *program;
	const struct stat *program_is;
	bool model;
};

/* Takes the process over.  NULL when out of memory: then it does not. */
struct warm *warm_new(struct claude *claude, const struct warm_frame *f);

/* Ends its claim.  A process that was not stopped is killed. */
void warm_free(struct warm *w);

/* Takes over the claim of its session. */
void warm_claim(struct warm *w, int claim);

/* An answer that is to be looked for in the transcript. */
void warm_save(struct warm *w, const struct session_answer *a);
int64_t warm_save_deadline(const struct warm *w);
void warm_save_look(struct warm *w);

/* Is the program another one by now? */
bool warm_outdated(const struct warm *w);

/* Once the process has ended and was reaped: if that was in order, what it
 * answered is saved. */
void warm_ended(struct warm *w);

#endif
