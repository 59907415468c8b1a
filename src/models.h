/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GET /v1/models: the names a client may put into "model".
 */
#ifndef CCP_MODELS_H
#define CCP_MODELS_H

#include "exchange.h"

void models_serve(struct exchange *x);

#endif
