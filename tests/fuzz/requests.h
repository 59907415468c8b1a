/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a client has asked for, found in the bytes that it sent by ccp's own
 * parsers, which have targets of their own.
 */
#ifndef CCP_TESTS_FUZZ_REQUESTS_H
#define CCP_TESTS_FUZZ_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>

#define REQUESTS_MAX 256

struct request {
	bool whole; /* head and body */
	bool bad;   /* no request, and nothing behind it is one */
	bool head;  /* the method is HEAD */
	bool chat;  /* POST /v1/chat/completions */
	bool open;  /* GET or HEAD /health, or a method that tells of itself */
	bool has_key; /* the right one */
	bool keeps;   /* the client wants another answer behind it */
	bool expects; /* 100 Continue */
	bool origin;  /* there is an Origin */
	int minor;
};

struct requests {
	struct request all[REQUESTS_MAX];
	size_t n;
	bool more; /* than fit */
};

void requests_read(
    struct requests *r, const char *bytes, size_t len, const char *key);

#endif
