/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Conversations for tests, written short: texts, the user's first, taking
 * turns.
 */
#ifndef CCP_TESTS_TALK_H
#define CCP_TESTS_TALK_H

#include "chat_request.h"

/* A request of these texts; freed with chat_request_free(). */
#define TALK(...) talk_of((const char *const[]){__VA_ARGS__, NULL})
struct chat_request *talk_of(const char *const *texts);

/* A request of this list of messages, in JSON. */
struct chat_request *talk_json(const char *messages);

/* A request of one message of the user's, "hi", and of these members of the
 * body, as JSON; "" for none. */
struct chat_request *talk_with(const char *members);

#endif
