/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The promise of json_text.h: what it accepts, cJSON takes too, and every
 * string of it comes out whole; what it repairs, it accepts; what it quotes
 * is the same text again.
 */
#include "json_text.h"

#include <cjson/cJSON.h>

#include <string.h>

#include "require.h"
#include "utf8.h"

static unsigned
unit_at(const char *p)
{
	char hex[5] = {p[2], p[3], p[4], p[5], '\0'};

	return (unsigned)strtoul(hex, NULL, 16);
}

/* The decoded bytes of all strings and keys of a valid text, counted without
 * a parser of JSON. */
static size_t
string_bytes(const char *p, const char *end)
{
	size_t total = 0;
	bool inside = false;

	while (p < end) {
		unsigned unit;

		if (*p == '"') {
			inside = !inside;
			p++;
		} else if (!inside || *p != '\\') {
			total += inside;
			p++;
		} else if (p[1] != 'u') {
			total++;
			p += 2;
		} else if ((unit = unit_at(p)) >= 0xD800 && unit < 0xE000) {
			total += 4;
			p += 12;
		} else {
			total += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
			p += 6;
		}
	}
	return total;
}

static size_t
tree_bytes(const cJSON *item)
{
	size_t total = 0;

	for (; item != NULL; item = item->next) {
		if (item->string != NULL)
			total += strlen(item->string);
		if (cJSON_IsString(item))
			total += strlen(item->valuestring);
		total += tree_bytes(item->child);
	}
	return total;
}

static void
accepted(const char *text, size_t len)
{
	cJSON *root = cJSON_ParseWithLengthOpts(text, len, NULL, 0);

	REQUIRE(root != NULL);
	REQUIRE(tree_bytes(root) == string_bytes(text, text + len));
	cJSON_Delete(root);
}

static void
check_and_repair(const char *text, size_t len)
{
	struct buf longer = BUF_INIT(3 * len + 1);
	struct json_text_error e = {0};
	char *copy = malloc(len + 1), *fixed = copy;
	size_t fixed_len = len;
	bool ok = json_text_check(text, len, &e);

	REQUIRE(copy != NULL);
	memcpy(copy, text, len);
	if (ok) {
		accepted(text, len);
	} else {
		REQUIRE(e.what != NULL);
		REQUIRE(e.offset <= len);
		REQUIRE(e.line >= 1 && e.line <= e.offset + 1);
	}
	if (json_text_repair(&fixed, &fixed_len, &longer, &e)) {
		REQUIRE(json_text_check(fixed, fixed_len, &e));
		REQUIRE(!ok || (fixed == copy && memcmp(copy, text, len) == 0));
		accepted(fixed, fixed_len);
	} else {
		REQUIRE(!ok);
		REQUIRE(buf_ok(&longer));
	}
	buf_free(&longer);
	free(copy);
}

static void
quote(const char *text, size_t len)
{
	struct buf b = BUF_INIT(8u << 20);
	struct json_text_error e;
	size_t n, i = 0;
	cJSON *back;

	while (i < len && text[i] != '\0' &&
	       (n = utf8_sequence(text + i, len - i)) > 0)
		i += n;
	json_text_quote(&b, text, i);
	REQUIRE(buf_ok(&b));
	REQUIRE(json_text_check(buf_str(&b), b.len, &e));
	back = cJSON_ParseWithLengthOpts(buf_str(&b), b.len, NULL, 0);
	REQUIRE(cJSON_IsString(back));
	REQUIRE(strlen(back->valuestring) == i);
	REQUIRE(memcmp(back->valuestring, text, i) == 0);
	cJSON_Delete(back);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0) {
		check_and_repair((const char *)data, size);
		quote((const char *)data, size);
	}
	return 0;
}
