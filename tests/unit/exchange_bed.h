/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An exchange under test: a request is sent over a socket, the endpoint's
 * code answers it, the client reads what it would read.
 */
#ifndef CCP_TESTS_EXCHANGE_BED_H
#define CCP_TESTS_EXCHANGE_BED_H

#include "exchange.h"

extern struct exchange bed_x;
extern struct settings bed_settings;

/* Before and after each test: the default settings, no request. */
void exchange_bed_open(void);
void exchange_bed_close(void);

/* A client sends this request, on a connection of its own; its head is
 * returned and bed_x begun.  Lines end in LF here. */
const struct http_head *exchange_bed_request(const char *lines);

/* Reads the body of that request. */
void exchange_bed_body(void);

/*
 * What the client has read so far, as one text, the status line first: chunk
 * framing is taken away, lines end in LF, and what changes from run to run is
 * masked: Date is left out; Content-Length, which has to be right, ids and
 * times are "*".
 */
const char *exchange_bed_answer(void);

/* The value of a field of the answer, or NULL; "" for an empty one. */
const char *exchange_bed_field(const char *name);

/* The connection has been closed, and nothing is behind the answer. */
bool exchange_bed_ended(void);

#endif
