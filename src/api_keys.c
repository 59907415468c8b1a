/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api_keys.h"

#include <nettle/base16.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "json_text.h"

#include "banned.h"

#define PREFIX     "sha256:"
#define HEX_DIGITS (2 * SHA256_DIGEST_SIZE)
#define SPACE      " \t\r\n"

static void
digest_of(const char *key, size_t len, uint8_t digest[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, len, (const uint8_t *)key);
	sha256_digest(&sha, SHA256_DIGEST_SIZE, digest);
}

/* Reading what people write */

struct reading {
	struct buf *lines;
	size_t n;   /* which key it is, from 1 */
	char *must; /* SETTINGS_MUST_BYTES */
};

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7F)
			return true;
	}
	return false;
}

/* The digest as it stands behind PREFIX. */
static bool
read_digest(struct reading *r, const char *hex,
    uint8_t digest[BASE16_DECODE_LENGTH(HEX_DIGITS)])
{
	struct base16_decode_ctx base16;
	size_t len = SHA256_DIGEST_SIZE;

	base16_decode_init(&base16);
	if (strlen(hex) != HEX_DIGITS ||
	    !base16_decode_update(&base16, &len, digest, HEX_DIGITS, hex) ||
	    len != SHA256_DIGEST_SIZE || !base16_decode_final(&base16))
		return settings_must(r->must,
		    "have 64 hexadecimal digits behind sha256: (key %zu)",
		    r->n);
	return true;
}

/*
 * Only the prefix makes it a digest: 64 hexadecimal digits alone are what many
 * take for a key.
 */
static bool
read_key(struct reading *r, const char *key,
    uint8_t digest[BASE16_DECODE_LENGTH(HEX_DIGITS)])
{
	uint8_t known[SHA256_DIGEST_SIZE];

	if (key[0] == '\0' || key[0] == ' ' || key[strlen(key) - 1] == ' ' ||
	    has_control(key))
		return settings_must(r->must,
		    "have keys that are not empty, without control characters "
		    "and surrounding spaces (key %zu)",
		    r->n);
	if (strncasecmp(key, PREFIX, strlen(PREFIX)) != 0)
		digest_of(key, strlen(key), digest);
	else if (!read_digest(r, key + strlen(PREFIX), digest))
		return false;
	digest_of(SETTINGS_DEFAULT_KEY, strlen(SETTINGS_DEFAULT_KEY), known);
	if (memcmp(digest, known, sizeof known) == 0)
		return settings_must(r->must,
		    "not have the default of API_KEY, which everybody knows "
		    "(key %zu)",
		    r->n);
	return true;
}

static bool
check_name(struct reading *r, const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._-";
	size_t len = strlen(name);

	if (len == 0 || len > LIMIT_KEY_NAME_BYTES || strspn(name, good) < len)
		return settings_must(r->must,
		    "have names of 1 to %d letters, digits and ._- (key %zu)",
		    LIMIT_KEY_NAME_BYTES, r->n);
	return true;
}

static bool
check_directory(struct reading *r, const char *directory)
{
	if (strlen(directory) > LIMIT_SETTING_BYTES || has_control(directory) ||
	    (directory[0] != '/' && strncmp(directory, "~/", 2) != 0 &&
		strcmp(directory, "~") != 0))
		return settings_must(r->must,
		    "have directories that begin with / or ~/ (key %zu)", r->n);
	return true;
}

/* Of a digest nothing is known. */
static bool
weak(const char *key)
{
	return strncasecmp(key, PREFIX, strlen(PREFIX)) != 0 &&
	       api_key_weak(key);
}

static bool
add(struct reading *r, const char *key, const char *name, const char *directory)
{
	uint8_t digest[BASE16_DECODE_LENGTH(HEX_DIGITS)];
	char hex[HEX_DIGITS + 1] = "";
	const char *at = buf_str(r->lines);
	struct api_key other;

	if (!read_key(r, key, digest) || !check_name(r, name) ||
	    (directory[0] != '\0' && !check_directory(r, directory)))
		return false;
	if (r->n > LIMIT_KEYS)
		return settings_must(
		    r->must, "not have more than %d keys", LIMIT_KEYS);
	base16_encode_update(hex, SHA256_DIGEST_SIZE, digest);
	while (*at != '\0') {
		if (strncmp(at, hex, HEX_DIGITS) == 0)
			return settings_must(
			    r->must, "not have a key twice (key %zu)", r->n);
		if (api_keys_next(&at, &other) && strcmp(other.name, name) == 0)
			return settings_must(
			    r->must, "not have a name twice (key %zu)", r->n);
	}
	buf_addf(r->lines, "%s %s%s %s\n", hex, weak(key) ? "!" : "", name,
	    directory);
	return buf_ok(r->lines) ||
	       settings_must(r->must, "not be longer than %d bytes",
		   LIMIT_API_KEYS_BYTES);
}

static bool
member_text(struct reading *r, const cJSON *item, const char **ret)
{
	if (*ret != NULL)
		return settings_must(
		    r->must, "not say a thing twice (key %zu)", r->n);
	if (!cJSON_IsString(item) || item->valuestring[0] == '\0')
		return settings_must(r->must,
		    "have texts in quotes for name and directory (key %zu)",
		    r->n);
	*ret = item->valuestring;
	return true;
}

