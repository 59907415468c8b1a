/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_parse.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string.h>

#include "http_char.h"

#include "banned.h"

/*
 * What is parsed (RFC 9112 2 to 5, without what it calls obsolete):
 *
 *      head     = *4CRLF method SP target SP version CRLF *field CRLF
 *      method   = 1*32tchar
 *      target   = 1*8192( visible ASCII but "#" )
 *      version  = "HTTP/" DIGIT "." DIGIT
 *      field    = 1*tchar ":" *( HTAB / SP / VCHAR / obs-text ) CRLF
 *
 * The result must not depend on how the bytes were split when they arrived.
 * Two things ensure that: only complete lines are looked at (and the first
 * byte, and all there is once the head can no longer fit its limit), and the
 * rules are checked in one fixed order, where a rule that lacks bytes stops
 * everything behind it.  A verdict on a part is then the verdict on the whole.
 */
#define EMPTY_LINES_MAX    4
#define METHOD_BYTES_MAX   32
#define VERSION_LINE_BYTES 10 /* "HTTP/1.1\r\n" */

/* Every step returns PARSED, HTTP_MORE or a negated status. */
#define PARSED 1

struct cursor {
	const char *at;
	const char *end;
};

static size_t
left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

static int
take_crlf(struct cursor *c)
{
	if (left(c) > 0 && c->at[0] != '\r')
		return -400;
	if (left(c) < 2)
		return HTTP_MORE;
	if (c->at[1] != '\n')
		return -400;
	c->at += 2;
	return PARSED;
}

static int
skip_empty_lines(struct cursor *c)
{
	int lines, r;

	for (lines = 0; lines <= EMPTY_LINES_MAX; lines++) {
		if (left(c) == 0)
			return HTTP_MORE;
		if (*c->at != '\r')
			return PARSED;
		r = take_crlf(c);
		if (r != PARSED)
			return r;
	}
	return -400;
}

/* A run of characters of the set and the space behind it.  too_long is the
 * status when there are more than max. */
static int
take_word(struct cursor *c, unsigned set, size_t max, int too_long,
    struct http_slice *ret)
{
	size_t n = http_char_span(c->at, left(c), set);

	if (n > max)
		return -too_long;
	if (n == left(c))
		return HTTP_MORE;
	if (n == 0 || c->at[n] != ' ')
		return -400;
	*ret = http_slice(c->at, n);
	c->at += n + 1;
	return PARSED;
}

static int
take_version(struct cursor *c, struct http_head *head)
{
	const char *s = c->at;

	if (left(c) < VERSION_LINE_BYTES)
		return memchr(s, '\n', left(c)) != NULL ? -400 : HTTP_MORE;
	if (memcmp(s, "HTTP/", 5) != 0 ||
	    !http_char_is(s[5], HTTP_CHAR_DIGIT) || s[6] != '.' ||
	    !http_char_is(s[7], HTTP_CHAR_DIGIT))
		return -400;
	c->at += 8;
	if (take_crlf(c) != PARSED)
		return -400;
	if (s[5] != '1')
		return -505;
	head->minor = s[7] == '0' ? 0 : 1;
	return PARSED;
}

