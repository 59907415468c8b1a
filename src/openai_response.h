/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers in the words of the OpenAI API: completion, chunk, model list.
 * Each function appends one JSON text, without a line end, to a buffer.
 */
#ifndef CCP_OPENAI_RESPONSE_H
#define CCP_OPENAI_RESPONSE_H

#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>

#include "buf.h"

struct completion {
	const char *id;  /* "chatcmpl-..." */
	int64_t created; /* seconds since 1970 */
	const char *model;
	size_t index; /* of the choice, where it is about one */
};

/* Tokens.  prompt = input + cache creation + cache read; cached is the part
 * that was read from the cache. */
struct token_usage {
	long long prompt;
	long long cached;
	long long completion;
};

/* A call of a tool: whole, or a delta of one. */
struct tool_call {
	size_t index;
	const char *id;        /* NULL in the deltas behind the first */
	const char *name;      /* likewise */
	const char *arguments; /* JSON text; in a delta a fragment of it */
};

/* What the assistant said. */
struct completion_message {
	const struct buf *text, *reasoning;
	/* Its calls, as openai_add_call() has put them together. */
	const struct buf *calls;
	bool function; /* the one call as function_call */
};

/* One of the answers: an element of "choices". */
void openai_choice(struct buf *to, const struct completion *c,
    const struct completion_message *m, const char *finish_reason);

/* All of it, around n choices. */
void openai_completion(struct buf *to, const struct completion *c,
    const struct buf *choices, size_t n, const struct token_usage *usage);

/* Adds a whole call to the members of a message; function: the only one. */
void
openai_add_call(struct buf *calls, const struct tool_call *call, bool function);

/* A delta of a call; function: as function_call, without index and id. */
void openai_chunk_call(struct buf *to, const struct completion *c,
    const struct tool_call *call, bool function);

/* {"role":"assistant","content":""} */
void openai_chunk_role(struct buf *to, const struct completion *c);

/* One delta of "content" or of "reasoning_content"; and what is before and behind
 * its text, as json_text_escape() makes it: that stays the same for as long as
 * the answer takes. */
#define OPENAI_DELTA_END      "},\"logprobs\":null,\"finish_reason\":null}]}"
#define OPENAI_CHUNK_TEXT_END "\"" OPENAI_DELTA_END
void openai_chunk_text_begin(
    struct buf *to, const struct completion *c, bool reasoning);
void openai_chunk_text(struct buf *to, const struct completion *c,
    bool reasoning, const char *text, size_t len);

/* The finish chunk; usage stands on it unless NULL. */
void openai_chunk_finish(struct buf *to, const struct completion *c,
    const char *finish_reason, const struct token_usage *usage);

/* The last chunk where include_usage was asked for: "choices":[]. */
void openai_chunk_usage(struct buf *to, const struct completion *c,
    const struct token_usage *usage);

/* {"object":"list","data":[...]} of n model ids. */
void openai_model(struct buf *to, const char *id);
void openai_model_list(struct buf *to, const char *const *ids, size_t n);

#endif
