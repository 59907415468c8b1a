/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GET /v1/models: the names a client may put into "model", and GET
 * /v1/models/NAME for one of them.
 */
#ifndef CCP_MODELS_H
#define CCP_MODELS_H

#include "exchange.h"

#define MODELS_BELOW "/v1/models/"

void models_serve(struct exchange *x);
void models_serve_one(struct exchange *x);

#endif
