/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The warm Claude processes of this handler.  It started them, so it alone can
 * reap them: it keeps them until CLAUDE_LINGER_MS is over, whether its client
 * is still there or not, gives them to its own next request, and lends them to
 * other handlers (warm_wire.h).
 *
 *   RESTING -> own request: keeper_take() ... keeper_keep()
 *           -> lent: the borrower has the descriptors ... RESTING again
 *           -> being stopped -> gone
 *
 * A resting process has nothing to say: the first byte of it, its end, another
 * configuration or program, newer ones (CLAUDE_MAX_WARM conversations and one
 * spare process are kept for a user), or a lack of memory end it.
 */
#ifndef CCP_KEEPER_H
#define CCP_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "limits.h"
#include "local_socket.h"
#include "pollset.h"
#include "settings.h"
#include "warm.h"
#include "warm_wire.h"

struct keeper_asker {
	int fd;
	int64_t deadline;
	struct warm_hello hello;
	bool said; /* hello is there, and what it wants is not yet ready */
};

struct keeper {
	const struct settings *settings;
	char *const *env;
	struct warm *list; /* owned; those of own requests are not in it */
	int dir;           /* of the records, -1 */
	int listener;      /* -1 */
	struct local_socket socket;
	char path[128]; /* of the socket */
	struct keeper_asker askers[LIMIT_WARM_ASKERS];
	size_t naskers;
	int64_t deaf_until; /* clock_ms(): nobody can be accepted before */
	int64_t mute_until; /* clock_ms(): nothing can be offered before */
	bool told;          /* and that is in the log */
	char *config;       /* the file; NULL: none */
	struct stat config_was;
	bool config_there;
	int64_t look; /* clock_ms() of the next look around */
	bool closed;  /* nothing is kept any more */
	bool started; /* by ccp start */
};

/* Costs nothing until something is kept.  settings and env stay valid until
 * keeper_close(). */
void keeper_open(
    struct keeper *k, const struct settings *settings, char *const *env);
void keeper_close(struct keeper *k);

/* Is anything ever kept?  And are spare processes? */
bool keeper_on(const struct keeper *k);
bool keeper_spares(const struct keeper *k);

/* And one more now?  Those that are lent or being stopped take descriptors. */
bool keeper_has_room(const struct keeper *k);

/* The process with that key, which is the caller's until keeper_keep(); NULL:
 * there is none, or (*ret_soon) it is just about to be ready. */
struct warm *keeper_take(struct keeper *k, const char *key, bool *ret_soon);

/* Keeps a process that rests and takes it over; w->key, ->name and ->cost_usd are
 * those of now. */
void keeper_keep(struct keeper *k, struct warm *w);

/* Takes over one that does not rest, and ends it. */
void keeper_end(struct keeper *k, struct warm *w);

/* Keeps none from then on, and ends all of them; but those that are lent, where
 * a turn is under way, only with lent.  They end when they come back. */
void keeper_stop(struct keeper *k, bool lent);

/* Is none left? */
bool keeper_empty(const struct keeper *k);

void keeper_poll(const struct keeper *k, struct pollset *ps);
void keeper_step(struct keeper *k, const struct pollset *ps);

#endif
