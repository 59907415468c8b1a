/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_response.h"

#include <string.h>

#include "utc.h"

#include "banned.h"

/* The size of any, and CRLF. */
#define CHUNK_LINE_BYTES (2 * sizeof(size_t) + 2)

struct reason {
	int status;
	const char *text;
};

static const struct reason reasons[] = {
    {100, "Continue"},
    {200, "OK"},
    {204, "No Content"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {424, "Failed Dependency"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {529, "Overloaded"},
};

const char *
http_reason(int status)
{
	size_t i;

	for (i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		if (reasons[i].status == status)
			return reasons[i].text;
	}
	return "Unknown";
}

/* IMF-fixdate (RFC 9110 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".  strftime()
 * would name days and months in the language of the locale. */
static void
add_date(struct buf *to, int64_t date)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;

	/* Without a date it can tell a server sends none (RFC 9110 6.6.1). */
	if (!utc_date(date, &tm))
		return;
	(void)buf_addf(to, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
	    days + (size_t)tm.tm_wday * 3, tm.tm_mday,
	    months + (size_t)tm.tm_mon * 3, tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

static void
add_framing(struct buf *to, const struct http_response *r)
{
	switch (r->length_kind) {
	case HTTP_LENGTH_KNOWN:
		(void)buf_addf(to, "Content-Length: %zu\r\n", r->length);
		break;
	case HTTP_LENGTH_CHUNKED:
		(void)buf_addstr(to, "Transfer-Encoding: chunked\r\n");
		break;
	case HTTP_LENGTH_NONE:
	case HTTP_LENGTH_CLOSE:
		break;
	}
}

void
http_response_head(struct buf *to, const struct http_response *r)
{
	(void)buf_addf(
	    to, "HTTP/1.1 %03d %s\r\n", r->status, http_reason(r->status));
	add_date(to, r->date);
	(void)buf_addf(
	    to, "Connection: %s\r\n", r->keep_alive ? "keep-alive" : "close");
	if (r->type != NULL)
		(void)buf_addf(to, "Content-Type: %s\r\n", r->type);
	add_framing(to, r);
	if (r->more != NULL)
		(void)buf_addstr(to, r->more);
	(void)buf_addstr(to, "\r\n");
}

void
http_response_chunk(
    struct buf *to, const struct http_slice *parts, size_t nparts)
{
	char line[CHUNK_LINE_BYTES], *end;
	size_t at = sizeof(line), len = 0, i, n;

	for (i = 0; i < nparts; i++)
		len += parts[i].len;
	if (len == 0)
		return;
	line[--at] = '\n';
	line[--at] = '\r';
	for (n = len; n > 0; n /= 16)
		line[--at] = "0123456789abcdef"[n % 16];
	end = buf_extend(to, sizeof(line) - at + len + 2);
	if (end == NULL)
		return;
	memcpy(end, line + at, sizeof(line) - at);
	end += sizeof(line) - at;
	for (i = 0; i < nparts; i++) {
		memcpy(end, parts[i].at, parts[i].len);
		end += parts[i].len;
	}
	memcpy(end, "\r\n", 2);
}

void
http_response_last_chunk(struct buf *to)
{
	(void)buf_addstr(to, "0\r\n\r\n");
}