/* "[" IPv6address "]" (RFC 3986 3.2.2). */
static bool
ip_literal_valid(struct http_slice s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (s.len < 2 || s.len - 2 >= sizeof text || s.at[s.len - 1] != ']')
		return false;
	memcpy(text, s.at + 1, s.len - 2);
	text[s.len - 2] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

static bool
reg_name_valid(struct http_slice s)
{
	size_t n;

	for (;;) {
		n = http_char_span(s.at, s.len, HTTP_CHAR_REGNAME);
		if (n == s.len)
			return true;
		if (s.at[n] != '%' || s.len - n < 3 ||
		    http_char_span(s.at + n + 1, 2, HTTP_CHAR_HEX) != 2)
			return false;
		s = http_slice_behind(s, n + 3);
	}
}

bool
http_host_valid(struct http_slice host)
{
	size_t digits = 0;

	/* The colons of an IPv6 address are behind its bracket. */
	while (digits < host.len &&
	       http_char_is(host.at[host.len - 1 - digits], HTTP_CHAR_DIGIT))
		digits++;
	if (digits < host.len && host.at[host.len - 1 - digits] == ':')
		host.len -= digits + 1;
	if (host.len > 0 && host.at[0] == '[')
		return ip_literal_valid(host);
	return reg_name_valid(host);
}

/* The absolute form, "http://" authority [ path ] [ "?" query ].  https is
 * refused: this connection is not what such a URI asks for (RFC 9110 7.4). */
static int
split_absolute(struct http_head *head)
{
	static const char scheme[] = "http://";
	struct http_slice rest;
	size_t n = sizeof scheme - 1;

	if (head->target.len < n ||
	    !http_slice_is_nocase(http_slice_first(head->target, n), scheme))
		return -400;
	rest = http_slice_behind(head->target, n);
	n = http_slice_find(rest, "/?");
	head->authority = http_slice_first(rest, n);
	if (n == 0 || !http_host_valid(head->authority) || *rest.at == ':')
		return -400;
	rest = http_slice_behind(rest, n);
	n = http_slice_find(rest, "?");
	/* An empty path is "/" (RFC 9110 4.2.3); the one of "//" will do. */
	head->path = n > 0 ? http_slice_first(rest, n)
	                   : http_slice(head->target.at + 6, 1);
	head->query = n < rest.len ? http_slice_behind(rest, n + 1)
	                           : http_slice_behind(rest, n);
	return PARSED;
}

/* The four forms of RFC 9112 3.2. */
static int
split_target(struct http_head *head)
{
	size_t n = http_slice_find(head->target, "?");

	if (head->target.at[0] == '/') {
		head->path = http_slice_first(head->target, n);
		if (n < head->target.len)
			n++;
		head->query = http_slice_behind(head->target, n);
		return PARSED;
	}
	if (http_slice_is(head->target, "*")) {
		head->path = head->target;
		head->query = http_slice_behind(head->target, 1);
		return http_slice_is(head->method, "OPTIONS") ? PARSED : -400;
	}
	if (http_slice_is(head->method, "CONNECT"))
		return -501;
	return split_absolute(head);
}

static int
take_request_line(struct cursor *c, struct http_head *head)
{
	int r;

	r = take_word(c, HTTP_CHAR_TOKEN, METHOD_BYTES_MAX, 501, &head->method);
	if (r == PARSED)
		r = take_word(c, HTTP_CHAR_TARGET, LIMIT_TARGET_BYTES, 414,
		    &head->target);
	if (r == PARSED)
		r = take_version(c, head);
	if (r == PARSED)
		r = split_target(head);
	return r;
}

/* A line that begins with white space (obs-fold) has an empty name, and one
 * with white space before the colon no colon behind its name. */
static int
take_field(struct cursor *c, struct http_field *field)
{
	size_t n = http_char_span(c->at, left(c), HTTP_CHAR_TOKEN);

	if (n == left(c))
		return HTTP_MORE;
	if (n == 0 || c->at[n] != ':')
		return -400;
	field->name = http_slice(c->at, n);
	c->at += n + 1;
	n = http_char_span(c->at, left(c), HTTP_CHAR_VALUE);
	field->value = http_slice_trim(http_slice(c->at, n));
	c->at += n;
	return take_crlf(c);
}

static int
take_fields(struct cursor *c, struct http_head *head)
{
	int r;

	for (;;) {
		if (left(c) == 0)
			return HTTP_MORE;
		if (*c->at == '\r')
			return take_crlf(c);
		if (head->nfields == LIMIT_HEAD_FIELDS)
			return -431;
		r = take_field(c, &head->fields[head->nfields]);
		if (r != PARSED)
			return r;
		head->nfields++;
	}
}

static void
clear(struct http_head *head)
{
	head->method = head->target = http_slice("", 0);
	head->authority = head->path = head->query = http_slice("", 0);
	head->minor = 1;
	head->nfields = 0;
}

/* How many bytes form complete lines; 0 if no line ended since seen. */
static size_t
complete_lines(const char *bytes, size_t len, size_t seen)
{
	while (len > seen && bytes[len - 1] != '\n')
		len--;
	return len > seen ? len : 0;
}

ssize_t
http_parse_head(
    const char *bytes, size_t len, size_t seen, struct http_head *head)
{
	struct cursor c = {.at = bytes};
	int r;

	if (len == 0)
		return HTTP_MORE;
	if (*bytes != '\r' && !http_char_is(*bytes, HTTP_CHAR_TOKEN))
		return -400;
	if (len >= LIMIT_HEAD_BYTES)
		c.end = bytes + LIMIT_HEAD_BYTES;
	else
		c.end = bytes + complete_lines(bytes, len, seen);
	if (c.end == bytes)
		return HTTP_MORE;
	clear(head);
	r = skip_empty_lines(&c);
	if (r == PARSED)
		r = take_request_line(&c, head);
	if (r == PARSED)
		r = take_fields(&c, head);
	if (r == PARSED)
		return c.at - bytes;
	return r == HTTP_MORE && len >= LIMIT_HEAD_BYTES ? -431 : r;
}
