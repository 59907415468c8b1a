/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "utc.h"

#include <string.h>

#include "banned.h"

#define DAY_S    86400
#define END_DAYS 2932897 /* 10000-01-01 */

/* A year begins with March here, so that the leap day is its last. */
int64_t
utc_days(int year, int month, int day)
{
	int y = month > 2 ? year : year - 1, m = (month + 9) % 12;

	return (int64_t)365 * y + y / 4 - y / 100 + y / 400 +
	       (153 * m + 2) / 5 + day - 1 - 719468;
}

bool
utc_date(int64_t seconds, struct tm *ret)
{
	int64_t days = seconds / DAY_S;
	int year, month = 1, rest = (int)(seconds % DAY_S);

	memset(ret, 0, sizeof(*ret));
	if (seconds < 0 || days >= END_DAYS)
		return false;
	/* No year is longer, so it begins too early, if anything. */
	year = 1970 + (int)(days / 366);
	while (utc_days(year + 1, 1, 1) <= days)
		year++;
	while (month < 12 && utc_days(year, month + 1, 1) <= days)
		month++;
	ret->tm_year = year - 1900;
	ret->tm_mon = month - 1;
	ret->tm_mday = (int)(days - utc_days(year, month, 1)) + 1;
	ret->tm_wday = (int)((days + 4) % 7); /* the first was a Thursday */
	ret->tm_hour = rest / 3600;
	ret->tm_min = rest / 60 % 60;
	ret->tm_sec = rest % 60;
	return true;
}
