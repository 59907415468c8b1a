/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which warm process of Claude may take a request: the digest of what it was
 * given when it began and cannot be given anew (its launch, system text, tools,
 * form of the answer, the keys that opened the proxy), and of the conversation
 * that it holds.  Two requests that differ in any of it have different keys.
 * Pure.
 *
 * The model is in it, with the launch.  A live process takes another one
 * (set_model), but then the CLI tells its API of a command that nobody gave
 * (measured, CLI 2.1.197 and 2.1.330): the model would see more than the
 * client's conversation.
 */
#ifndef CCP_WARM_KEY_H
#define CCP_WARM_KEY_H

#include <stdbool.h>
#include <sys/stat.h>

#include "claude_lines.h"
#include "session_record.h"
#include "settings.h"

#define WARM_KEY_BYTES 65 /* a SHA-256 in hex and its NUL */

struct warm_kin {
	unsigned char digest[SESSION_DIGEST_BYTES];
};

/* What a process would have to be given, but for the conversation. */
struct warm_needs {
	const char *fingerprint;    /* of its launch (claude_args.h) */
	const struct stat *program; /* another version is another process */
	const struct settings *settings;
	const struct claude_initialize *with;
	const struct chat_request *tools; /* whose tools it has; NULL: none */
};

void warm_kin_make(struct warm_kin *ret, const struct warm_needs *needs);

/* The key of such a process that holds the conversation of that digest.
 * parked: it waits for the results of its last calls. */
void warm_key_make(char ret[WARM_KEY_BYTES], const struct warm_kin *kin,
    const unsigned char context[SESSION_DIGEST_BYTES], bool parked);

#endif
