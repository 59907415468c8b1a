/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "exchange_bed.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conn_bed.h"

struct exchange bed_x;
struct settings bed_settings;

static struct bed bed;
static bool connected;
static struct buf text = BUF_INIT(64u << 20);

void
exchange_bed_open(void)
{
	static char *const none[] = {NULL};
	char err[256];

	memset(&bed_x, 0, sizeof bed_x);
	ck_assert_int_eq(
	    settings_load(&bed_settings, NULL, none, err, sizeof err), 0);
}

static void
disconnect(void)
{
	if (!connected)
		return;
	exchange_end(&bed_x);
	bed_close(&bed);
	connected = false;
}

void
exchange_bed_close(void)
{
	disconnect();
	settings_free(&bed_settings);
	buf_free(&text);
}

const struct http_head *
exchange_bed_request(const char *lines)
{
	struct buf request = BUF_INIT(1u << 20);
	bool reachable = bed_x.reachable;
	const struct http_head *head;

	disconnect();
	bed_open(&bed, BED_UNIX);
	connected = true;
	for (; *lines != '\0'; lines++) {
		if (*lines == '\n')
			buf_addch(&request, '\r');
		buf_addch(&request, *lines);
	}
	bed_send_bytes(&bed, buf_str(&request), request.len);
	buf_free(&request);
	bed_expect(&bed, HTTP_CONN_HEAD);
	head = http_conn_head(bed.c);
	bed_x = (struct exchange){
	    .conn = bed.c,
	    .settings = &bed_settings,
	    .reachable = reachable,
	};
	exchange_begin(&bed_x, head);
	return head;
}

void
exchange_bed_body(void)
{
	http_conn_read_body(bed.c);
	bed_expect(&bed, HTTP_CONN_REQUEST);
}

/* Lets the connection write and the client read until both are done. */
static void
transfer(void)
{
	int quiet = 0;
	size_t before;

	while (quiet < 2) {
		before = bed.got.len;
		bed_turn(&bed, 0);
		bed_read(&bed);
		quiet = bed.got.len == before && http_conn_backlog(bed.c) == 0
		            ? quiet + 1
		            : 0;
	}
}

static bool
begins(const char *at, const char *with)
{
	return strncmp(at, with, strlen(with)) == 0;
}

static void
add_length(size_t told, size_t is)
{
	ck_assert_uint_eq(is, strcmp(bed_x.method, "HEAD") == 0 ? 0 : told);
	buf_addstr(&text, "Content-Length: *\n");
}

/* The head, line by line; what is behind it. */
static const char *
add_head(const char *at)
{
	static const char length[] = "Content-Length: ";
	const char *end, *body = strstr(at, "\r\n\r\n");

	while ((end = strstr(at, "\r\n")) != NULL) {
		if (begins(at, "X-Request-Id: req_"))
			buf_addstr(&text, "X-Request-Id: *\n");
		else if (begins(at, length))
			add_length(strtoul(at + strlen(length), NULL, 10),
			    strlen(body + 4));
		else if (!begins(at, "Date: "))
			buf_addf(&text, "%.*s\n", (int)(end - at), at);
		if (end == at)
			return end + 2;
		at = end + 2;
	}
	return at;
}

/* "chatcmpl-0123..." and "created":1234 become *. */
static void
add_masked(const char *at, size_t len)
{
	static const char *const varying[] = {"chatcmpl-", "\"created\":"};
	const char *end = at + len;
	size_t i, skip;

	while (at < end) {
		buf_addch(&text, *at++);
		for (i = 0; i < 2; i++) {
			skip = strlen(varying[i]);
			if (text.len < skip ||
			    !begins(
				buf_str(&text) + text.len - skip, varying[i]))
				continue;
			buf_addch(&text, '*');
			while (
			    at < end && strchr("0123456789abcdef", *at) != NULL)
				at++;
		}
	}
}

static void
add_chunks(const char *at)
{
	char *data;
	unsigned long len;

	while (*at != '\0') {
		len = strtoul(at, &data, 16);
		ck_assert_msg(begins(data, "\r\n"), "no chunk: %s", at);
		data += 2;
		if (len == 0) {
			ck_assert_str_eq(data, "\r\n");
			buf_addstr(&text, "(last chunk)");
			return;
		}
		ck_assert_uint_ge(strlen(data), len + 2);
		add_masked(data, len);
		at = data + len;
		ck_assert_msg(begins(at, "\r\n"), "no end of a chunk");
		at += 2;
	}
}

const char *
exchange_bed_answer(void)
{
	const char *body;

	transfer();
	buf_clear(&text);
	body = add_head(buf_str(&bed.got));
	if (strstr(buf_str(&text), "Transfer-Encoding: chunked") != NULL)
		add_chunks(body);
	else
		add_masked(body, strlen(body));
	return buf_str(&text);
}

const char *
exchange_bed_field(const char *name)
{
	static char value[8192];
	const char *at = exchange_bed_answer(), *end;
	size_t len = strlen(name);
	const char *found = NULL;

	while ((end = strchr(at, '\n')) != NULL && end != at) {
		if (strncasecmp(at, name, len) == 0 && begins(at + len, ": ")) {
			ck_assert_msg(found == NULL, "%s twice", name);
			ck_assert_uint_lt((size_t)(end - at), sizeof value);
			at += len + 2;
			memcpy(value, at, (size_t)(end - at));
			value[end - at] = '\0';
			found = value;
		}
		at = end + 1;
	}
	return found;
}

bool
exchange_bed_ended(void)
{
	transfer();
	return bed.got_end || http_conn_next(bed.c) == HTTP_CONN_END;
}
