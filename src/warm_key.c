/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "warm_key.h"

#include <nettle/sha2.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "file_age.h"

#include "banned.h"

static void
add_bytes(struct sha256_ctx *sha, const void *bytes, size_t len)
{
	sha256_update(sha, len, bytes);
}

/* With its NUL, so that two texts never read as one; absent is not empty. */
static void
add_text(struct sha256_ctx *sha, const char *text)
{
	if (text == NULL)
		add_bytes(sha, "-", 2);
	else
		add_bytes(sha, "+", 1);
	if (text != NULL)
		add_bytes(sha, text, strlen(text) + 1);
}

static void
add_program(struct sha256_ctx *sha, const struct stat *st)
{
	const int64_t words[] = {(int64_t)st->st_dev, (int64_t)st->st_ino,
	    (int64_t)st->st_size, (int64_t)st->st_mtime,
	    (int64_t)file_age_ns(st)};

	add_bytes(sha, words, sizeof(words));
}

static void
add_tools(struct sha256_ctx *sha, const struct chat_request *r)
{
	size_t i;

	for (i = 0; r != NULL && i < r->ntools; i++) {
		add_text(sha, r->tools[i].name);
		add_text(sha, r->tools[i].description);
		add_text(sha, r->tools[i].schema);
	}
	add_text(sha, NULL);
}

void
warm_kin_make(struct warm_kin *ret, const struct warm_needs *needs)
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	add_text(&sha, needs->fingerprint);
	add_program(&sha, needs->program);
	add_text(&sha, needs->settings->api_key);
	add_text(&sha, needs->settings->api_keys);
	add_text(&sha, needs->with->system);
	add_text(&sha, needs->with->append ? "append" : NULL);
	add_text(&sha, needs->with->schema);
	add_tools(&sha, needs->with->tools ? needs->tools : NULL);
	sha256_digest(&sha, sizeof(ret->digest), ret->digest);
}

void
warm_key_make(char ret[WARM_KEY_BYTES], const struct warm_kin *kin,
    const unsigned char context[SESSION_DIGEST_BYTES], bool parked)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	size_t i;

	sha256_init(&sha);
	add_bytes(&sha, kin->digest, sizeof(kin->digest));
	add_bytes(&sha, context, SESSION_DIGEST_BYTES);
	add_text(&sha, parked ? "parked" : NULL);
	sha256_digest(&sha, sizeof(digest), digest);
	for (i = 0; i < sizeof(digest); i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}