static bool
add_object(struct reading *r, const cJSON *object)
{
	const char *name = NULL, *directory = NULL;
	const cJSON *item;

	cJSON_ArrayForEach(item, object)
	{
		if (strcmp(item->string, "name") == 0) {
			if (!member_text(r, item, &name))
				return false;
		} else if (strcmp(item->string, "directory") == 0) {
			if (!member_text(r, item, &directory))
				return false;
		} else {
			return settings_must(r->must,
			    "have nothing but name and directory for a key "
			    "(key %zu)",
			    r->n);
		}
	}
	if (name == NULL)
		return settings_must(
		    r->must, "have a name for each key (key %zu)", r->n);
	return add(r, object->string, name, directory == NULL ? "" : directory);
}

bool
api_keys_json(
    struct buf *lines, const cJSON *value, char must[SETTINGS_MUST_BYTES])
{
	struct reading r = {.lines = lines, .must = must};
	const cJSON *item;
	bool ok = true;

	if (!cJSON_IsObject(value))
		return settings_must(
		    r.must, "be a JSON object of keys and names");
	cJSON_ArrayForEach(item, value)
	{
		r.n++;
		if (cJSON_IsString(item))
			ok = add(&r, item->string, item->valuestring, "");
		else if (cJSON_IsObject(item))
			ok = add_object(&r, item);
		else
			ok = settings_must(r.must,
			    "have a name or an object for each key (key %zu)",
			    r.n);
		if (!ok)
			return false;
	}
	return true;
}

bool
api_keys_text(
    struct buf *lines, const char *text, char must[SETTINGS_MUST_BYTES])
{
	struct reading r = {.lines = lines, .must = must};
	struct json_text_error e;
	cJSON *value;
	bool ok;

	if (text[strspn(text, SPACE)] == '\0')
		return true;
	if (!json_text_check(text, strlen(text), &e))
		return settings_must(r.must, "be valid JSON: %s", e.what);
	value = cJSON_Parse(text);
	ok = api_keys_json(lines, value, must);
	cJSON_Delete(value);
	return ok;
}

/* Using it */

/* Copies what is before the byte end, and moves behind that.  False where
 * there is no such byte, or no room. */
static bool
take(const char **at, char end, char *to, size_t size)
{
	const char *stop = strchr(*at, end);
	size_t len = stop == NULL ? size : (size_t)(stop - *at);

	if (len >= size)
		return false;
	memcpy(to, *at, len);
	to[len] = '\0';
	*at = stop + 1;
	return true;
}

static bool
next_line(const char **at, char hex[HEX_DIGITS + 1], struct api_key *ret)
{
	if (!take(at, ' ', hex, HEX_DIGITS + 1))
		return false;
	ret->weak = **at == '!';
	*at += ret->weak;
	return take(at, ' ', ret->name, sizeof ret->name) &&
	       take(at, '\n', ret->directory, sizeof ret->directory);
}

bool
api_keys_next(const char **at, struct api_key *ret)
{
	char hex[HEX_DIGITS + 1];

	return next_line(at, hex, ret);
}

static void
add_digest(struct buf *json, const char *hex, const struct api_key *key)
{
	buf_addf(json, "\"" PREFIX "%s\":", hex);
	if (key->directory[0] == '\0') {
		json_text_quote_str(json, key->name);
		return;
	}
	buf_addstr(json, "{\"name\":");
	json_text_quote_str(json, key->name);
	buf_addstr(json, ",\"directory\":");
	json_text_quote_str(json, key->directory);
	buf_addch(json, '}');
}

void
api_keys_digests(struct buf *json, const char *lines)
{
	char hex[HEX_DIGITS + 1];
	const char *between = "";
	struct api_key key;

	buf_addch(json, '{');
	while (next_line(&lines, hex, &key)) {
		buf_addstr(json, between);
		add_digest(json, hex, &key);
		between = ",";
	}
	buf_addch(json, '}');
}

bool
api_key_weak(const char *key)
{
	size_t chars = 0;

	for (; *key != '\0'; key++)
		chars += ((unsigned char)*key & 0xC0) != 0x80;
	return chars < LIMIT_GOOD_KEY;
}

bool
api_keys_find(
    const char *lines, const char *given, size_t len, struct api_key *ret)
{
	char hex[HEX_DIGITS + 1], want[HEX_DIGITS + 1] = "";
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct api_key key;
	bool found = false;

	digest_of(given, len, digest);
	base16_encode_update(want, sizeof digest, digest);
	while (next_line(&lines, hex, &key)) {
		if (memeql_sec(hex, want, HEX_DIGITS) != 0) {
			*ret = key;
			found = true;
		}
	}
	return found;
}

bool
api_key_same(const char *given, size_t len, const char *key)
{
	uint8_t a[SHA256_DIGEST_SIZE], b[SHA256_DIGEST_SIZE];

	/* Digests have one length whatever the key's is. */
	digest_of(given, len, a);
	digest_of(key, strlen(key), b);
	return memeql_sec(a, b, sizeof a) != 0;
}
