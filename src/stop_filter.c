/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stop_filter.h"

#include <string.h>

#include "limits.h"

#include "banned.h"

void
stop_filter_open(struct stop_filter *f, char *const *stops, size_t nstops)
{
	memset(f, 0, sizeof(*f));
	f->stops = stops;
	f->nstops = nstops;
	buf_init(&f->held, LIMIT_ANSWER_BYTES);
}

void
stop_filter_close(struct stop_filter *f)
{
	buf_free(&f->held);
}

/* Where the first sequence begins; len: nowhere. */
static size_t
first_stop(const struct stop_filter *f, const char *text, size_t len)
{
	size_t i, first = len;
	const char *at;

	for (i = 0; i < f->nstops; i++) {
		at = strstr(text, f->stops[i]);
		if (at != NULL && (size_t)(at - text) < first)
			first = (size_t)(at - text);
	}
	return first;
}

/* How much of the end of text may be the beginning of a sequence. */
static size_t
beginning(const struct stop_filter *f, const char *text, size_t len)
{
	size_t i, n, longest = 0;

	for (i = 0; i < f->nstops; i++) {
		n = strlen(f->stops[i]) - 1;
		if (n > len)
			n = len;
		while (
		    n > longest && memcmp(text + len - n, f->stops[i], n) != 0)
			n--;
		if (n > longest)
			longest = n;
	}
	return longest;
}

bool
stop_filter_add(struct stop_filter *f, const char *text, struct buf *pass)
{
	size_t first, keep = 0;

	if (f->hit)
		return buf_ok(pass);
	if (f->nstops == 0)
		return buf_addstr(pass, text);
	buf_addstr(&f->held, text);
	if (!buf_ok(&f->held))
		return false;
	text = buf_str(&f->held);
	first = first_stop(f, text, f->held.len);
	f->hit = first < f->held.len;
	if (!f->hit)
		keep = beginning(f, text, f->held.len);
	buf_add(pass, text, first - keep);
	if (f->hit)
		buf_clear(&f->held);
	else
		buf_consume(&f->held, first - keep);
	return buf_ok(pass);
}

bool
stop_filter_end(struct stop_filter *f, struct buf *pass)
{
	buf_add(pass, buf_str(&f->held), f->held.len);
	buf_clear(&f->held);
	return buf_ok(pass);
}
