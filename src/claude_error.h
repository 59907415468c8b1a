/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a run of Claude ended, as the error an OpenAI client is told.  Pure.
 * The contract is the table "Outcome" in doc/protocol.md.
 */
#ifndef CCP_CLAUDE_ERROR_H
#define CCP_CLAUDE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "api_error.h"
#include "child.h"
#include "claude_event.h"

/* What is known when a run fails; text members are borrowed, NULL if none. */
struct claude_failure {
	int status;        /* of the API, 0: none */
	const char *error; /* assistant.error, else of the retry */
	const char *text;  /* the CLI's own words: never shown but for a 400 */
	const char *subtype;  /* of the result */
	const char *terminal; /* result.terminal_reason */
	int64_t resets_at; /* of a rate_limit_event, seconds since 1970, or 0 */
	int64_t now;       /* seconds since 1970 */
	double retry_delay_ms; /* of a retry not waited for, or 0 */
};

void claude_error_of(const struct claude_failure *f, struct api_error *ret);

/* It could not be started. */
void claude_error_start(const struct child_error *e, struct api_error *ret);

/* It ended without a result; what: "exit 1", "signal 9", ...; said: the end of
 * its stderr; begun: it has told a version that is not too old. */
void claude_error_ended(
    const char *what, const char *said, bool begun, struct api_error *ret);

/* Its version is older than CLAUDE_VERSION_LEAST; "": it told none. */
void claude_error_old(const char *version, struct api_error *ret);

/* One of our own timers ran out; setting: the key that sets it. */
void claude_error_timeout(const char *setting, long ms, struct api_error *ret);

#endif
