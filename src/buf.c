/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define LEAST_CAP 128

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf)BUF_INIT(max);
}

void
buf_free(struct buf *b)
{
	size_t max = b->max;

	free(b->mem);
	buf_init(b, max);
}

void
buf_clear(struct buf *b)
{
	b->off = 0;
	b->len = 0;
	b->bad = false;
	if (b->mem != NULL)
		b->mem[0] = '\0';
}

bool
buf_ok(const struct buf *b)
{
	return !b->bad;
}

const char *
buf_str(const struct buf *b)
{
	return b->mem != NULL ? b->mem + b->off : "";
}

static size_t
free_bytes(const struct buf *b)
{
	/* SIZE_MAX / 4 keeps every sum below free of overflow. */
	size_t max = b->max < SIZE_MAX / 4 ? b->max : SIZE_MAX / 4;

	return b->len < max ? max - b->len : 0;
}

static void
move_to_front(struct buf *b)
{
	if (b->mem == NULL || b->off == 0)
		return;
	memmove(b->mem, b->mem + b->off, b->len + 1);
	b->off = 0;
}

/* Grows to hold total bytes, the NUL included; doubling makes a sequence of
 * appends linear. */
static bool
grow(struct buf *b, size_t total)
{
	size_t cap = b->cap * 2;
	char *mem;

	if (cap > b->len + free_bytes(b) + 1)
		cap = b->len + free_bytes(b) + 1;
	if (cap < total)
		cap = total;
	if (cap < LEAST_CAP)
		cap = LEAST_CAP;
	mem = realloc(b->mem, cap);
	if (mem == NULL)
		return false;
	if (b->mem == NULL)
		mem[0] = '\0';
	b->mem = mem;
	b->cap = cap;
	return true;
}

/* Makes room for want bytes behind the content, want <= free_bytes().  A
 * queue is moved to the front only when that frees as much as it moves, or
 * when it cannot grow, so that taking small pieces from a long one stays
 * linear. */
static bool
ensure(struct buf *b, size_t want)
{
	size_t total = b->len + want + 1;

	if (b->mem != NULL && b->off + total <= b->cap)
		return true;
	if (b->mem != NULL && total <= b->cap &&
	    (b->off >= b->len || b->cap > b->max)) {
		move_to_front(b);
		return true;
	}
	move_to_front(b);
	if (!grow(b, total))
		b->bad = true;
	return !b->bad;
}

static inline char *
extend(struct buf *b, size_t len)
{
	char *end;

	if (b->bad)
		return NULL;
	if (len > free_bytes(b)) {
		b->bad = true;
		return NULL;
	}
	/* Mostly there is room, and no call is needed to know. */
	if (b->cap - b->off <= b->len + len && !ensure(b, len))
		return NULL;
	end = b->mem + b->off + b->len;
	end[len] = '\0';
	b->len += len;
	return end;
}

char *
buf_extend(struct buf *b, size_t len)
{
	return extend(b, len);
}

bool
buf_add(struct buf *b, const void *bytes, size_t len)
{
	char *end;

	if (len == 0)
		return !b->bad;
	end = extend(b, len);
	if (end != NULL)
		memcpy(end, bytes, len);
	return end != NULL;
}

bool
buf_addch(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

bool
buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	char small[256], *to;
	va_list again;
	size_t len;
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof small, fmt, ap);
	len = n < 0 ? SIZE_MAX : (size_t)n;
	if (len < sizeof small) {
		(void)buf_add(b, small, len);
	} else {
		to = buf_extend(b, len);
		if (to != NULL)
			(void)vsnprintf(to, len + 1, fmt, again);
	}
	va_end(again);
	return !b->bad;
}

bool
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = buf_vaddf(b, fmt, ap);
	va_end(ap);
	return ok;
}

bool
buf_addnum(struct buf *b, uint64_t n, unsigned base)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n > 0);
	return buf_add(b, digits + at, sizeof(digits) - at);
}

char *
buf_reserve(struct buf *b, size_t want, size_t *ret_room)
{
	*ret_room = 0;
	if (b->bad)
		return NULL;
	if (want > free_bytes(b))
		want = free_bytes(b);
	if (want == 0 || !ensure(b, want))
		return NULL;
	*ret_room = want;
	return b->mem + b->off + b->len;
}

void
buf_commit(struct buf *b, size_t len)
{
	if (len == 0)
		return;
	if (b->mem == NULL || len > free_bytes(b) ||
	    len >= b->cap - b->off - b->len)
		abort(); /* more than was reserved */
	b->len += len;
	b->mem[b->off + b->len] = '\0';
}

void
buf_consume(struct buf *b, size_t len)
{
	if (len > b->len)
		abort(); /* more than there is */
	b->off += len;
	b->len -= len;
	if (b->len == 0 && b->mem != NULL) {
		b->off = 0;
		b->mem[0] = '\0';
	}
}

char *
buf_steal(struct buf *b)
{
	char *mem;

	if (b->bad || !ensure(b, 0)) {
		buf_free(b);
		return NULL;
	}
	move_to_front(b);
	mem = b->mem;
	b->mem = NULL;
	buf_free(b);
	return mem;
}
