/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_framing.h"

#include "http_char.h"

#include "banned.h"

/* The next field of that name from *i on, and *i behind it; or NULL. */
static const struct http_field *
next_field(const struct http_head *head, const char *name, size_t *i)
{
	const struct http_field *field;

	while (*i < head->nfields) {
		field = &head->fields[(*i)++];
		if (http_slice_is_nocase(field->name, name))
			return field;
	}
	return NULL;
}

const struct http_field *
http_field(const struct http_head *head, const char *name, size_t *ret_count)
{
	const struct http_field *field, *found = NULL;
	size_t i = 0, n = 0;

	while ((field = next_field(head, name, &i)) != NULL) {
		found = field;
		n++;
	}
	if (ret_count != NULL)
		*ret_count = n;
	return n == 1 ? found : NULL;
}

/* The next element of a comma-separated list (RFC 9110 5.6.1), trimmed and
 * perhaps empty; *list is what is behind it, .at NULL behind the last.  None
 * of the fields that are read here has a quoted string in a valid value. */
static bool
next_element(struct http_slice *list, struct http_slice *ret)
{
	size_t n;

	if (list->at == NULL)
		return false;
	n = http_slice_find(*list, ",");
	*ret = http_slice_trim(http_slice_first(*list, n));
	*list = n < list->len ? http_slice_behind(*list, n + 1)
	                      : http_slice(NULL, 0);
	return true;
}

bool
http_field_has(
    const struct http_head *head, const char *name, const char *token)
{
	const struct http_field *field;
	struct http_slice list, element;
	size_t i = 0;

	while ((field = next_field(head, name, &i)) != NULL) {
		list = field->value;
		while (next_element(&list, &element)) {
			if (http_slice_is_nocase(element, token))
				return true;
		}
	}
	return false;
}

struct http_slice
http_host(const struct http_head *head)
{
	const struct http_field *field;

	if (head->authority.len > 0)
		return head->authority;
	field = http_field(head, "Host", NULL);
	return field != NULL ? field->value : http_slice("", 0);
}

static int
check_host(const struct http_head *head)
{
	const struct http_field *field;
	size_t n;

	field = http_field(head, "Host", &n);
	if (n > 1 || (n == 0 && head->minor > 0))
		return 400;
	return field == NULL || http_host_valid(field->value) ? 0 : 400;
}

/* Counts the transfer codings; *ret_chunked is how many of them are chunked,
 * *ret_last whether the last one is.  An empty element, which a recipient
 * should tolerate in lists, is refused: it is how smuggled requests look. */
static int
count_codings(const struct http_head *head, size_t *ret_n, size_t *ret_chunked,
    bool *ret_last)
{
	const struct http_field *field;
	struct http_slice list, element;
	size_t i = 0;

	*ret_n = *ret_chunked = 0;
	*ret_last = false;
	while ((field = next_field(head, "Transfer-Encoding", &i)) != NULL) {
		list = field->value;
		while (next_element(&list, &element)) {
			if (element.len == 0)
				return 400;
			*ret_last = http_slice_is_nocase(element, "chunked");
			*ret_chunked += *ret_last;
			++*ret_n;
		}
	}
	return 0;
}

/* 0 or the status.  A request whose last coding is not chunked has no end
 * that anybody could find (RFC 9112 6.3). */
static int
frame_transfer_encoding(const struct http_head *head, struct http_framing *ret)
{
	size_t n, chunked;
	bool last;
	int r = count_codings(head, &n, &chunked, &last);

	if (r != 0 || head->minor == 0 || !last || chunked != 1)
		return 400;
	if (n != 1)
		return 501;
	ret->kind = HTTP_BODY_CHUNKED;
	return 0;
}

static int
frame_content_length(const struct http_field *field, struct http_framing *ret)
{
	struct http_slice s;
	uint64_t length = 0;
	unsigned digit;
	size_t i;

	if (field == NULL || field->value.len == 0)
		return 400;
	s = field->value;
	for (i = 0; i < s.len; i++) {
		if (!http_char_is(s.at[i], HTTP_CHAR_DIGIT))
			return 400;
		digit = http_char_hex(s.at[i]);
		if (length > (UINT64_MAX - digit) / 10)
			return 400;
		length = length * 10 + digit;
	}
	ret->kind = HTTP_BODY_LENGTH;
	ret->length = length;
	return 0;
}

static int
frame_body(const struct http_head *head, struct http_framing *ret)
{
	const struct http_field *length;
	size_t codings, lengths;

	(void)http_field(head, "Transfer-Encoding", &codings);
	length = http_field(head, "Content-Length", &lengths);
	if (codings > 0 && lengths > 0)
		return 400;
	if (codings > 0)
		return frame_transfer_encoding(head, ret);
	return lengths > 0 ? frame_content_length(length, ret) : 0;
}

/* HTTP/1.0 has no expectations; one that it sends is ignored.  So is an empty
 * element of the list (RFC 9110 5.6.1.2). */
static int
check_expect(const struct http_head *head, struct http_framing *ret)
{
	const struct http_field *field;
	struct http_slice list, element;
	size_t i = 0;

	if (head->minor == 0)
		return 0;
	while ((field = next_field(head, "Expect", &i)) != NULL) {
		list = field->value;
		while (next_element(&list, &element)) {
			if (element.len == 0)
				continue;
			if (!http_slice_is_nocase(element, "100-continue"))
				return 417;
			ret->expect_continue = true;
		}
	}
	return 0;
}

int
http_framing(const struct http_head *head, struct http_framing *ret)
{
	int r;

	*ret = (struct http_framing){.kind = HTTP_BODY_NONE};
	ret->keep_alive = !http_field_has(head, "Connection", "close") &&
	                  (head->minor > 0 ||
			      http_field_has(head, "Connection", "keep-alive"));
	r = check_host(head);
	if (r == 0)
		r = frame_body(head, ret);
	if (r == 0)
		r = check_expect(head, ret);
	return r;
}
