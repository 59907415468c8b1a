/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a keeper lends its processes: their records, the socket on which it is
 * asked, the leases.  For keeper.c alone.
 */
#ifndef CCP_KEEPER_LEND_H
#define CCP_KEEPER_LEND_H

#include <stdbool.h>

#include "keeper.h"

/* Others may find it.  Where that cannot be, only own requests do. */
void lend_offer(struct keeper *k, struct warm *w);
void lend_withdraw(struct keeper *k, struct warm *w);

/* Asks its keeper to end the process of a record. */
void lend_dismiss(struct keeper *k, const struct warm_record *r);

void lend_poll(const struct keeper *k, struct pollset *ps);

/* Those who ask. */
void lend_serve(struct keeper *k, const struct pollset *ps);

/* A lent one: false when its lease is over and the process not at rest. */
bool lend_step(struct keeper *k, struct warm *w, const struct pollset *ps);

/* Nobody is listened to any more. */
void lend_close(struct keeper *k);

#endif
