/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The warm processes of Claude as a run sees them: one that holds the request's
 * context, of this handler or borrowed from another one, is looked for before a
 * new one is started; behind the answer the run's process is left to the next
 * request.
 */
#ifndef CCP_CHAT_WARM_H
#define CCP_CHAT_WARM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "chat_request.h"
#include "claude.h"
#include "claude_args.h"
#include "exchange.h"
#include "keeper.h"
#include "pollset.h"
#include "session.h"
#include "warm_key.h"
#include "warm_wire.h"

struct chat_warm {
	struct keeper *keeper; /* NULL: neither looked for nor left */
	struct warm_frame frame;
	struct warm_kin kin;
	char *program; /* behind frame; owned */
	struct stat program_is;

	struct claude_launch launch; /* as a new process would be started */
	unsigned char
	    empty[SESSION_DIGEST_BYTES]; /* a conversation of nothing */
	bool fit;             /* its process may be left to the next request */
	bool spare;           /* what is sought, or was found, is a spare one */
	bool sought;          /* the looking is over */
	int64_t soon;         /* clock_ms(): look again; CLOCK_NEVER: no need */
	int64_t soon_until;   /* clock_ms() */
	int ask;              /* a lease that was asked for, -1 */
	int64_t ask_until;    /* clock_ms() */
	struct warm *mine;    /* the run's process is one that this handler had
	                     * kept; owned */
	struct claude *found; /* until warm_go_on(): not yet the run's */
	char key[WARM_KEY_BYTES]; /* of what was sought last */
	double cost_usd;          /* of its turns so far */
	const char *model;        /* of the request; the caller's */
	const struct chat_message
	    *results; /* that the process waits for; NULL */

	int returned;           /* a lease whose end is waited for, -1 */
	int64_t returned_until; /* clock_ms() */

	bool live;           /* the run goes on in it */
	int64_t taken_until; /* it must have gone to its API by then */
};

/* What all of a run's requests to it are about. */
struct chat_warm_request {
	const struct exchange *x;
	const struct chat_request *request;
	const char *cwd, *model; /* as resolved */
	bool as_model, appends;
};

/* *w is zeroed memory.  What the request points to stays valid while it is
 * open. */
void chat_warm_open(struct chat_warm *w, const struct chat_warm_request *q);
void chat_warm_close(struct chat_warm *w);

/* Looks for one.  False: its keeper is being asked, again when the pollset or
 * chat_warm_deadline() say so.  True: w->found, or there is none. */
bool chat_warm_seek(
    struct chat_warm *w, const struct session *s, const struct chat_request *r);
void chat_warm_poll(const struct chat_warm *w, struct pollset *ps);
int64_t chat_warm_deadline(const struct chat_warm *w);

/* Looks at it right before it is told anything: one that has said something
 * meanwhile, or is gone, is given up, and another may be sought.  True if there
 * is none. */
bool chat_warm_rests(struct chat_warm *w);

/* Tells the process that was found what is new. */
struct claude *chat_warm_go_on(
    struct chat_warm *w, struct session *s, const struct chat_warm_request *q);

/* Has the keeper got back what was left to it?  The client's next request may
 * follow at once, and is to find it. */
bool chat_warm_settled(struct chat_warm *w);

/* The key of a spare process for such a request: nothing was told to it yet, it
 * is of no conversation. */
void chat_warm_spare_key(const struct chat_warm *w, char ret[WARM_KEY_BYTES]);

/* What a keeper is told with a process that comes back; no answer of it is to be
 * saved. */
void chat_warm_back_make(struct warm_back *ret, const struct claude *c,
    const char *key, double cost_usd);

/* Frees the run's process, which has been stopped or cannot be used. */
void chat_warm_drop(struct chat_warm *w, struct claude *c);

#endif
