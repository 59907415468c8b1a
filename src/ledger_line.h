/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line of the ledger: one request as a JSON object, in which no object is
 * and which begins with its time.  So the beginning of a record is found even
 * behind half a one.  ccp(1) documents the members for people.  Pure.
 */
#ifndef CCP_LEDGER_LINE_H
#define CCP_LEDGER_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "request_record.h"

/* Appends the line with its end.  False: the time is none that has four digits
 * for its year, or buf_ok() fails.  Bytes that are no UTF-8 become '?'. */
bool ledger_line_write(struct buf *to, const struct request_record *r);

/* Reads a line, with or without its end.  What it does not have is zero or
 * empty, and unknown members are passed over; method, path and client are not
 * in the ledger.  False: it is damaged, and *ret undefined. */
bool ledger_line_read(struct request_record *ret, const char *text, size_t len);

/* Where the last record of a line may begin, behind half a one: an offset; 0
 * where there is no such place. */
size_t ledger_line_last(const char *text, size_t len);

/* "2026-11" of a time in Unix milliseconds, in UTC; false as above. */
#define LEDGER_MONTH_BYTES 8
bool ledger_month(char to[LEDGER_MONTH_BYTES], int64_t when_ms);

#endif
