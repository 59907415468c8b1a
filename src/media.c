/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media.h"

#include <nettle/base64.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "utf8.h"

#include "banned.h"

#define HEAD_BASE64 16 /* characters that tell what it is */

bool
media_is_url(const char *text, const char *scheme)
{
	size_t n = strlen(scheme);

	return strncasecmp(text, scheme, n) == 0 && text[n] == ':';
}

bool
media_data_url(
    const char *url, struct media_piece *ret_type, const char **ret_data)
{
	static const char mark[] = ";base64";
	const size_t n = sizeof(mark) - 1;
	const char *comma;

	if (!media_is_url(url, "data"))
		return false;
	url += strlen("data:");
	comma = strchr(url, ',');
	if (comma == NULL || (size_t)(comma - url) < n ||
	    strncasecmp(comma - n, mark, n) != 0)
		return false;
	ret_type->at = url;
	ret_type->len = strcspn(url, ";,");
	*ret_data = comma + 1;
	return true;
}

bool
media_https_url(const char *url)
{
	static const char slashes[] = "https://";
	const size_t n = sizeof(slashes) - 1;
	const unsigned char *c;

	if (strncasecmp(url, slashes, n) != 0 || url[n] == '\0' ||
	    strchr("/?#:", url[n]) != NULL)
		return false;
	for (c = (const unsigned char *)url; *c != '\0'; c++) {
		if (*c <= ' ' || *c == 0x7F ||
		    strchr("\"<>\\^`{|}", *c) != NULL)
			return false;
	}
	return true;
}

/* The value of a character of base64; PAD, SPACE, BAD. */
enum { PAD = 64, SPACE, BAD };

static unsigned
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	switch (c) {
	case '+':
		return 62;
	case '/':
		return 63;
	case '=':
		return PAD;
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		return SPACE;
	default:
		return BAD;
	}
}

/* Copies the digits to a place with room for four more characters.  False if
 * anything but digits, white space and padding at the end is in it. */
static bool
copy_digits(const char *text, char *to, size_t *ret_digits, size_t *ret_pads)
{
	size_t digits = 0, pads = 0;
	unsigned value;

	for (; *text != '\0'; text++) {
		value = value_of(*text);
		if (value == SPACE)
			continue;
		if (value == PAD)
			pads++;
		else if (value == BAD || pads > 0)
			return false;
		else
			to[digits++] = *text;
	}
	*ret_digits = digits;
	*ret_pads = pads;
	return true;
}

/* Two or three digits at the end are one or two bytes; the bits that belong to
 * none are zero, and padding is there in full or not at all. */
static bool
end_is_right(const char *at, size_t digits, size_t pads)
{
	size_t rest = digits % 4;
	unsigned last = digits == 0 ? 0 : value_of(at[digits - 1]);

	if (rest == 1 || (pads != 0 && (rest == 0 || pads != 4 - rest)))
		return false;
	return rest == 0 || (last & (rest == 2 ? 0xFu : 0x3u)) == 0;
}

char *
media_base64(const char *text, size_t *ret_len)
{
	size_t digits, pads;
	char *to = malloc(strlen(text) + 4);

	*ret_len = to == NULL ? SIZE_MAX : 0;
	if (to == NULL)
		return NULL;
	if (!copy_digits(text, to, &digits, &pads) ||
	    !end_is_right(to, digits, pads)) {
		free(to);
		return NULL;
	}
	*ret_len = digits / 4 * 3 + (digits % 4 == 0 ? 0 : digits % 4 - 1);
	while (digits % 4 != 0)
		to[digits++] = '=';
	to[digits] = '\0';
	return to;
}

/* Decodes len of the characters; to has room. */
static size_t
decode(const char *base64, size_t len, uint8_t *to)
{
	struct base64_decode_ctx ctx;
	size_t n = BASE64_DECODE_LENGTH(len);

	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &n, to, len, base64))
		return 0;
	return n;
}

const char *
media_type(const char *base64, size_t len)
{
	static const struct {
		const char *type, *head;
		size_t len;
	} known[] = {
	    {"image/png", "\x89PNG\r\n\x1A\n", 8},
	    {"image/jpeg", "\xFF\xD8\xFF", 3},
	    {"image/gif", "GIF87a", 6},
	    {"image/gif", "GIF89a", 6},
	    {"application/pdf", "%PDF-", 5},
	};
	uint8_t head[BASE64_DECODE_LENGTH(HEAD_BASE64)];
	size_t n = (len + 2) / 3 * 4, i;

	n = decode(base64, n < HEAD_BASE64 ? n : HEAD_BASE64, head);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (n >= known[i].len &&
		    memcmp(head, known[i].head, known[i].len) == 0)
			return known[i].type;
	}
	if (n >= 12 && memcmp(head, "RIFF", 4) == 0 &&
	    memcmp(head + 8, "WEBP", 4) == 0)
		return "image/webp";
	return NULL;
}

char *
media_text(const char *base64, size_t len)
{
	size_t chars = (len + 2) / 3 * 4, left, n;
	char *text = malloc(BASE64_DECODE_LENGTH(chars) + 1);
	const char *at = text;

	if (text == NULL)
		return NULL;
	left = decode(base64, chars, (uint8_t *)text);
	text[left] = '\0';
	for (; left > 0; at += n, left -= n) {
		n = utf8_sequence(at, left);
		if (n == 0 || *at == '\0') {
			free(text);
			return NULL;
		}
	}
	return text;
}
