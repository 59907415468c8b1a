/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random identifiers, from the system's generator.
 */
#ifndef CCP_RANDOM_H
#define CCP_RANDOM_H

#include <stddef.h>

/* Fills to with len <= 256 random bytes; aborts where the system has none,
 * for nothing could be kept apart then. */
void random_bytes(void *to, size_t len);

/* 2 * bytes hexadecimal digits and a NUL; to has room for them. */
void random_hex(char *to, size_t bytes);

/* A random UUID (RFC 9562, version 4) with its NUL. */
void random_uuid(char to[37]);

#endif
