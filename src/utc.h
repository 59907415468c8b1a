/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dates in UTC by arithmetic alone, from 1970 to 9999.  gmtime_r() would do, but
 * glibc's reads the file of the local time zone first: nine system calls of each
 * process, for nothing.
 */
#ifndef CCP_UTC_H
#define CCP_UTC_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Days from 1970-01-01 to a day of the Gregorian calendar; month: 1 to 12. */
int64_t utc_days(int year, int month, int day);

/* What gmtime_r() would make of seconds since 1970, but for tm_yday, which stays
 * 0.  False, with *ret all 0: not in these years. */
bool utc_date(int64_t seconds, struct tm *ret);

#endif
