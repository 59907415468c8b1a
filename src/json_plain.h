/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What of a string stands in JSON as it is (RFC 8259 section 7), found eight bytes
 * at a time: most of every word that passes through is nothing else.
 */
#ifndef CCP_JSON_PLAIN_H
#define CCP_JSON_PLAIN_H

#include <stddef.h>

/* How many bytes at the start are neither '"' nor '\\' nor control bytes, nor have
 * a bit of stop set: 0x80 where it is to end at what is not ASCII, or 0. */
size_t json_plain_run(const char *text, size_t len, unsigned char stop);

#endif
