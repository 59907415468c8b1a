/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is recorded of one request once it is over: the line in the log, and
 * what is added up from many of them.  Plain data; texts are cut to fit.
 */
#ifndef CCP_REQUEST_RECORD_H
#define CCP_REQUEST_RECORD_H

#include <stdint.h>

struct request_record {
	int64_t when_ms; /* Unix time of the end */
	char id[129];    /* X-Request-Id */
	char method[16], path[128];
	int status;          /* as sent; 0: none was */
	char model[129];     /* as resolved; "": no model was asked */
	const char *mode;    /* "agent", "model", or "" */
	char key_name[64];   /* of API_KEYS, or "" */
	const char *session; /* what became of it; NULL: there is none */
	long turns;          /* of Claude, as Claude Code counts them */
	/* As in the answer's usage: prompt_tokens are all of the prompt,
	 * cached_tokens (read) and cache_write_tokens parts of them. */
	int64_t prompt_tokens, cached_tokens;
	int64_t cache_write_tokens, completion_tokens;
	double cost_usd;       /* as Claude Code says; 0 where it did not */
	int64_t first_byte_ms; /* until Claude's first word; -1: none */
	int64_t total_ms;
	char client[64]; /* its address, "unix", or "" */
	char error[64];  /* its code, or else its type; "" */
};

#endif
