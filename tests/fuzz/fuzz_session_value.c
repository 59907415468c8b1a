/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The promises of store_value.h and session_record.h: what is written is read
 * again as it was; nothing else is, neither a value with a byte flipped, cut off
 * or added, nor that of another key; and of any bytes at all a record comes out
 * within its bounds, or none.
 *
 * The first byte of the input tells how long the key is.
 */
#include "session_record.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "../../src/limits.h"
#include "require.h"
#include "store_value.h"

/* With some more bytes behind them; and with none a sanitizer sees a read
 * behind it. */
static char *
copy_of(const void *bytes, size_t len, size_t more)
{
	char *copy = malloc(len + more > 0 ? len + more : 1);

	REQUIRE(copy != NULL);
	if (len > 0)
		memcpy(copy, bytes, len);
	memset(copy + len, 0, more);
	return copy;
}

static bool
reads(const char *text, size_t len, const char *key, size_t keylen)
{
	char *copy = copy_of(text, len, 0);
	struct store_value v;
	bool ok = store_value_read(&v, copy, len, key, keylen);

	if (ok)
		REQUIRE((const char *)v.bytes + v.len == copy + len);
	free(copy);
	return ok;
}

/* --- a value of ours, and what may become of it --------------------------- */

static void
damage(const char *text, size_t len, const char *key, size_t keylen)
{
	char *copy = copy_of(text, len, 1);
	unsigned bit;
	size_t i;

	/* All of a short one, and of a longer one the head and some. */
	for (i = 0; i < len; i += i < 2 * STORE_VALUE_HEAD_BYTES ? 1 : 61) {
		bit = 1u << (i + len) % 8;
		copy[i] = (char)((unsigned char)copy[i] ^ bit);
		REQUIRE(!reads(copy, len, key, keylen));
		copy[i] = text[i];
		REQUIRE(!reads(copy, i, key, keylen));
	}
	REQUIRE(!reads(copy, len + 1, key, keylen));
	REQUIRE(reads(copy, len, key, keylen));
	free(copy);
}

static void
other_keys(const char *text, size_t len, const char *key, size_t keylen)
{
	char *other = copy_of(key, keylen, 1);

	other[keylen] = 'x';
	REQUIRE(!reads(text, len, other, keylen + 1));
	if (keylen > 0) {
		REQUIRE(!reads(text, len, key, keylen - 1));
		other[keylen - 1] ^= 1;
		REQUIRE(!reads(text, len, other, keylen));
	}
	free(other);
}

static void
round_trip(const char *key, size_t keylen, const char *value, size_t len)
{
	struct buf text = BUF_INIT(LIMIT_STORE_VALUE_BYTES + 4096);
	int64_t expires = (int64_t)(len * 0x0123456789ABCDull);
	struct store_value v;

	store_value_write(&text, key, keylen, value, len, expires);
	if (!buf_ok(&text)) {
		buf_free(&text);
		return;
	}
	REQUIRE(text.len == STORE_VALUE_HEAD_BYTES + keylen + len);
	REQUIRE(store_value_read(&v, buf_str(&text), text.len, key, keylen));
	REQUIRE(v.len == len && v.expires == expires);
	REQUIRE(len == 0 || memcmp(v.bytes, value, len) == 0);
	damage(buf_str(&text), text.len, key, keylen);
	other_keys(buf_str(&text), text.len, key, keylen);
	buf_free(&text);
}

/* The input as a whole value: if it is one, it is what would be written. */
static void
any_value(const char *key, size_t keylen, const char *text, size_t len)
{
	struct buf again = BUF_INIT(2 * LIMIT_STORE_VALUE_BYTES);
	struct store_value v;

	if (store_value_read(&v, text, len, key, keylen)) {
		store_value_write(
		    &again, key, keylen, v.bytes, v.len, v.expires);
		REQUIRE(again.len == len);
		REQUIRE(memcmp(buf_str(&again), text, len) == 0);
	}
	buf_free(&again);
}

/* --- records -------------------------------------------------------------- */

