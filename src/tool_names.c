/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A marked name: the name with "_" for what the CLI would change, then MARK and
 * digits of its SHA-256.  A name that looks like a marked one is marked too, so
 * no name is what another becomes.
 */
#include "tool_names.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <nettle/sha2.h>

#include "limits.h"

#include "banned.h"

#define MARK        "__"
#define MARK_BYTES  (sizeof MARK - 1)
#define MARK_DIGITS 24

_Static_assert(
    LIMIT_TOOL_NAME_BYTES + MARK_BYTES + MARK_DIGITS + 1 <= TOOL_NAME_BYTES,
    "a marked name has room");

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* Does the CLI leave it as it is? */
static bool
is_kept(char c)
{
	return is_alnum(c) || c == '_' || c == '-';
}

bool
tool_name_valid(const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++) {
		if (i == LIMIT_TOOL_NAME_BYTES ||
		    (!is_kept(name[i]) && name[i] != '.'))
			return false;
	}
	return i > 0;
}

static bool
looks_marked(const char *name, size_t len)
{
	const char *digits;

	if (len < MARK_BYTES + MARK_DIGITS)
		return false;
	digits = name + len - MARK_DIGITS;
	return memcmp(digits - MARK_BYTES, MARK, MARK_BYTES) == 0 &&
	       strspn(digits, "0123456789abcdef") == MARK_DIGITS;
}

static bool
wants_mark(const char *name)
{
	size_t len = strlen(name), i;

	for (i = 0; i < len; i++) {
		if (!is_kept(name[i]))
			return true;
	}
	return len == 0 || len > LIMIT_TOOL_NAME_BYTES ||
	       looks_marked(name, len);
}

void
tool_name_make(char to[TOOL_NAME_BYTES], const char *name)
{
	uint8_t digest[MARK_DIGITS / 2];
	struct sha256_ctx sha;
	size_t n, i;

	for (n = 0; n < LIMIT_TOOL_NAME_BYTES && name[n] != '\0'; n++)
		to[n] = is_kept(name[n]) ? name[n] : '_';
	to[n] = '\0';
	if (!wants_mark(name))
		return;
	sha256_init(&sha);
	sha256_update(&sha, strlen(name), (const uint8_t *)name);
	sha256_digest(&sha, sizeof digest, digest);
	(void)snprintf(to + n, TOOL_NAME_BYTES - n, "%s", MARK);
	n += MARK_BYTES;
	for (i = 0; i < sizeof digest; i++, n += 2)
		(void)snprintf(to + n, TOOL_NAME_BYTES - n, "%02x", digest[i]);
}

const struct chat_tool *
tool_name_find(const struct chat_request *r, const char *called)
{
	const size_t prefix = strlen(TOOL_PREFIX);
	char made[TOOL_NAME_BYTES];
	size_t i;

	if (strncmp(called, TOOL_PREFIX, prefix) != 0)
		return NULL;
	for (i = 0; i < r->ntools; i++) {
		tool_name_make(made, r->tools[i].name);
		if (strcmp(made, called + prefix) == 0)
			return &r->tools[i];
	}
	return NULL;
}
