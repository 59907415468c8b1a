/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The static table of endpoints.
 */
#ifndef CCP_ROUTE_H
#define CCP_ROUTE_H

#include <stdbool.h>

#include "exchange.h"

struct route {
	const char *method; /* a GET row answers HEAD too */
	/* A request's may have one more slash behind it.  One that ends in a
	 * slash stands for everything below it. */
	const char *path;
	bool needs_key;
	bool takes_json; /* the request has a JSON body */
	bool counted;    /* it is noted in the ledger of usage */
	/* Answers, or leaves a task in the exchange that will. */
	void (*serve)(struct exchange *x);
};

/* The row of method and path.  NULL sets *e (404, or 405 with an Allow field)
 * or, for OPTIONS, answers by itself with 204 and sets e->status to 0. */
const struct route *route_find(
    struct exchange *x, const struct http_head *head, struct api_error *e);

#endif
