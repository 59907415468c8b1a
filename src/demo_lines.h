/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lines that the stand-in writes, in the form of the recorded ones.
 */
#ifndef CCP_DEMO_LINES_H
#define CCP_DEMO_LINES_H

#include "demo.h"

/* unsupported: NULL, or the subtype that cannot be served. */
void
demo_control_response(const char *id, bool initialize, const char *unsupported);

void demo_init(const struct demo *d);
void demo_requesting(const struct demo *d);
void demo_retry(const struct demo *d, int status, double delay_ms);
void demo_limit_rejected(const struct demo *d, long long resets_at);

/* A "stream_event" line around the JSON text of an event; frees it. */
void demo_event(const struct demo *d, struct buf *event);
void demo_message_id(struct demo *d); /* a new one; the next does it too */
void demo_message_start(struct demo *d);
void demo_block_start(const struct demo *d, int index, const char *block);
/* type "text_delta" with key "text", and its siblings. */
void demo_delta(const struct demo *d, int index, const char *type,
    const char *key, const char *text, size_t len);
void demo_block_stop(const struct demo *d, int index);
void demo_message_delta(struct demo *d, const char *stop_reason);
void demo_message_stop(const struct demo *d);

/* One finished block, given as JSON text. */
void demo_assistant(struct demo *d, const char *block);

/* What the CLI itself says in place of the model.  error may be NULL. */
void demo_synthetic(struct demo *d, const char *text, const char *error);

/* A user line that the CLI made; content as JSON text. */
void demo_user(struct demo *d, const char *content);

struct demo_result {
	const char *subtype; /* "success", "error_max_turns", ... */
	bool is_error;
	int status;              /* 0: null */
	const char *text;        /* NULL: "errors" instead */
	const char *error;       /* the one error, where text is NULL */
	const char *stop_reason; /* NULL: null */
	const char *terminal;    /* terminal_reason, NULL: left out */
	const char *structured;  /* structured_output, JSON; NULL: left out */
	int turns;
	bool usage; /* else all zero */
};

/* Ends a run; remembers in d->failed what the exit status will be. */
void demo_result(struct demo *d, const struct demo_result *r);

/* Usage counts words.  3 and 7 of the prompt's are called cached, so that a
 * sum which leaves one of them out is seen. */
#define DEMO_CACHE_CREATION 3
#define DEMO_CACHE_READ     7
long demo_words(const char *text);

#endif
