/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bounded byte buffer, used both as a string builder and as a queue.
 *
 * Invariants: len <= max, and never more than max bytes are held; while mem
 * is not NULL the byte behind the content is NUL, so buf_str() is a C string;
 * once an append fails (over max, or out of memory) the buffer is "bad" and
 * every later append does nothing, so a sequence of appends needs one check,
 * buf_ok(), at its end.
 */
#ifndef CCP_BUF_H
#define CCP_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *mem;
	size_t off; /* start of the content in mem */
	size_t len; /* bytes of content */
	size_t cap; /* bytes allocated, the NUL included */
	size_t max; /* most bytes of content */
	bool bad;
};

/* A static initialiser, and the same for a buffer already declared.  Nothing
 * is allocated before the first append. */
#define BUF_INIT(max_)                                                         \
	{                                                                      \
		.max = (max_)                                                  \
	}
void buf_init(struct buf *b, size_t max);

/* Releases the memory and leaves an empty, usable buffer of the same max. */
void buf_free(struct buf *b);

/* Empties it and forgets a failure; keeps the memory. */
void buf_clear(struct buf *b);

bool buf_ok(const struct buf *b);

/* The content.  Never NULL; valid until the next non-const call. */
const char *buf_str(const struct buf *b);

/* All return buf_ok(). */
bool buf_add(struct buf *b, const void *bytes, size_t len);
bool buf_addch(struct buf *b, char c);
bool buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool buf_vaddf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Here, so that the compiler counts what is known when it compiles. */
static inline bool
buf_addstr(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

/* A number to the base 10 or 16, where a printf for each word of an answer would
 * cost more than the word. */
bool buf_addnum(struct buf *b, uint64_t n, unsigned base);

/* Appends len bytes that the caller writes at once to where it returns; NULL
 * where buf_add() would be false. */
char *buf_extend(struct buf *b, size_t len);

/* Room for want more bytes (fewer if max is near): sets *ret_room to how many
 * may be written there, 0 when full or out of memory.  buf_commit() then adds
 * what was written. */
char *buf_reserve(struct buf *b, size_t want, size_t *ret_room);
void buf_commit(struct buf *b, size_t len);

/* Drops len bytes from the front; len <= b->len. */
void buf_consume(struct buf *b, size_t len);

/* Hands the content on as a malloc'ed C string (never NULL unless out of
 * memory or bad) and leaves the buffer empty.  The caller frees it. */
char *buf_steal(struct buf *b);

#endif
