/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is known of a request at its end: for the log and for the ledger.
 */
#ifndef CCP_REQUEST_RECORD_H
#define CCP_REQUEST_RECORD_H

#include <stdint.h>

struct request_record {
	int64_t when_ms; /* of its end, Unix time */
	char id[129];
	char method[16], path[128];
	int status;
	char model[129];
	const char *mode; /* "agent", "model", "" */
	char key_name[64];
	const char *session; /* what became of it; NULL: none */
	long turns;
	int64_t prompt_tokens, cached_tokens, cache_write_tokens,
	    completion_tokens;
	double cost_usd;
	int64_t first_byte_ms; /* -1: there was none */
	int64_t total_ms;
	char client[64]; /* its address */
	char error[64];  /* a code; "": none */
};

#endif