static void
any_context(const char *bytes, size_t len)
{
	struct buf again = BUF_INIT(1024);
	struct session_context c;
	char *copy = copy_of(bytes, len, 0);
	size_t i;

	if (session_context_decode(&c, copy, len)) {
		REQUIRE(session_id_valid(c.session));
		REQUIRE(session_id_valid(c.uuid));
		session_context_encode(&again, &c);
		REQUIRE(again.len == len);
		REQUIRE(memcmp(buf_str(&again), bytes, len) == 0);
		for (i = 0; i < len; i++)
			REQUIRE(!session_context_decode(&c, copy, i));
	}
	free(copy);
	buf_free(&again);
}

static void
check_state(const struct session_state *s)
{
	REQUIRE(session_id_valid(s->session));
	REQUIRE(session_id_valid(s->head));
	REQUIRE(strlen(s->system) < SESSION_SYSTEM_BYTES);
	REQUIRE(strlen(s->key_name) < SESSION_NAME_BYTES);
	REQUIRE(strlen(s->title) < SESSION_TITLE_BYTES);
	REQUIRE(s->cwd != NULL && strlen(s->cwd) < PATH_MAX);
	REQUIRE(s->created >= 0 && s->used >= 0);
}

static void
same_state(const struct session_state *a, const struct session_state *b)
{
	REQUIRE(strcmp(a->session, b->session) == 0);
	REQUIRE(strcmp(a->head, b->head) == 0);
	REQUIRE(strcmp(a->system, b->system) == 0);
	REQUIRE(strcmp(a->key_name, b->key_name) == 0);
	REQUIRE(strcmp(a->title, b->title) == 0);
	REQUIRE(strcmp(a->cwd, b->cwd) == 0);
	REQUIRE(a->created == b->created && a->used == b->used);
	REQUIRE(a->turns == b->turns && a->dirty == b->dirty);
}

static void
any_state(const char *bytes, size_t len)
{
	struct buf text = BUF_INIT(2 * LIMIT_STORE_VALUE_BYTES);
	struct session_state s, again;
	char *copy = copy_of(bytes, len, 0);
	size_t i;

	if (session_state_decode(&s, copy, len)) {
		check_state(&s);
		session_state_encode(&text, &s);
		REQUIRE(session_state_decode(&again, buf_str(&text), text.len));
		same_state(&s, &again);
		session_state_clear(&again);
		for (i = 0; i < len; i++)
			REQUIRE(!session_state_decode(&again, copy, i));
		session_state_clear(&s);
	}
	free(copy);
	buf_free(&text);
}

/* One line, whole characters, as short as it has to be. */
static void
any_title(const char *bytes, size_t len)
{
	char *text = copy_of(bytes, len, 1), title[SESSION_TITLE_BYTES];
	struct session_state s = {.cwd = text}, again;
	struct buf record = BUF_INIT(2 * LIMIT_STORE_VALUE_BYTES);
	const char *p;

	session_title(title, text);
	for (p = title; *p != '\0'; p++)
		REQUIRE((unsigned char)*p >= ' ' && *p != 0x7F);
	memcpy(s.session, "5e55e55e-0000-4000-8000-00000000cc01",
	    SESSION_ID_BYTES);
	memcpy(s.head, s.session, SESSION_ID_BYTES);
	memcpy(s.title, title, sizeof(title));
	s.turns = (uint32_t)(len * 0x01234567);
	s.dirty = len % 2 == 1;
	session_state_encode(&record, &s);
	if (strlen(text) < PATH_MAX) {
		REQUIRE(
		    session_state_decode(&again, buf_str(&record), record.len));
		same_state(&s, &again);
		session_state_clear(&again);
	}
	buf_free(&record);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;
	size_t keylen;

	if (size == 0)
		return 0;
	size--;
	keylen = data[0] < size ? data[0] : size;
	round_trip(bytes, keylen, bytes + keylen, size - keylen);
	any_value(bytes, keylen, bytes + keylen, size - keylen);
	any_context(bytes, size);
	any_state(bytes, size);
	any_title(bytes, size);
	return 0;
}
