/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * POST /v1/chat/completions: a validated request, a Claude process, its
 * events, the answer.
 */
#ifndef CCP_CHAT_H
#define CCP_CHAT_H

#include "exchange.h"

void chat_serve(struct exchange *x);

#endif
