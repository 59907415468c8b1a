/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GET /health: is a handler there, and is its configuration sound?
 */
#ifndef CCP_HEALTH_H
#define CCP_HEALTH_H

#include "exchange.h"

void health_serve(struct exchange *x);

#endif
