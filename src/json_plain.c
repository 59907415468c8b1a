/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json_plain.h"

#include <stdint.h>
#include <string.h>

#include "banned.h"

#define STEP         8
#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* Eight bytes, of which the first is the lowest whatever the machine's order. */
static inline uint64_t
eight(const char *text)
{
	const unsigned char *t = (const unsigned char *)text;

	return (uint64_t)t[0] | (uint64_t)t[1] << 8 | (uint64_t)t[2] << 16 |
	       (uint64_t)t[3] << 24 | (uint64_t)t[4] << 32 |
	       (uint64_t)t[5] << 40 | (uint64_t)t[6] << 48 |
	       (uint64_t)t[7] << 56;
}

/* The high bit of each byte that is '"' or '\\' or a control byte, or has a bit
 * of stop set; above the first such byte there may be others.  "(w - n) & ~w"
 * has a byte's high bit set where that byte is below n. */
static inline uint64_t
special(uint64_t w, unsigned char stop)
{
	uint64_t quote = w ^ EACH_BYTE('"'), slash = w ^ EACH_BYTE('\\');
	uint64_t found = (w - EACH_BYTE(0x20)) & ~w;

	found |= (quote - EACH_BYTE(1)) & ~quote;
	found |= (slash - EACH_BYTE(1)) & ~slash;
	return (found & EACH_BYTE(0x80)) | (w & EACH_BYTE(stop));
}

/* Where the first of eight bytes is that it stops at, or STEP. */
static inline size_t
find(const char *text, unsigned char stop)
{
	uint64_t found = special(eight(text), stop);

	return found == 0 ? STEP : (size_t)__builtin_ctzll(found) / 8;
}

size_t
json_plain_run(const char *text, size_t len, unsigned char stop)
{
	char rest[STEP] = {0};
	size_t i = 0, at;

	for (; len - i >= STEP; i += STEP) {
		at = find(text + i, stop);
		if (at < STEP)
			return i + at;
	}
	/* Behind it there is a byte to stop at. */
	memcpy(rest, text + i, len - i);
	return i + find(rest, stop);
}
