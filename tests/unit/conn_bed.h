/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection under test and its client, in one process.
 */
#ifndef CCP_TESTS_CONN_BED_H
#define CCP_TESTS_CONN_BED_H

#include "buf.h"
#include "http_conn.h"

enum bed_kind { BED_UNIX, BED_TCP, BED_PIPES };

struct bed {
	struct http_conn *c;
	int in, out;    /* the connection's descriptors */
	int to, from;   /* the client writes and reads here */
	struct buf got; /* what the client has read */
	bool got_end;
	bool got_reset;
};

void bed_open(struct bed *b, enum bed_kind kind);

/* On descriptors of the caller's: no client. */
void bed_open_fds(struct bed *b, int in, int out);
void bed_close(struct bed *b);

/* The client: sends all of it (the connection reads meanwhile), ends its
 * output, leaves (with an RST on TCP), reads what there is. */
void bed_send(struct bed *b, const char *text);
void bed_send_bytes(struct bed *b, const char *bytes, size_t len);
void bed_send_end(struct bed *b);
void bed_leave(struct bed *b);
void bed_read(struct bed *b);

/* The process that serves the connection ends. */
void bed_server_exits(struct bed *b);

/* One turn of a poll loop that waits for at most so long. */
void bed_turn(struct bed *b, int ms);

/* The next event; NOTHING if none comes for a while. */
enum http_conn_event bed_event(struct bed *b);

/* The event comes; no event comes, although the loop turns. */
void bed_expect(struct bed *b, enum http_conn_event event);
void bed_expect_nothing(struct bed *b);

/* The client reads exactly this, Date fields left out; then it reads the end
 * and no reset. */
void bed_expect_text(struct bed *b, const char *want);
void bed_expect_end(struct bed *b);

/* HEAD, then REQUEST. */
void bed_expect_request(struct bed *b);

/* The client reads an empty answer of that status ("400 Bad Request") that
 * closes, and the connection ends in order. */
void bed_expect_last(struct bed *b, const char *status_line);

/* BAD of that status comes and is answered like this. */
void bed_expect_bad(struct bed *b, int status, const char *status_line);

#endif
