/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings_words.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "address.h"
#include "buf.h"
#include "cleanup.h"
#include "screen_text.h"

#include "banned.h"

#define BETWEEN     ", "
#define WORD_BYTES  256 /* with a NUL: the listener has no longer ones either */
#define NAME_BYTES  253 /* RFC 1035 2.3.4, as text without a final dot */
#define LABEL_BYTES 63
#define WORD_SHOWN  40

#define DIGITS      "0123456789"
#define LETTERS     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct word {
	char text[WORD_BYTES];
};

/* False where it is too long. */
static bool
copy(struct word *to, const char *word, size_t len)
{
	if (len >= sizeof(to->text))
		return false;
	memcpy(to->text, word, len);
	to->text[len] = '\0';
	return true;
}

static bool
consists_of(const char *text, const char *chars)
{
	return *text != '\0' && text[strspn(text, chars)] == '\0';
}

/* --- host names -------------------------------------------------------- */

/* The underscore is no letter of host names (RFC 952), but of many that
 * exist. */
static bool
label_valid(const char *label, size_t len)
{
	return len > 0 && len <= LABEL_BYTES && label[0] != '-' &&
	       label[len - 1] != '-' &&
	       strspn(label, LETTERS DIGITS "-_") >= len;
}

/* Such a name cannot be one: what reads addresses gets it first. */
static bool
ends_in_number(const char *name)
{
	const char *last = strrchr(name, '.');

	last = last == NULL ? name : last + 1;
	if (strncasecmp(last, "0x", 2) == 0)
		return last[2 + strspn(last + 2, DIGITS "abcdefABCDEF")] ==
		       '\0';
	return consists_of(last, DIGITS);
}

/* name is changed. */
static bool
name_valid(char *name)
{
	size_t len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		name[--len] = '\0';
	if (len > NAME_BYTES || ends_in_number(name))
		return false;
	for (;; name += len + 1) {
		len = strcspn(name, ".");
		if (!label_valid(name, len))
			return false;
		if (name[len] == '\0')
			return true;
	}
}

/* text is changed. */
static char *
without_brackets(char *text)
{
	size_t len = strlen(text);

	if (len < 2 || text[0] != '[' || text[len - 1] != ']')
		return text;
	text[len - 1] = '\0';
	return text + 1;
}

/* "fe80::1%eth0"; the zone is the system's.  text is changed. */
static bool
address_valid(char *text)
{
	struct in_addr a;
	char *zone = strchr(text, '%');

	if (inet_aton(text, &a) != 0)
		return true;
	if (zone != NULL && zone[1] != '\0')
		*zone = '\0';
	return strchr(text, ':') != NULL && address_literal(text, strlen(text));
}

bool
settings_word_is_address(const char *word, size_t len)
{
	struct word w;

	return copy(&w, word, len) && address_valid(without_brackets(w.text));
}

static bool
host_valid(const char *word, size_t len)
{
	struct word w;

	return settings_word_is_address(word, len) ||
	       (copy(&w, word, len) && name_valid(without_brackets(w.text)));
}

static bool
listens_on(const char *word, size_t len)
{
	static const char local[] = "unix:/";

	return (len >= sizeof(local) && strncmp(word, local, 6) == 0) ||
	       host_valid(word, len);
}

/* --- origins ----------------------------------------------------------- */

/* text is cut before the port. */
static bool
cut_port(char *text)
{
	char *colon = strrchr(text, ':');

	if (colon == NULL || strchr(colon, ']') != NULL)
		return true;
	*colon = '\0';
	return consists_of(colon + 1, DIGITS) && strlen(colon + 1) <= 5;
}

static bool
web_host_valid(char *text)
{
	size_t len = strlen(text);

	if (text[0] == '[')
		return len > 2 && text[len - 1] == ']' &&
		       address_literal(text + 1, len - 2);
	return address_literal(text, len) || name_valid(text);
}

/* Those of extensions and applications, "app://." and "file://" among them,
 * are their own affair. */
static bool
origin_valid(const char *word, size_t len)
{
	struct word w;
	char *host;
	size_t scheme;

	if (!copy(&w, word, len))
		return false;
	if (strcasecmp(w.text, "null") == 0)
		return true;
	scheme = strspn(w.text, LETTERS DIGITS "+-.");
	host = w.text + scheme + 3;
	if (scheme == 0 || strncmp(w.text + scheme, "://", 3) != 0)
		return false;
	if (strncasecmp(w.text, "http://", 7) == 0 ||
	    strncasecmp(w.text, "https://", 8) == 0)
		return cut_port(host) && web_host_valid(host);
	return host[strspn(host, LETTERS DIGITS "-._:[]")] == '\0';
}

/* --- variables --------------------------------------------------------- */

static bool
variable_valid(const char *word, size_t len)
{
	return strspn(word, LETTERS DIGITS "_") >= len;
}

/* --- all --------------------------------------------------------------- */

const struct setting_words settings_addresses = {
    "IP addresses, host names and unix:/absolute/path, separated by commas",
    NULL, listens_on};
const struct setting_words settings_hosts = {
    "host names, without a port, separated by commas", NULL, host_valid};
const struct setting_words settings_origins = {
    "* alone, or origins like https://example.org:8443, separated by commas",
    "*", origin_valid};
const struct setting_words settings_variables = {
    "names of letters, digits and _, separated by commas", NULL,
    variable_valid};

const char *
settings_next_word(const char **at, size_t *ret_len)
{
	const char *word = *at + strspn(*at, BETWEEN);

	*ret_len = strcspn(word, BETWEEN);
	*at = word + *ret_len;
	return *ret_len > 0 ? word : NULL;
}

static bool
refuse(const struct setting_words *words, const char *word, size_t len,
    char must[SETTINGS_MUST_BYTES])
{
	CLEANUP_BUF struct buf shown = BUF_INIT(4 * WORD_SHOWN + 8);
	struct word w;

	(void)copy(&w, word, len < sizeof(w.text) ? len : sizeof(w.text) - 1);
	screen_text_cut(&shown, w.text, WORD_SHOWN);
	return settings_must(must, "be %s, and \"%s\" is none of them",
	    words->allowed, buf_str(&shown));
}

bool
settings_words_check(const struct setting_words *words, const char *text,
    char must[SETTINGS_MUST_BYTES])
{
	const char *word;
	size_t len;

	if (words->alone != NULL && strcmp(text, words->alone) == 0)
		return true;
	while ((word = settings_next_word(&text, &len)) != NULL) {
		if (!words->valid(word, len))
			return refuse(words, word, len, must);
	}
	return true;
}
