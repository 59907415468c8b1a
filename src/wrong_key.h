/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What becomes of a request with a wrong key: somebody may be guessing, so it
 * is said in the log, with the address, and the answer comes late.
 */
#ifndef CCP_WRONG_KEY_H
#define CCP_WRONG_KEY_H

#include "exchange.h"

/*
 * Logs it, and leaves a task in the exchange that answers with *e after
 * LIMIT_WRONG_KEY_MS.  Who leaves before that gains nothing: the task, and with
 * it the connection's place, stays until then.  Without memory it is answered
 * at once.  From the LIMIT_WRONG_KEYS-th of a connection (nth, from 1) on the
 * connection closes after the answer.
 */
void
wrong_key_answer(struct exchange *x, const struct api_error *e, unsigned nth);

#endif
