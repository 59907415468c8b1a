/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_original.h"

#include <sys/stat.h>

#include <cjson/cJSON.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"
#include "json_text.h"
#include "limits.h"

#include "banned.h"

#define LIKELY_BYTES 64
#define MOST_MS      9e15 /* a double counts every one up to there */

bool
session_original_likely(const char *path)
{
	CLEANUP_CLOSE int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[LIKELY_BYTES + 1] = "";
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    read(fd, text, LIKELY_BYTES) <= 0)
		return false;
	return text[strspn(text, " \t\r\n")] == '{';
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c | 0x20);

	return at == NULL ? -1 : (int)(at - digits);
}

static bool
read_digest(unsigned char to[SESSION_DIGEST_BYTES], const char *hex)
{
	int high, low;
	size_t i;

	if (strlen(hex) != (size_t)2 * SESSION_DIGEST_BYTES)
		return false;
	for (i = 0; i < SESSION_DIGEST_BYTES; i++) {
		high = hex_digit(hex[2 * i]);
		low = hex_digit(hex[2 * i + 1]);
		if (high == -1 || low == -1)
			return false;
		to[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

/* One entry, given to each() unless that is NULL.  *ret_on is what it says. */
static bool
read_entry(
    const cJSON *entry, session_original_each *each, void *arg, bool *ret_on)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(entry, "sessionId");
	const cJSON *created =
	    cJSON_GetObjectItemCaseSensitive(entry, "createdAt");
	unsigned char digest[SESSION_DIGEST_BYTES];

	if (!cJSON_IsObject(entry) || !read_digest(digest, entry->string) ||
	    !cJSON_IsString(id) || !session_id_valid(id->valuestring) ||
	    !cJSON_IsNumber(created) || created->valuedouble < 0 ||
	    created->valuedouble > MOST_MS)
		return false;
	if (each != NULL)
		*ret_on = each(arg, digest, id->valuestring,
		    (int64_t)created->valuedouble);
	return true;
}

static bool
read_entries(const cJSON *root, session_original_each *each, void *arg)
{
	const cJSON *entry;
	bool on = true;

	cJSON_ArrayForEach(entry, root)
	{
		if (on && !read_entry(entry, each, arg, &on))
			return false;
	}
	return true;
}

bool
session_original_read(const char *path, session_original_each *each, void *arg)
{
	CLEANUP_FREE char *text = NULL;
	struct json_text_error e;
	cJSON *root;
	size_t len;
	bool ok;

	text = io_read_file(path, LIMIT_ORIGINAL_BYTES, &len);
	if (text == NULL || !json_text_check(text, len, &e))
		return false;
	root = cJSON_ParseWithLengthOpts(text, len, NULL, false);
	ok = cJSON_IsObject(root) && read_entries(root, NULL, NULL) &&
	     (each == NULL || read_entries(root, each, arg));
	cJSON_Delete(root);
	return ok;
}
