/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a handler borrows the warm process of another one, its keeper, over a
 * local socket; a connection is a lease.
 *
 *   borrower  warm_hello: which process, the token of its record, and what is
 *             wanted of it
 *   keeper    warm_state, and with it Claude's stdin, stdout and stderr
 *             (SCM_RIGHTS); or it closes
 *   ...       the borrower's turn
 *   borrower  warm_back: the process is idle again, and holds this; without a
 *             key it is to be ended.  Beside it the claim of its session, if
 *             that is new
 *   keeper    closes: it can be had again
 *
 * A lease that ends without warm_back leaves a process that is not idle: the
 * keeper ends it.  Both sides look at who the other one is: only the same user
 * counts.  A message is one write of a fixed size; whoever sees anything else
 * closes.  Nobody waits here.
 */
#ifndef CCP_WARM_WIRE_H
#define CCP_WARM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "claude_calls.h"
#include "session.h"
#include "warm_record.h"

/* Other builds of ccp may have other messages. */
#define WARM_MAGIC 0x63637731u

enum warm_wish { WARM_BORROW = 1, WARM_LEAVE = 2 };

struct warm_hello {
	uint32_t magic, wish; /* of enum warm_wish; LEAVE: end it */
	char version[16];
	char id[WARM_ID_BYTES], token[WARM_TOKEN_BYTES];
};

struct warm_state {
	uint32_t magic;
	char session[64], uuid[64]; /* S and U, "": none */
	double cost_usd;            /* of all its turns */
	uint32_t parked;            /* it waits for the results of calls */
	struct claude_calls calls;
};

struct warm_back {
	uint32_t magic;
	uint32_t pending; /* answer is to be saved */
	char key[WARM_KEY_BYTES];
	char session[64], uuid[64];
	double cost_usd;
	uint32_t parked;
	struct claude_calls calls;
	struct session_answer answer;
};

/* A message leaves whole or not at all, so it has to fit into the buffer of a
 * local socket: 8192 bytes on macOS. */
_Static_assert(sizeof(struct warm_back) <= 8192, "a loan could not come back");

#define WARM_FDS 3

/* Connects to the keeper of a record and says hello.  A descriptor, or -1. */
int
warm_call(char *const *env, const struct warm_record *r, enum warm_wish wish);

/* Is the other end a process of this user? */
bool warm_peer_ok(int fd);

/* One message, with n descriptors beside it.  False: it did not leave whole. */
bool
warm_send(int fd, const void *message, size_t len, const int *fds, size_t n);

enum warm_result { WARM_WAIT, WARM_GOT, WARM_GONE };

/* A message of just that size with at most *n descriptors, which are the
 * caller's then; *n becomes how many.  GONE: the end, or anything else. */
enum warm_result
warm_receive(int fd, void *message, size_t len, int *fds, size_t *n);

/* A text that ends within its size? */
bool warm_text_ok(const char *text, size_t size);

#endif
