/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * 4 bytes of format, 16 of checksum, 8 of expiry, 4 each of lengths (all
 * numbers with the highest byte first), the key, the value.
 */
#include "store_value.h"

#include <nettle/sha2.h>

#include <string.h>

#include "banned.h"

#define SUM_AT     4
#define SUM_BYTES  16
#define EXPIRES_AT (SUM_AT + SUM_BYTES)
#define KEYLEN_AT  (EXPIRES_AT + 8)
#define LEN_AT     (KEYLEN_AT + 4)

static const char format[SUM_AT] = {'c', 'c', 'p', '1'};

static void
put_number(char *to, uint64_t number, size_t bytes)
{
	while (bytes-- > 0) {
		to[bytes] = (char)(number & 0xFF);
		number >>= 8;
	}
}

static uint64_t
get_number(const char *from, size_t bytes)
{
	uint64_t number = 0;
	size_t i;

	for (i = 0; i < bytes; i++)
		number = number << 8 | (unsigned char)from[i];
	return number;
}

/* Of everything behind the checksum. */
static void
checksum(uint8_t to[SUM_BYTES], const char *head, const void *key,
    size_t keylen, const void *value, size_t len)
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, STORE_VALUE_HEAD_BYTES - EXPIRES_AT,
	    (const uint8_t *)head + EXPIRES_AT);
	sha256_update(&sha, keylen, key);
	sha256_update(&sha, len, value);
	sha256_digest(&sha, SUM_BYTES, to);
}

void
store_value_write(struct buf *to, const void *key, size_t keylen,
    const void *value, size_t len, int64_t expires)
{
	char head[STORE_VALUE_HEAD_BYTES];
	uint8_t sum[SUM_BYTES];

	memcpy(head, format, sizeof(format));
	put_number(head + EXPIRES_AT, (uint64_t)expires, 8);
	put_number(head + KEYLEN_AT, keylen, 4);
	put_number(head + LEN_AT, len, 4);
	checksum(sum, head, key, keylen, value, len);
	memcpy(head + SUM_AT, sum, sizeof(sum));
	buf_add(to, head, sizeof(head));
	buf_add(to, key, keylen);
	buf_add(to, value, len);
}

bool
store_value_read(struct store_value *ret, const void *text, size_t textlen,
    const void *key, size_t keylen)
{
	const char *head = text, *value;
	uint8_t sum[SUM_BYTES];
	size_t len;

	if (textlen < STORE_VALUE_HEAD_BYTES + keylen ||
	    memcmp(head, format, sizeof(format)) != 0)
		return false;
	len = textlen - STORE_VALUE_HEAD_BYTES - keylen;
	if (get_number(head + KEYLEN_AT, 4) != keylen ||
	    get_number(head + LEN_AT, 4) != len ||
	    memcmp(head + STORE_VALUE_HEAD_BYTES, key, keylen) != 0)
		return false;
	value = head + STORE_VALUE_HEAD_BYTES + keylen;
	checksum(sum, head, key, keylen, value, len);
	if (memcmp(sum, head + SUM_AT, sizeof(sum)) != 0)
		return false;
	*ret = (struct store_value){
	    .bytes = value,
	    .len = len,
	    .expires = (int64_t)get_number(head + EXPIRES_AT, 8),
	};
	return true;
}
