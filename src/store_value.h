/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A value of the session store as it stands in the file: it says itself
 * whether it is whole.  Pure.
 *
 * A file that was damaged may give back the bytes of another key, an older
 * value, or parts of several; what is told here is the value of that key, or
 * nothing.
 */
#ifndef CCP_STORE_VALUE_H
#define CCP_STORE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* What comes before the key and the value. */
#define STORE_VALUE_HEAD_BYTES 36

/* The content of a whole value. */
struct store_value {
	const void *bytes; /* in the text that was read */
	size_t len;
	int64_t expires; /* seconds since 1970 */
};

/* Appends it; buf_ok() tells whether there was room. */
void store_value_write(struct buf *to, const void *key, size_t keylen,
    const void *value, size_t len, int64_t expires);

/* False if the text is not, from its first byte to its last, what was written
 * with this key. */
bool store_value_read(struct store_value *ret, const void *text, size_t textlen,
    const void *key, size_t keylen);

#endif
